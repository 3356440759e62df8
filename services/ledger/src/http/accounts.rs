//! Accounts: opening, reading and listing.

use ledger_api::{AccountPath, AccountQuery, Shape};
use platform::http::{CallCtx, Json, Path, Problem, Query, Repeatable, decode_cursor, encode_cursor};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::{AccountAnswer, Done, Page, problem};
use super::body::NewAccount;
use super::book::InBook;

/// The list's name in its cursors, so that another list's cursor is refused.
const LIST: &str = "ledger.accounts";
pub(super) const METADATA: &str = "metadata.";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct AccountAt {
    /// The account's path.
    #[param(example = "customers:ann")]
    pub(super) path: AccountPath,
}

/// Open an account
///
/// The path is the account's identity and its place in the hierarchy: `customers:ann` is below `customers`, which need
/// not exist. `normal` is the normal side: `debit` for assets and expenses, `credit` for liabilities, equity and
/// income. By default an account may not go below zero.
///
/// Opening the same account again with the same content is safe and answers 200.
#[utoipa::path(
    post, path = "/accounts", tag = "Accounts", params(Repeatable),
    request_body = NewAccount,
    responses(
        (status = 201, description = "Opened", body = AccountAnswer),
        (status = 200, description = "It was already open, with this content", body = AccountAnswer),
    )
)]
pub(super) async fn open_account(
    InBook { ledger, .. }: InBook,
    CallCtx(ctx): CallCtx,
    Json(body): Json<NewAccount>,
) -> Result<Done<AccountAnswer>, Problem> {
    let account = ledger.open_account(&ctx, body.into()).await.map_err(|error| problem(error, Shape::Postings))?;
    Ok(Done::opened(account))
}

/// Read one account
///
/// Balances on the account's normal side: `posted` is settled, `pending_in` and `pending_out` are held by pending
/// transactions, and `available` is what can leave now: posted minus what is held to leave, above the floor. It is
/// `null` for an account without a floor. `version` rises by one with every transaction that touches the account; name
/// it in `if_version` to act only on what you have read.
#[utoipa::path(
    get, path = "/accounts/{path}", tag = "Accounts", params(AccountAt),
    responses((
        status = 200, description = "The account", body = AccountAnswer
    ))
)]
pub(super) async fn get_account(
    InBook { ledger, .. }: InBook,
    CallCtx(ctx): CallCtx,
    Path(at): Path<AccountAt>,
) -> Result<Json<AccountAnswer>, Problem> {
    let account = ledger.account(&ctx, &at.path).await.map_err(|error| problem(error, Shape::Postings))?;
    Ok(Json(account.into()))
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query, which has one parameter whose name the caller chooses")]
pub(super) struct ListAccounts {
    /// Only the account with this path and those below it.
    #[param(example = "customers")]
    prefix: Option<AccountPath>,
    /// Only accounts of this owner.
    owner: Option<String>,
    /// Only the account with this reference.
    reference: Option<String>,
    /// Only accounts whose metadata has this value under this key. Replace `KEY` with the key.
    #[param(rename = "metadata.KEY", example = "gold")]
    metadata: Option<String>,
    /// Accounts on one page, 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// `next` of the previous page, unchanged.
    cursor: Option<String>,
}

/// List accounts
///
/// In path order. Filter by `prefix`, by `owner`, by both, by `reference`, or by one metadata key
/// (`metadata.tier=gold`). If there are more, `next` is present: send it back as `cursor`, with the same filter.
#[utoipa::path(
    get, path = "/accounts", tag = "Accounts", params(ListAccounts),
    responses((status = 200, description = "One page", body = Page<AccountAnswer>))
)]
pub(super) async fn list_accounts(
    at: InBook,
    CallCtx(ctx): CallCtx,
    Query(parameters): Query<Vec<(String, String)>>,
) -> Result<Json<Page<AccountAnswer>>, Problem> {
    let list = at.list(LIST);
    let query = account_query(parameters, &list)?;
    let page = at.ledger.accounts(&ctx, query).await.map_err(|error| problem(error, Shape::Postings))?;
    let next = page.next.map(|path| encode_cursor(&list, &path));
    let items = page.items.into_iter().map(AccountAnswer::from).collect();
    Ok(Json(Page { items, next, as_of_seq: page.as_of_seq }))
}

/// Parsed by hand, because a parameter's name may contain a metadata key.
fn account_query(parameters: Vec<(String, String)>, list: &str) -> Result<AccountQuery, Problem> {
    let mut query = AccountQuery::default();
    for (name, value) in parameters {
        let again = match name.as_str() {
            "prefix" => query.prefix.replace(parsed(&name, &value)?).is_some(),
            "owner" => query.owner.replace(parsed(&name, &value)?).is_some(),
            "reference" => query.reference.replace(parsed(&name, &value)?).is_some(),
            "limit" => query.limit.replace(parsed(&name, &value)?).is_some(),
            "cursor" => query.after.replace(decode_cursor(list, &value)?).is_some(),
            other => match other.strip_prefix(METADATA) {
                Some(key) => query.metadata.replace((key.to_owned(), value)).is_some(),
                None => return Err(unknown(&name)),
            },
        };
        if again {
            return Err(Problem::field(name, "expected once, found twice"));
        }
    }
    Ok(query)
}

pub(super) fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(name: &str, value: &str) -> Result<T, Problem> {
    value.parse().map_err(|error: T::Err| Problem::field(name, error.to_string()))
}

fn unknown(name: &str) -> Problem {
    let name: String = name.chars().take(80).collect();
    Problem::field(name, "is unknown; expected prefix, owner, reference, metadata.KEY, limit or cursor")
}
