//! Operations that need a second factor, and users with less: a mailbox that opened the account, a sent code.

use std::sync::Arc;

use access::{Gate, GateSettings, Hears};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::{Channels, HttpConfig, IdentityConfig, IdentityService, Routes};
use identity_api::{
    Authorize, AuthorizeReply, BeginLogin, ClientAuth, ClientKind, CreateClient, FACE, FactorKind, Grant, LoginAct,
    NewSession, Origin, PutRole, Stage, TokenRequest,
};
use kernel::{Clock, IdMaker, Principal, Secret};
use platform::crypto::KeyEncryptionKey;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use testkit::{FakeClock, Reached, TestStore, for_each_engine};

use crate::people::api::Api;
use crate::people::harness::{App, BETTER, Desk, Mail, PASSWORD, by_password, cheap, here, why};

const BACK: &str = "https://desk.example.com/back";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CLIENT_SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Identity with its API behind a gate, as in the product. Pat may create users, and the role does not require an app.
struct Guarded {
    desk: Desk,
    api: Api,
}

impl Guarded {
    async fn open(store: &TestStore) -> Guarded {
        let (clock, mail) = (FakeClock::default(), Arc::new(Mail::default()));
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let gate = Gate::new(
            Arc::clone(&shared),
            GateSettings { stale_ms: None, ..GateSettings::default() },
            access::Vocabulary::of(&[&testkit::BANK, &identity::ROOM]).unwrap(),
        );
        let config = IdentityConfig { sent_factors: vec![FactorKind::Email], ..cheap() };
        let http = HttpConfig { issuer: config.issuer.clone(), clock: Arc::clone(&shared) };
        let (db, ids) = (store.open().await, IdMaker::new(Arc::clone(&shared)));
        let (hears, kek) = (Arc::new(gate.clone()) as Arc<dyn Hears>, KeyEncryptionKey::random());
        let service =
            IdentityService::start(db.clone(), config, Arc::clone(&shared), ids, Some(hears), &kek).await.unwrap();
        let service = Arc::new(service.with_channels(Channels::default().by_email(mail.clone())));
        let Routes { v1, .. } = identity::routes(service.clone(), http);
        let face = Reached::new(&FACE, service.clone(), shared).await;
        let ctx = Desk::ctx_of(&clock, Principal::operator());
        let api = Api::at_the_edge(access::authenticate(v1, gate, None), &clock);
        let guarded = Guarded { desk: Desk { service, face, db, clock, mail, ctx }, api };
        guarded.fill().await;
        guarded
    }

    async fn fill(&self) {
        let permissions = vec!["users:create:all".parse().unwrap()];
        let role = PutRole { name: "desk".to_owned(), description: String::new(), permissions };
        self.desk.face.put_role(&self.desk.ctx, role).await.unwrap();
        self.desk.person("pat", &["customer", "desk"]).await;
        let client = CreateClient {
            id: "desk".to_owned(),
            name: "Front desk".to_owned(),
            kind: ClientKind::Confidential,
            redirect_uris: vec![BACK.to_owned()],
            post_logout_redirect_uris: Vec::new(),
            // Granting is limited to what the token allows: the permissions of a customer are included.
            scopes: ["admin:users", "read:accounts", "read:transactions"].map(str::to_owned).to_vec(),
            roles: Vec::new(),
            first_party: true,
            access_seconds: None,
        };
        self.desk.service.put_client(client, Secret::new(CLIENT_SECRET)).await.unwrap();
    }

    async fn token(&self, session: &NewSession) -> Secret {
        let asked = Authorize {
            response_type: Some("code".to_owned()),
            client_id: Some("desk".to_owned()),
            redirect_uri: Some(BACK.to_owned()),
            code_challenge: Some(URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))),
            code_challenge_method: Some("S256".to_owned()),
            session: Some(session.cookie.clone()),
            ..Authorize::default()
        };
        let reply = self.desk.face.authorize(&self.desk.ctx, asked).await.unwrap();
        let AuthorizeReply::Redirect { to } = reply else { panic!("{reply:?}") };
        let (_, query) = to.expose().split_once('?').unwrap();
        let (_, code) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "code").unwrap();
        let grant = Grant::AuthorizationCode {
            code: Secret::new(code),
            redirect_uri: Some(BACK.to_owned()),
            code_verifier: Some(Secret::new(VERIFIER)),
        };
        let client = ClientAuth { id: Some("desk".to_owned()), secret: Some(Secret::new(CLIENT_SECRET)), basic: true };
        let request = TokenRequest { client, grant, origin: Origin::default() };
        self.desk.face.token(&self.desk.ctx, request).await.unwrap().access_token
    }

    /// The API's reply to a client that acts for this session's user and wants to create a user.
    async fn make_a_person(&self, session: &NewSession) -> (u16, Value) {
        let new = json!({ "username": "mule@example.com", "roles": ["customer"] });
        self.api.post("/identity/users", self.token(session).await.expose(), &new).await
    }

    async fn asks_for_more(&self, session: &NewSession) {
        let (status, problem) = self.make_a_person(session).await;
        assert_eq!((status, &problem["code"]), (401, &json!("step_up_required")), "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_code_does_not_count_as_a_second_factor_for_the_api() {
    for_each_engine(async |store| {
        let guarded = Guarded::open(store).await;
        let desk = &guarded.desk;
        let forgot = LoginAct::Forgot { username: "pat@example.com".to_owned() };
        let page = desk.step(&desk.begin().await, forgot).await.unwrap().page;
        let act = LoginAct::Reset { code: desk.mail.code(1).await, password: Secret::new(BETTER) };
        let session = desk.step(&page, act).await.unwrap().session.unwrap();
        guarded.asks_for_more(&session).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sent_code_does_not_count_as_a_second_factor_for_the_api() {
    for_each_engine(async |store| {
        let guarded = Guarded::open(store).await;
        let desk = &guarded.desk;
        let page = desk.password("pat", PASSWORD).await.unwrap().page;
        let page = desk.step(&page, LoginAct::SendCode { by: FactorKind::Email }).await.unwrap().page;
        let act = LoginAct::SentCode { code: desk.mail.code(1).await };
        let session = desk.step(&page, act).await.unwrap().session.unwrap();
        guarded.asks_for_more(&session).await;
    })
    .await;
}

/// For a payment, for example, an app is required; a sent code does not help at any stage.
#[tokio::test(flavor = "multi_thread")]
async fn a_sent_code_is_refused_if_an_app_is_required() {
    for_each_engine(async |store| {
        let guarded = Guarded::open(store).await;
        let desk = &guarded.desk;
        let page = desk.password("pat", PASSWORD).await.unwrap().page;
        desk.step(&page, LoginAct::SendCode { by: FactorKind::Email }).await.unwrap();
        let code = desk.mail.code(1).await;
        let strict = BeginLogin { return_to: "/".to_owned(), origin: here(), again: None, second_factor: true };
        let page = desk.begin_as(strict).await.unwrap();
        let page = desk.step(&page, by_password("pat", PASSWORD)).await.unwrap().page;
        let Stage::Enrol { secret, .. } = page.stage.clone() else { panic!("{:?}", page.stage) };
        assert_eq!(why(desk.step(&page, LoginAct::SentCode { code: code.clone() }).await), "step_out_of_turn");
        let app = App::of(&secret);
        let page = desk.step(&page, LoginAct::Enrol { code: app.code(desk) }).await.unwrap().page;
        let session = desk.step(&page, LoginAct::Kept).await.unwrap().session.unwrap();
        let (status, made) = guarded.make_a_person(&session).await;
        assert_eq!(status, 201, "{made}");
        // Nor is one that is requested when there is an app.
        desk.pass(60);
        let page = desk.at_factor("pat").await;
        assert_eq!(why(desk.step(&page, LoginAct::SentCode { code }).await), "wrong_code");
    })
    .await;
}
