//! Entries, and the state of the log.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use kernel::Timestamp;
use platform::http::{
    After, CallCtx, EventPage, Json, Page, Path, Problem, Query, decode_cursor, encode_cursor, page_limit, refusals,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Shared, plain};
use crate::face::*;
use crate::{formats, page};

const LIST: &str = "audit_entries";

/// The form of a reply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    #[default]
    Json,
    /// One JSON object a line.
    Lines,
    Csv,
    /// One record a line, as the guides for SOX describe it.
    Sox,
    /// A page for people.
    Html,
}

#[derive(Debug, Clone, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EntriesAsked {
    /// The class of the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    class: Option<Class>,
    /// The type of the event.
    #[param(example = "identity.login.failed")]
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    /// Who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    /// What it was done to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    object: Option<String>,
    /// Whose data it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// The ledger's transaction, a payment or an authorization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transaction: Option<String>,
    /// The risk of the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    risk: Option<Risk>,
    /// For which framework the event is evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    framework: Option<Framework>,
    /// Recorded at this time or later.
    #[param(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Timestamp>,
    /// Recorded before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<Timestamp>,
    /// The form of the answer: `json` unless given.
    #[param(inline)]
    #[serde(default)]
    format: Format,
    /// `next` of the previous page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    /// 50 unless given, 500 at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit: Option<u32>,
}

impl EntriesAsked {
    fn query(&self) -> Result<EntryQuery, Problem> {
        let before = self.cursor.as_deref().map(|cursor| decode_cursor(LIST, cursor)).transpose()?;
        Ok(EntryQuery {
            class: self.class,
            kind: self.kind.clone(),
            actor: self.actor.clone(),
            object: self.object.clone(),
            subject: self.subject.clone(),
            transaction: self.transaction.clone(),
            risk: self.risk,
            framework: self.framework,
            from: self.from,
            to: self.to,
            before,
            limit: page_limit(self.limit)?,
        })
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct EntryAt {
    /// The entry's place in the log.
    #[param(example = 0)]
    pub(super) index: u64,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EntryAsked {
    /// The form of the answer: `json` unless given.
    #[param(inline)]
    #[serde(default)]
    format: Format,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct SubjectAt {
    /// The person, by the id that entries have as `subject`.
    #[param(example = "cust_ann")]
    subject: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageAsked {
    /// `next` of the previous page.
    #[serde(default)]
    cursor: Option<String>,
    /// 50 unless given, 500 at most.
    #[serde(default)]
    limit: Option<u32>,
}

fn paged(EntryPage { items, next }: EntryPage) -> Page<Entry> {
    Page { items, next: next.map(|next| encode_cursor(LIST, &next)) }
}

/// List entries
///
/// The newest first; all conditions that are given hold. `format` gives lines of JSON, CSV, the record of the guides for
/// SOX, or a page for people instead of JSON. An entry is there within seconds of its fact.
#[utoipa::path(
    get, path = "/entries", tag = "Audit entries", params(EntriesAsked),
    responses((status = 200, description = "One page", body = Page<Entry>))
)]
pub(super) async fn list_audit_entries(
    State(audit): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(asked): Query<EntriesAsked>,
) -> Result<Response, Problem> {
    let found = audit.entries(&ctx, asked.query()?).await?;
    Ok(match asked.format {
        Format::Json => Json(paged(found)).into_response(),
        Format::Lines => plain("application/x-ndjson", formats::lines(&found.items)),
        Format::Csv => plain("text/csv; charset=utf-8", formats::csv(&found.items)),
        Format::Sox => plain("application/x-ndjson", formats::sox(&found.items)),
        Format::Html => {
            let status = audit.log(&ctx).await?;
            let kept = serde_json::to_value(EntriesAsked { cursor: None, ..asked }).unwrap_or_default();
            plain("text/html; charset=utf-8", page::list(&found, &status, LIST, &pairs(&kept)).into_string())
        }
    })
}

/// The parameters of a page, for the link to the next one. Every value is a word of a list, an id or a time; anything
/// else is left to the reader.
fn pairs(asked: &serde_json::Value) -> String {
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte));
    let members = asked.as_object().into_iter().flatten();
    let texts = members.filter_map(|(name, value)| match value {
        serde_json::Value::String(text) => Some((name, text.clone())),
        serde_json::Value::Number(number) => Some((name, number.to_string())),
        _ => None,
    });
    texts.filter(|(_, text)| is_plain(text)).map(|(name, text)| format!("{name}={text}&")).collect()
}

/// Get an entry
///
/// With what was sealed of it, while the keys of its subject and month exist. As a page for people it has its proof.
#[utoipa::path(
    get, path = "/entries/{index}", tag = "Audit entries", params(EntryAt, EntryAsked),
    responses((status = 200, description = "The entry", body = Entry))
)]
pub(super) async fn get_audit_entry(
    State(audit): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<EntryAt>,
    Query(asked): Query<EntryAsked>,
) -> Result<Response, Problem> {
    let entry = audit.entry(&ctx, at.index).await?;
    let one = std::slice::from_ref(&entry);
    Ok(match asked.format {
        Format::Json => Json(entry).into_response(),
        Format::Lines => plain("application/x-ndjson", formats::lines(one)),
        Format::Csv => plain("text/csv; charset=utf-8", formats::csv(one)),
        Format::Sox => plain("application/x-ndjson", formats::sox(one)),
        Format::Html => {
            let proof = audit.proof(&ctx, ProofQuery { index: at.index, size: None }).await.ok();
            plain("text/html; charset=utf-8", page::one(&entry, proof.as_ref()).into_string())
        }
    })
}

/// List accesses to a person's data
///
/// Everything in the log that was about this person, the newest first. People see their own.
#[utoipa::path(
    get, path = "/subjects/{subject}/accesses", tag = "Audit entries", params(SubjectAt, PageAsked),
    responses((status = 200, description = "One page", body = Page<Entry>))
)]
pub(super) async fn list_audit_accesses(
    State(audit): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<SubjectAt>,
    Query(asked): Query<PageAsked>,
) -> Result<Json<Page<Entry>>, Problem> {
    let before = asked.cursor.as_deref().map(|cursor| decode_cursor(LIST, cursor)).transpose()?;
    let query = AccessQuery { subject: at.subject, before, limit: page_limit(asked.limit)? };
    Ok(Json(paged(audit.accesses(&ctx, query).await?)))
}

/// Get the log's status
///
/// Its size, how much of it is signed, and how far each of its sources was read.
#[utoipa::path(
    get, path = "/status", tag = "Audit entries",
    responses((status = 200, description = "The log", body = LogStatus))
)]
pub(super) async fn get_audit_log(
    State(audit): State<Shared>,
    CallCtx(ctx): CallCtx,
) -> Result<Json<LogStatus>, Problem> {
    Ok(Json(audit.log(&ctx).await?))
}

/// List the log's events
///
/// The topic `audit.events`: each entry is an event, in the order of the log. Keep asking from `next`.
#[utoipa::path(
    get, path = "/events", tag = "Audit entries", params(After),
    responses((status = 200, description = "Events after the cursor", body = EventPage))
)]
pub(super) async fn list_audit_events(
    State(audit): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(asked): Query<After>,
) -> Result<Json<EventPage>, Problem> {
    let size = |given| {
        refusals::PAGE_SIZE
            .because(format!("expected a page size of 1 to 1000, found {given}"))
            .and_field("limit", "1 to 1000")
    };
    let events = audit.events_after(&ctx, asked.pull().map_err(size)?).await?;
    Ok(Json(asked.page(events)))
}
