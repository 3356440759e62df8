//! The platform on both engines and over real sockets. One binary, so that it is linked once: a test that needs a
//! process to itself (a metrics recorder, a subscriber, a failing disk) uses `testkit::alone`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod answers;
mod bad_input;
mod common;
mod connections;
mod crypto;
mod db;
mod deadline;
mod feed;
mod frame;
mod gateway;
mod health;
mod jobs;
mod lane;
mod limits;
mod once;
mod outbound;
mod room;
mod rpc;
mod shutdown;
mod storm;
mod tls;
mod traces;
