//! Risk on its store, on both engines: what a caller sees of it.

mod decisions;
mod faults;
mod harness;
mod labels;
mod models;
mod rules;
mod story;
mod tables;
mod ways;
