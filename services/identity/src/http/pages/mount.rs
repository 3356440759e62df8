//! Where pages are mounted, and what protects each: the list of them is made by mounting, so that a test which walks it sees a
//! new one.
//!
//! Invariant: what changes something takes a [`Posted`] form. Anything else does not compile.

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::routing::{get, post};

use super::Posted;
use crate::http::Site;

/// What a page wants of whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// It shows nothing of anybody's.
    Open,
    /// It shows what is a person's own: whoever is not logged in does that first.
    Session,
    /// A form of a login: the key of the login that the browser has begun.
    LoginForm,
    /// A form of the account: the key of the session.
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
    /// Something to look at. Looking changes nothing.
    pub(super) fn open<T: 'static>(self, path: &'static str, page: impl Handler<T, Arc<Site>>) -> Mounted {
        self.with(PageRoute { path, door: Door::Open }, get(page))
    }

    /// The same of a person's own.
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

/// What a handler takes, as axum writes it, where the last of it is a form of ours.
pub(super) trait TakesForm: 'static {}

impl<M: 'static, A: 'static> TakesForm for (M, A, Posted) {}
impl<M: 'static, A: 'static, B: 'static> TakesForm for (M, A, B, Posted) {}
