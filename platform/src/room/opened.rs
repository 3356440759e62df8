//! What an opened room returns, and its routes.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;

use crate::feed::Consumer;
use crate::health::Part;
use crate::holder::Holder;
use crate::jobs::Job;
use crate::rpc::Methods;
use crate::shutdown::Step;

/// Why a room could not be opened.
pub type OpenError = Box<dyn std::error::Error + Send + Sync>;

/// A room that runs in this process.
pub struct Opened<S: ?Sized> {
    /// What every caller in this process gets, and what answers other processes.
    pub face: Arc<S>,
    /// Besides the face's, for calls between processes of the same room.
    pub methods: Vec<Methods>,
    /// For readiness and `/status`.
    pub parts: Vec<Arc<dyn Part>>,
    pub consumers: Vec<Arc<Consumer>>,
    pub periodic: Vec<Periodic>,
    /// Work at set times.
    pub jobs: Vec<Job>,
    /// For a room that holds personal data.
    pub holder: Option<Arc<dyn Holder>>,
    /// Updated every few seconds.
    pub gauges: Vec<Box<dyn Fn() + Send + Sync>>,
    /// Run when everything is open and before the first request is answered.
    pub last: Option<Last>,
    /// Run in this order after the last request; rooms do so at the same time.
    pub steps: Vec<Step>,
}

impl<S: ?Sized> Opened<S> {
    /// A face and nothing else.
    pub fn new(face: Arc<S>) -> Opened<S> {
        let (methods, parts, consumers, periodic) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (jobs, gauges, steps) = (Vec::new(), Vec::new(), Vec::new());
        Opened { face, methods, parts, consumers, periodic, jobs, holder: None, gauges, last: None, steps }
    }
}

/// Periodic work. A failure is logged, and the next round tries again.
pub struct Periodic {
    pub name: &'static str,
    /// From the end of one round to the beginning of the next.
    pub every: Duration,
    pub work: Box<dyn Fn() -> Later<()> + Send + Sync>,
}

/// Work that is still to be done, and may fail.
pub type Later<T> = Pin<Box<dyn Future<Output = Result<T, OpenError>> + Send>>;

/// Work for when everything is open; it may fail, and returns what people are told once.
pub type Last = Later<Introduction>;

/// What people are told at the start, on the terminal and never in the log.
#[derive(Debug, Default)]
pub struct Introduction {
    pub lines: Vec<String>,
    /// A client's id and secret, in shell form, for the request for a first token.
    pub program: Option<String>,
}

/// Routes, by how they are mounted.
#[derive(Debug, Default)]
pub struct Routes {
    /// Under `/v1` and `/api/v1`; every request needs a token.
    pub v1: Router,
    /// At `/`, where older guides call them; every request needs a token.
    pub guarded: Router,
    /// At `/`, without a token.
    pub root: Router,
}

impl Routes {
    pub fn under_v1(v1: Router) -> Routes {
        Routes { v1, ..Routes::default() }
    }
}
