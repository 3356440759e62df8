//! A room's story, and the faults that stories detect.

use std::sync::Arc;

use platform::room::Room;
use serde_json::json;
use testkit::{Stage, Story, Telling};

use crate::notes::http::{BOASTFUL, ROOM, TACITURN, routes};
use crate::notes::{Bug, FACE, Notes, NotesService};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/notes");
const NOBODYS: &str = "note_01kppyzd5gfmra2qsx5rkvr8wb";

async fn tell_of(room: &'static Room, folder: &str, bug: Bug, body: impl AsyncFn(&Telling, &Arc<NotesService>)) {
    let open = async |stage: &Stage<'_>| {
        let service = NotesService::start(stage.store.open().await, stage.ids.clone(), bug).await;
        let service = Arc::new(service);
        let notes: Arc<dyn Notes> = service.clone();
        (notes, service)
    };
    let story = Story::of(room, &FACE, folder).keeps_private(&["cust_ann", "milk"]);
    story.tell(open, |notes, _| routes(notes), body).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_of_notes() {
    tell_of(&ROOM, FOLDER, Bug::None, whole).await;
}

async fn whole(story: &Telling, service: &Arc<NotesService>) {
    let add = || story.ask("add_note").body(json!({ "words": "milk", "owner": "cust_ann" }));
    let note = add().gives(201).await;
    add().with("words", "eggs, if there are any").shown("A longer one").gives(201).await;
    add().with("words", "x".repeat(41)).refused("words_too_long").await;

    let ann = story.person("customer", "cust_ann");
    assert_eq!(story.ask("list_notes").gives(200).await["items"][0], note.json);
    assert_eq!(story.ask("list_notes").by(&ann).gives(200).await["items"].as_array().unwrap().len(), 2);
    assert_eq!(story.ask("get_note").at("id", &note["id"]).gives(200).await.json, note.json);

    story.ask("remove_note").at("id", &note["id"]).gives(204).await;
    assert_eq!(service.count().await, 1);
    story.all_refuse("note_unknown", |ask| ask.at("id", NOBODYS)).await;
}

/// A story of which nothing is kept.
async fn tell(room: &'static Room, bug: Bug, body: impl AsyncFn(&Telling, &Arc<NotesService>)) {
    let folder = tempfile::tempdir().unwrap();
    tell_of(room, folder.path().to_str().unwrap(), bug, body).await;
}

#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "remove_note is not used\nremove_note: note_unknown is not produced")]
async fn an_unused_operation_is_detected() {
    tell(&ROOM, Bug::None, async |story, _| {
        let note = story.ask("add_note").body(json!({ "words": "milk" })).gives(201).await;
        story.ask("add_note").body(json!({ "words": "x".repeat(41) })).refused("words_too_long").await;
        story.ask("list_notes").gives(200).await;
        story.ask("get_note").at("id", &note["id"]).gives(200).await;
        story.ask("get_note").at("id", NOBODYS).refused("note_unknown").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "get_note: words_too_long is not produced")]
async fn a_documented_refusal_that_never_occurs_is_detected() {
    tell(&BOASTFUL, Bug::None, whole).await;
}

#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "list_notes: note_unknown with status 404 is not documented")]
async fn an_undocumented_refusal_is_detected() {
    tell(&ROOM, Bug::Misses, async |story, _| {
        story.ask("list_notes").refused("note_unknown").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "Unevaluated properties are not allowed ('owner' was unexpected)")]
async fn an_undocumented_field_is_detected() {
    tell(&TACITURN, Bug::None, whole).await;
}

#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "get_note without notes:read")]
async fn a_missing_check_is_detected() {
    tell(&ROOM, Bug::ChecksNothing, whole).await;
}

#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "add_note: its own permission is not enough")]
async fn a_check_of_another_permission_is_detected() {
    tell(&ROOM, Bug::ChecksTooMuch, whole).await;
}

#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "list_notes: a stranger reads Some(\"cust_ann\")")]
async fn a_list_that_is_not_narrowed_is_detected() {
    tell(&ROOM, Bug::ListsAll, whole).await;
}

#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "get_note: a stranger can tell")]
async fn a_visible_foreign_object_is_detected() {
    tell(&ROOM, Bug::Admits, whole).await;
}
