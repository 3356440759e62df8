//! Facts that others may want to know, told in order, at least once, and only after they were committed.
//!
//! A service offers its events as a [`Feed`]: everything behind a cursor. A table that is itself an append-only log is its
//! own feed; others write [`Outbox`] rows in the transaction of the fact. A [`Consumer`] pulls, and moves its cursor in the
//! transaction of the effect, so effects happen once. Nothing is ever published after a commit "if all goes well".

mod consumer;
mod event;
mod outbox;
mod signal;

pub use consumer::{Consumer, ConsumerConfig, Effect, FEED_CURSOR_TABLE};
pub use event::{CloudEvent, Event, Feed, FeedError, Pull};
pub use outbox::{NewEvent, OUTBOX_TABLES, Outbox, OutboxFeed};
pub use signal::FeedSignal;
