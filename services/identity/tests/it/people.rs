//! Logging in, account security and users, on both engines.

mod administration;
mod api;
mod between;
mod clock;
mod cost;
mod devices;
mod enrol;
mod events;
mod factors;
mod forgotten;
mod harness;
mod hostile;
mod kinds;
mod lockout;
mod login;
mod once;
mod password;
mod race;
mod secrets;
mod security;
mod sent;
mod sessions;
mod start;
mod step_up;
mod waits;
mod ways;
