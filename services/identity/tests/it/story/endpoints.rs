//! Unauthorized callers of the OAuth and OpenID Connect endpoints, by class: clients that do not authenticate, tokens of others,
//! expired or forged ones, and browsers without a session.

use access::Claims;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::ROOM;
use kernel::Secret;
use platform::db::Target;
use platform::room::Word;
use serde_json::{Value, json};
use testkit::{Reply, Telling};

use super::browser::{asked, basic, by_code, client, log_in, tokens};
use super::foreign;
use super::mint::{Mint, forged};
use crate::http::page::Page;
use crate::http::visitor::Visitor;

pub(super) const EVIL: &str = "https://evil.example/callback";
/// The same for everyone, and without any user's data.
const METADATA: [&str; 3] = ["jwks", "oauth_authorization_server", "openid_configuration"];
/// A client authenticates.
const CLIENT: [&str; 3] = ["introspect", "revoke", "token"];
/// Needs a user's token.
const BEARER: [&str; 2] = ["user_info", "user_info_by_post"];
/// A user's browser: the answer depends on its session.
const BROWSER: [(&str, &str); 4] = [
    ("authorize", "/oauth2/authorize"),
    ("authorize_by_form", "/oauth2/authorize"),
    ("end_session", "/oauth2/logout"),
    ("end_session_by_form", "/oauth2/logout"),
];
const SESSION: &str = "__Host-florin-session";

/// Nora, whose tokens a first-party client has, and other clients that want them.
pub(super) struct World<'t> {
    pub(super) story: &'t Telling,
    mint: Mint,
    pub(super) nora: Visitor,
    /// Of `wallet`.
    pub(super) secret: String,
    /// Of `other`, which also acts for users.
    pub(super) others: String,
    /// Of `agent`, which acts for itself.
    pub(super) agents: String,
    tokens: Value,
}

impl World<'_> {
    async fn make(story: &Telling, store: Target) -> World<'_> {
        let secret = client(story, "wallet", "confidential").await;
        let others = client(story, "other", "confidential").await;
        let agents = client(story, "agent", "service").await;
        client(story, "pocket", "public").await;
        let mut nora = log_in(story, "nora@example.com", "cust_nora").await;
        let tokens = tokens(story, &mut nora, "wallet", &secret).await;
        World { story, mint: Mint::open(store).await, nora, secret, others, agents, tokens }
    }

    pub(super) fn token(&self, name: &str) -> &str {
        self.tokens[name].as_str().unwrap()
    }

    /// Nora's token with a changed claim, under identity's own signature.
    fn changed(&self, change: impl Fn(&mut Claims)) -> Secret {
        let payload = self.token("access_token").split('.').nth(1).unwrap();
        let mut claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        change(&mut claims);
        self.mint.sign(&claims)
    }

    /// Tokens that are refused from any sender.
    pub(super) fn bad_tokens(&self) -> Vec<(&'static str, Secret)> {
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

    fn session(&self) -> String {
        format!("{SESSION}={}", self.nora.cookies[SESSION])
    }
}

pub(super) async fn refuse_unauthorized_callers(story: &Telling, store: &Target) {
    assert_each_has_a_class();
    let mut world = World::make(story, store.clone()).await;
    for name in METADATA {
        metadata(&world, name).await;
    }
    for name in CLIENT {
        of_programs(&world, name).await;
    }
    for name in BEARER {
        of_bearers(&world, name).await;
    }
    for (name, path) in BROWSER {
        of_browsers(&mut world, name, path).await;
    }
    foreign::grants(&mut world).await;
    foreign::questions(&world).await;
    foreign::revocation(&world).await;
    // After all of this Nora's session is intact, and her client still has its tokens.
    let info = bearer(&world, "user_info", world.token("access_token")).await;
    assert_eq!((info.status, &info["sub"]), (200, &json!("cust_nora")), "{}", info.text());
    assert_eq!(world.nora.go("/account").await.heading(), "Your account");
}

/// A new endpoint has no class, and fails until it is given one here.
fn assert_each_has_a_class() {
    let open = ROOM.operations.iter().filter(|row| row.word == Word::Nothing).map(|row| row.name);
    let mut open: Vec<&str> = open.collect();
    let mut known = [&METADATA[..], &CLIENT, &BEARER, &BROWSER.map(|(name, _)| name)].concat();
    open.sort_unstable();
    known.sort_unstable();
    assert_eq!(open, known);
}

async fn metadata(world: &World<'_>, name: &str) {
    let plain = world.story.ask(name).reply().await;
    assert_eq!((plain.status, plain.header("set-cookie")), (200, None), "{name}");
    let known = world.story.ask(name).header("authorization", basic("wallet", &world.secret));
    let known = known.header("cookie", world.session()).reply().await;
    assert_eq!(known.json, plain.json, "{name}");
    for key in plain["keys"].as_array().into_iter().flatten() {
        assert!(["d", "p", "q", "k"].iter().all(|half| key.get(*half).is_none()), "a private half: {key}");
    }
}

/// Clients that do not authenticate get no answer.
async fn of_programs(world: &World<'_>, name: &str) {
    let good = basic("wallet", &world.secret);
    let nobody = [
        ("nobody", None, vec![]),
        ("an unknown program", Some(("authorization", basic("nobody", &world.secret))), vec![]),
        ("a wrong secret", Some(("authorization", basic("wallet", "wrong"))), vec![]),
        ("another's secret", Some(("authorization", basic("wallet", &world.others))), vec![]),
        ("no secret", Some(("authorization", basic("wallet", ""))), vec![]),
        ("its name alone", None, vec![("client_id", "wallet")]),
        ("a wrong secret in the form", None, vec![("client_id", "wallet"), ("client_secret", "wrong")]),
        ("a public one with a secret", None, vec![("client_id", "pocket"), ("client_secret", &*world.secret)]),
        ("a person's token", Some(("authorization", format!("Bearer {}", world.token("access_token")))), vec![]),
        ("a person's session", Some(("cookie", world.session())), vec![]),
    ];
    for (why, header, more) in nobody {
        let reply = sent(world, name, header, &more).await;
        assert_eq!((reply.status, reply.code()), (401, Some("invalid_client")), "{name}, {why}: {}", reply.text());
        assert!(reply.header("www-authenticate").unwrap().starts_with("Basic"), "{name}, {why}");
    }
    let by_header = Some(("authorization", good.clone()));
    let two_ways = sent(world, name, by_header.clone(), &[("client_secret", &world.secret)]).await;
    assert_eq!(two_ways.code(), Some("invalid_request"), "{name}: {}", two_ways.text());
    // The same form works for the authorized client, so each refusal was for who asked.
    let known = sent(world, name, by_header, &[]).await;
    assert_ne!(known.code(), Some("invalid_client"), "{name}: {}", known.text());
    let public = sent(world, name, None, &[("client_id", "pocket")]).await;
    assert_eq!(
        public.code() == Some("invalid_client"),
        name == "introspect",
        "{name} of a public client: {}",
        public.text()
    );
}

/// A complete form of the endpoint, except for who sends it.
async fn sent(world: &World<'_>, name: &str, header: Option<(&str, String)>, more: &[(&str, &str)]) -> Reply {
    let form = if name == "token" { by_code("nobodys").to_vec() } else { vec![("token", "nobodys")] };
    let ask = world.story.ask(name).form(&[&form[..], more].concat());
    header.into_iter().fold(ask, |ask, (name, value)| ask.header(name, value)).reply().await
}

async fn bearer(world: &World<'_>, name: &str, token: &str) -> Reply {
    world.story.ask(name).header("authorization", format!("Bearer {token}")).reply().await
}

/// Only a user's valid token, in the header.
async fn of_bearers(world: &World<'_>, name: &str) {
    let good = world.token("access_token");
    let ask = || world.story.ask(name);
    for (why, ask) in [
        ("nothing", ask()),
        ("the token in the address", ask().query("access_token", good)),
        ("the token in the body", ask().form(&[("access_token", good)])),
        ("a session", ask().header("cookie", world.session())),
        ("a program's secret", ask().header("authorization", basic("wallet", &world.secret))),
    ] {
        let reply = ask.reply().await;
        assert_eq!(reply.status, 401, "{name}, {why}: {}", reply.text());
        assert_eq!(reply.header("www-authenticate"), Some("Bearer realm=\"florin\""), "{name}, {why}");
        assert!(reply.bytes.is_empty(), "{name}, {why}: {}", reply.text());
    }
    for (why, token) in world.bad_tokens() {
        let reply = bearer(world, name, token.expose()).await;
        assert_eq!((reply.status, reply.code()), (401, Some("invalid_token")), "{name}, {why}: {}", reply.text());
    }
    let known = bearer(world, name, world.changed(|_| {}).expose()).await;
    assert_eq!((known.status, &known["sub"]), (200, &json!("cust_nora")), "{name}: {}", known.text());
}

/// A browser gets a code for the user logged in there, for a registered address, and is sent nowhere else.
async fn of_browsers(world: &mut World<'_>, name: &str, path: &str) {
    let hint = world.token("id_token").to_owned();
    let mut evil = asked("wallet");
    for (name, value) in &mut evil {
        if *name == "redirect_uri" {
            *value = EVIL;
        }
    }
    evil.extend([("post_logout_redirect_uri", EVIL), ("id_token_hint", &*hint)]);
    for session in [None, Some("c29tZWJvZHkgZWxzZSdzIHNlc3Npb24")] {
        let mut nobody = Visitor::on(world.story.router());
        nobody.cookies.extend(session.map(|value| (SESSION.to_owned(), value.to_owned())));
        for fields in [&evil, &asked("wallet")] {
            let page = browsed(&mut nobody, name, path, fields).await;
            let to = page.header("location").unwrap_or_default();
            assert!(page.status < 500, "{name}: {}", page.body);
            assert!(to.is_empty() || to.starts_with('/'), "{name} redirects a stranger to {to}");
            assert!(!page.body.contains("nora@example.com"), "{name}: {}", page.body);
        }
        assert_ne!(nobody.cookies.get(SESSION), Some(&world.nora.cookies[SESSION]));
    }
    let page = browsed(&mut world.nora, name, path, &evil).await;
    assert!(!page.header("location").unwrap_or_default().contains("evil"), "{name} redirects Nora elsewhere");
    assert_eq!(world.nora.go("/account").await.heading(), "Your account", "{name} ends a session unasked");
}

/// As a link, or as a form of another site's page; redirects are followed as long as they stay on our pages.
async fn browsed(who: &mut Visitor, name: &str, path: &str, fields: &[(&str, &str)]) -> Page {
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let page = match name.ends_with("_by_form") {
        true => who.ask(http::Method::POST, path, &form, &[]).await,
        false => who.ask(http::Method::GET, &format!("{path}?{form}"), "", &[]).await,
    };
    match page.header("location").map(str::to_owned) {
        Some(to) if to.starts_with('/') => who.go(&to).await.clone(),
        _ => page,
    }
}
