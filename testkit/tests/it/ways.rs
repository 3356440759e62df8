//! One test body run by each way.

use std::sync::{Arc, Mutex};

use platform::db::Engine;
use testkit::{Reached, Stage, Way, on_each_way};

use crate::notes::{AddNote, Bug, FACE, Note, Notes, NotesService};

type Opened = (Arc<dyn Notes>, Arc<NotesService>);

async fn start(stage: &Stage<'_>, bug: Bug) -> Opened {
    let service = NotesService::start(stage.store.open().await, stage.ids.clone(), bug).await;
    let service = Arc::new(service);
    (service.clone(), service)
}

async fn open(stage: &Stage<'_>) -> Opened {
    start(stage, Bug::None).await
}

async fn forgetful(stage: &Stage<'_>) -> Opened {
    start(stage, Bug::ForgetsKeys).await
}

fn milk() -> AddNote {
    AddNote { words: "milk".to_owned(), owner: None }
}

async fn add(notes: &Reached<dyn Notes>) -> Note {
    notes.add(&notes.keyed(), milk()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_sent_twice_has_one_effect() {
    let seen = Mutex::new(Vec::new());
    on_each_way(&FACE, open, async |notes, service| {
        for count in 1..=20 {
            let note = add(notes).await;
            assert_eq!(notes.note(&notes.ctx(), note.id.clone()).await.unwrap(), note);
            assert_eq!(service.count().await, count);
        }
        assert_eq!(notes.notes(&notes.ctx()).await.unwrap().len(), 20);
        seen.lock().unwrap().push((notes.way(), notes.calls()));
    })
    .await;
    let seen = seen.into_inner().unwrap();
    for (way, calls) in &seen {
        let expected = match way {
            Way::Local => 0..=0,
            Way::Http2 => 41..=41,
            Way::BadNetwork => 42..=80,
        };
        assert!(expected.contains(calls), "{way:?}: {calls} calls");
    }
    assert!(Way::ALL.iter().all(|way| seen.iter().any(|(seen, _)| seen == way)), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn unrepeatable_calls_are_not_sent_twice() {
    on_each_way(&FACE, open, async |notes, service| {
        for _ in 0..20 {
            let note = add(notes).await;
            notes.remove(&notes.ctx(), note.id.clone()).await.unwrap();
            assert_eq!(notes.remove(&notes.ctx(), note.id).await.unwrap_err().code(), "note_unknown");
        }
        assert_eq!(service.count().await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "two effects")]
async fn a_service_that_ignores_keys_is_detected() {
    on_each_way(&FACE, forgetful, async |notes, service| {
        add(notes).await;
        assert_eq!(service.count().await, 1, "two effects");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "the body did not call notes")]
async fn a_body_that_bypasses_its_way_is_detected() {
    on_each_way(&FACE, open, async |notes, service| {
        service.add(&notes.ctx(), milk()).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_runs_on_each_engine() {
    let seen = Mutex::new(Vec::new());
    let open = async |stage: &Stage<'_>| (open(stage).await.0, stage.store.engine());
    on_each_way(&FACE, open, async |notes, engine| {
        add(notes).await;
        seen.lock().unwrap().push((notes.way(), *engine));
    })
    .await;
    let seen = seen.into_inner().unwrap();
    for way in Way::ALL {
        assert!(seen.contains(&(way, Engine::Sqlite)), "{seen:?}");
    }
}
