//! A story: a room's operations, sent in order to its real router, with authentication and access checks.
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
//! `open` is the one of [`on_each_way`](crate::on_each_way). The story runs on both engines, in this process and over
//! HTTP/2, with a clock that stands still and the same ids each time; every run must get the same answers. The caller
//! has all permissions, unless the story says otherwise ([`Ask::by`]). The story fails if
//!
//! - an operation of the document is not used, has no row in the room's `OPERATIONS`, or a row has no operation;
//! - a documented refusal is not produced, or an answer is not documented;
//! - a request or an answer does not match its schema, or has a field that the schema does not know;
//! - the operation answers a caller it must refuse. Before the first use of an operation, the same request is sent
//!   without a token and with invalid ones (401), also where it needs no permission but a token; with all permissions
//!   except its own and with a token of another scope (403), and as a customer who owns nothing here: that is
//!   refused, exactly like a request for something that does not exist, or answered without anything that
//!   [is private](Story::keeps_private). Then it is sent by a caller with only its own permission.
//!
//! The first good answer of each operation, and those of [`Ask::shown`], become the examples of the document, together
//! with their requests: `FLORIN_STORY=record` writes them to `story.json` next to the room's `Cargo.toml`, and the
//! document without examples to `openapi.snap`. Otherwise both are compared. A room's document reads `story.json` at
//! compile time ([`Part::story`](platform::http::document::Part)); a new room starts with `{}`.

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

/// A story before it runs.
pub struct Story<S: ?Sized + 'static> {
    room: &'static Room,
    face: &'static Face<S>,
    folder: PathBuf,
    terms: Terms,
}

/// What a story declares about its answers.
#[derive(Debug, Clone, Default)]
struct Terms {
    /// Fields that differ from run to run, and the value shown instead.
    hidden: Vec<(&'static str, Value)>,
    /// Texts that strangers must not read.
    private: Vec<&'static str>,
    /// Refusals that other tests produce.
    elsewhere: Vec<(&'static str, &'static str)>,
}

impl<S: ?Sized + Send + Sync> Story<S> {
    /// `folder` is the room's: `env!("CARGO_MANIFEST_DIR")`.
    pub fn of(room: &'static Room, face: &'static Face<S>, folder: &str) -> Story<S> {
        Story { room, face, folder: PathBuf::from(folder), terms: Terms::default() }
    }

    /// The value of this field differs in every run, such as a secret. The document shows `shown` instead.
    pub fn hides(mut self, field: &'static str, shown: impl Into<Value>) -> Story<S> {
        self.terms.hidden.push((field, shown.into()));
        self
    }

    /// Texts that no answer to a stranger may contain: owners, names, paths.
    pub fn keeps_private(mut self, words: &[&'static str]) -> Story<S> {
        self.terms.private.extend(words);
        self
    }

    /// A refusal that a story cannot produce; the test named `test` does.
    pub fn elsewhere(mut self, operation: &'static str, code: &'static str, test: &str) -> Story<S> {
        assert!(!test.is_empty(), "{operation}: no test is named that produces {code}");
        self.terms.elsewhere.push((operation, code));
        self
    }

    /// Runs it on both engines, in this process and over HTTP/2.
    ///
    /// # Panics
    ///
    /// If the story fails.
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
