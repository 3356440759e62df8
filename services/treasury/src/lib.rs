//! Treasury: where the cash is, where it will be, what to move, and what can go wrong.
//!
//! Owns entities, the accounts that are linked to them, rates, expected flows, forecasts with their models, pools, sweeps, and
//! calculations of risk. Owns no balances: those are the ledger's and banking's, of which treasury keeps a copy. It follows the
//! events of both, and asks for what they say has changed. It moves money in one way only: an approved sweep, in the ledger, as
//! one atomic batch under ids that are made from the sweep.
//!
//! The pure parts decide: `position` (what is there?), `convert` (in another currency?), `matching` (was it expected?),
//! `outlook` (what comes next?), and the crate `quant` for everything that is mathematics.
//!
//! | table | a row is |
//! |---|---|
//! | `entity`, `account`, `source` | a company, an account of it, and what the account follows |
//! | `head`, `balance`, `day_total` | the last answer about a source, each answer before, what counts of a day |
//! | `rate` | what a currency was worth in another, when, by whom, and since when that is known |
//! | `flow`, `flow_match`, `recurring` | an expected amount, what it was matched with, a rule that makes flows |
//! | `model`, `forecast` | what was learnt from a series, and what was said about it |
//! | `pool`, `sweep` | accounts around a header with their rules, and a set of moves |
//! | `exposure`, `factor`, `run` | what can lose value, histories, and a calculation with all that it was made from |
//!
//! Invariants: a total is the sum of its lines and says what it lacks; without a rate nothing is converted; a flow counts once:
//! known, matched or forecast; a kept forecast and a run never change; the same data, seed and version give the same bits;
//! nobody approves a sweep that they proposed; a sweep moves nothing twice.
//!
//! Start reading at `follow` and `refresh`, then `position`, `outlook` and `sweeps`.

mod accounts;
mod convert;
mod count;
mod demo;
mod execute;
mod exposures;
mod face;
mod flows;
mod follow;
mod forecasts;
mod http;
mod matching;
mod names;
mod outlook;
mod pools;
mod position;
mod positions;
mod rates;
mod recurring;
mod refresh;
mod refuse;
mod room;
mod service;
mod settings;
mod store;
mod sweeps;
mod table;
mod training;
mod value_at_risk;

pub use face::*;
pub use room::{Calls, ROOM, mount, open};
pub use service::{Parts, TreasuryService};
pub use settings::Settings;
