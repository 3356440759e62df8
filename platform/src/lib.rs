//! What every service needs and no business rule.

pub mod access;
pub mod db;
pub mod lane;
