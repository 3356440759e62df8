//! The introduction of the API document: what applies to every operation, and how callers authenticate. Rooms merge
//! their parts into it.

use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, AuthorizationCode, ClientCredentials, Flow, HttpAuthScheme, HttpBuilder, OAuth2, Scopes,
    SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Components, ComponentsBuilder, InfoBuilder, License, OpenApi, OpenApiBuilder};

/// The names of the two descriptions of a token in the document.
const OAUTH: &str = "oauth";
const BEARER: &str = "bearer";
/// How clients and browsers authenticate at the OAuth endpoints.
const CLIENT: &str = "client";
const SESSION: &str = "session";

const NO_SCOPES: [&str; 0] = [];

pub(super) fn frame() -> OpenApi {
    let mut license = License::new("Apache-2.0");
    license.identifier = Some("Apache-2.0".to_owned());
    let info = InfoBuilder::new()
        .title("Florin")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(INTRODUCTION))
        .license(Some(license))
        .build();
    // Either is enough. They apply to all operations, so that a new one cannot forget them.
    let either = [OAUTH, BEARER].map(|name| SecurityRequirement::new(name, NO_SCOPES));
    let mut api = OpenApiBuilder::new().info(info).components(Some(proofs())).security(Some(either)).build();
    platform::http::document::add_general(&mut api);
    api
}

fn proofs() -> Components {
    let code = AuthorizationCode::with_refresh_url("/oauth2/authorize", "/oauth2/token", scopes(), "/oauth2/token");
    let credentials = ClientCredentials::new("/oauth2/token", scopes());
    let flows = [Flow::AuthorizationCode(code), Flow::ClientCredentials(credentials)];
    let oauth = OAuth2::with_description(
        flows,
        "OAuth 2.1: an application gets a token for a user, with PKCE; a service gets one for itself.",
    );
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("A token that you already have."))
        .build();
    let client = HttpBuilder::new()
        .scheme(HttpAuthScheme::Basic)
        .description(Some(
            "A client's id and secret, each encoded as in a form. It may send them as `client_id` and `client_secret` of the form \
             instead, never both ways; a public client sends `client_id` alone.",
        ))
        .build();
    let session = ApiKeyValue::with_description(
        "__Host-florin-session",
        "The session cookie of a login. Without one, the user logs in first.",
    );
    ComponentsBuilder::new()
        .security_scheme(OAUTH, SecurityScheme::OAuth2(oauth))
        .security_scheme(BEARER, SecurityScheme::Http(bearer))
        .security_scheme(CLIENT, SecurityScheme::Http(client))
        .security_scheme(SESSION, SecurityScheme::ApiKey(ApiKey::Cookie(session)))
        .build()
}

/// The widest ones; each also exists with a resource instead of `*`.
fn scopes() -> Scopes {
    Scopes::from_iter([
        ("read:*", "Read everything; `read:accounts` is for accounts only, and likewise for every resource."),
        ("write:*", "Change everything; `write:transactions` is for transactions only."),
        ("admin:*", "Read and change; `admin:users` is for users only."),
    ])
}

/// What applies to every operation.
const INTRODUCTION: &str = "\
A bank's books over JSON: a double-entry ledger, its users and clients, and what each of them may do. Every \
path under `/v1` also answers under `/api/v1`; the OAuth endpoints are at the root, with forms and errors as in their standards. \
Elsewhere a body, even an empty one, needs `Content-Type: application/json`, and unknown fields are refused.

**Tokens** authenticate the caller: `Authorization: Bearer TOKEN` with every request under `/v1`. A service gets one for its id and \
secret at `/oauth2/token` (`grant_type=client_credentials`); users log in at `/oauth2/authorize`, with PKCE, and their \
application exchanges the code at `/oauth2/token`. A token is valid for at most an hour. It allows what its roles grant, limited to its \
scopes and by the policies. A call without one is refused with 401 `unauthenticated`; at \
`token_expired` and `token_revoked` get a new one, and at 503 `access_stale` send the same request again. All addresses are listed at \
`/.well-known/openid-configuration`.

**Money** is a decimal string with its currency, `{\"amount\": \"10.00\", \"currency\": \"USD\"}`, with exactly the decimal places that the \
currency has. A JSON number is refused.

**Retries are safe.** Give a transaction your own `id`, or send an `Idempotency-Key`: the same command gets its first \
answer again, with status 200, `\"replayed\": true` and the header `Idempotency-Replayed: true`. Refusals that depend on the \
books are stored in the same way. After a timeout, look the transaction up by id or key, or send the same request again.

**Refusals** are problems of RFC 9457 (`application/problem+json`). Act on `code`, which never changes its meaning; `detail` is \
for people; `errors` names fields of the request; other members are details such as `account`, `asked` and `available`. \
`request_id` is also in our log; you may set it with `X-Request-Id`.

**Limits.** A deployment may limit the requests of a client, a person and an address. Answers then have `RateLimit` (what is \
left, and in how many seconds the window ends) and `RateLimit-Policy`; one request too many is refused with 429 `rate_limited` and \
`Retry-After`, and did nothing.

**Books.** `?book=NAME` selects the book of any operation; the default is `main`. A book is a separate \
ledger. A posting may name the book of its accounts; all of a transaction, and of a batch, is in one book.

**Time.** Instants are RFC 3339 in UTC. An answer comes within ten seconds; `X-Deadline-Ms` makes it less.";
