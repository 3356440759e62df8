//! Customers and the people who act for them.

use accounts_api::{
    ChangeCustomer, CreateCustomer, Customer, CustomerId, CustomerQuery, CustomerState, Find, Profile, PutUser,
    RemoveUser, Role, UserList,
};
use axum::extract::State;
use http::StatusCode;
use kernel::Money;
use platform::http::{CallCtx, Json, Page, Path, Problem, Query, Repeatable, decode_cursor, encode_cursor, page_limit};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{Desk, Nothing};

const LIST: &str = "customers";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct CustomerAt {
    /// The customer's id.
    #[param(value_type = String)]
    id: CustomerId,
}

impl CustomerAt {
    pub(super) fn id(&self) -> CustomerId {
        self.id
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct UserAt {
    /// The customer's id.
    #[param(value_type = String)]
    id: CustomerId,
    /// The subject of the user's tokens.
    #[param(example = "cust_ann")]
    subject: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FindParams {
    /// The id in another system.
    #[serde(default)]
    external_id: Option<String>,
    /// The number of an account.
    #[serde(default)]
    number: Option<String>,
    /// A whole e-mail address.
    #[serde(default)]
    email: Option<String>,
    /// A whole phone number.
    #[serde(default)]
    phone: Option<String>,
    /// A whole tax number.
    #[serde(default)]
    tax_id: Option<String>,
    /// Whole words of the name, all of them.
    #[serde(default)]
    name: Option<String>,
    /// Items on one page, 1 to 500.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before, unchanged.
    #[serde(default)]
    cursor: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomerBody {
    /// All of it; unchanged if it is left out.
    #[serde(default)]
    profile: Option<Profile>,
    /// Unchanged if it is left out.
    #[serde(default)]
    state: Option<CustomerState>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UserBody {
    role: Role,
    /// The largest amount that a signatory moves.
    #[serde(default)]
    up_to: Option<Money>,
}

/// Create a customer
///
/// Everything personal is sealed under a key of this customer, and found again by keyed digests. With an `id` of your
/// own, the same again answers the same customer.
#[utoipa::path(
    post, path = "/customers", tag = "Customers", params(Repeatable),
    request_body(content = CreateCustomer, example = json!({ "kind": "person", "profile": { "name": "Ann Miller" } })),
    responses((status = 201, description = "The customer", body = Customer))
)]
pub(super) async fn create_customer(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<CreateCustomer>,
) -> Result<(StatusCode, Json<Customer>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.create_customer(&ctx, body).await?)))
}

/// Find customers
///
/// By one exact value, or by whole words of the name; without any, all that the caller may see.
#[utoipa::path(
    get, path = "/customers", tag = "Customers", params(FindParams),
    responses((status = 200, description = "One page, in order of creation", body = Page<Customer>))
)]
pub(super) async fn list_customers(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Query(params): Query<FindParams>,
) -> Result<Json<Page<Customer>>, Problem> {
    let after = params.cursor.as_deref().map(|cursor| decode_cursor(LIST, cursor)).transpose()?;
    let limit = page_limit(params.limit)?;
    let query = CustomerQuery { find: find(params)?, after, limit };
    let page = desk.customers(&ctx, query).await?;
    let next = page.items.last().filter(|_| page.more).map(|last| encode_cursor(LIST, &last.id));
    Ok(Json(Page { items: page.items, next }))
}

fn find(params: FindParams) -> Result<Option<Find>, Problem> {
    let all = [
        params.external_id.map(Find::ExternalId),
        params.number.map(Find::Number),
        params.email.map(Find::Email),
        params.phone.map(Find::Phone),
        params.tax_id.map(Find::TaxId),
        params.name.map(Find::Name),
    ];
    let mut given = all.into_iter().flatten();
    let (one, another) = (given.next(), given.next());
    match another {
        Some(_) => Err(Problem::field("name", "expected one value to find by, found several")),
        None => Ok(one),
    }
}

/// Read a customer
///
/// Without its profile once the customer was erased.
#[utoipa::path(
    get, path = "/customers/{id}", tag = "Customers", params(CustomerAt),
    responses((status = 200, description = "The customer", body = Customer))
)]
pub(super) async fn get_customer(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<CustomerAt>,
) -> Result<Json<Customer>, Problem> {
    Ok(Json(desk.customer(&ctx, at.id).await?))
}

/// Change a customer
///
/// States go from `pending` to `active`, between `active` and `restricted`, and to `closed` once all accounts are
/// closed.
#[utoipa::path(
    put, path = "/customers/{id}", tag = "Customers", params(CustomerAt, Repeatable),
    request_body(content = CustomerBody, example = json!({ "state": "active" })),
    responses((status = 200, description = "As it is now", body = Customer))
)]
pub(super) async fn change_customer(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<CustomerAt>,
    Json(CustomerBody { profile, state }): Json<CustomerBody>,
) -> Result<Json<Customer>, Problem> {
    Ok(Json(desk.change_customer(&ctx, ChangeCustomer { id: at.id, profile, state }).await?))
}

/// List who acts for a customer
///
/// A user reaches what the customer holds; a viewer reads it only.
#[utoipa::path(
    get, path = "/customers/{id}/users", tag = "Customers", params(CustomerAt),
    responses((status = 200, description = "All of them", body = UserList))
)]
pub(super) async fn list_customer_users(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<CustomerAt>,
) -> Result<Json<UserList>, Problem> {
    Ok(Json(desk.users(&ctx, at.id).await?))
}

/// Let a user act for a customer
///
/// A subject that already does gets the new role.
#[utoipa::path(
    put, path = "/customers/{id}/users/{subject}", tag = "Customers", params(UserAt, Repeatable),
    request_body(content = UserBody, example = json!({ "role": "owner" })),
    responses((status = 200, description = "All users of the customer", body = UserList))
)]
pub(super) async fn put_customer_user(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(UserAt { id, subject }): Path<UserAt>,
    Json(UserBody { role, up_to }): Json<UserBody>,
) -> Result<Json<UserList>, Problem> {
    Ok(Json(desk.put_user(&ctx, PutUser { customer: id, subject, role, up_to }).await?))
}

/// End a user's access to a customer
///
/// Tokens of the subject reach nothing of this customer from then on.
#[utoipa::path(
    delete, path = "/customers/{id}/users/{subject}", tag = "Customers", params(UserAt, Repeatable),
    responses((status = 200, description = "The users that are left", body = UserList))
)]
pub(super) async fn remove_customer_user(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(UserAt { id, subject }): Path<UserAt>,
) -> Result<Json<UserList>, Problem> {
    Ok(Json(desk.remove_user(&ctx, RemoveUser { customer: id, subject }).await?))
}

/// Erase a customer
///
/// Once all accounts are closed. The customer's key is destroyed: profile and texts of movements are unreadable for
/// good. Amounts, days and counts stay.
#[utoipa::path(
    post, path = "/customers/{id}/erase", tag = "Customers", params(CustomerAt), request_body = Nothing,
    responses((status = 200, description = "What is left", body = Customer))
)]
pub(super) async fn erase_customer(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<CustomerAt>,
    _: Json<Option<Nothing>>,
) -> Result<Json<Customer>, Problem> {
    Ok(Json(desk.erase_customer(&ctx, at.id).await?))
}
