//! Sessions: how they end, and what ends with them.

use identity_api::{NewSession, Refusal, SecurityAct, UserId};
use platform::db::Value;
use testkit::for_each_way;

use crate::people::harness::{Desk, refused, why};

const CLIENT: &str = "
insert into client (id, name, kind, redirect_uris, post_logout_redirect_uris, scopes, roles, first_party, access_seconds, epoch,
    enabled, created_at)
values ('app', 'The App', 'public', '[]', '[]', '[]', '[]', 0, 3600, 1, 1, 0)";

const FAMILY: &str = "
insert into grant_family (id, client, client_epoch, person, person_epoch, session, scopes, auth_time, amr, second_factor, uses,
    began_at, expires_at)
values ($1, 'app', 1, $2, 1, (select id from session order by began_at desc, id desc limit 1), '[]', 0, '[]', 0, 0, 0, 1)";

const FAMILY_TOKEN: &str = "
insert into family_token (jti, family, expires_at)
values ('tok_1', $1, 9000000000000000)";

const CONSENT: &str = "
insert into consent (person, client, scopes, at)
values ($1, 'app', '[\"openid\"]', 0)";

const FAMILIES_LEFT: &str = "select count(*) from grant_family where ended_at is null";

/// A session in which a client was authorized.
async fn session_with_family(desk: &Desk, person: UserId) -> NewSession {
    let session = desk.session("ann").await;
    desk.pass(1);
    let tx = desk.db.begin().await.unwrap();
    if tx.query("select id from client", &[]).await.unwrap().is_empty() {
        tx.execute(CLIENT, &[]).await.unwrap();
        tx.execute(CONSENT, &[Value::Bytes(&person.to_bytes())]).await.unwrap();
    }
    let id = platform::crypto::random_token(12);
    let values = [Value::Bytes(&id.expose().as_bytes()[..16]), Value::Bytes(&person.to_bytes())];
    tx.execute(FAMILY, &values).await.unwrap();
    if tx.query("select jti from family_token", &[]).await.unwrap().is_empty() {
        tx.execute(FAMILY_TOKEN, &values[..1]).await.unwrap();
    }
    tx.commit().await.unwrap();
    session
}

fn revoked(id: &str) -> String {
    format!(r#"{{"session":{{"session":"{id}"}}}}"#)
}

#[tokio::test(flavor = "multi_thread")]
async fn ending_sessions_ends_their_tokens() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        let ann = desk.person("ann", &["customer"]).await;
        let mut sessions = Vec::new();
        for _ in 0..4 {
            sessions.push(session_with_family(&desk, ann.id).await);
        }
        let [mine, one, ..] = &sessions[..] else { panic!() };
        let ids = |view: identity_api::SecurityView| view.sessions.into_iter().map(|it| it.id).collect::<Vec<_>>();
        assert_eq!(ids(desk.view(mine).await.unwrap()).len(), 4);
        let id = desk.view(one).await.unwrap().session;
        let end = |id: &str| SecurityAct::EndSession { id: id.to_owned() };
        let view = desk.act(mine, end(&id)).await.unwrap().view.unwrap();
        assert!(!ids(view).contains(&id));
        assert_eq!(why(desk.view(one).await), "not_logged_in");
        assert_eq!(desk.revocations().await, [revoked(&id)]);
        assert_eq!(desk.number(FAMILIES_LEFT, &[]).await, 3);
        assert_eq!(desk.act(mine, end(&id)).await, Err(refused(Refusal::not_found("session", &id))));
        assert_eq!(why(desk.act(mine, end("ses_nonsense")).await), "not_found");
        let view = desk.act(mine, SecurityAct::EndOtherSessions).await.unwrap().view.unwrap();
        assert_eq!((ids(view).len(), desk.revocations().await.len()), (1, 3));
        assert_eq!(desk.number(FAMILIES_LEFT, &[]).await, 1);
        let reply = desk.act(mine, SecurityAct::LogOut).await.unwrap();
        assert_eq!((reply.view, desk.number(FAMILIES_LEFT, &[]).await), (None, 0));
        assert_eq!(why(desk.view(mine).await), "not_logged_in");
        let ended = desk.events().await.into_iter().filter(|kind| kind == "identity.session.ended").count();
        assert_eq!((ended, desk.revocations().await.len()), (4, 4));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_can_only_end_their_own_sessions() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        desk.person("bob", &["customer"]).await;
        let (ann, bob) = (desk.session("ann").await, desk.session("bob").await);
        let id = desk.view(&ann).await.unwrap().session;
        assert_eq!(why(desk.act(&bob, SecurityAct::EndSession { id }).await), "not_found");
        desk.act(&bob, SecurityAct::EndOtherSessions).await.unwrap();
        assert!(desk.view(&ann).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_when_idle_and_after_its_lifetime() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let (used, idle) = (desk.session("ann").await, desk.session("ann").await);
        for _ in 0..24 {
            desk.pass(1_799);
            assert!(desk.view(&used).await.is_ok());
        }
        assert_eq!(why(desk.view(&idle).await), "not_logged_in");
        desk.pass(43_200 - 24 * 1_799);
        assert_eq!(why(desk.view(&used).await), "not_logged_in");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_is_random_and_stored_as_its_digest() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let (one, other) = (desk.session("ann").await, desk.session("ann").await);
        assert_eq!((one.cookie.expose().len(), one.cookie == other.cookie), (43, false), "256 bits in base64url");
        let none = NewSession { cookie: kernel::Secret::new("no cookie"), ..one };
        assert_eq!(why(desk.view(&none).await), "not_logged_in");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_can_be_withdrawn() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        let ann = desk.person("ann", &["customer"]).await;
        let session = session_with_family(&desk, ann.id).await;
        let consents = desk.view(&session).await.unwrap().consents;
        assert_eq!((consents[0].client_name.as_str(), &*consents[0].scopes), ("The App", &["openid".to_owned()][..]));
        let withdraw = |client: &str| SecurityAct::WithdrawConsent { client: client.to_owned() };
        assert_eq!(why(desk.act(&session, withdraw("other")).await), "not_found");
        let view = desk.act(&session, withdraw("app")).await.unwrap().view.unwrap();
        assert!(view.consents.is_empty());
        assert_eq!(desk.number(FAMILIES_LEFT, &[]).await, 0);
        assert_eq!(desk.revocations().await, [r#"{"token":{"jti":"tok_1"}}"#]);
        assert!(desk.events().await.contains(&"identity.consent.withdrawn".to_owned()));
    })
    .await;
}
