//! `Db` on both engines: the same calls, the same answers, the same faults.

mod backup;
mod beside;
mod budget;
mod faults;
mod migrations;
mod over_tls;
mod rows;
mod sharing;
mod silence;
