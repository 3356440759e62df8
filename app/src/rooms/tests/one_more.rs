//! The deployment with one more room, `pebbles`, which one line in the list of rooms adds to the tests of this crate alone: each place
//! that a room must appear in, on both engines.

mod apart;
mod appears;
mod bounds;
mod copies;
mod program;
mod reads;
mod reads_apart;
mod works;
