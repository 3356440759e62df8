//! Reading the store reveals no password, code, cookie or app secret; events contain only ids.

use identity::IdentityConfig;
use identity_api::{FactorKind, LoginAct, Stage};
use kernel::Secret;
use platform::db::Engine;
use testkit::{TestStore, for_each_engine};

use crate::people::harness::{App, BETTER, Desk, PASSWORD, cheap, new_user};

/// What must not be found, as text and as bytes.
#[derive(Default)]
struct Planted(Vec<(String, Vec<u8>)>);

impl Planted {
    fn add(&mut self, what: &str, secret: &Secret) {
        self.0.push((what.to_owned(), secret.expose().as_bytes().to_vec()));
    }
}

/// Uses everything that involves a secret.
async fn story(desk: &Desk) -> Planted {
    let mut planted = Planted::default();
    planted.add("a password", &Secret::new(PASSWORD));
    planted.add("a better one", &Secret::new(BETTER));
    let made = desk.face.create_user(&desk.ctx, new_user("new", &["employee"])).await.unwrap();
    let once = made.one_time_password.unwrap();
    planted.add("a one-time password", &once);
    let page = desk.begin().await;
    planted.add("the key of a login", &page.key);
    let page = desk.step(&page, crate::people::harness::by_password("new", once.expose())).await.unwrap().page;
    let page = desk.step(&page, LoginAct::NewPassword { password: Secret::new(BETTER) }).await.unwrap().page;
    let Stage::Enrol { secret, .. } = page.stage.clone() else { panic!("{:?}", page.stage) };
    planted.add("the secret of an app as text", &secret);
    let app = App::of(&secret);
    planted.0.push(("the secret of an app".to_owned(), app.bytes().to_vec()));
    // Checked while it waits, and while backup codes are shown.
    grep(desk, &planted).await;
    let page = desk.step(&page, LoginAct::Enrol { code: app.code(desk) }).await.unwrap().page;
    let Stage::BackupCodes { codes } = page.stage.clone() else { panic!("{:?}", page.stage) };
    for code in &codes {
        planted.add("a backup code", code);
        planted.add("a backup code as it is compared", &Secret::new(code.expose().replace('-', "")));
    }
    grep(desk, &planted).await;
    let session = desk.step(&page, LoginAct::Kept).await.unwrap().session.unwrap();
    planted.add("a cookie", &session.cookie);
    planted.add("what a browser is known by", session.device.as_ref().unwrap());
    planted.add("the key of forms", &desk.view(&session).await.unwrap().form_key);
    desk.person("ann", &["customer"]).await;
    let page = desk.password("ann", PASSWORD).await.unwrap().page;
    desk.step(&page, LoginAct::SendCode { by: FactorKind::Email }).await.unwrap();
    planted.add("a code that was sent", &quoted(&desk.mail.code(1).await));
    let forgot = LoginAct::Forgot { username: "ann@example.com".to_owned() };
    desk.step(&desk.begin().await, forgot).await.unwrap();
    planted.add("a code for a forgotten password", &quoted(&desk.mail.code(2).await));
    planted.add("what a stranger typed", &Secret::new("stranger-name"));
    let _ = desk.password("stranger-name", "stranger-password").await;
    planted.add("what a stranger typed as a password", &Secret::new("stranger-password"));
    planted
}

/// Six digits alone may occur in a time by chance.
fn quoted(code: &Secret) -> Secret {
    Secret::new(format!("\"{}\"", code.expose()))
}

async fn grep(desk: &Desk, planted: &Planted) {
    for (table, cells) in everything(desk).await {
        for (what, secret) in &planted.0 {
            let found = cells.iter().any(|cell| cell.windows(secret.len()).any(|window| window == secret));
            assert!(!found, "{what} is in {table}");
        }
    }
}

/// The cells of every row of every table.
async fn everything(desk: &Desk) -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let mut all = Vec::new();
    let tx = desk.db.read().await.unwrap();
    for (table, sql) in TABLES {
        let rows = tx.query(sql, &[]).await.unwrap();
        let mut cells = Vec::new();
        for row in &rows {
            for column in 0.. {
                if let Ok(text) = row.text(column) {
                    // As a reader of rows would see it: with its boundaries.
                    cells.push(format!("\"{text}\"").into_bytes());
                } else if let Ok(bytes) = row.bytes(column) {
                    cells.push(bytes.to_vec());
                } else if row.int_or_null(column).is_err() {
                    break;
                }
            }
        }
        all.push((table, cells));
    }
    all
}

const TABLES: [(&str, &str); 13] = [
    ("person", "select * from person"),
    ("person_role", "select * from person_role"),
    ("factor", "select * from factor"),
    ("backup_code", "select * from backup_code"),
    ("login", "select * from login"),
    ("session", "select * from session"),
    ("device", "select * from device"),
    ("failure", "select * from failure"),
    ("grant_family", "select * from grant_family"),
    ("revocation", "select * from revocation"),
    ("outbox", "select * from outbox"),
    ("outbox_last", "select * from outbox_last"),
    ("data_key", "select * from data_key"),
];

#[tokio::test(flavor = "multi_thread")]
async fn no_table_contains_a_secret_and_events_contain_only_ids() {
    let config = IdentityConfig { sent_factors: vec![FactorKind::Email], ..cheap() };
    for_each_engine(async |store: &TestStore| {
        let desk = Desk::open_with(store, config.clone()).await;
        let planted = story(&desk).await;
        grep(&desk, &planted).await;
        // The search does find what is there.
        let all = everything(&desk).await;
        let has = |table: &str, text: &[u8]| {
            let (_, cells) = all.iter().find(|(name, _)| *name == table).unwrap();
            cells.iter().any(|cell| cell.windows(text.len()).any(|window| window == text))
        };
        assert!(has("person", b"$argon2id$") && has("person", b"ann@mail.example") && has("login", b"\"/account\""));
        for personal in ["example", "ann", "+4930", "Test/1.0"] {
            assert!(!has("outbox", personal.as_bytes()), "{personal} is in an event");
        }
        // Who reads the events has to see from where someone logged in, and nothing else of a network.
        let (_, events) = all.iter().find(|(name, _)| *name == "outbox").unwrap();
        let holds = |event: &[u8], text: &[u8]| event.windows(text.len()).any(|window| window == text);
        let with_address = events.iter().filter(|event| holds(event, b"192.0.2")).collect::<Vec<_>>();
        assert!(!with_address.is_empty());
        let told = |event: &[u8]| holds(event, b"identity.login.") || holds(event, b"identity.session.began");
        let other = with_address.iter().find(|event| !told(event));
        assert!(other.is_none(), "{:?}", other.map(|event| String::from_utf8_lossy(event)));
        if store.engine() == Engine::Sqlite {
            let file = std::fs::read(desk.db.file().unwrap()).unwrap();
            let log = std::fs::read(desk.db.file().unwrap().with_extension("db-wal")).unwrap_or_default();
            for (what, secret) in planted.0.iter().filter(|(_, secret)| secret.len() > 9) {
                let in_file = [&file, &log].into_iter().any(|bytes| bytes.windows(secret.len()).any(|it| it == secret));
                assert!(!in_file, "{what} is in the file");
            }
        }
    })
    .await;
}
