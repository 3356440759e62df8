//! The real binary as its callers see it: the whole life of money over HTTP, on both engines; every refusal by its
//! code; invalid input of every kind; the document walked operation by operation; and the way the process ends.

mod answers;
mod bad_input;
mod batches;
mod books;
mod class;
mod demo;
mod document;
mod guard;
mod history;
mod house;
mod life;
mod lists;
mod metrics;
mod mint;
mod once;
mod person;
mod refusals;
mod search;
mod special;
mod stop;
