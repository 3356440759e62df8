//! Ann authorizes her budget planner, and a client gets a token for itself: the story of the OAuth endpoints' examples.
//! Values that the document cannot know, such as a code, are put into its forms.

use std::collections::BTreeMap;

use hyper::Method;
use serde_json::Value;

use super::teller::Teller;
use crate::end_to_end::person::{self, Person, authorize, basic, client};

pub(super) async fn tell(teller: &Teller<'_>) {
    for name in ["openid_configuration", "oauth_authorization_server", "jwks"] {
        teller.tell(name, &[], "").await;
    }
    let secret = client(teller.house, "planner", "confidential").await;
    let robots = client(teller.house, "robot", "service").await;
    let mut ann = Person::new(teller.house, "ann.miller@example.com", "cust_ann_miller").await;
    of_browsers(teller, &mut ann).await;
    let code = ann.code("planner").await;
    let planner = basic("planner", &secret);
    // The document lists them by name.
    let tokens = teller.fill("token", 0, &planner, &[("code", &code)]).await;
    let newer = teller.fill("token", 2, &planner, &[("refresh_token", text(&tokens, "refresh_token"))]).await;
    teller.fill("token", 1, &basic("robot", &robots), &[]).await;
    let access = text(&newer, "access_token");
    let told = teller.fill("introspect", 0, &planner, &[("token", access)]).await;
    assert_eq!(told["active"], true);
    let bearer = format!("Bearer {access}");
    for name in ["user_info", "user_info_by_post"] {
        assert_eq!(teller.fill(name, 0, &bearer, &[]).await["sub"], "cust_ann_miller");
    }
    teller.fill("revoke", 0, &planner, &[("token", text(&newer, "refresh_token"))]).await;
    let gone = person::post(teller.house, "/oauth2/introspect", Some(("planner", &secret)), &[("token", access)]).await;
    assert_eq!(gone.json()["active"], false);
}

fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap_or_else(|| panic!("{tokens}"))
}

/// As links and as forms; each leads where the document says.
async fn of_browsers(teller: &Teller<'_>, ann: &mut Person) {
    let asked = authorize("planner").split_once('?').unwrap().1.to_owned();
    for (name, method, path, form) in [
        ("authorize", Method::GET, format!("/oauth2/authorize?{asked}"), None),
        ("authorize_by_form", Method::POST, "/oauth2/authorize".to_owned(), Some(asked)),
        ("end_session", Method::GET, "/oauth2/logout?client_id=planner".to_owned(), None),
        ("end_session_by_form", Method::POST, "/oauth2/logout".to_owned(), Some("client_id=planner".to_owned())),
    ] {
        let answer = ann.ask(method, &path, form).await;
        teller.heard(name, &answer);
        let kind = answer.header("content-type").unwrap_or_default();
        assert!(answer.header("location").is_some() || kind.starts_with("text/html"), "{name}: {}", answer.text());
    }
}

/// The fields of a form: the document's, with some values replaced.
pub(super) fn filled(example: &Value, own: &[(&str, &str)]) -> BTreeMap<String, String> {
    let fields = example.as_object().into_iter().flatten();
    let mut fields: BTreeMap<String, String> =
        fields.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
    for (name, value) in own {
        assert!(fields.insert((*name).to_owned(), (*value).to_owned()).is_some(), "{name} is not in the example");
    }
    fields
}
