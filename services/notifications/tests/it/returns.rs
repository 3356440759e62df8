//! Mails that come back, complaints, and links that unsubscribe: over HTTP, as they come.

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{Request, StatusCode};
use notifications_api::*;
use serde_json::json;
use testkit::{Stage, for_each_engine};
use tower::ServiceExt;

use crate::harness::{Desk, ann, open_to, received, states};
use crate::providers::{PUBLIC, Providers, signature};
use crate::sink::Sink;

use Channel::{Email, Inbox};
use DeliveryState::*;

const SECRET: &str = "s3cret";

async fn on_a_desk(body: impl AsyncFn(&Desk, &Sink, Router)) {
    for_each_engine(async |store| {
        let (stage, sink) = (Stage::new(store), Sink::open().await);
        let all = [
            ("mail_relays", sink.url()),
            ("mail_from", "Florin <no-reply@bank.example>".to_owned()),
            ("public_url", format!("{PUBLIC}/")),
            ("bounce_address", "bounce@bank.example".to_owned()),
            ("bounce_secret", SECRET.to_owned()),
        ];
        let desk = open_to(&stage, &all).await;
        let email = Some("ann@example.com".to_owned());
        let contact = PutContact { subject: "cust_ann".to_owned(), email, ..PutContact::default() };
        desk.face.put_contact(&desk.ctx(), contact).await.unwrap();
        let door = stage.door(&notifications::ROOM, &[]);
        let root = notifications::mount(desk.face.clone(), door).unwrap().root;
        body(&desk, &sink, root).await;
    })
    .await;
}

async fn asks(root: &Router, request: Request<Body>) -> (StatusCode, String) {
    let answer = root.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8_lossy(&body).into_owned())
}

async fn returns(root: &Router, mail: String) -> StatusCode {
    let request =
        Request::post("/v1/notifications/receipts/bounce").header("authorization", format!("Bearer {SECRET}"));
    asks(root, request.body(Body::from(mail)).unwrap()).await.0
}

/// As a relay writes it, to the envelope's sender of a mail.
fn report(to: &str, groups: &[(&str, &str, &str)], message_id: &str) -> String {
    let groups: Vec<String> = groups
        .iter()
        .map(|(address, action, status)| {
            format!("Final-Recipient: rfc822; {address}\r\nAction: {action}\r\nStatus: {status}\r\n\r\n")
        })
        .collect();
    format!(
        "From: MAILER-DAEMON@mx.example.com\r\nTo: <{to}>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; \
         report-type=delivery-status; boundary=XYZ\r\n\r\n--XYZ\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; mx.example.com\r\n\r\n{}--XYZ\r\nContent-Type: text/rfc822-headers\r\n\r\n\
         Message-ID: {message_id}\r\n\r\n--XYZ--\r\n",
        groups.concat()
    )
}

async fn mail_of(desk: &Desk, id: MessageId) -> Delivery {
    desk.message(id).await.deliveries.into_iter().find(|delivery| delivery.channel == Email).unwrap()
}

/// A mail that was sent, and the address that it returns to.
async fn sent(desk: &Desk, sink: &Sink) -> (MessageId, String) {
    let message = desk.send(ann()).await.unwrap();
    desk.work().await;
    assert_eq!(mail_of(desk, message.id).await.state, Sent);
    (message.id, sink.senders().pop().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_comes_back_ends_its_delivery() {
    on_a_desk(async |desk, sink, root| {
        for (action, status, state, reason) in [
            ("delayed", "4.4.1", Sent, None),
            ("failed", "4.4.7", Sent, None),
            ("failed", "5.2.2", Undelivered, Some("5.2.2")),
            ("failed", "5.7.1", Undelivered, Some("5.7.1")),
            ("delivered", "2.0.0", Delivered, None),
            ("failed", "5.1.1", Bounced, Some("5.1.1")),
        ] {
            let (id, to) = sent(desk, sink).await;
            assert!(to.starts_with("bounce+") && to.ends_with("@bank.example"), "{to}");
            let groups = [("bob@example.com", "failed", "5.1.1"), ("ann@example.com", action, status)];
            for _ in 0..2 {
                assert_eq!(returns(&root, report(&to, &groups, "<x@y>")).await, StatusCode::NO_CONTENT);
            }
            let mail = mail_of(desk, id).await;
            assert_eq!((mail.state, mail.reason.as_deref()), (state, reason), "{action} {status}");
        }
        let message = desk.send(ann()).await.unwrap();
        desk.work().await;
        let mail = mail_of(desk, message.id).await;
        assert_eq!((mail.state, mail.reason.as_deref()), (Suppressed, Some("bounced")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_found_by_its_message_id_too_and_otherwise_ignored() {
    on_a_desk(async |desk, sink, root| {
        let (id, to) = sent(desk, sink).await;
        let delivery = mail_of(desk, id).await.id;
        let groups = [("ann@example.com", "failed", "5.2.2")];
        // One letter of the signed name is another.
        let forged = to.replace(&to[to.len() - 14..to.len() - 13], "g");
        for (to, message_id) in [(forged.as_str(), "<x@y>"), ("bounce@bank.example", "<dlv_x@bank.example>")] {
            assert_eq!(returns(&root, report(to, &groups, message_id)).await, StatusCode::NO_CONTENT);
            assert_eq!(mail_of(desk, id).await.state, Sent, "{to}");
        }
        let message_id = format!("<{delivery}@bank.example>");
        let others = [("bob@example.com", "failed", "5.1.1"), ("eve@example.com", "failed", "5.1.1")];
        returns(&root, report("bounce@bank.example", &others, &message_id)).await;
        assert_eq!(mail_of(desk, id).await.state, Sent, "several recipients, and none is ours");
        returns(&root, "From: ann@example.com\r\n\r\nI am away until Monday.\r\n".to_owned()).await;
        returns(&root, report("bounce@bank.example", &groups, &message_id)).await;
        assert_eq!(mail_of(desk, id).await.state, Undelivered);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complaint_ends_everything_to_the_address() {
    on_a_desk(async |desk, sink, root| {
        let (id, _) = sent(desk, sink).await;
        let message_id = format!("<{}@bank.example>", mail_of(desk, id).await.id);
        let complaint = format!(
            "From: <feedback@example.com>\r\nTo: <abuse@bank.example>\r\nMIME-Version: 1.0\r\nContent-Type: \
             multipart/report; report-type=feedback-report; boundary=XYZ\r\n\r\n--XYZ\r\nContent-Type: \
             message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\n\r\n--XYZ\r\nContent-Type: \
             message/rfc822\r\n\r\nMessage-ID: {message_id}\r\nSubject: x\r\n\r\nBody\r\n\r\n--XYZ--\r\n"
        );
        assert_eq!(returns(&root, complaint).await, StatusCode::NO_CONTENT);
        assert_eq!(mail_of(desk, id).await.state, Complained);
        let next = desk.send(ann()).await.unwrap();
        desk.work().await;
        assert_eq!(mail_of(desk, next.id).await.reason.as_deref(), Some("complained"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_without_its_secret_or_signature_is_refused() {
    on_a_desk(async |desk, sink, root| {
        let (id, to) = sent(desk, sink).await;
        let mail = report(&to, &[("ann@example.com", "failed", "5.1.1")], "<x@y>");
        for secret in [None, Some("Bearer wrong"), Some("Bearer "), Some(SECRET)] {
            let mut request = Request::post("/v1/notifications/receipts/bounce");
            if let Some(secret) = secret {
                request = request.header("authorization", secret);
            }
            let (status, _) = asks(&root, request.body(Body::from(mail.clone())).unwrap()).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{secret:?}");
        }
        let sms = "/v1/notifications/receipts/twilio";
        let fields = [("From", "+4930123456"), ("Body", "STOP")];
        for signature in [None, Some(signature(sms, &fields))] {
            let mut request = Request::post(sms);
            if let Some(signature) = signature {
                request = request.header("x-twilio-signature", signature);
            }
            let body = Body::from("From=%2B4930123456&Body=STOP");
            // There is no SMS provider here whose token could have signed it.
            assert_eq!(asks(&root, request.body(body).unwrap()).await.0, StatusCode::FORBIDDEN);
        }
        assert_eq!(mail_of(desk, id).await.state, Sent);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_the_provider_is_checked_as_it_was_posted() {
    for_each_engine(async |store| {
        let (stage, providers) = (Stage::new(store), Providers::open().await);
        let desk = open_to(&stage, &providers.sms_settings()).await;
        let door = stage.door(&notifications::ROOM, &[]);
        let root = notifications::mount(desk.face.clone(), door).unwrap().root;
        let path = "/v1/notifications/receipts/twilio?x=%C3%A4&y";
        let fields = [("From", "+4930123456"), ("Body", "STOP"), ("Empty", "")];
        let request = Request::post(path).header("x-twilio-signature", signature(path, &fields));
        let body = Body::from("Body=STOP&From=%2B4930123456&Empty=");
        assert_eq!(asks(&root, request.body(body).unwrap()).await.0, StatusCode::NO_CONTENT);
        let query = SuppressionQuery { address: Some("+4930123456".to_owned()), after: None, limit: 10 };
        assert_eq!(desk.face.suppressions(&desk.ctx(), query).await.unwrap().items.len(), 1);
    })
    .await;
}

/// The link of a mail's head, as a mail program reads it.
fn link(mail: &str) -> Option<String> {
    let (_, rest) = mail.split_once("List-Unsubscribe: <")?;
    let url: String = rest.split('>').next()?.split_whitespace().collect();
    Some(url.strip_prefix(PUBLIC)?.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_click_ends_a_category_and_a_get_never_does() {
    on_a_desk(async |desk, sink, root| {
        sent(desk, sink).await;
        let mail = sink.taken().pop().unwrap();
        assert!(mail.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"), "{mail}");
        let link = link(&mail).unwrap();
        let (status, page) = asks(&root, Request::get(&link).body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::OK);
        assert!(page.contains("<form method=\"post\">"), "{page}");
        assert_eq!(states(&desk.send(ann()).await.unwrap()), [(Inbox, Delivered), (Email, Queued)]);
        desk.work().await;
        for _ in 0..2 {
            let click = Request::post(&link).header("content-type", "application/x-www-form-urlencoded");
            let (status, page) = asks(&root, click.body(Body::from("List-Unsubscribe=One-Click")).unwrap()).await;
            assert_eq!((status, page.contains("You are unsubscribed.")), (StatusCode::OK, true));
        }
        assert_eq!(states(&desk.send(ann()).await.unwrap()), [(Inbox, Delivered), (Email, Suppressed)]);
        // Security still goes by mail, and carries no link.
        let data = json!({ "at": "2026-01-31T12:00:00Z" });
        let serde_json::Value::Object(data) = data else { panic!("an object") };
        let kind = "security.password_changed".to_owned();
        let security = SendMessage { kind, data, ..received(ann()) };
        desk.face.send(&desk.ctx(), security).await.unwrap();
        desk.work().await;
        let mail = sink.taken().pop().unwrap();
        assert!(mail.contains("Your password was changed") && !mail.contains("List-Unsubscribe"), "{mail}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bare_address_that_unsubscribes_still_gets_what_is_mandatory() {
    on_a_desk(async |desk, sink, root| {
        let bob = || Recipient::Email("bob@example.com".to_owned());
        desk.send(bob()).await.unwrap();
        desk.work().await;
        let link = link(&sink.taken()[0]).unwrap();
        assert_eq!(asks(&root, Request::post(&link).body(Body::empty()).unwrap()).await.0, StatusCode::OK);
        let optional = desk.send(bob()).await.unwrap();
        let serde_json::Value::Object(data) = json!({ "code": "123456" }) else { panic!("an object") };
        let code = SendMessage { kind: "security.code".to_owned(), data, ..received(bob()) };
        let code = desk.face.send(&desk.ctx(), code).await.unwrap();
        desk.work().await;
        assert_eq!(mail_of(desk, optional.id).await.reason.as_deref(), Some("unsubscribed"));
        assert_eq!(mail_of(desk, code.id).await.state, Sent);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn link_invalid() {
    on_a_desk(async |desk, sink, root| {
        sent(desk, sink).await;
        let link = link(&sink.taken()[0]).unwrap();
        let other = if link.ends_with('A') { "B" } else { "A" };
        let changed = format!("{}{other}", &link[..link.len() - 1]);
        for link in ["/u/AAAA".to_owned(), "/u/x.y".to_owned(), link.replace("/u/", "/u/A"), changed] {
            let (status, _) = asks(&root, Request::post(&link).body(Body::empty()).unwrap()).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{link}");
            let token = link.trim_start_matches("/u/").to_owned();
            let refused = desk.face.unsubscribe(&desk.ctx(), Unsubscribe { token }).await.unwrap_err();
            assert_eq!(refused.code(), "link_invalid");
        }
    })
    .await;
}
