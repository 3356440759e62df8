//! Simulation: questions about scenarios, answered by `quant` on threads of low priority. Keeps nothing and calls no other room.
//!
//! `terms` turns what people say into a plan and a market, `words` says what was assumed, `ask` has the questions, and
//! `refuse` names everything that is refused. Invariant: the same scenario gives the same bits, in this process and in
//! another, on any number of threads.

mod answer;
mod ask;
mod count;
mod default;
mod http;
mod refuse;
mod service;
mod terms;
mod threads;
mod when;
mod words;

use std::sync::Arc;

use planning_api::{SIMULATION, Simulation};
use platform::config;
use platform::room::{Door, OpenError, Opened, Room, Routes, Site};
use serde::Deserialize;

pub(crate) use ask::check;
pub(crate) use default::{assumptions, class_of};
pub use service::SimulationService;
pub(crate) use terms::compiled;
pub(crate) use when::AGE_MAX;
pub(crate) use words::says;

pub static ROOM: Room = Room {
    service: "simulation-service",
    about: "simulates financial plans; keeps nothing",
    settings: SETTINGS,
    words: &[("simulations", &["run"])],
    grants: &[
        ("customer", &["simulations:run:own"]),
        ("employee", &["simulations:run:all"]),
        ("service", &["simulations:run:all"]),
    ],
    operations: http::OPERATIONS,
    tags: &http::TAGS,
    document: http::document,
    metrics: count::METRICS,
    ..Room::named(SIMULATION)
};

const SETTINGS: config::Settings = config::Settings {
    text: include_str!("../simulation/settings.toml"),
    ranges: &[("threads", 1..=64), ("waiting_max", 1..=10_000)],
    texts: &[],
    together: |_| Ok(()),
};

/// The section `[simulation]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub threads: usize,
    pub waiting_max: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { threads: 2, waiting_max: 64 }
    }
}

/// Opens the service. Calls no other room.
pub async fn open(site: Site<Settings>, _calls: ()) -> Result<Opened<dyn Simulation>, OpenError> {
    let face: Arc<dyn Simulation> = Arc::new(SimulationService::new(&site.settings, site.clock));
    Ok(Opened::new(face))
}

/// The routes, in this process or another.
///
/// # Errors
/// None so far.
pub fn mount(simulation: Arc<dyn Simulation>, _door: Door<Settings>) -> Result<Routes, OpenError> {
    Ok(http::routes(simulation))
}
