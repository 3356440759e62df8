//! The routes of notes, and the document that describes them.

use axum::Router;
use axum::extract::State;
use http::StatusCode;
use platform::error;
use platform::http::document::Part;
use platform::http::{CallCtx, Json, Path, Problem};
use platform::room::{Operation, Room, Routes, needs};
use serde::{Deserialize, Serialize};
use utoipa::openapi::OpenApi;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{AddNote, Note, Refusal, Shared};

pub(crate) static ROOM: Room = Room {
    words: &[("notes", &["read", "write"])],
    grants: &[("customer", &["notes:read:own", "notes:write:own"])],
    operations: OPERATIONS,
    document: || described(OPERATIONS),
    ..Room::named("notes")
};

const OPERATIONS: &[Operation] = &[
    Operation { name: "add_note", word: needs("notes", "write"), refusals: &["words_too_long"] },
    Operation { name: "list_notes", word: needs("notes", "read"), refusals: &[] },
    Operation { name: "get_note", word: needs("notes", "read"), refusals: &["note_unknown"] },
    Operation { name: "remove_note", word: needs("notes", "write"), refusals: &["note_unknown"] },
];

/// A document with a refusal of reading that never occurs.
pub(crate) static BOASTFUL: Room = Room { document: || described(&TOO_MUCH), ..ROOM };

static TOO_MUCH: [Operation; 4] = [
    OPERATIONS[0],
    OPERATIONS[1],
    Operation { refusals: &["note_unknown", "words_too_long"], ..OPERATIONS[2] },
    OPERATIONS[3],
];

/// A document that leaves out a note's owner.
pub(crate) static TACITURN: Room = Room { document: without_owner, ..ROOM };

fn without_owner() -> OpenApi {
    let mut api = serde_json::to_value(described(OPERATIONS)).unwrap();
    let note = &mut api["components"]["schemas"]["notes.Note"];
    note["properties"].as_object_mut().unwrap().remove("owner");
    note["required"].as_array_mut().unwrap().retain(|name| name != "owner");
    serde_json::from_value(api).unwrap()
}

fn described(operations: &'static [Operation]) -> OpenApi {
    let part = Part {
        room: "notes",
        tags: &[("Notes", "Notes of users.")],
        samples: error::samples::<Refusal>(),
        operations,
        story: include_str!("story.json"),
    };
    part.finish(router().into_openapi())
}

pub(crate) fn routes(notes: Shared) -> Routes {
    Routes::under_v1(Router::from(router()).with_state(notes))
}

fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(add_note, list_notes)).routes(routes!(get_note, remove_note))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct NoteAt {
    /// The note's id.
    id: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct NoteList {
    items: Vec<Note>,
}

/// Add a note
#[utoipa::path(
    post, path = "/notes", tag = "Notes", request_body = AddNote,
    responses((status = 201, description = "Added", body = Note))
)]
async fn add_note(
    State(notes): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<AddNote>,
) -> Result<(StatusCode, Json<Note>), Problem> {
    Ok((StatusCode::CREATED, Json(notes.add(&ctx, body).await?)))
}

/// List notes
#[utoipa::path(
    get, path = "/notes", tag = "Notes", responses((status = 200, description = "All of them", body = NoteList))
)]
async fn list_notes(State(notes): State<Shared>, CallCtx(ctx): CallCtx) -> Result<Json<NoteList>, Problem> {
    Ok(Json(NoteList { items: notes.notes(&ctx).await? }))
}

/// Read a note
#[utoipa::path(
    get, path = "/notes/{id}", tag = "Notes", params(NoteAt),
    responses((status = 200, description = "The note", body = Note))
)]
async fn get_note(
    State(notes): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<NoteAt>,
) -> Result<Json<Note>, Problem> {
    Ok(Json(notes.note(&ctx, at.id).await?))
}

/// Remove a note
#[utoipa::path(
    delete, path = "/notes/{id}", tag = "Notes", params(NoteAt),
    responses((status = 204, description = "It was removed"))
)]
async fn remove_note(
    State(notes): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<NoteAt>,
) -> Result<StatusCode, Problem> {
    notes.remove(&ctx, at.id).await?;
    Ok(StatusCode::NO_CONTENT)
}
