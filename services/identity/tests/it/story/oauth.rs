//! Ann authorizes her budget planner, and a service gets a token for itself.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use testkit::{Ask, Telling};

use super::browser::{asked, basic, by_code, client, code, log_in, with_cookies};

pub(super) async fn told(story: &Telling) {
    for name in ["openid_configuration", "oauth_authorization_server", "jwks"] {
        let reply = story.ask(name).gives(200).await;
        assert_eq!(reply.header("cache-control"), Some("public, max-age=300"), "{name}");
    }
    let secret = client(story, "planner", "confidential").await;
    let robots = client(story, "robot", "service").await;
    let mut ann = log_in(story, "ann.miller@example.com", "cust_ann_miller").await;
    of_browsers(story, &ann.cookies).await;
    let code = code(&mut ann, "planner").await;
    let planner = basic("planner", &secret);
    let post = |operation: &'static str, form: &[(&str, &str)]| {
        story.ask(operation).header("authorization", &planner).form(form)
    };
    let first = post("token", &by_code(&code)).shown("For a person, with the code").gives(200).await;
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", text(&first.json, "refresh_token"))];
    let newer = post("token", &refresh).shown("A newer one").gives(200).await;
    let own = [("grant_type", "client_credentials"), ("scope", "read:accounts")];
    let own = story.ask("token").header("authorization", basic("robot", &robots)).form(&own);
    own.shown("For the program itself").gives(200).await;

    let access = text(&newer.json, "access_token");
    assert_eq!(post("introspect", &[("token", access)]).gives(200).await["active"], true);
    for name in ["user_info", "user_info_by_post"] {
        let ask = story.ask(name).header("authorization", format!("Bearer {access}"));
        assert_eq!(ask.gives(200).await["sub"], "cust_ann_miller");
    }
    let given = [("token", text(&newer.json, "refresh_token")), ("token_type_hint", "refresh_token")];
    post("revoke", &given).gives(200).await;
    assert_eq!(post("introspect", &[("token", access)]).gives(200).await["active"], false);
    of_the_end(story, &ann.cookies, text(&newer.json, "id_token")).await;
}

pub(super) fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap_or_else(|| panic!("{tokens}"))
}

/// As links and as forms; each leads to where the document says.
async fn of_browsers(story: &Telling, cookies: &BTreeMap<String, String>) {
    let query = |operation: &'static str, fields: &[(&str, &str)]| {
        fields.iter().fold(story.ask(operation), |ask: Ask<'_>, (name, value)| ask.query(name, *value))
    };
    let sent = with_cookies(query("authorize", &asked("planner")), cookies).gives(303).await;
    assert!(sent.header("location").unwrap().starts_with("https://budget.example.com/callback?"));
    let link = story.ask("authorize_by_form").form(&asked("planner")).gives(303).await;
    assert!(link.header("location").unwrap().starts_with("/oauth2/authorize?"));
    let end = [("client_id", "planner"), ("post_logout_redirect_uri", "https://budget.example.com/")];
    let page = with_cookies(query("end_session", &end), cookies).gives(200).await;
    assert!(page.text().contains("<h1>"), "it asks: {}", page.text());
    let gone = story.ask("end_session_by_form").form(&end).gives(200).await;
    assert!(gone.text().contains("<h1>"), "without a session: {}", gone.text());
}

/// With the ID token the browser returns to the client at once, and the session has ended.
async fn of_the_end(story: &Telling, cookies: &BTreeMap<String, String>, id_token: &str) {
    let end = [("id_token_hint", id_token), ("post_logout_redirect_uri", "https://budget.example.com/")];
    let ask = end.iter().fold(story.ask("end_session"), |ask, (name, value)| ask.query(name, *value));
    let back = with_cookies(ask, cookies).gives(303).await;
    assert_eq!(back.header("location"), Some("https://budget.example.com/"));
    let again = asked("planner").iter().fold(story.ask("authorize"), |ask, (name, value)| ask.query(name, *value));
    let to = with_cookies(again, cookies).gives(303).await;
    assert!(to.header("location").unwrap().starts_with("/login"), "{:?}", to.header("location"));
}

pub(super) async fn refused(story: &Telling) {
    let secret = client(story, "shop", "confidential").await;
    let robots = client(story, "machine", "service").await;
    let (shop, machine) = (basic("shop", &secret), basic("machine", &robots));
    let post = |operation: &'static str, who: &str, form: &[(&str, &str)]| {
        story.ask(operation).header("authorization", who).form(form)
    };
    for operation in ["token", "introspect", "revoke"] {
        post(operation, &shop, &[]).refused("invalid_request").await;
        let wrong = [("grant_type", "client_credentials"), ("token", "any")];
        post(operation, &basic("shop", "wrong"), &wrong).refused("invalid_client").await;
    }
    let own = |scope: &'static str| [("grant_type", "client_credentials"), ("scope", scope)];
    post("token", &shop, &by_code("nobodys")).refused("invalid_grant").await;
    post("token", &shop, &own("read:accounts")).refused("unauthorized_client").await;
    post("token", &shop, &[("grant_type", "password")]).refused("unsupported_grant_type").await;
    post("token", &machine, &own("admin:everything")).refused("invalid_scope").await;
    let token = post("token", &machine, &own("read:accounts")).gives(200).await;
    let token = text(&token.json, "access_token");
    post("revoke", &shop, &[("token", token)]).refused("invalid_grant").await;
    for operation in ["user_info", "user_info_by_post"] {
        let ask = |token: &str| story.ask(operation).header("authorization", format!("Bearer {token}"));
        ask("nobodys").refused("invalid_token").await;
        ask(token).refused("insufficient_scope").await;
    }
    assert_eq!(post("introspect", &machine, &[("token", "nobodys")]).gives(200).await.json, json!({ "active": false }));
}
