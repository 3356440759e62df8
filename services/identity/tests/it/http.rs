//! Identity over HTTP: pages as a browser without a script sees them, the endpoints of OAuth, and the operators' API.

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
