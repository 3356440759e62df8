//! A store with a few users and clients, and short names for what they do.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use access::{Claims, Hears, RevokedWhat, Since, Standing};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity_api::{
    Authorize, AuthorizeReply, ClientAuth, ClientKind, CreateClient, FACE, Grant, Identity, IdentityError, OAuthError,
    Origin, Refusal, TokenReply, TokenRequest,
};
use kernel::{Clock, Ctx, Deadline, IdMaker, Permission, Principal, PrincipalKind, Proof, Secret, SystemClock};
use platform::crypto::{KeyEncryptionKey, digest, random_token};
use platform::db::{Db, Value};
use testkit::{FakeClock, Reached, TestStore};

use crate::{IdentityConfig, IdentityService};

pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const BACK: &str = "https://shop.example.com/back";
pub(crate) const BYE: &str = "https://shop.example.com/bye";
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

pub(crate) struct World {
    pub(crate) identity: Arc<IdentityService>,
    /// The same as a caller of this test's way has it.
    pub(crate) face: Reached<dyn Identity>,
    pub(crate) db: Db,
    pub(crate) clock: FakeClock,
    pub(crate) heard: Arc<Heard>,
    pub(crate) ann: Ann,
    kek: KeyEncryptionKey,
}

/// A logged-in customer.
#[derive(Clone)]
pub(crate) struct Ann {
    pub(crate) id: [u8; 16],
    pub(crate) session: [u8; 16],
    pub(crate) cookie: Secret,
}

/// The verifiers of this process.
#[derive(Default)]
pub(crate) struct Heard(Mutex<Vec<Standing>>);

impl Hears for Heard {
    fn hear(&self, standing: Standing) {
        self.0.lock().unwrap().push(standing);
    }

    fn since(&self) -> Since {
        let all = self.0.lock().unwrap();
        let revoked = all.iter().flat_map(|standing| &standing.revoked).map(|revoked| revoked.seq).max().unwrap_or(0);
        Since { version: all.last().map_or(0, |standing| standing.version), revoked, wait_ms: 0 }
    }
}

impl Heard {
    pub(crate) fn revoked(&self) -> Vec<RevokedWhat> {
        let all = self.0.lock().unwrap();
        all.iter().flat_map(|standing| &standing.revoked).map(|revoked| revoked.what.clone()).collect()
    }

    /// The keys that tokens are verified with.
    pub(crate) fn keys(&self) -> HashMap<String, String> {
        let all = self.0.lock().unwrap();
        let terms = all.iter().rev().find_map(|standing| standing.terms.as_ref()).unwrap();
        terms.keys.iter().map(|key| (key.kid.clone(), key.x.clone())).collect()
    }
}

impl World {
    pub(crate) async fn new(store: &TestStore) -> World {
        let (clock, kek) = (FakeClock::default(), KeyEncryptionKey::random());
        let (identity, db, heard) = start(store, &clock, &kek).await;
        let face = Reached::new(&FACE, identity.clone(), Arc::new(clock.clone())).await;
        let ann = Ann { id: [1; 16], session: [2; 16], cookie: random_token(32) };
        let world = World { identity, face, db, clock, heard, ann, kek };
        world.add_people().await;
        for client in clients() {
            world.identity.put_client(client, Secret::new(SECRET)).await.unwrap();
        }
        world
    }

    /// Another process on the same store.
    pub(crate) async fn beside(&self, store: &TestStore) -> Arc<IdentityService> {
        start(store, &self.clock, &self.kek).await.0
    }

    async fn add_people(&self) {
        let now = self.clock.now();
        self.execute(PERSON_ADD, &[Value::Bytes(&self.ann.id), Value::Int(now.micros())]).await;
        self.execute(ROLE_ADD, &[Value::Bytes(&self.ann.id)]).await;
        let cookie = digest(self.ann.cookie.expose());
        let later = now.plus_seconds(43_200);
        let values = [
            Value::Bytes(&self.ann.session),
            Value::Bytes(&cookie),
            Value::Bytes(&self.ann.id),
            Value::Int(now.micros()),
            Value::Int(later.micros()),
        ];
        self.execute(SESSION_ADD, &values).await;
    }

    pub(crate) async fn execute(&self, sql: &'static str, values: &[Value<'_>]) {
        let tx = self.db.begin().await.unwrap();
        tx.execute(sql, values).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        let tx = self.db.read().await.unwrap();
        tx.query(sql, &[]).await.unwrap().first().unwrap().int(0).unwrap()
    }

    pub(crate) async fn told(&self, kind: &str) -> usize {
        let tx = self.db.read().await.unwrap();
        let rows = tx.query("select event from outbox", &[]).await.unwrap();
        let kind = format!("\"type\":\"{kind}\"");
        rows.iter().filter(|row| row.text(0).unwrap().contains(&kind)).count()
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance_millis(seconds * 1_000);
    }

    /// A valid client request in Ann's browser.
    pub(crate) fn asked(&self) -> Authorize {
        Authorize {
            response_type: Some("code".to_owned()),
            client_id: Some("shop".to_owned()),
            redirect_uri: Some(BACK.to_owned()),
            scope: Some("openid profile offline_access read:accounts".to_owned()),
            state: Some("xyz".to_owned()),
            nonce: Some("n-1".to_owned()),
            code_challenge: Some(challenge(VERIFIER)),
            code_challenge_method: Some("S256".to_owned()),
            session: Some(self.ann.cookie.clone()),
            ..Authorize::default()
        }
    }

    pub(crate) async fn ask(&self, asked: Authorize) -> Result<AuthorizeReply, IdentityError> {
        self.face.authorize(&nobody(), asked).await
    }

    pub(crate) async fn code(&self) -> Secret {
        let reply = self.ask(self.asked()).await.unwrap();
        Secret::new(query(&reply)["code"].clone())
    }

    pub(crate) async fn token(&self, client: ClientAuth, grant: Grant) -> Result<TokenReply, IdentityError> {
        let request = TokenRequest { client, grant, origin: Origin::default() };
        self.face.token(&nobody(), request).await
    }

    pub(crate) async fn redeem(&self, code: &Secret) -> Result<TokenReply, IdentityError> {
        self.token(auth("shop"), code_grant(code)).await
    }

    /// All tokens that another client gets in Ann's browser.
    pub(crate) async fn asked_by(&self, client: &str, back: &str) -> TokenReply {
        let (client_id, redirect_uri) = (Some(client.to_owned()), Some(back.to_owned()));
        let reply =
            self.ask(Authorize { client_id, redirect_uri: redirect_uri.clone(), ..self.asked() }).await.unwrap();
        let code = Secret::new(query(&reply)["code"].clone());
        let code_verifier = Some(Secret::new(VERIFIER));
        self.token(auth(client), Grant::AuthorizationCode { code, redirect_uri, code_verifier }).await.unwrap()
    }

    /// All tokens of a login.
    pub(crate) async fn tokens(&self) -> TokenReply {
        self.redeem(&self.code().await).await.unwrap()
    }

    pub(crate) async fn refresh(&self, token: &Secret) -> Result<TokenReply, IdentityError> {
        self.token(auth("shop"), refresh_grant(token)).await
    }

    /// As a verifier reads it.
    pub(crate) fn claims(&self, token: &Secret) -> Claims {
        self.read(token, access::TOKEN_TYPE)
    }

    pub(crate) fn read<C: serde::de::DeserializeOwned>(&self, token: &Secret, typ: &str) -> C {
        let header = jsonwebtoken::decode_header(token.expose()).unwrap();
        assert_eq!((header.alg, header.typ.as_deref()), (jsonwebtoken::Algorithm::EdDSA, Some(typ)));
        let key = &self.heard.keys()[&header.kid.unwrap()];
        let key = jsonwebtoken::DecodingKey::from_ed_components(key).unwrap();
        let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
        (validation.validate_exp, validation.validate_aud) = (false, false);
        jsonwebtoken::decode(token.expose(), &key, &validation).unwrap().claims
    }
}

async fn start(store: &TestStore, clock: &FakeClock, kek: &KeyEncryptionKey) -> (Arc<IdentityService>, Db, Arc<Heard>) {
    let db = store.open().await;
    let heard = Arc::new(Heard::default());
    let shared: Arc<dyn Clock> = Arc::new(clock.clone());
    let (ids, hears) = (IdMaker::new(Arc::clone(&shared)), Arc::clone(&heard) as Arc<dyn Hears>);
    let config = IdentityConfig {
        argon2_memory_kib: 8,
        argon2_passes: 1,
        words: access::Vocabulary::of(&[&testkit::BANK, &crate::ROOM]).unwrap(),
        ..IdentityConfig::default()
    };
    let identity = IdentityService::start(db.clone(), config, shared, ids, Some(hears), kek).await.unwrap();
    (Arc::new(identity), db, heard)
}

pub(crate) fn clients() -> [CreateClient; 5] {
    let scopes = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let web = |id: &str, kind: ClientKind, redirect_uri: &str| CreateClient {
        id: id.to_owned(),
        name: format!("The {id}"),
        kind,
        redirect_uris: vec![redirect_uri.to_owned()],
        post_logout_redirect_uris: vec![BYE.to_owned()],
        scopes: scopes("openid profile email phone offline_access read:accounts write:transactions"),
        roles: Vec::new(),
        first_party: true,
        access_seconds: None,
    };
    let service = CreateClient {
        roles: vec!["service".to_owned()],
        scopes: scopes("read:accounts write:transactions"),
        redirect_uris: Vec::new(),
        post_logout_redirect_uris: Vec::new(),
        access_seconds: Some(600),
        ..web("reporting", ClientKind::Service, BACK)
    };
    [
        web("shop", ClientKind::Confidential, BACK),
        web("rival", ClientKind::Confidential, "https://rival.example.com/back"),
        web("app", ClientKind::Public, "http://127.0.0.1/back"),
        CreateClient { first_party: false, ..web("stranger", ClientKind::Confidential, BACK) },
        service,
    ]
}

pub(crate) fn auth(id: &str) -> ClientAuth {
    let secret = (id != "app").then(|| Secret::new(SECRET));
    ClientAuth { id: Some(id.to_owned()), secret, basic: true }
}

pub(crate) fn code_grant(code: &Secret) -> Grant {
    let (redirect_uri, code_verifier) = (Some(BACK.to_owned()), Some(Secret::new(VERIFIER)));
    Grant::AuthorizationCode { code: code.clone(), redirect_uri, code_verifier }
}

pub(crate) fn refresh_grant(token: &Secret) -> Grant {
    Grant::RefreshToken { refresh_token: token.clone(), scope: None }
}

pub(crate) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(verifier))
}

/// The same token with one letter of its signature changed.
pub(crate) fn forged(token: &Secret) -> Secret {
    let text = token.expose();
    let place = text.len() - 40;
    let other = if &text[place..=place] == "A" { "B" } else { "A" };
    Secret::new(format!("{}{other}{}", &text[..place], &text[place + 1..]))
}

/// What the client reads when the browser comes back.
pub(crate) fn query(reply: &AuthorizeReply) -> HashMap<String, String> {
    let AuthorizeReply::Redirect { to } = reply else { panic!("not sent back: {reply:?}") };
    url::Url::parse(to.expose()).unwrap().query_pairs().into_owned().collect()
}

pub(crate) fn oauth_error<T: std::fmt::Debug>(outcome: Result<T, IdentityError>) -> OAuthError {
    match outcome {
        Err(IdentityError::Refused { refusal: Refusal::OAuth { error, .. }, .. }) => error,
        other => panic!("not refused in the standard's words: {other:?}"),
    }
}

pub(crate) fn nobody() -> Ctx {
    ctx(Principal::nobody())
}

/// An administrator with a recent authentication.
pub(crate) fn admin(world: &World) -> Ctx {
    let all: Permission = "*:*:*".parse().unwrap();
    let mut principal = Principal::new(PrincipalKind::Admin, "adm", [all]);
    principal.proof = Some(Proof { at: world.clock.now(), second_factor: true });
    ctx(principal)
}

pub(crate) fn ctx(principal: Principal) -> Ctx {
    Ctx {
        principal,
        deadline: Deadline::after_millis(&SystemClock, 1_000_000_000_000),
        request_id: "req-1".into(),
        idempotency_key: None,
    }
}

const PERSON_ADD: &str = "
insert into person (id, username, name, email, phone, subject, kind, status, epoch, password_once, created_at)
values ($1, 'ann@example.com', 'Ann', 'ann@example.com', '+4930123456', 'cust_ann', 'customer', 'active', 1, 0, $2)";

const ROLE_ADD: &str = "insert into person_role (person, role) values ($1, 'customer')";

const SESSION_ADD: &str = "
insert into session (id, cookie, person, began_at, seen_at, expires_at, auth_time, amr, second_factor)
values ($1, $2, $3, $4, $4, $5, $4, '[\"pwd\"]', 0)";
