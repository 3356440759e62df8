//! Planning: households, what they have, what they save for, and their money in a thousand futures.
//!
//! Two rooms. `planning` keeps households, assets, goals and plans; it asks `simulation` for futures, and the ledger and
//! banking for balances. [`simulation`] keeps nothing. Planning moves no money and holds no market data.
//!
//! The pure parts decide: `worth` (what was it worth on each day?), `figures` (how is a goal going?), `simulation::terms`
//! (what does a scenario mean?). Names, births, goals and plans are sealed under the key of the member who wrote them; amounts and
//! days are not.
//!
//! | table | a row is |
//! |---|---|
//! | `household`, `member`, `person` | a household, who may see it, whose lives it plans |
//! | `asset`, `asset_month`, `rate` | something owned or owed, a month of its values, a rate into the household's currency |
//! | `goal`, `goal_source` | a goal, and a share of an asset that is for it |
//! | `plan`, `plan_version` | a plan, and one version of it, which never changes |
//!
//! Invariants: net worth is the sum of its lines, in every currency; shares of an asset never come to more than it is; an
//! account counts once in a household; another household's objects do not exist for a caller; `reached` is told once; no
//! name and no amount of a person is in logs, events or metrics. Start reading at `reach`, then `worth` and `progress`.

mod accounts;
mod assets;
mod config;
mod demo;
mod event;
mod figures;
mod goals;
mod households;
mod http;
mod keys;
mod look;
mod members;
mod plans;
mod progress;
mod reach;
mod room;
mod service;
pub mod simulation;
mod store;
mod worth;

pub use config::Settings;
pub use room::{Calls, ROOM, mount, open};
pub use service::{Parts, PlanningService};
