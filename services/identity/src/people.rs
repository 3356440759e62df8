//! People: who has an account, and how that is changed by whoever may.
//!
//! Invariants: there always is an administrator who can log in; a change that makes what a person was told untrue raises their
//! epoch in the same transaction. Start reading at [`person`], then [`admin`], then [`change`].

mod admin;
mod change;
mod form;
mod person;
mod start;
mod store;

pub(crate) use person::Person;
pub(crate) use store::{epoch_raise, logins_end, password_renew, password_set, seen_set};

#[cfg(test)]
pub(crate) const SQL: &[&[&str]] = &[person::SQL, store::SQL, admin::SQL, change::SQL, start::SQL];
#[cfg(test)]
pub(crate) use person::SETS;
