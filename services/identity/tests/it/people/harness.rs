//! Identity on a test's store, with a test clock and cheap passwords, and short names for common calls.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use identity::{Channel, ChannelError, Channels, IdentityConfig, IdentityService, Message};
use identity_api::{
    BeginLogin, CreateUser, FACE, FactorKind, Identity, IdentityError, LoginAct, LoginPage, LoginReply, LoginStep,
    NewSession, Origin, Refusal, SecurityAct, SecurityReply, SecurityStep, SecurityView, Stage, User,
};
use kernel::{Clock, Ctx, Deadline, IdMaker, Permission, Principal, PrincipalKind, Proof, Secret};
use platform::crypto::KeyEncryptionKey;
use platform::db::{Db, Value};
use testkit::{FakeClock, Reached, TestStore};
use totp_rs::{Builder, Secret as AppSecret};

pub(crate) const PASSWORD: &str = "tram-violet-87-osprey";
pub(crate) const BETTER: &str = "quartz lantern 55 meadow";

pub(crate) struct Desk {
    pub(crate) service: Arc<IdentityService>,
    /// The same as a caller of this test's way sees it.
    pub(crate) face: Reached<dyn Identity>,
    pub(crate) db: Db,
    pub(crate) clock: FakeClock,
    pub(crate) mail: Arc<Mail>,
    pub(crate) ctx: Ctx,
}

/// Records messages.
#[derive(Default)]
pub(crate) struct Mail(Mutex<Vec<Message>>);

#[async_trait]
impl Channel for Mail {
    async fn send(&self, message: &Message) -> Result<(), ChannelError> {
        self.0.lock().unwrap().push(message.clone());
        Ok(())
    }
}

impl Mail {
    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// The code of the last of `count` messages; they are sent in the background.
    pub(crate) async fn code(&self, count: usize) -> Secret {
        for _ in 0..4_000 {
            if self.count() >= count {
                let text = self.0.lock().unwrap()[count - 1].text.clone();
                let code: String = text.expose().chars().filter(char::is_ascii_digit).collect();
                return Secret::new(code);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("expected {count} messages, found {}", self.count());
    }

    pub(crate) fn to(&self, place: usize) -> (FactorKind, String) {
        let sent = self.0.lock().unwrap();
        (sent[place].by, sent[place].to.clone())
    }
}

pub(crate) fn cheap() -> IdentityConfig {
    IdentityConfig {
        argon2_memory_kib: 8,
        argon2_passes: 1,
        words: access::Vocabulary::of(&[&testkit::BANK, &identity::ROOM]).unwrap(),
        ..IdentityConfig::default()
    }
}

impl Desk {
    pub(crate) async fn open(store: &TestStore) -> Desk {
        Desk::open_with(store, cheap()).await
    }

    pub(crate) async fn open_with(store: &TestStore, config: IdentityConfig) -> Desk {
        Desk::open_by(store, FakeClock::default(), config).await
    }

    pub(crate) async fn open_on(stage: &testkit::Stage<'_>) -> Desk {
        Desk::open_by(stage.store, stage.time.clone(), cheap()).await
    }

    async fn open_by(store: &TestStore, clock: FakeClock, config: IdentityConfig) -> Desk {
        let mail = Arc::new(Mail::default());
        let channels = Channels::default().by_email(mail.clone()).by_sms(mail.clone());
        let kek = KeyEncryptionKey::from_secret(&Secret::new("a secret of tests that is long enough")).unwrap();
        Desk::open_at(store, clock, config, (channels, mail), &kek).await
    }

    pub(crate) async fn open_at(
        store: &TestStore,
        clock: FakeClock,
        config: IdentityConfig,
        (channels, mail): (Channels, Arc<Mail>),
        kek: &KeyEncryptionKey,
    ) -> Desk {
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let (db, ids) = (store.open().await, IdMaker::new(Arc::clone(&shared)));
        let service = IdentityService::start(db.clone(), config, Arc::clone(&shared), ids, None, kek).await.unwrap();
        let service = Arc::new(service.with_channels(channels));
        let face = Reached::new(&FACE, service.clone(), shared).await;
        let ctx = Desk::ctx_of(&clock, Principal::operator());
        Desk { service, face, db, clock, mail, ctx }
    }

    pub(crate) fn ctx_of(clock: &FakeClock, principal: Principal) -> Ctx {
        let deadline = Deadline::after_millis(clock, 3_600_000_000);
        Ctx { principal, deadline, request_id: "req-1".into(), idempotency_key: None }
    }

    /// A user with these permissions and a recent authentication.
    pub(crate) fn caller(&self, permissions: &[&str]) -> Ctx {
        let permissions = permissions.iter().map(|text| text.parse::<Permission>().unwrap());
        let mut principal = Principal::new(PrincipalKind::Employee, "emp_eve", permissions);
        principal.proof = Some(Proof { at: self.clock.now(), second_factor: true });
        Desk::ctx_of(&self.clock, principal)
    }

    pub(crate) async fn person(&self, name: &str, roles: &[&str]) -> User {
        self.service.put_person(new_user(name, roles), Secret::new(PASSWORD)).await.unwrap()
    }

    pub(crate) async fn begin(&self) -> LoginPage {
        self.begin_as(BeginLogin {
            return_to: "/account".to_owned(),
            origin: here(),
            again: None,
            second_factor: false,
        })
        .await
        .unwrap()
    }

    pub(crate) async fn begin_as(&self, command: BeginLogin) -> Answer<LoginPage> {
        self.face.begin_login(&self.ctx, command).await
    }

    pub(crate) async fn step(&self, page: &LoginPage, act: LoginAct) -> Answer<LoginReply> {
        self.step_from(page, act, here()).await
    }

    pub(crate) async fn step_from(&self, page: &LoginPage, act: LoginAct, origin: Origin) -> Answer<LoginReply> {
        self.step_by(page, act, origin, None).await
    }

    /// From a browser that may be known.
    pub(crate) async fn step_by(
        &self,
        page: &LoginPage,
        act: LoginAct,
        origin: Origin,
        device: Option<Secret>,
    ) -> Answer<LoginReply> {
        let step = LoginStep { key: page.key.clone(), origin, device, act };
        let reply = self.face.login(&self.ctx, step).await?;
        // A step returns the same page that a reload shows.
        if reply.page.stage != Stage::Done {
            assert_eq!(self.face.resume_login(&self.ctx, reply.page.key.clone()).await.unwrap(), reply.page);
        }
        Ok(reply)
    }

    /// A new login's first step.
    pub(crate) async fn password(&self, name: &str, password: &str) -> Answer<LoginReply> {
        self.step(&self.begin().await, by_password(name, password)).await
    }

    pub(crate) async fn password_from(&self, name: &str, password: &str, address: &str) -> Answer<LoginReply> {
        let origin = Origin { address: Some(address.parse().unwrap()), agent: None };
        self.step_from(&self.begin().await, by_password(name, password), origin).await
    }

    /// For a user without a second factor.
    pub(crate) async fn session(&self, name: &str) -> NewSession {
        self.password(name, PASSWORD).await.unwrap().session.unwrap()
    }

    /// The first login of a user whose role requires an app: the app, the backup codes and the session.
    pub(crate) async fn enrolled(&self, name: &str) -> (App, Vec<Secret>, NewSession) {
        let page = self.password(name, PASSWORD).await.unwrap().page;
        let Stage::Enrol { secret, .. } = &page.stage else { panic!("{:?}", page.stage) };
        let app = App::of(secret);
        let page = self.step(&page, LoginAct::Enrol { code: app.code(self) }).await.unwrap().page;
        let Stage::BackupCodes { codes } = page.stage.clone() else { panic!("{:?}", page.stage) };
        let session = self.step(&page, LoginAct::Kept).await.unwrap().session.unwrap();
        (app, codes, session)
    }

    /// A login that waits for a second factor.
    pub(crate) async fn at_factor(&self, name: &str) -> LoginPage {
        let page = self.password(name, PASSWORD).await.unwrap().page;
        assert!(matches!(page.stage, Stage::Factor { .. }), "{:?}", page.stage);
        page
    }

    pub(crate) async fn view(&self, session: &NewSession) -> Answer<SecurityView> {
        self.face.security(&self.ctx, session.cookie.clone()).await
    }

    pub(crate) async fn act(&self, session: &NewSession, act: SecurityAct) -> Answer<SecurityReply> {
        let form_key = self.view(session).await?.form_key;
        let step = SecurityStep { session: session.cookie.clone(), form_key, origin: here(), act };
        self.face.secure(&self.ctx, step).await
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance_millis(seconds * 1_000);
    }

    pub(crate) async fn texts(&self, sql: &'static str) -> Vec<String> {
        let rows = self.db.read().await.unwrap().query(sql, &[]).await.unwrap();
        rows.iter().map(|row| row.text(0).unwrap().to_owned()).collect()
    }

    pub(crate) async fn number(&self, sql: &'static str, values: &[Value<'_>]) -> i64 {
        self.db.read().await.unwrap().query(sql, values).await.unwrap()[0].int(0).unwrap()
    }

    /// The kinds of all events so far, except those of signing keys.
    pub(crate) async fn events(&self) -> Vec<String> {
        let events = self.texts("select event from outbox order by seq").await;
        let kind = |event: &String| {
            serde_json::from_str::<serde_json::Value>(event).unwrap()["type"].as_str().unwrap().to_owned()
        };
        events.iter().map(kind).filter(|kind| !kind.starts_with("identity.key.")).collect()
    }

    pub(crate) async fn revocations(&self) -> Vec<String> {
        self.texts("select what from revocation order by seq").await
    }
}

pub(crate) type Answer<T> = Result<T, IdentityError>;

/// An authenticator app that has the secret.
pub(crate) struct App(Vec<u8>);

impl App {
    pub(crate) fn of(secret: &Secret) -> App {
        App(AppSecret::try_from_base32(secret.expose()).unwrap().as_ref().to_vec())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn code(&self, desk: &Desk) -> Secret {
        self.code_at(desk, 0)
    }

    /// That many steps from now.
    pub(crate) fn code_at(&self, desk: &Desk, steps: i64) -> Secret {
        let totp = Builder::new().with_digits(6).with_secret(self.0.clone()).build().unwrap();
        let seconds = desk.clock.now().micros() / 1_000_000 + steps * 30;
        Secret::new(totp.generate(seconds.unsigned_abs()).to_string())
    }
}

pub(crate) fn new_user(name: &str, roles: &[&str]) -> CreateUser {
    CreateUser {
        username: format!("{name}@example.com"),
        name: Some(name.to_owned()),
        email: Some(format!("{name}@mail.example")),
        phone: Some("+4930123456".to_owned()),
        subject: Some(format!("sub_{name}")),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
    }
}

pub(crate) fn here() -> Origin {
    Origin { address: Some("192.0.2.1".parse().unwrap()), agent: Some("Test/1.0".to_owned()) }
}

pub(crate) fn by_password(name: &str, password: &str) -> LoginAct {
    LoginAct::Password { username: format!("{name}@example.com"), password: Secret::new(password) }
}

pub(crate) fn code(code: &str) -> LoginAct {
    LoginAct::Code { code: Secret::new(code) }
}

pub(crate) fn refused(refusal: Refusal) -> IdentityError {
    refusal.into()
}

pub(crate) fn why<T: std::fmt::Debug>(answer: Answer<T>) -> &'static str {
    answer.unwrap_err().code()
}
