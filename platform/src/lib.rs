//! What every service needs, without any business rules.
//!
//! Contains the database on both engines, lanes that commit in groups, configuration, telemetry, the HTTP kit, health,
//! shutdown, access checks and the data directory. Knows no domain: nothing here names an account or a card.
//! Invariants: every queue, body and wait has a bound; an answer never shows an internal cause; a secret is never
//! printed. Start reading at [`db`] and [`lane`] for storage, at [`config`] and [`http`] for the edge.

pub mod access;
pub mod config;
pub mod crypto;
pub mod data_dir;
pub mod db;
pub mod deadline;
pub mod error;
pub mod feed;
pub mod frame;
pub mod health;
pub mod holder;
pub mod http;
pub mod jobs;
pub mod lane;
pub mod lease;
pub mod limits;
pub mod once;
pub mod outbound;
#[cfg(feature = "planted")]
pub mod planted;
pub mod room;
pub mod rpc;
pub mod shutdown;
pub mod telemetry;
pub mod tls;
