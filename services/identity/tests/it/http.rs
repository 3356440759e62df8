//! Identity over HTTP: pages as seen by a browser without JavaScript, the OAuth endpoints, and the operators' API.

mod account;
mod api;
mod attacks;
mod browser;
mod house;
mod login;
pub(crate) mod oauth;
mod other_person;
pub(crate) mod page;
mod sent;
pub(crate) mod visitor;
mod walk;
