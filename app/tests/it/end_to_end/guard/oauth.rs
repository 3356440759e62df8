//! The OAuth and OpenID Connect endpoints, each by its class: clients that do not authenticate, tokens that are
//! another's, expired or forged, browsers without a session.

use access::Claims;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::Method;
use kernel::Secret;
use serde_json::{Value, json};
use testkit::Answer;

use super::{forged, printed};
use crate::end_to_end::class::Class;
use crate::end_to_end::document::{Operation, example, operations};
use crate::end_to_end::house::{House, on_both};
use crate::end_to_end::mint::Mint;
use crate::end_to_end::person::{self, BACK, Person, authorize, basic, by_code, client, encoded, send};

const EVIL: &str = "https://evil.example/callback";

/// Ann, whom a first-party client has tokens of; and other clients that want them.
struct World<'a> {
    house: &'a House,
    mint: Mint,
    ann: Person,
    /// Of `budget`.
    secret: String,
    /// Of `other`, which also acts for users.
    others: String,
    /// Of `robot`, which acts for itself.
    robots: String,
    tokens: Value,
}

impl World<'_> {
    async fn make(house: &House) -> World<'_> {
        let secret = client(house, "budget", "confidential").await;
        let others = client(house, "other", "confidential").await;
        let robots = client(house, "robot", "service").await;
        client(house, "pocket", "public").await;
        let mut ann = Person::new(house, "ann@example.com", "cust_ann").await;
        let tokens = ann.tokens(house, "budget", &secret).await;
        World { house, mint: house.mint().await, ann, secret, others, robots, tokens }
    }

    fn token(&self, name: &str) -> &str {
        self.tokens[name].as_str().unwrap()
    }

    /// Ann's token with a changed claim, under our own signature.
    fn changed(&self, change: impl Fn(&mut Claims)) -> Secret {
        let payload = self.token("access_token").split('.').nth(1).unwrap();
        let mut claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        change(&mut claims);
        self.mint.sign(&claims)
    }

    /// Tokens that are refused from any sender.
    fn bad_tokens(&self) -> Vec<(&'static str, Secret)> {
        let good = self.changed(|_| {});
        vec![
            ("no token at all", Secret::new("not-a-token")),
            ("expired", self.changed(|claims| (claims.exp, claims.nbf) = (claims.nbf - 60, claims.nbf - 120))),
            ("not yet valid", self.changed(|claims| claims.nbf += 120)),
            ("another audience", self.changed(|claims| claims.aud = "another".to_owned())),
            ("another issuer", self.changed(|claims| claims.iss = "http://another".to_owned())),
            ("an older epoch", self.changed(|claims| claims.epoch -= 1)),
            ("an unknown client", self.changed(|claims| claims.client_id = "nobody".to_owned())),
            ("an unknown person", self.changed(|claims| claims.sub = "cust_nobody".to_owned())),
            ("of no session", self.changed(|claims| claims.sid = None)),
            ("a foreign signature", forged(&good)),
            ("an id token", Secret::new(self.token("id_token"))),
            ("a refresh token", Secret::new(self.token("refresh_token"))),
        ]
    }

    async fn user_info(&self, token: &str) -> Answer {
        send(self.house, Method::GET, "/oauth2/userinfo", &[("authorization", &format!("Bearer {token}"))], None).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_oauth_endpoint_refuses_unauthorized_callers() {
    on_both(async |house| {
        let mut world = World::make(house).await;
        let document: Value = serde_json::from_str(&printed()).unwrap();
        for operation in operations(&document) {
            match Class::of(&operation) {
                Class::Api => {}
                Class::Metadata => metadata(&world, &operation).await,
                Class::Client => of_programs(&world, &operation).await,
                Class::Bearer => of_bearers(&world, &operation).await,
                Class::Browser => of_browsers(&mut world, &operation).await,
            }
        }
        foreign_grants(&mut world).await;
        foreign_questions(&world).await;
        foreign_revocation(&world).await;
        // After all of this Ann's session is intact, and her client still has its tokens.
        let info = world.user_info(world.token("access_token")).await;
        assert_eq!((info.status.as_u16(), &info.json()["sub"]), (200, &json!("cust_ann")), "{}", info.text());
        assert!(world.ann.go("/account").await.text().contains("<h1>Your account</h1>"));
    })
    .await;
}

fn method(operation: &Operation) -> Method {
    Method::from_bytes(operation.method.as_bytes()).unwrap()
}

/// The first example of its form.
fn form(operation: &Operation) -> Vec<(String, String)> {
    let content = operation.body.pointer("/requestBody/content/application~1x-www-form-urlencoded");
    let Some(Value::Object(fields)) = example(content).into_iter().next() else { return Vec::new() };
    fields.into_iter().map(|(name, value)| (name, value.as_str().unwrap().to_owned())).collect()
}

/// The same for everyone, and without any user's data.
async fn metadata(world: &World<'_>, operation: &Operation) {
    let plain = send(world.house, Method::GET, &operation.path, &[], None).await;
    assert_eq!(plain.status.as_u16(), 200, "{}", operation.name);
    assert_eq!(plain.header("cache-control"), Some("public, max-age=300"), "{}", operation.name);
    assert!(plain.header("set-cookie").is_none());
    let session = format!("florin-session={}", world.ann.cookies["florin-session"]);
    let known = [("authorization", basic("budget", &world.secret)), ("cookie", session)];
    let known: Vec<(&str, &str)> = known.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let told = send(world.house, Method::GET, &operation.path, &known, None).await;
    assert_eq!(told.json(), plain.json(), "{}", operation.name);
    for key in plain.json()["keys"].as_array().into_iter().flatten() {
        assert!(["d", "p", "q", "k"].iter().all(|half| key.get(*half).is_none()), "a private half: {key}");
    }
}

/// Clients that do not authenticate get no answer.
async fn of_programs(world: &World<'_>, operation: &Operation) {
    let (name, good) = (operation.name.as_str(), basic("budget", &world.secret));
    let bearer = format!("Bearer {}", world.token("access_token"));
    let cookie = format!("florin-session={}", world.ann.cookies["florin-session"]);
    let nobody = [
        ("nobody", vec![], vec![]),
        ("an unknown program", vec![("authorization", basic("nobody", &world.secret))], vec![]),
        ("a wrong secret", vec![("authorization", basic("budget", "wrong"))], vec![]),
        ("another's secret", vec![("authorization", basic("budget", &world.others))], vec![]),
        ("no secret", vec![("authorization", basic("budget", ""))], vec![]),
        ("its name alone", vec![], vec![("client_id", "budget")]),
        ("a wrong secret in the form", vec![], vec![("client_id", "budget"), ("client_secret", "wrong")]),
        ("a public one with a secret", vec![], vec![("client_id", "pocket"), ("client_secret", &*world.secret)]),
        ("a person's token", vec![("authorization", bearer)], vec![]),
        ("a person's session", vec![("cookie", cookie)], vec![]),
    ];
    for (why, headers, more) in nobody {
        let answer = asked(world, operation, &headers, &more).await;
        let error = answer.json()["error"].clone();
        assert_eq!(
            (answer.status.as_u16(), &error),
            (401, &json!("invalid_client")),
            "{name}, {why}: {}",
            answer.text()
        );
        assert!(answer.header("www-authenticate").unwrap().starts_with("Basic"), "{name}, {why}");
    }
    let two_ways =
        asked(world, operation, &[("authorization", good.clone())], &[("client_secret", &world.secret)]).await;
    assert_eq!(two_ways.json()["error"], "invalid_request", "{name}: {}", two_ways.text());
    // The same form works for the authorized client, so each refusal was for who asked.
    let known = asked(world, operation, &[("authorization", good)], &[]).await;
    assert_ne!(known.json()["error"], "invalid_client", "{name}: {}", known.text());
    let public = asked(world, operation, &[], &[("client_id", "pocket")]).await;
    let refused = public.json()["error"] == "invalid_client";
    assert_eq!(refused, name == "introspect", "{name} of a public client: {}", public.text());
}

async fn asked(world: &World<'_>, operation: &Operation, headers: &[(&str, String)], more: &[(&str, &str)]) -> Answer {
    let example = form(operation);
    let fields = example.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(more.iter().copied());
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    send(world.house, method(operation), &operation.path, &headers, Some(encoded(fields))).await
}

/// Only a user's valid token, in the header.
async fn of_bearers(world: &World<'_>, operation: &Operation) {
    let (name, path) = (operation.name.as_str(), operation.path.as_str());
    let good = world.token("access_token");
    let ask = async |headers: &[(&str, &str)], path: &str, form: Option<String>| {
        send(world.house, method(operation), path, headers, form).await
    };
    let elsewhere = format!("{path}?access_token={good}");
    let body = Some(format!("access_token={good}")).filter(|_| operation.method == "POST");
    let session = format!("florin-session={}", world.ann.cookies["florin-session"]);
    for (why, answer) in [
        ("nothing", ask(&[], path, None).await),
        ("the token in the address", ask(&[], &elsewhere, None).await),
        ("the token in the body", ask(&[], path, body).await),
        ("a session", ask(&[("cookie", &session)], path, None).await),
        ("a program's secret", ask(&[("authorization", &basic("budget", &world.secret))], path, None).await),
    ] {
        assert_eq!(answer.status.as_u16(), 401, "{name}, {why}: {}", answer.text());
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"florin\""), "{name}, {why}");
        assert!(answer.bytes.is_empty(), "{name}, {why}: {}", answer.text());
    }
    for (why, token) in world.bad_tokens() {
        let answer = ask(&[("authorization", &format!("Bearer {}", token.expose()))], path, None).await;
        let error = answer.json()["error"].clone();
        assert_eq!(
            (answer.status.as_u16(), &error),
            (401, &json!("invalid_token")),
            "{name}, {why}: {}",
            answer.text()
        );
    }
    let own = world.house.client.stranger().token("robot", &world.robots).await.unwrap();
    let answer = ask(&[("authorization", &format!("Bearer {}", own.expose()))], path, None).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (403, &json!("insufficient_scope")), "{name}");
    let known = ask(&[("authorization", &format!("Bearer {}", world.changed(|_| {}).expose()))], path, None).await;
    assert_eq!((known.status.as_u16(), &known.json()["sub"]), (200, &json!("cust_ann")), "{name}: {}", known.text());
}

/// A browser gets a code for the user logged in there, for a registered address, and is sent nowhere else.
async fn of_browsers(world: &mut World<'_>, operation: &Operation) {
    let name = operation.name.as_str();
    let evil = [
        ("client_id", "budget"),
        ("response_type", "code"),
        ("redirect_uri", EVIL),
        ("post_logout_redirect_uri", EVIL),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
        ("id_token_hint", world.token("id_token")),
    ];
    let (evil, good) = (encoded(evil), authorize("budget").split_once('?').unwrap().1.to_owned());
    let made_up = "c29tZWJvZHkgZWxzZSdzIHNlc3Npb24";
    for session in [None, Some(made_up)] {
        let mut nobody = Person::at(world.house);
        nobody.cookies.extend(session.map(|value| ("florin-session".to_owned(), value.to_owned())));
        for query in [&evil, &good] {
            let answer = browsed(&mut nobody, operation, query).await;
            let to = answer.header("location").unwrap_or_default();
            assert!(answer.status.as_u16() < 500, "{name}: {}", answer.text());
            assert!(to.is_empty() || to.starts_with('/'), "{name} redirects a stranger to {to}");
            assert!(!answer.text().contains("ann@example.com"), "{name}: {}", answer.text());
        }
        assert_ne!(
            nobody.cookies.get("florin-session").map(String::as_str),
            Some(&*world.ann.cookies["florin-session"])
        );
    }
    let answer = browsed(&mut world.ann, operation, &evil).await;
    assert!(!answer.header("location").unwrap_or_default().contains("evil"), "{name} redirects Ann elsewhere");
    let back = world.ann.go("/account").await;
    assert!(back.text().contains("<h1>Your account</h1>"), "{name} ends a session unasked");
}

/// As a link, or as a form of another site's page; redirects are followed as long as they stay on our pages.
async fn browsed(who: &mut Person, operation: &Operation, query: &str) -> Answer {
    let (form, path) = match method(operation) {
        Method::GET => (None, format!("{}?{query}", operation.path)),
        _ => (Some(query.to_owned()), operation.path.clone()),
    };
    let answer = who.ask(method(operation), &path, form).await;
    match answer.header("location").map(str::to_owned) {
        Some(to) if to.starts_with('/') => who.go(&to).await,
        _ => answer,
    }
}

/// A code and a refresh token are valid only for their client.
async fn foreign_grants(world: &mut World<'_>) {
    let (house, other) = (world.house, ("other", world.others.clone()));
    let other = Some((other.0, other.1.as_str()));
    let invalid = |answer: &Answer| {
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["error"]),
            (400, &json!("invalid_grant")),
            "{}",
            answer.text()
        );
    };
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", world.token("refresh_token"))];
    invalid(&person::post(house, "/oauth2/token", other, &refresh).await);
    let code = world.ann.code("budget").await;
    invalid(&person::post(house, "/oauth2/token", other, &by_code(&code)).await);
    let elsewhere: Vec<(&str, &str)> =
        by_code(&code).into_iter().map(|(name, value)| (name, if value == BACK { EVIL } else { value })).collect();
    invalid(&person::post(house, "/oauth2/token", Some(("budget", &world.secret)), &elsewhere).await);
}

/// For another client's token or an invalid one, the answer is only that it is inactive.
async fn foreign_questions(world: &World<'_>) {
    let ask = async |who: (&str, &str), token: &str| {
        let answer = person::post(world.house, "/oauth2/introspect", Some(who), &[("token", token)]).await;
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
        answer.json()
    };
    let (good, refresh) = (world.token("access_token"), world.token("refresh_token"));
    for token in [good, refresh] {
        assert_eq!(ask(("other", &world.others), token).await, json!({ "active": false }));
        assert_eq!(ask(("budget", &world.secret), token).await["username"], "ann@example.com");
        assert_eq!(ask(("robot", &world.robots), token).await["active"], true, "a service asks about any token");
    }
    for (why, token) in world.bad_tokens() {
        if why == "a refresh token" {
            continue;
        }
        for who in [("budget", &world.secret), ("robot", &world.robots)] {
            assert_eq!(ask((who.0, who.1), token.expose()).await, json!({ "active": false }), "{why}");
        }
    }
}

/// A client cannot revoke another client's token.
async fn foreign_revocation(world: &World<'_>) {
    for token in [world.token("access_token"), world.token("refresh_token")] {
        for who in [Some(("other", &*world.others)), Some(("robot", &*world.robots)), None] {
            let form = [("token", token), ("client_id", "pocket")];
            let form = if who.is_some() { &form[..1] } else { &form[..] };
            let answer = person::post(world.house, "/oauth2/revoke", who, form).await;
            let error = answer.json()["error"].clone();
            assert_eq!((answer.status.as_u16(), &error), (400, &json!("invalid_grant")), "{who:?}: {}", answer.text());
        }
    }
    // An unknown token counts as revoked, and the answer says nothing.
    for (why, token) in world.bad_tokens() {
        if matches!(why, "a foreign signature" | "no token at all" | "an id token" | "expired") {
            let form = [("token", token.expose())];
            let answer = person::post(world.house, "/oauth2/revoke", Some(("other", &world.others)), &form).await;
            assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({})), "{why}");
        }
    }
}
