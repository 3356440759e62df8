//! The story of identity: Ann becomes a customer, clients get their secrets, an auditor's role is added and removed, and Ann
//! authorizes her budget planner. Then all refusals, and unauthorized callers of the OAuth endpoints.

mod browser;
mod clients;
mod endpoints;
mod foreign;
mod mint;
mod oauth;
mod people;
mod rights;

use std::sync::Arc;

use access::{Gate, GateSettings, Vocabulary};
use identity::{ROOM, Settings};
use identity_api::{FACE, Identity};
use kernel::Secret;
use platform::db::Target;
use serde_json::{Value, json};
use testkit::{Ask, Reply, Stage, Story, Telling};

/// The cheapest password hashes that settings allow.
const SETTINGS: &[(&str, &str)] =
    &[("argon2_memory_kib", "7168"), ("argon2_passes", "1"), ("issuer", "https://id.example.com")];
/// Does not exist.
const UNKNOWN: &str = "usr_01kppyzd5gfmra2qsx5rkvr8wb";
const TOKEN: &str =
    "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSIsImtpZCI6IjIwMjYtMDEifQ.eyJzdWIiOiJjdXN0X2FubiJ9.c2lnbmF0dXJl";
const ID_TOKEN: &str =
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJFZERTQSIsImtpZCI6IjIwMjYtMDEifQ.eyJzdWIiOiJjdXN0X2FubiJ9.c2lnbmF0dXJl";
const REFRESH: &str = "cmVmcmVzaGVkIG9uY2UgYW5kIG5ldmVyIGFnYWluIQ";

/// With the permissions of a bank's other rooms, which the roles of the story use.
fn vocabulary() -> Vocabulary {
    Vocabulary::of(&[&testkit::BANK, &ROOM]).unwrap()
}

async fn open(stage: &Stage<'_>) -> (Arc<dyn Identity>, Target) {
    let settings = GateSettings { stale_ms: None, ..GateSettings::default() };
    let gate = Gate::new(stage.clock(), settings, vocabulary());
    let opened = identity::open(stage.site::<Settings>(&ROOM, SETTINGS).await, (gate, Vec::new(), None)).await.unwrap();
    (opened.face, stage.store.target())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_of_identity() {
    Story::of(&ROOM, &FACE, env!("CARGO_MANIFEST_DIR"))
        .keeps_private(&["cust_ann", "ann@example.com"])
        .hides("one_time_password", "maple-otter-47-violin")
        .hides("secret", "fcs_Zm9yIHRoZSBkb2N1bWVudCBvbmx5IQ")
        .hides("kid", "2026-01")
        .hides("x", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
        .hides("code", "SplxlOBeZQQYbYS6WxSbIA")
        .hides("access_token", TOKEN)
        .hides("token", TOKEN)
        .hides("refresh_token", REFRESH)
        .hides("id_token", ID_TOKEN)
        .hides("id_token_hint", ID_TOKEN)
        .hides("jti", "Zm9yIHRoZSBkb2N1bWVudA")
        .elsewhere("put_policy", "too_many", "rights::tests::policies::what_is_not_right_about_a_policy_is_named")
        .tell(
            open,
            |identity, stage| identity::mount(identity, stage.door::<Settings>(&ROOM, SETTINGS)).unwrap(),
            async |story, store| {
                rights::told(story).await;
                people::told(story).await;
                clients::told(story).await;
                of_keys(story).await;
                oauth::told(story).await;
                rights::refused(story).await;
                people::refused(story).await;
                clients::refused(story).await;
                oauth::refused(story).await;
                with_an_old_proof(story).await;
                endpoints::refuse_unauthorized_callers(story, store).await;
            },
        )
        .await;
}

fn user<'t>(story: &'t Telling, operation: &str, id: &Value) -> Ask<'t> {
    story.ask(operation).at("id", id)
}

/// Creates a user with these roles; returns the id.
async fn person(story: &Telling, name: &str, roles: &[&str]) -> Value {
    let body = json!({ "username": name, "roles": roles });
    story.ask("create_user").body(body).gives(201).await["user"]["id"].clone()
}

/// A caller with this permission only.
fn only(story: &Telling, resource: &str, action: &str) -> Secret {
    story.only(resource, action)
}

async fn of_keys(story: &Telling) {
    let state = |reply: &Reply, place: usize| reply["items"][place]["state"].clone();
    let keys = story.ask("list_keys").gives(200).await;
    assert_eq!((state(&keys, 0), state(&keys, 1)), (json!("next"), json!("signing")));
    // Tokens signed by the previous key are still accepted.
    let keys = story.ask("rotate_keys").body(json!({})).gives(200).await;
    assert_eq!([0, 1, 2].map(|place| state(&keys, place)), ["next", "signing", "retired"]);
}

/// An administrator who logged in a while ago, or without a second factor, may read but not change anything.
async fn with_an_old_proof(story: &Telling) {
    let admin = |age: i64, acr: &str| {
        story.token(|claims| {
            (claims.kind, claims.sub, claims.roles) =
                ("admin".to_owned(), "adm_old".to_owned(), vec!["admin".to_owned()]);
            (claims.sid, claims.auth_time) = (Some("session".to_owned()), Some(claims.iat - age));
            claims.acr = Some(acr.to_owned());
        })
    };
    for token in [admin(310, "mfa"), admin(1, "pwd")] {
        let reply = story.again("rotate_keys").by(&token).refused("step_up_required").await;
        let wanted = reply.header("www-authenticate").unwrap();
        assert!(wanted.contains("insufficient_user_authentication") && wanted.contains("max_age=\"300\""), "{wanted}");
        story.again("list_users").by(&token).gives(200).await;
    }
    let old = admin(310, "mfa");
    story.all_refuse("step_up_required", |ask| ask.by(&old)).await;
    story.pass_seconds(1);
    story.again("rotate_keys").by(&admin(1, "mfa")).gives(200).await;
}
