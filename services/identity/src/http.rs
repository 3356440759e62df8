//! Identity over HTTP: the pages that people see, the endpoints of OAuth and OpenID Connect, and the API for operators.
//!
//! Handlers parse, call the trait and map the reply; nothing is decided here. Invariants: a GET changes nothing that
//! belongs to anybody; a form is only accepted with the key of its page and from our own origin; OAuth endpoints return
//! errors as their standards say and the API returns problems; no page needs JavaScript. Start reading at [`routes`],
//! then `pages::login`.

mod api;
mod browser;
mod oauth;
mod pages;

use std::sync::Arc;

use axum::Router;
use identity_api::Identity;
use kernel::Clock;
use utoipa::openapi::OpenApi;

pub(crate) use api::{OPERATIONS, TAGS};

/// The exchanges recorded from the room's story.
const STORY: &str = include_str!("../story.json");
pub use pages::{Door, PageRoute};

/// What the routes need besides identity itself.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// The address at which browsers and clients reach us: `https://id.example.com`.
    pub issuer: String,
    pub clock: Arc<dyn Clock>,
}

/// The routes, grouped by how they are mounted.
pub struct Routes {
    /// At `/`, without a bearer token: pages, OAuth and OpenID Connect.
    pub root: Router,
    /// Under `/v1` and `/api/v1`, with a bearer token.
    pub v1: Router,
    /// The description of `v1`, as mounted under `/v1`, and of OAuth and OpenID Connect.
    pub api: OpenApi,
    /// The pages in `root`, which are not in the description.
    pub pages: Vec<PageRoute>,
}

/// All of identity's HTTP routes.
pub fn routes(identity: Arc<dyn Identity>, config: HttpConfig) -> Routes {
    let site = Arc::new(Site::new(Arc::clone(&identity), config));
    let (oauth, described) = oauth::routes();
    let (pages, list) = pages::routes().apart();
    let root = oauth.merge(pages).with_state(site);
    let (v1, mut api) = api::routes(identity);
    api.merge(described);
    Routes { root, v1, api, pages: list }
}

/// Only the description.
pub fn api() -> OpenApi {
    let mut api = api::api();
    api.merge(oauth::api());
    api
}

/// State shared by the pages and the OAuth endpoints.
struct Site {
    identity: Arc<dyn Identity>,
    issuer: String,
    clock: Arc<dyn Clock>,
    style: pages::Style,
}

impl Site {
    fn new(identity: Arc<dyn Identity>, config: HttpConfig) -> Site {
        let issuer = config.issuer.trim_end_matches('/').to_owned();
        Site { identity, issuer, clock: config.clock, style: pages::Style::new() }
    }

    /// Browsers reach us over TLS even if the last hop is plain HTTP.
    fn is_https(&self) -> bool {
        self.issuer.starts_with("https://")
    }
}
