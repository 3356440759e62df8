//! The frame of the API's document: what holds for every operation, and how callers prove who they are. Services merge theirs
//! into it.

use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, AuthorizationCode, ClientCredentials, Flow, HttpAuthScheme, HttpBuilder, OAuth2, Scopes,
    SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Components, ComponentsBuilder, InfoBuilder, License, OpenApi, OpenApiBuilder};

/// The names under which the document keeps the two ways to describe one token.
const OAUTH: &str = "oauth";
const BEARER: &str = "bearer";
/// How programs and browsers prove at the endpoints of OAuth who they are.
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
    // Either is enough. They stand above all operations, so that a new one cannot forget them.
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
        "OAuth 2.1: an application gets a token for a person, with PKCE; a program gets one for itself.",
    );
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("A token that you have already."))
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
        "What a browser keeps of a login. Who has none logs in first.",
    );
    ComponentsBuilder::new()
        .security_scheme(OAUTH, SecurityScheme::OAuth2(oauth))
        .security_scheme(BEARER, SecurityScheme::Http(bearer))
        .security_scheme(CLIENT, SecurityScheme::Http(client))
        .security_scheme(SESSION, SecurityScheme::ApiKey(ApiKey::Cookie(session)))
        .build()
}

/// The widest ones; each goes with a resource in the place of `*` as well.
fn scopes() -> Scopes {
    Scopes::from_iter([
        ("read:*", "Look at everything; `read:accounts` is for accounts alone, and so with every resource."),
        ("write:*", "Everything that changes something; `write:transactions` is for transactions alone."),
        ("admin:*", "Look and change; `admin:users` is for people alone."),
    ])
}

/// What holds for every operation.
const INTRODUCTION: &str = "\
A bank's books over JSON: a double-entry ledger, the people and programs who use it, and what each of them may do. Every \
path under `/v1` answers under `/api/v1`, too; those of OAuth stand at the root and have forms and refusals of their standards. \
Elsewhere a body goes with `Content-Type: application/json`, even an empty one, and unknown fields are refused.

**Tokens** say who asks: `Authorization: Bearer TOKEN` with every request under `/v1`, and no other way. A program gets one for its id and \
secret at `/oauth2/token` (`grant_type=client_credentials`); people log in at `/oauth2/authorize`, with PKCE, and their \
application takes the code to `/oauth2/token`. A token lives an hour at most. It may do what its roles grant, no more than its \
scopes say, and only while the policies allow it. A call without one is refused with 401 `unauthenticated`; at \
`token_expired` and `token_revoked` get a new one, and at 503 `access_stale` send the same again. All addresses are listed at \
`/.well-known/openid-configuration`.

**Money** is a decimal text with its currency, `{\"amount\": \"10.00\", \"currency\": \"USD\"}`, with exactly the digits that the \
currency has. A JSON number is refused.

**Repeats are harmless.** Give a transaction an `id` of your own, or send an `Idempotency-Key`: the same command gets its first \
answer again, with status 200, `\"replayed\": true` and the header `Idempotency-Replayed: true`. Refusals that depend on the \
books are remembered in the same way. After a timeout, ask by id or key, or simply send the same again.

**Refusals** are problems of RFC 9457 (`application/problem+json`). Act on `code`, which never changes its meaning; `detail` is \
for people; `errors` names fields of the request; other members are particulars such as `account`, `asked` and `available`. \
`request_id` is in our log too; you may set it with `X-Request-Id`.

**Books.** `?book=NAME` beside any operation says which book it is about; without it, `main` is meant. A book is a ledger of its \
own. A posting may name the book that its accounts are in; all of a transaction, and of a batch, is in one book.

**Time.** Instants are RFC 3339 in UTC. An answer comes within ten seconds; `X-Deadline-Ms` makes it less.";
