//! What returned mails say, and what it makes of a delivery.

use kernel::Id;
use notifications_api::DeliveryId;

use super::report::read;
use super::*;

const NOW: Timestamp = Timestamp::EPOCH;

fn row(state: DeliveryState, attempts: i64) -> Delivery {
    Delivery {
        seq: 1,
        id: Id::from_bits(7),
        message: 1,
        subject: None,
        channel: Channel::Email,
        state,
        reason: None,
        urgent: false,
        optional: true,
        due_at: NOW,
        attempts,
        address_key: None,
        holder: None,
        sealed: None,
        expires_at: NOW,
        sent_at: None,
        ended_at: None,
    }
}

#[test]
fn what_is_heard_late_or_twice_changes_nothing() {
    use DeliveryState::*;
    let refused = Heard::Refused("5.2.2".to_owned());
    let address = Heard::Address("5.1.1".to_owned());
    for (state, attempts, heard, expected) in [
        (Sent, 1, Heard::Taken, None),
        (Unknown, 1, Heard::Taken, Some(Sent)),
        (Sending, 1, Heard::Taken, None),
        (Sent, 1, Heard::Delivered, Some(Delivered)),
        // Before the provider's own answer was stored.
        (Sending, 1, Heard::Delivered, Some(Delivered)),
        (Unknown, 1, Heard::Delivered, Some(Delivered)),
        (Queued, 1, Heard::Delivered, Some(Delivered)),
        (Queued, 0, Heard::Delivered, None),
        (Sent, 1, address, Some(Bounced)),
        (Sent, 1, refused.clone(), Some(Undelivered)),
        (Sent, 1, Heard::Stopped, Some(Suppressed)),
        (Sent, 1, Heard::Complained, Some(Complained)),
        (Delivered, 1, refused.clone(), None),
        (Bounced, 1, Heard::Delivered, None),
        (Cancelled, 0, refused, None),
    ] {
        let found = after(row(state, attempts), &heard, NOW);
        assert_eq!(found.as_ref().map(|row| row.state), expected, "{state:?} {heard:?}");
        assert!(found.is_none_or(|row| row.sent_at == Some(NOW)), "it was taken");
    }
}

/// As relays write it.
fn report(groups: &str, returned: &str) -> String {
    format!(
        "Return-Path: <>\r\nDelivered-To: bounce+tag@bank.example\r\nFrom: MAILER-DAEMON@mx.example.com\r\n\
         To: <bounce+tag@bank.example>\r\nSubject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"XYZ\"\r\n\r\n\
         --XYZ\r\nContent-Type: text/plain\r\n\r\nI'm sorry.\r\n\r\n\
         --XYZ\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; mx.example.com\r\nArrival-Date: Sat, 31 Jan 2026 12:00:00 +0000\r\n\r\n{groups}\r\n\
         --XYZ\r\n{returned}\r\n--XYZ--\r\n"
    )
}

fn group(address: &str, action: &str, status: &str) -> String {
    format!(
        "Final-Recipient: rfc822; {address}\r\nOriginal-Recipient: rfc822;{address}\r\nAction: {action}\r\n\
         Status: {status}\r\nDiagnostic-Code: smtp; 550 {status} <{address}>:\r\n    User unknown\r\n\r\n"
    )
}

const HEAD: &str = "Content-Type: text/rfc822-headers\r\n\r\nFrom: Florin <no-reply@bank.example>\r\n\
     Message-ID: <dlv_00000000000000000000000007@bank.example>\r\nSubject: Hello\r\n";
const WHOLE: &str = "Content-Type: message/rfc822\r\n\r\nFrom: Florin <no-reply@bank.example>\r\n\
     Message-ID: <dlv_00000000000000000000000007@bank.example>\r\nSubject: Hello\r\n\r\nBody\r\n";

fn outcomes(mail: &str) -> Vec<report::Outcome> {
    match read(mail).map(|report| report.says) {
        Some(Says::Outcomes(all)) => all,
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_failures_of_class_5_end_a_delivery() {
    for (action, status, expected) in [
        ("failed", "5.1.1", Some(Heard::Address("5.1.1".to_owned()))),
        ("failed", "5.1.10 (null MX)", Some(Heard::Address("5.1.10".to_owned()))),
        ("Failed", "5.2.2", Some(Heard::Refused("5.2.2".to_owned()))),
        ("failed", "5.7.1", Some(Heard::Refused("5.7.1".to_owned()))),
        ("failed", "5.1.8", Some(Heard::Refused("5.1.8".to_owned()))),
        ("failed", "4.4.7", None),
        ("delayed", "4.4.1", None),
        ("delayed", "5.1.1", None),
        ("relayed", "2.0.0", None),
        ("delivered", "2.0.0", Some(Heard::Delivered)),
        ("failed", "nonsense", None),
    ] {
        let found = outcomes(&report(&group("ann@example.com", action, status), HEAD));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].addresses, ["ann@example.com", "ann@example.com"]);
        assert_eq!(found[0].heard(), expected, "{action} {status}");
    }
}

#[test]
fn a_report_names_each_recipient_and_the_mail_that_it_is_about() {
    let groups = group("bob@example.com", "delayed", "4.4.1") + &group("ann@example.com", "failed", "5.1.1");
    for returned in [HEAD, WHOLE] {
        let mail = report(&groups, returned);
        let found = read(&mail).unwrap();
        assert_eq!(found.message_ids, ["dlv_00000000000000000000000007@bank.example"]);
        assert_eq!(of_message_id(&found.message_ids[0]), Some(Id::from_bits(7)));
        assert_eq!(found.to, ["bounce+tag@bank.example", "bounce+tag@bank.example"]);
        let all = outcomes(&mail);
        assert_eq!((all.len(), all[0].heard(), all[1].addresses[0].as_str()), (2, None, "ann@example.com"));
    }
}

#[test]
fn a_complaint_is_one_of_abuse() {
    let complaint = |kind: &str| {
        format!(
            "From: <feedback@example.com>\r\nTo: <abuse@bank.example>\r\nMIME-Version: 1.0\r\nContent-Type: \
             multipart/report; report-type=feedback-report; boundary=\"XYZ\"\r\n\r\n--XYZ\r\nContent-Type: \
             text/plain\r\n\r\nA complaint.\r\n--XYZ\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: \
             {kind}\r\nUser-Agent: Example/1.0\r\nVersion: 1\r\n\r\n--XYZ\r\n{WHOLE}\r\n--XYZ--\r\n"
        )
    };
    let found = read(&complaint("abuse")).unwrap();
    assert_eq!((found.says, found.message_ids.len()), (Says::Complaint, 1));
    assert_eq!(read(&complaint("not-spam")), None);
}

#[test]
fn other_mails_are_no_reports() {
    for mail in [
        "",
        "not a mail",
        "From: ann@example.com\r\nSubject: Out of office\r\n\r\nI am away. Action: failed\r\nStatus: 5.1.1\r\n",
        &report("", HEAD).replace("message/delivery-status", "text/plain"),
    ] {
        assert_eq!(read(mail), None, "{mail}");
    }
}

#[test]
fn message_ids_of_others_are_ignored() {
    for (text, expected) in [
        ("<dlv_00000000000000000000000007@bank.example>", Some(Id::from_bits(7))),
        ("<CAF=x@mail.example.com>", None),
        ("<ntf_00000000000000000000000007@bank.example>", None),
        ("", None),
    ] {
        assert_eq!(of_message_id(text), expected as Option<DeliveryId>, "{text}");
    }
}
