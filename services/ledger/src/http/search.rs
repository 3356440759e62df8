//! Keys of metadata that transactions can be searched by, and the search itself.

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
use super::examples;

/// Names the list in its cursors, so that the cursor of another one is refused.
const LIST: &str = "ledger.transactions.metadata";

/// Declare a metadata key
///
/// Transactions can be searched by the keys of their metadata that are declared, at most 4. What is in the books already
/// is indexed as well, from the first transaction on: `indexed_to_seq` says how far that is. Declaring a key again is
/// harmless and answers 200.
#[utoipa::path(
    post, path = "/metadata-keys", tag = "Transactions",
    request_body(content = DeclareMetadataKey, example = json!(examples::declare_metadata_key())),
    responses(
        (status = 201, description = "Declared", body = MetadataKey, example = json!(examples::metadata_key())),
        (status = 200, description = "It had been declared before", body = MetadataKey),
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
/// All of them, by name. Transactions up to `indexed_to_seq`, a row of the log, are found by the key; the newest ones follow
/// within a second.
#[utoipa::path(
    get, path = "/metadata-keys", tag = "Transactions",
    responses((
        status = 200, description = "All declared keys", body = Vec<MetadataKey>,
        example = json!(examples::metadata_keys())
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
/// Transactions are no longer found by it, and their metadata stays as it is. Answers with the key as it was. Declared
/// again, it is indexed from the beginning.
#[utoipa::path(
    delete, path = "/metadata-keys/{key}", tag = "Transactions", params(KeyAt),
    responses((
        status = 200, description = "Removed", body = MetadataKey, example = json!(examples::metadata_key())
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
#[expect(dead_code, reason = "describes the query, which has one parameter with a name of the caller's choice")]
pub(super) struct Find {
    /// The reference that the transaction was given.
    #[param(value_type = Option<String>, example = "invoice-2026-0017")]
    reference: Option<Reference>,
    /// The `Idempotency-Key` that the command was sent with, by you.
    #[param(value_type = Option<String>)]
    idempotency_key: Option<IdempotencyKey>,
    /// Only transactions whose metadata has this value under this declared key. Put the key in the place of `KEY`.
    #[param(rename = "metadata.KEY", example = "counter")]
    metadata: Option<String>,
    /// Transactions on one page of a search by metadata, 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before, unchanged.
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

/// Transactions of a search by metadata, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TransactionPage {
    items: Vec<Transaction>,
    /// Hand this back as `cursor` for the next page; absent on the last one. A page may have fewer items than asked for,
    /// and one all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// Every transaction up to this row of the log was considered.
    indexed_to_seq: u64,
    /// The last row of the log that was known to the page: transactions are shown as they stood behind it.
    as_of_seq: u64,
}

impl TransactionPage {
    fn of(page: ledger_api::TransactionPage, list: &str) -> TransactionPage {
        let next = page.next.map(|before| encode_cursor(list, &before));
        let ledger_api::TransactionPage { items, indexed_to_seq, as_of_seq, .. } = page;
        TransactionPage { items, next, indexed_to_seq, as_of_seq }
    }
}

/// What was asked for.
enum Wanted {
    One(FindTransaction),
    Many(TransactionQuery),
}

/// Find transactions by reference, by key or by metadata
///
/// For a caller whose answer was lost: `reference` or `idempotency_key` answers with the one transaction. A command that was
/// refused answers with its refusal again, marked as replayed; one that never arrived answers 404.
///
/// `metadata.KEY`, with a key that was declared, answers with a page of transactions, the newest first. When there are
/// more, `next` is there: hand it back as `cursor`, with the same filter. One of the three is wanted.
#[utoipa::path(
    get, path = "/transactions", tag = "Transactions", params(Find),
    responses((
        status = 200, description = "The transaction, or a page of transactions", body = Found,
        examples(
            ("one" = (summary = "By reference or idempotency key", value = json!(examples::known(examples::transaction())))),
            ("page" = (summary = "By a declared key of the metadata", value = json!(examples::found())))
        )
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

/// By hand, because a parameter's name may hold a metadata key.
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
            return Err(Problem::field(name, "is given twice; one is wanted"));
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
    let detail = "give either reference or idempotency_key, or one declared metadata.KEY with limit and cursor";
    problem(Refusal::QueryUnsupported { detail: detail.to_owned() }.into(), Shape::Postings)
}

fn unknown(name: &str) -> Problem {
    let name: String = name.chars().take(80).collect();
    Problem::field(name, "is unknown; there are reference, idempotency_key, metadata.KEY, limit and cursor")
}
