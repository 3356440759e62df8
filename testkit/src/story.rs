//! A room's operations, told as one story to its real router behind the edge and the gate.
//!
//! ```ignore
//! #[tokio::test(flavor = "multi_thread")]
//! async fn the_story_of_notes() {
//!     Story::of(&ROOM, &FACE, env!("CARGO_MANIFEST_DIR"))
//!         .keeps_private(&["cust_ann"])
//!         .tell(open, |notes, _| http::routes(notes), async |story, service| {
//!             let note = story.ask("add_note").body(json!({ "words": "milk" })).gives(201).await;
//!             story.ask("get_note").at("id", &note["id"]).gives(200).await;
//!             story.ask("get_note").at("id", UNKNOWN).refused("note_unknown").await;
//!             assert_eq!(service.count().await, 1);
//!         })
//!         .await;
//! }
//! ```
//!
//! `open` is the one of [`on_each_way`](crate::on_each_way). The story is told on both engines, in this process and over HTTP/2, with
//! a clock that stands still and ids that are the same each time; every telling has to get the same answers. Whoever asks may do
//! everything, unless the story says otherwise ([`Ask::by`]). It fails when
//!
//! - an operation of the document is not told, has no row in the room's `OPERATIONS`, or a row has no operation;
//! - a refusal that an operation documents is not brought about, or an answer is one that it does not document;
//! - a request or an answer is unlike its schema, a field that the schema does not know included;
//! - the operation answers somebody whom it must not. Before an operation is told for the first time, the same request goes out
//!   without a token (401), with every permission but its own (403), and as a customer who is a stranger here: that is refused, and
//!   exactly like the same request for something that does not exist, or answered without anything that
//!   [is private](Story::keeps_private). Then it is told by a caller who holds its own permission and no other.
//!
//! The first good answer of each operation, and those of [`Ask::shown`], are the examples of the document, with what was asked:
//! `FLORIN_STORY=record` writes them to `story.json` beside the room's `Cargo.toml`, and the document without examples to
//! `openapi.snap`. Without that both are compared. A room's document reads `story.json` when it is compiled
//! ([`Part::story`](platform::http::document::Part)); a new room begins with `{}`.

mod ask;
mod callers;
mod document;
mod guard;
mod record;
mod schema;
mod telling;

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use platform::room::{Face, Room, Routes};
use serde_json::Value;

use crate::{Reached, Stage, Way, for_each_engine};

pub use ask::{Ask, Reply, Text};
pub use telling::Telling;

use callers::Callers;
use document::Document;
use record::Record;
use telling::Told;

/// A story before it is told.
pub struct Story<S: ?Sized + 'static> {
    room: &'static Room,
    face: &'static Face<S>,
    folder: PathBuf,
    terms: Terms,
}

/// What a story says of its answers.
#[derive(Debug, Clone, Default)]
struct Terms {
    /// Fields that differ from run to run, and what is shown in their place.
    hidden: Vec<(&'static str, Value)>,
    /// What strangers must not read.
    private: Vec<&'static str>,
    /// Refusals that other tests bring about.
    elsewhere: Vec<(&'static str, &'static str)>,
}

impl<S: ?Sized + Send + Sync> Story<S> {
    /// `folder` is the room's: `env!("CARGO_MANIFEST_DIR")`.
    pub fn of(room: &'static Room, face: &'static Face<S>, folder: &str) -> Story<S> {
        Story { room, face, folder: PathBuf::from(folder), terms: Terms::default() }
    }

    /// The value of this field is another one in every run, such as a secret. The document shows `shown` in its place.
    pub fn hides(mut self, field: &'static str, shown: impl Into<Value>) -> Story<S> {
        self.terms.hidden.push((field, shown.into()));
        self
    }

    /// Words that no answer to a stranger may hold: owners, names, paths.
    pub fn keeps_private(mut self, words: &[&'static str]) -> Story<S> {
        self.terms.private.extend(words);
        self
    }

    /// A refusal that a story cannot bring about; the test of the name `test` does.
    pub fn elsewhere(mut self, operation: &'static str, code: &'static str, test: &str) -> Story<S> {
        assert!(!test.is_empty(), "{operation}: no test is named that brings about {code}");
        self.terms.elsewhere.push((operation, code));
        self
    }

    /// Tells it on both engines, in this process and over HTTP/2.
    ///
    /// # Panics
    /// Whatever the story finds.
    pub async fn tell<O>(
        self,
        open: impl AsyncFn(&Stage<'_>) -> (Arc<S>, O),
        routes: impl Fn(Arc<S>, &Stage<'_>) -> Routes,
        body: impl AsyncFn(&Telling, &O),
    ) {
        let document = Rc::new(Document::of(self.room));
        let record = Record::of(&self.folder, &document);
        let first: RefCell<Option<Told>> = RefCell::default();
        for way in [Way::Local, Way::Http2] {
            way.lead(for_each_engine(async |store| {
                let stage = Stage::new(store);
                let callers = Callers::new(self.room, &stage);
                let (service, own) = open(&stage).await;
                let reached = Reached::trusting(self.face, service, stage.clock(), callers.trust()).await;
                let router = callers.router(routes(reached.shared(), &stage));
                let telling = Telling::new(Rc::clone(&document), router, callers, &stage, self.terms.clone());
                body(&telling, &own).await;
                let told = telling.end();
                let before = first.borrow_mut().take();
                match &before {
                    None => {
                        told.assert_complete(&document, &self.terms);
                        record.keep_or_compare(&told);
                    }
                    Some(before) => told.assert_same(before, &format!("{way:?} on {:?}", store.engine())),
                }
                *first.borrow_mut() = before.or(Some(told));
            }))
            .await;
        }
    }
}
