//! Declared metadata keys, and searching transactions by them.

use http::StatusCode;
use kernel::IdempotencyKey;
use ledger_api::{
    DeclareMetadataKey, FindTransaction, MetadataKey, Reference, Refusal, Shape, Transaction, TransactionQuery,
};
use platform::http::{CallCtx, Json, Path, Problem, Query, decode_cursor, encode_cursor};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::accounts::{METADATA, parsed};
use super::answer::problem;
use super::book::InBook;

/// The list's name in its cursors, so that another list's cursor is refused.
const LIST: &str = "ledger.transactions.metadata";

/// Declare a metadata key
///
/// Transactions can be searched by declared metadata keys, at most 4. Existing transactions are indexed too, from the
/// first one on: `indexed_to_seq` shows the progress. Declaring a key again is safe and answers 200.
#[utoipa::path(
    post, path = "/metadata-keys", tag = "Transactions",
    request_body = DeclareMetadataKey,
    responses(
        (status = 201, description = "Declared", body = MetadataKey),
        (status = 200, description = "It was already declared", body = MetadataKey),
    )
)]
pub(super) async fn declare_metadata_key(
    InBook { ledger, .. }: InBook,
    CallCtx(ctx): CallCtx,
    Json(body): Json<DeclareMetadataKey>,
) -> Result<(StatusCode, Json<MetadataKey>), Problem> {
    let key = ledger.declare_metadata_key(&ctx, body).await.map_err(|error| problem(error, Shape::Postings))?;
    let status = if key.replayed { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(key)))
}

/// List the declared metadata keys
///
/// All of them, by name. The key finds transactions up to `indexed_to_seq`, a log row; the newest ones follow within a
/// second.
#[utoipa::path(
    get, path = "/metadata-keys", tag = "Transactions",
    responses((
        status = 200, description = "All declared keys", body = Vec<MetadataKey>
    ))
)]
pub(super) async fn list_metadata_keys(
    InBook { ledger, .. }: InBook,
    CallCtx(ctx): CallCtx,
) -> Result<Json<Vec<MetadataKey>>, Problem> {
    ledger.metadata_keys(&ctx).await.map(Json).map_err(|error| problem(error, Shape::Postings))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct KeyAt {
    /// The declared key.
    #[param(example = "order")]
    key: String,
}

/// Remove a metadata key
///
/// Transactions are no longer found by it; their metadata stays as it is. Returns the key as it was. If declared again,
/// it is indexed from the beginning.
#[utoipa::path(
    delete, path = "/metadata-keys/{key}", tag = "Transactions", params(KeyAt),
    responses((
        status = 200, description = "Removed", body = MetadataKey
    ))
)]
pub(super) async fn remove_metadata_key(
    InBook { ledger, .. }: InBook,
    CallCtx(ctx): CallCtx,
    Path(at): Path<KeyAt>,
) -> Result<Json<MetadataKey>, Problem> {
    ledger.remove_metadata_key(&ctx, &at.key).await.map(Json).map_err(|error| problem(error, Shape::Postings))
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query, which has one parameter whose name the caller chooses")]
pub(super) struct Find {
    /// The transaction's reference.
    #[param(value_type = Option<String>, example = "invoice-2026-0017")]
    reference: Option<Reference>,
    /// The `Idempotency-Key` with which you sent the command.
    #[param(value_type = Option<String>)]
    idempotency_key: Option<IdempotencyKey>,
    /// Only transactions whose metadata has this value under this declared key. Replace `KEY` with the key.
    #[param(rename = "metadata.KEY", example = "counter")]
    metadata: Option<String>,
    /// Transactions on one page of a search by metadata, 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// `next` of the previous page, unchanged.
    cursor: Option<String>,
}

/// One transaction for a reference or a key, a page for a search by metadata.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = FoundTransactions)]
pub(super) enum Found {
    One(Box<Transaction>),
    Page(TransactionPage),
}

/// Transactions found by metadata, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TransactionPage {
    items: Vec<Transaction>,
    /// Send this back as `cursor` for the next page; absent on the last one. A page may have fewer items than requested
    /// and still have a `next`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// Every transaction up to this log row was considered.
    indexed_to_seq: u64,
    /// The last log row included in the page: transactions are shown as of this row.
    as_of_seq: u64,
}

impl TransactionPage {
    fn of(page: ledger_api::TransactionPage, list: &str) -> TransactionPage {
        let next = page.next.map(|before| encode_cursor(list, &before));
        let ledger_api::TransactionPage { items, indexed_to_seq, as_of_seq, .. } = page;
        TransactionPage { items, next, indexed_to_seq, as_of_seq }
    }
}

/// The search.
enum Wanted {
    One(FindTransaction),
    Many(TransactionQuery),
}

/// Find transactions by reference, by key or by metadata
///
/// For a caller whose response was lost: `reference` or `idempotency_key` returns the one transaction. A refused
/// command answers with its refusal again, marked as replayed; one that never arrived answers 404.
///
/// `metadata.KEY`, with a declared key, returns a page of transactions, newest first. If there are more, `next` is
/// present: send it back as `cursor`, with the same filter. Exactly one of the three is required.
#[utoipa::path(
    get, path = "/transactions", tag = "Transactions", params(Find),
    responses((
        status = 200, description = "The transaction, or a page of transactions", body = Found
    ))
)]
pub(super) async fn find_transaction(
    at: InBook,
    CallCtx(ctx): CallCtx,
    Query(parameters): Query<Vec<(String, String)>>,
) -> Result<Json<Found>, Problem> {
    let failed = |error| problem(error, Shape::Postings);
    let list = at.list(LIST);
    Ok(Json(match wanted(parameters, &list)? {
        Wanted::One(find) => Found::One(Box::new(at.ledger.transaction(&ctx, find).await.map_err(failed)?)),
        Wanted::Many(query) => {
            Found::Page(TransactionPage::of(at.ledger.transactions(&ctx, query).await.map_err(failed)?, &list))
        }
    }))
}

/// Parsed by hand, because a parameter's name may contain a metadata key.
fn wanted(parameters: Vec<(String, String)>, list: &str) -> Result<Wanted, Problem> {
    let (mut reference, mut idempotency_key, mut metadata) = (None, None, None);
    let (mut limit, mut before) = (None, None);
    for (name, value) in parameters {
        let again = match name.as_str() {
            "reference" => reference.replace(parsed::<Reference>(&name, &value)?).is_some(),
            "idempotency_key" => idempotency_key.replace(parsed::<IdempotencyKey>(&name, &value)?).is_some(),
            "limit" => limit.replace(parsed(&name, &value)?).is_some(),
            "cursor" => before.replace(decode_cursor(list, &value)?).is_some(),
            other => match other.strip_prefix(METADATA) {
                Some(key) if metadata.is_none() => metadata.replace((key.to_owned(), value)).is_some(),
                Some(_) => return Err(one_wanted()),
                None => return Err(unknown(&name)),
            },
        };
        if again {
            return Err(Problem::field(name, "expected once, found twice"));
        }
    }
    match (reference, idempotency_key, metadata, limit.is_some() || before.is_some()) {
        (Some(reference), None, None, false) => Ok(Wanted::One(FindTransaction::Reference(reference))),
        (None, Some(key), None, false) => Ok(Wanted::One(FindTransaction::IdempotencyKey(key))),
        (None, None, Some((key, value)), _) => Ok(Wanted::Many(TransactionQuery { key, value, before, limit })),
        _ => Err(one_wanted()),
    }
}

fn one_wanted() -> Problem {
    let detail = "expected reference, or idempotency_key, or one declared metadata.KEY with limit and cursor";
    problem(Refusal::QueryUnsupported { detail: detail.to_owned() }.into(), Shape::Postings)
}

fn unknown(name: &str) -> Problem {
    let name: String = name.chars().take(80).collect();
    Problem::field(name, "is unknown; expected reference, idempotency_key, metadata.KEY, limit or cursor")
}
