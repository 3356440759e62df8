//! Facts that others may need, published in order, at least once, and only after commit.
//!
//! A service publishes its events as a [`Feed`]: everything after a cursor. A table that is itself an append-only log
//! is its own feed; other services write [`Outbox`] rows in the transaction of the fact. A [`Consumer`] pulls, and
//! moves its cursor in the transaction of the effect, so effects happen once. Nothing is ever published after a commit
//! "if all goes well".
//!
//! An event says who caused it ([`Actor`]), which is known from the call that the service is answering.
//!
//! An event that cannot be applied is parked, and the rest continue, including events of the same subject. An outbox
//! keeps its rows until every registered consumer has passed them and a few days are over ([`Retention`]); a later
//! reader gets an error.

mod actor;
mod aside;
mod consumer;
mod effect;
mod event;
mod keeper;
mod outbox;
mod parked;
mod registry;
mod running;
mod signal;

pub use actor::Actor;
pub(crate) use actor::{caused_by, causes};
pub use consumer::{Consumer, ConsumerConfig, FEED_CURSOR_TABLE};
pub use effect::{Effect, EffectError};
pub use event::{CloudEvent, ConsumerName, ConsumerNameError, Event, Feed, FeedError, Pull};
pub use keeper::{OutboxKeeper, Retention};
pub use outbox::{NewEvent, OUTBOX_TABLES, Outbox, OutboxFeed};
pub use parked::{FEED_PARKED_TABLE, ParkedError, ParkedEvent, give_up, parked_after, want_retry};
pub use registry::{OUTBOX_CONSUMER_TABLE, RegisteredConsumer, deregister, registered};
pub use running::Running;
pub use signal::FeedSignal;
