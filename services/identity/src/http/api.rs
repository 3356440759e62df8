//! The API for operators: users, clients, keys, roles and policies.

mod answer;
mod clients;
mod document;
mod keys;
mod operations;
mod policies;
mod roles;
mod user_changes;
mod users;

use std::sync::Arc;

use axum::Router;
use identity_api::Identity;
use platform::http::Nothing;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use document::TAGS;
pub(crate) use operations::OPERATIONS;

type Shared = Arc<dyn Identity>;

/// The routes without version prefix, and their description as mounted under `/v1`.
///
/// Users also answer at `/users`, where older operators' guides call them.
pub(super) fn routes(identity: Shared) -> (Router, OpenApi) {
    let (routes, api) = all().split_for_parts();
    let (aliases, _) = users().split_for_parts();
    (routes.merge(aliases).with_state(identity), document::finished(api))
}

/// One of each refusal, for code that needs texts for all of them.
#[cfg(test)]
pub(super) fn one_of_each() -> Vec<identity_api::IdentityError> {
    use platform::error::{Failure, Refusal as _};
    let refused = identity_api::Refusal::samples().into_iter().map(identity_api::IdentityError::from);
    refused.chain(Failure::all().iter().map(|failure| (*failure).into())).collect()
}

/// Only the description.
pub(super) fn api() -> OpenApi {
    document::finished(all().into_openapi())
}

fn all() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().nest("/identity", users().merge(clients()).merge(others())).nest("/access", access())
}

fn users() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(users::create_user, users::list_users))
        .routes(routes!(users::get_user))
        .routes(routes!(user_changes::set_user_roles))
        .routes(routes!(user_changes::set_user_contact))
        .routes(routes!(user_changes::disable_user))
        .routes(routes!(user_changes::enable_user))
        .routes(routes!(user_changes::reset_user_password))
        .routes(routes!(user_changes::remove_user_factors))
        .routes(routes!(user_changes::end_user_sessions))
}

fn clients() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(clients::create_client, clients::list_clients))
        .routes(routes!(clients::get_client))
        .routes(routes!(clients::new_client_secret))
        .routes(routes!(clients::set_client_roles))
        .routes(routes!(clients::set_client_scopes))
        .routes(routes!(clients::set_client_redirect_uris))
        .routes(routes!(clients::disable_client))
        .routes(routes!(clients::enable_client))
}

fn others() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(keys::list_keys)).routes(routes!(keys::rotate_keys))
}

fn access() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(roles::list_roles))
        .routes(routes!(roles::get_role, roles::put_role, roles::remove_role))
        .routes(routes!(policies::list_policies))
        .routes(routes!(policies::get_policy, policies::put_policy, policies::remove_policy))
        .routes(routes!(policies::try_change))
}

#[cfg(test)]
mod tests;
