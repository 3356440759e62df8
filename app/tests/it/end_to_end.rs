//! The real binary as its callers see it: the whole life of money over HTTP, on both engines; invalid input of every
//! kind; the document walked operation by operation; and the way the process ends.

mod answers;
mod away;
mod bad_input;
mod batches;
mod books;
mod demo;
mod document;
mod frame;
mod history;
mod house;
mod inside;
mod life;
mod lists;
mod metrics;
mod once;
mod person;
mod rules;
mod search;
mod special;
mod stop;
