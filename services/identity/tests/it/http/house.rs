//! Identity with its routes behind the edge, on a test's store, with users and clients.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::body::Body;
use axum::{Extension, Router};
use http::Request;
use identity::{
    Channel, ChannelError, Channels, FileChannel, HttpConfig, IdentityConfig, IdentityService, Message, PageRoute,
    Routes,
};
use identity_api::{ClientKind, CreateClient, CreateUser, FactorKind};
use kernel::{Clock, IdMaker, Permission, Principal, PrincipalKind, Proof, Secret};
use platform::config::Config;
use platform::crypto::KeyEncryptionKey;
use platform::http::{Edge, guard};
use testkit::{FakeClock, TestStore};
use totp_rs::{Builder, Secret as AppSecret};

use crate::http::visitor::asked;

pub(crate) const PASSWORD: &str = "tram-violet-87-osprey";
pub(crate) const BETTER: &str = "quartz lantern 55 meadow";
pub(crate) const CLIENT_SECRET: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const BACK: &str = "http://127.0.0.1/back";
pub(crate) const BYE: &str = "https://budget.example.com/bye";

pub(crate) struct House {
    pub(crate) router: Router,
    pub(crate) clock: FakeClock,
    pub(crate) mail: Arc<Mail>,
    /// The pages, as they were mounted.
    pub(crate) pages: Vec<PageRoute>,
    /// Every path of the root router, documented or not.
    pub(crate) paths: BTreeSet<String>,
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
    /// The digits of the first message; it is sent in the background.
    pub(crate) async fn code(&self) -> String {
        for _ in 0..4_000 {
            if let Some(message) = self.0.lock().unwrap().first() {
                return message.text.expose().chars().filter(char::is_ascii_digit).collect();
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("no message came");
    }
}

impl House {
    pub(crate) async fn open(store: &TestStore) -> House {
        House::open_at(store, "http://localhost").await
    }

    pub(crate) async fn open_at(store: &TestStore, issuer: &str) -> House {
        let mail = Arc::new(Mail::default());
        House::opened(store, issuer, Vec::new(), (Channels::default().by_email(mail.clone()), mail)).await
    }

    /// If codes are a second factor for users without an app; they are written to this file.
    pub(crate) async fn sending(store: &TestStore, issuer: &str, file: &Path) -> House {
        let channel = Arc::new(FileChannel::new(file.to_owned()));
        let channels = Channels::default().by_email(channel.clone()).by_sms(channel);
        let kinds = vec![FactorKind::Email, FactorKind::Sms];
        House::opened(store, issuer, kinds, (channels, Arc::default())).await
    }

    async fn opened(
        store: &TestStore,
        issuer: &str,
        sent_factors: Vec<FactorKind>,
        (channels, mail): (Channels, Arc<Mail>),
    ) -> House {
        let clock = FakeClock::default();
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let config = IdentityConfig {
            issuer: issuer.to_owned(),
            argon2_memory_kib: 8,
            argon2_passes: 1,
            sent_factors,
            words: access::Vocabulary::of(&[&testkit::BANK, &identity::ROOM]).unwrap(),
            ..IdentityConfig::default()
        };
        let (db, ids, kek) = (store.open().await, IdMaker::new(Arc::clone(&shared)), KeyEncryptionKey::random());
        let service = IdentityService::start(db, config, Arc::clone(&shared), ids, None, &kek).await.unwrap();
        let service = service.with_channels(channels);
        fill(&service).await;
        let http = HttpConfig { issuer: issuer.to_owned(), clock: Arc::clone(&shared) };
        let Routes { root, v1, pages, .. } = identity::routes(Arc::new(service), http);
        let paths = paths_of(&root);
        let router = root.nest("/v1", v1.layer(Extension(administrator(&clock))));
        let edge = Edge::new(&Config::defaults().unwrap(), shared);
        House { router: guard(router, edge), clock, mail, pages, paths }
    }

    /// A one-time password, as an administrator creates it.
    pub(crate) async fn one_time_password(&self, name: &str) -> String {
        let ask = async |method: &str, path: String| {
            let request = Request::builder().method(method).uri(path).header("host", "localhost");
            let request = request.header("content-type", "application/json").body(Body::from("{}")).unwrap();
            asked(&self.router, request).await.json()
        };
        let found = ask("GET", format!("/v1/identity/users?username={name}")).await;
        let id = found["items"][0]["id"].as_str().unwrap().to_owned();
        let reset = ask("POST", format!("/v1/identity/users/{id}/reset-password")).await;
        reset["one_time_password"].as_str().unwrap().to_owned()
    }

    pub(crate) fn pass_seconds(&self, seconds: u64) {
        self.clock.advance_millis(seconds * 1_000);
    }

    /// The current code of an authenticator app with this secret. Time passes, so that no step is used twice.
    pub(crate) fn app_code(&self, secret: &str) -> String {
        self.pass_seconds(30);
        let secret: String = secret.split_whitespace().collect();
        let secret = AppSecret::try_from_base32(&secret).unwrap();
        let totp = Builder::new().with_digits(6).with_secret(secret.as_ref().to_vec()).build().unwrap();
        totp.generate((self.clock.now().micros() / 1_000_000).unsigned_abs()).to_string()
    }
}

/// A router only reveals its paths when it is printed.
fn paths_of(root: &Router) -> BTreeSet<String> {
    let printed = format!("{root:?}");
    let (mounted, _) = printed.split_once("fallback_router").expect("a router as axum prints it");
    let quoted = mounted.split('"').filter(|text| text.starts_with('/') && !text.contains("__private"));
    quoted.map(str::to_owned).collect()
}

/// An administrator with a recent authentication.
fn administrator(clock: &FakeClock) -> Principal {
    let mut principal = Principal::new(PrincipalKind::Admin, "usr_admin", [Permission::everything()]);
    principal.proof = Some(Proof { at: clock.now(), second_factor: true });
    principal
}

/// Ann is a customer, Eve an employee, who must have a second factor.
async fn fill(service: &IdentityService) {
    for (name, role) in [("ann", "customer"), ("eve", "employee")] {
        let user = CreateUser {
            username: format!("{name}@example.com"),
            name: Some(format!("{}{} Miller", name[..1].to_uppercase(), &name[1..])),
            email: Some(format!("{name}@mail.example")),
            phone: Some("+4930123456".to_owned()).filter(|_| role == "customer"),
            subject: None,
            roles: vec![role.to_owned()],
        };
        service.put_person(user, Secret::new(PASSWORD)).await.unwrap();
    }
    for (id, kind) in
        [("budget", ClientKind::Confidential), ("pocket", ClientKind::Public), ("robot", ClientKind::Service)]
    {
        let people = kind != ClientKind::Service;
        let uris = |uri: &str| if people { vec![uri.to_owned()] } else { Vec::new() };
        let scopes: &[&str] =
            if people { &["openid", "profile", "offline_access", "read:accounts"] } else { &["read:accounts"] };
        let client = CreateClient {
            id: id.to_owned(),
            name: "Budget planner".to_owned(),
            kind,
            redirect_uris: uris(BACK),
            post_logout_redirect_uris: uris(BYE),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            roles: if people { Vec::new() } else { vec!["service".to_owned()] },
            first_party: false,
            access_seconds: None,
        };
        service.put_client(client, Secret::new(CLIENT_SECRET)).await.unwrap();
    }
}
