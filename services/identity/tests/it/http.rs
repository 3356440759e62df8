//! Identity over HTTP: pages as seen by a browser without JavaScript, the OAuth endpoints, and the operators' API.

mod account;
mod api;
mod attacks;
mod browser;
mod house;
mod login;
mod oauth;
mod other_person;
mod page;
mod sent;
mod visitor;
mod walk;
