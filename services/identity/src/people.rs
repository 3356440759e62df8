//! Users: who has an account, and how administrators change that.
//!
//! Invariants: there is always an administrator who can log in; a change that makes a user's tokens out of date raises
//! their epoch in the same transaction. Start reading at [`person`], then [`admin`], then [`create`] and [`change`].

mod admin;
mod change;
mod create;
mod form;
mod holder;
mod person;
mod start;
mod store;

pub(crate) use person::Person;
pub(crate) use store::{epoch_raise, logins_end, password_renew, password_set, seen_set};

#[cfg(test)]
pub(crate) const SQL: &[&[&str]] = &[person::SQL, store::SQL, admin::SQL, change::SQL, holder::SQL, start::SQL];
#[cfg(test)]
pub(crate) use person::SETS;
