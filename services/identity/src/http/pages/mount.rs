//! Mounts the pages, with the protection of each. The list of pages is built by mounting, so that the test that walks
//! it sees new ones.
//!
//! Invariant: a handler that changes something takes a [`Posted`] form. Anything else does not compile.

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::routing::{get, post};

use super::Posted;
use crate::http::Site;

/// A page's requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// It shows no personal data.
    Open,
    /// It shows personal data: a browser that is not logged in does that first.
    Session,
    /// A form of a login: needs the key of the browser's login.
    LoginForm,
    /// A form of the account: needs the key of the session.
    SessionForm,
}

/// One page, or one form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRoute {
    pub path: &'static str,
    pub door: Door,
}

/// Pages as a router, and as a list.
#[derive(Default)]
pub(in crate::http) struct Mounted {
    router: Router<Arc<Site>>,
    list: Vec<PageRoute>,
}

impl Mounted {
    /// A page to look at, which changes nothing.
    pub(super) fn open<T: 'static>(self, path: &'static str, page: impl Handler<T, Arc<Site>>) -> Mounted {
        self.with(PageRoute { path, door: Door::Open }, get(page))
    }

    /// The same with personal data.
    pub(super) fn own<T: 'static>(self, path: &'static str, page: impl Handler<T, Arc<Site>>) -> Mounted {
        self.with(PageRoute { path, door: Door::Session }, get(page))
    }

    pub(super) fn login_form<T: TakesForm>(self, path: &'static str, act: impl Handler<T, Arc<Site>>) -> Mounted {
        self.with(PageRoute { path, door: Door::LoginForm }, post(act))
    }

    pub(super) fn session_form<T: TakesForm>(self, path: &'static str, act: impl Handler<T, Arc<Site>>) -> Mounted {
        self.with(PageRoute { path, door: Door::SessionForm }, post(act))
    }

    fn with(mut self, route: PageRoute, method: axum::routing::MethodRouter<Arc<Site>>) -> Mounted {
        self.list.push(route);
        Mounted { router: self.router.route(route.path, method), list: self.list }
    }

    pub(in crate::http) fn apart(self) -> (Router<Arc<Site>>, Vec<PageRoute>) {
        (self.router, self.list)
    }
}

/// Handler arguments as axum defines them, the last of which is one of our forms.
pub(super) trait TakesForm: 'static {}

impl<M: 'static, A: 'static> TakesForm for (M, A, Posted) {}
impl<M: 'static, A: 'static, B: 'static> TakesForm for (M, A, B, Posted) {}
