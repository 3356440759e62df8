//! A room for testing repeated commands: a shelf that takes things of different names.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kernel::{Clock, Ctx, Deadline, Principal, PrincipalKind, SystemClock};
use platform::crypto::KeyEncryptionKey;
use platform::db::{Db, Migration, Tx, Value};
use platform::deadline::in_time;
use platform::error::{Refusal, Row, ServiceError, row};
use platform::once::{ONCE_TABLES, Once};
use serde::{Deserialize, Serialize};
use testkit::TestStore;

const THINGS: &str = "create table thing (id BIGINT primary key, name TEXT not null unique, size BIGINT not null)";
const ADD: &str = "insert into thing (id, name, size) values ($1, $2, $3)";
const FIND: &str = "select id, name from thing where id = $1";
const NAMED: &str = "select id from thing where name = $1";
const COUNT: &str = "select count(*) from thing";

#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, strum::VariantNames, strum::IntoStaticStr,
)]
#[serde(tag = "code", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Refused {
    #[error("a thing needs a name")]
    NameMissing,
    #[error("{name} is already on the shelf")]
    OnTheShelf { name: String },
    #[error("it is too large")]
    TooLarge,
    #[error("it belongs to somebody else")]
    NotYours,
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn row(&self) -> Row {
        match self {
            Refused::NameMissing => row(400, "Name is missing", "The thing has no name."),
            Refused::OnTheShelf { .. } => row(409, "On the shelf already", "There is already one of that name."),
            Refused::TooLarge => row(422, "Too large", "It does not fit on the shelf."),
            Refused::NotYours => row(403, "Not yours", "It belongs to somebody else."),
        }
    }

    fn samples() -> Vec<Refused> {
        vec![
            Refused::NameMissing,
            Refused::OnTheShelf { name: "vase".to_owned() },
            Refused::TooLarge,
            Refused::NotYours,
        ]
    }

    fn field(&self) -> Option<Cow<'static, str>> {
        None
    }
}

pub(crate) type Error = ServiceError<Refused>;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PutThing {
    pub(crate) name: String,
    pub(crate) size: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Thing {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) replayed: bool,
}

/// Larger things do not fit.
pub(crate) const SIZE_MAX: i64 = 100;

/// One process with a shelf.
#[derive(Clone)]
pub(crate) struct Shelf {
    pub(crate) db: Db,
    pub(crate) once: Once<Refused>,
    clock: Arc<dyn Clock>,
    next: Arc<AtomicU64>,
    /// How long the use case stays in its transaction.
    dwell_ms: u64,
}

pub(crate) fn master() -> KeyEncryptionKey {
    KeyEncryptionKey::from_secret(&kernel::Secret::new("the secret of a shelf, long enough for a key")).unwrap()
}

impl Shelf {
    pub(crate) async fn open(store: &TestStore, clock: Arc<dyn Clock>) -> Shelf {
        let db = store.open().await;
        let migrations = [
            Migration { version: 1, name: "things", sql: THINGS },
            Migration { version: 2, name: "once", sql: ONCE_TABLES },
        ];
        db.migrate(&migrations).await.unwrap();
        static PROCESS: AtomicU64 = AtomicU64::new(1);
        let first = PROCESS.fetch_add(1, Ordering::SeqCst) * 1_000_000;
        let once = Once::new(&master(), Arc::clone(&clock));
        Shelf { db, once, clock, next: Arc::new(AtomicU64::new(first)), dwell_ms: 0 }
    }

    pub(crate) fn dwelling(self, dwell_ms: u64) -> Shelf {
        Shelf { dwell_ms, ..self }
    }

    /// The use case, as a room writes it.
    pub(crate) async fn put(&self, ctx: &Ctx, command: PutThing) -> Result<Thing, Error> {
        in_time(ctx, &self.clock, self.put_thing(ctx, command)).await
    }

    async fn put_thing(&self, ctx: &Ctx, command: PutThing) -> Result<Thing, Error> {
        if command.name.is_empty() {
            return Err(Refused::NameMissing.into());
        }
        let turn = self.once.begin(ctx, "put_thing", &command).await?;
        let tx = self.db.begin().await?;
        if let Some(id) = turn.again(&tx).await? {
            return find(&tx, id).await;
        }
        match self.add(&tx, command).await {
            Ok(thing) => {
                turn.made(&tx, &thing.id).await?;
                tx.commit().await?;
                Ok(thing)
            }
            Err(error) => Err(turn.refused(tx, error).await),
        }
    }

    async fn add(&self, tx: &Tx, command: PutThing) -> Result<Thing, Error> {
        let id = self.next.fetch_add(1, Ordering::SeqCst).cast_signed();
        let PutThing { name, size } = command;
        if size < 0 {
            return Err(Refused::NotYours.into());
        }
        if !tx.query(NAMED, &[Value::Text(&name)]).await?.is_empty() {
            return Err(Refused::OnTheShelf { name }.into());
        }
        tx.execute(ADD, &[Value::Int(id), Value::Text(&name), Value::Int(size)]).await?;
        tokio::time::sleep(Duration::from_millis(self.dwell_ms)).await;
        // Late, so that there is something to undo.
        if size > SIZE_MAX {
            return Err(Refused::TooLarge.into());
        }
        Ok(Thing { id, name, replayed: false })
    }

    pub(crate) async fn count(&self) -> i64 {
        self.db.read().await.unwrap().query(COUNT, &[]).await.unwrap()[0].int(0).unwrap()
    }
}

async fn find(tx: &Tx, id: i64) -> Result<Thing, Error> {
    let rows = tx.query(FIND, &[Value::Int(id)]).await?;
    Ok(Thing { id: rows[0].int(0)?, name: rows[0].text(1)?.to_owned(), replayed: true })
}

pub(crate) fn by(subject: &str, key: Option<&str>, millis: u64) -> Ctx {
    Ctx {
        principal: Principal::new(PrincipalKind::Service, subject, []),
        deadline: Deadline::after_millis(&SystemClock, millis),
        request_id: "req-1".into(),
        idempotency_key: key.map(|key| key.parse().unwrap()),
    }
}

pub(crate) fn vase(name: &str) -> PutThing {
    PutThing { name: name.to_owned(), size: 10 }
}
