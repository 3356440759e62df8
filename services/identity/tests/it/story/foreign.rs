//! A client cannot use, introspect or revoke the codes and tokens of another.

use serde_json::json;
use testkit::Reply;

use super::browser::{BACK, basic, by_code, code};
use super::endpoints::{EVIL, World};

async fn post(world: &World<'_>, name: &str, who: Option<(&str, &str)>, form: &[(&str, &str)]) -> Reply {
    let ask = world.story.ask(name).form(form);
    who.into_iter().fold(ask, |ask, (id, secret)| ask.header("authorization", basic(id, secret))).reply().await
}

fn assert_invalid_grant(reply: &Reply) {
    assert_eq!((reply.status, reply.code()), (400, Some("invalid_grant")), "{}", reply.text());
}

/// A code and a refresh token are valid only for their client.
pub(super) async fn grants(world: &mut World<'_>) {
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", world.token("refresh_token"))];
    assert_invalid_grant(&post(world, "token", Some(("other", &world.others)), &refresh).await);
    let code = code(&mut world.nora, "wallet").await;
    assert_invalid_grant(&post(world, "token", Some(("other", &world.others)), &by_code(&code)).await);
    let elsewhere = by_code(&code).map(|(name, value)| (name, if value == BACK { EVIL } else { value }));
    assert_invalid_grant(&post(world, "token", Some(("wallet", &world.secret)), &elsewhere).await);
}

/// For another client's token or an invalid one, the answer is only that it is inactive.
pub(super) async fn questions(world: &World<'_>) {
    let ask = async |who: (&str, &str), token: &str| {
        let reply = post(world, "introspect", Some(who), &[("token", token)]).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json
    };
    let inactive = json!({ "active": false });
    for token in [world.token("access_token"), world.token("refresh_token")] {
        assert_eq!(ask(("other", &world.others), token).await, inactive);
        assert_eq!(ask(("wallet", &world.secret), token).await["username"], "nora@example.com");
        assert_eq!(ask(("agent", &world.agents), token).await["active"], true, "a service asks about any token");
    }
    for (why, token) in world.bad_tokens().into_iter().filter(|(why, _)| *why != "a refresh token") {
        for who in [("wallet", &*world.secret), ("agent", &*world.agents)] {
            assert_eq!(ask(who, token.expose()).await, inactive, "{why}");
        }
    }
}

/// A client cannot revoke another client's token.
pub(super) async fn revocation(world: &World<'_>) {
    for token in [world.token("access_token"), world.token("refresh_token")] {
        for who in [("other", &*world.others), ("agent", &*world.agents)] {
            assert_invalid_grant(&post(world, "revoke", Some(who), &[("token", token)]).await);
        }
        assert_invalid_grant(&post(world, "revoke", None, &[("token", token), ("client_id", "pocket")]).await);
    }
    // An unknown token counts as revoked, and the answer says nothing.
    for (why, token) in world.bad_tokens() {
        if matches!(why, "a foreign signature" | "no token at all" | "an id token" | "expired") {
            let reply = post(world, "revoke", Some(("other", &world.others)), &[("token", token.expose())]).await;
            assert_eq!((reply.status, reply.json), (200, json!({})), "{why}");
        }
    }
}
