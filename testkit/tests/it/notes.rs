//! Notes of users: a room with one table, for tests of the test helpers.

#[cfg(feature = "story")]
pub(crate) mod http;

use std::borrow::Cow;
use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Ctx, IdKind, IdMaker};
use platform::access;
use platform::db::{Db, Migration, Row as Found, Value};
use platform::error::{self, Row, ServiceError, row};
use platform::room::Face;
use platform::rpc::{Methods, MethodsOf, Repeat, RpcClient};
use serde::{Deserialize, Serialize};

const TABLE: &str = "
create table note (
    id TEXT primary key,
    owner TEXT not null,
    words TEXT not null,
    key TEXT
)";

const MIGRATIONS: [Migration; 1] = [Migration { version: 1, name: "note", sql: TABLE }];

const NOTE_ADD: &str = "insert into note (id, owner, words, key) values ($1, $2, $3, $4)";
const NOTE_OF_KEY: &str = "select id, owner, words from note where key = $1";
const NOTE_GET: &str = "select id, owner, words from note where id = $1";
const NOTE_LIST: &str = "select id, owner, words from note order by id";
const NOTE_REMOVE: &str = "delete from note where id = $1";
const NOTE_COUNT: &str = "select count(*) from note";
const WORDS_BYTES_MAX: usize = 40;

struct NoteTag;

impl IdKind for NoteTag {
    const PREFIX: &'static str = "note";
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct Note {
    pub(crate) id: String,
    pub(crate) owner: String,
    pub(crate) words: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddNote {
    pub(crate) words: String,
    /// The caller's own if it is left out.
    #[serde(default)]
    pub(crate) owner: Option<String>,
}

#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, strum::VariantNames, strum::IntoStaticStr,
)]
#[serde(tag = "code", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Refusal {
    #[error("expected at most {max} bytes, found {given}")]
    WordsTooLong { given: usize, max: usize },
    #[error("note {id} does not exist")]
    NoteUnknown { id: String },
}

pub(crate) type NoteError = ServiceError<Refusal>;

impl error::Refusal for Refusal {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn row(&self) -> Row {
        match self {
            Refusal::WordsTooLong { .. } => row(400, "Note is too long", "The note has more than 40 bytes."),
            Refusal::NoteUnknown { .. } => {
                row(404, "Note does not exist", "There is no such note, or it is not this caller's.")
            }
        }
    }

    fn samples() -> Vec<Refusal> {
        let id = "note_01kppyzd5gfmra2qsx5rkvr8wb".to_owned();
        vec![Refusal::WordsTooLong { given: 41, max: WORDS_BYTES_MAX }, Refusal::NoteUnknown { id }]
    }

    fn field(&self) -> Option<Cow<'static, str>> {
        matches!(self, Refusal::WordsTooLong { .. }).then_some(Cow::Borrowed("words"))
    }
}

#[async_trait]
pub(crate) trait Notes: Send + Sync {
    async fn add(&self, ctx: &Ctx, command: AddNote) -> Result<Note, NoteError>;
    async fn note(&self, ctx: &Ctx, id: String) -> Result<Note, NoteError>;
    async fn notes(&self, ctx: &Ctx) -> Result<Vec<Note>, NoteError>;
    async fn remove(&self, ctx: &Ctx, id: String) -> Result<(), NoteError>;
}

pub(crate) static FACE: Face<dyn Notes> = Face { name: "notes", serve, remote: |rpc| Arc::new(RemoteNotes { rpc }) };

type Shared = Arc<dyn Notes>;

fn serve(notes: Shared) -> Methods {
    MethodsOf::new("notes", notes)
        .on("add", |at, ctx, it| async move { at.add(&ctx, it).await })
        .on("note", |at, ctx, it| async move { at.note(&ctx, it).await })
        .on("notes", |at, ctx, ()| async move { at.notes(&ctx).await })
        .on("remove", |at, ctx, it| async move { at.remove(&ctx, it).await })
        .into()
}

struct RemoteNotes {
    rpc: RpcClient,
}

#[async_trait]
impl Notes for RemoteNotes {
    async fn add(&self, ctx: &Ctx, command: AddNote) -> Result<Note, NoteError> {
        self.rpc.call(ctx, "add", &command, Repeat::Harmless).await
    }

    async fn note(&self, ctx: &Ctx, id: String) -> Result<Note, NoteError> {
        self.rpc.call(ctx, "note", &id, Repeat::Question).await
    }

    async fn notes(&self, ctx: &Ctx) -> Result<Vec<Note>, NoteError> {
        self.rpc.call(ctx, "notes", &(), Repeat::Question).await
    }

    /// The second time there is nothing to remove, and the first one's success would be lost.
    async fn remove(&self, ctx: &Ctx, id: String) -> Result<(), NoteError> {
        self.rpc.call(ctx, "remove", &id, Repeat::Never).await
    }
}

/// Planted bugs, for the checks that must find them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Bug {
    #[default]
    None,
    /// Idempotency keys are ignored.
    ForgetsKeys,
    /// Reading needs no permission.
    ChecksNothing,
    /// Adding also needs the permission to read.
    ChecksTooMuch,
    /// A list is not narrowed to its owner.
    ListsAll,
    /// A list never reports that something is missing.
    Misses,
    /// A foreign note is refused differently from one that does not exist.
    Admits,
}

pub(crate) struct NotesService {
    db: Db,
    ids: IdMaker,
    bug: Bug,
}

impl NotesService {
    pub(crate) async fn start(db: Db, ids: IdMaker, bug: Bug) -> NotesService {
        db.migrate(&MIGRATIONS).await.unwrap();
        NotesService { db, ids, bug }
    }

    pub(crate) async fn count(&self) -> i64 {
        self.db.read().await.unwrap().query(NOTE_COUNT, &[]).await.unwrap()[0].int(0).unwrap()
    }

    async fn find(&self, ctx: &Ctx, action: &str, id: String) -> Result<Note, NoteError> {
        let rows = self.db.read().await?.query(NOTE_GET, &[Value::Text(&id)]).await?;
        let note = rows.first().map(note);
        let owner = note.as_ref().map(|note| note.owner.as_str());
        match access::check(ctx, "notes", action, owner) {
            Err(_) if self.bug == Bug::ChecksNothing => note.ok_or_else(|| Refusal::NoteUnknown { id }.into()),
            Err(access::Denied::NotFound) if self.bug == Bug::Admits && note.is_some() => {
                Err(access::Denied::Forbidden.into())
            }
            Err(access::Denied::NotFound) => Err(Refusal::NoteUnknown { id }.into()),
            Err(denied) => Err(denied.into()),
            Ok(()) => note.ok_or_else(|| Refusal::NoteUnknown { id }.into()),
        }
    }
}

fn note(row: &Found) -> Note {
    let text = |column| row.text(column).unwrap().to_owned();
    Note { id: text(0), owner: text(1), words: text(2) }
}

#[async_trait]
impl Notes for NotesService {
    async fn add(&self, ctx: &Ctx, command: AddNote) -> Result<Note, NoteError> {
        let AddNote { words, owner } = command;
        let owner = owner.unwrap_or_else(|| ctx.principal.subject.to_string());
        access::check(ctx, "notes", "write", Some(&owner))?;
        if self.bug == Bug::ChecksTooMuch {
            access::check(ctx, "notes", "read", Some(&owner))?;
        }
        if words.len() > WORDS_BYTES_MAX {
            return Err(Refusal::WordsTooLong { given: words.len(), max: WORDS_BYTES_MAX }.into());
        }
        let tx = self.db.begin().await?;
        let key = ctx.idempotency_key.as_ref().filter(|_| self.bug != Bug::ForgetsKeys).map(|key| key.as_str());
        if let Some(key) = key
            && let Some(row) = tx.query(NOTE_OF_KEY, &[Value::Text(key)]).await?.first()
        {
            return Ok(note(row));
        }
        let id = self.ids.make::<NoteTag>().to_string();
        let values = [Value::Text(&id), Value::Text(&owner), Value::Text(&words), key.map_or(Value::Null, Value::Text)];
        tx.execute(NOTE_ADD, &values).await?;
        tx.commit().await?;
        Ok(Note { id, owner, words })
    }

    async fn note(&self, ctx: &Ctx, id: String) -> Result<Note, NoteError> {
        self.find(ctx, "read", id).await
    }

    async fn notes(&self, ctx: &Ctx) -> Result<Vec<Note>, NoteError> {
        if self.bug == Bug::Misses {
            return Err(Refusal::NoteUnknown { id: "any".to_owned() }.into());
        }
        let owner = access::owner_term(ctx, "notes", "read")?.filter(|_| self.bug != Bug::ListsAll);
        let rows = self.db.read().await?.query(NOTE_LIST, &[]).await?;
        let is_open = |note: &Note| owner.as_ref().is_none_or(|owner| *note.owner == **owner);
        Ok(rows.iter().map(note).filter(is_open).collect())
    }

    async fn remove(&self, ctx: &Ctx, id: String) -> Result<(), NoteError> {
        let id = self.find(ctx, "write", id).await?.id;
        let tx = self.db.begin().await?;
        tx.execute(NOTE_REMOVE, &[Value::Text(&id)]).await?;
        tx.commit().await?;
        Ok(())
    }
}
