//! Risk: decides about payments and logins, explains each decision, and monitors the model that it uses.
//!
//! It stores counters of entities, lists, versions of rules and models, decisions with everything that they were based on, labels and
//! cases. Every refusal has a name. It calls no other service.
//!
//! Invariants:
//! 1. a decision can be recomputed from its stored record;
//! 2. no decision depends on a label that was not known yet;
//! 3. one id has one decision and is counted once;
//! 4. two people are needed for a rule set or a model to go live;
//! 5. memory is bounded by `entities_max` and by the maximum size of an entity.
//!
//! Start reading at `engine` (decisions in memory), then `decide` (from rules and model to an outcome, pure), then `writer`.

mod backtest;
mod bench;
mod cases;
mod decide;
mod deciding;
mod engine;
mod explain;
mod features;
mod feedback;
mod history;
mod http;
mod import;
mod jobs;
mod listing;
mod lists;
mod live;
mod model;
mod offline;
mod open;
mod registry;
mod report;
mod room;
mod rule_sets;
mod rules;
mod service;
mod settings;
mod simulate;
mod source;
mod standby;
mod status;
mod store;
mod training;
mod trial;
mod warm;
mod watch;
mod writer;

#[cfg(test)]
mod tests;

pub use bench::{Figure, bench};
pub use history::{ImportError, Imported};
pub use offline::{Forms, Labelled, Offline, generate};
pub use open::{mount, open};
pub use room::ROOM;
pub use service::RiskService;
pub use settings::Settings;
pub use simulate::Plan;
pub use trial::{Trial, trial};
