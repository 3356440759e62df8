//! Notifications: what people are told, by which way, and when.
//!
//! Owns kinds and their templates, messages, deliveries and attempts, contacts, preferences, inboxes and suppressions. It
//! decides nothing about money or access, and no other room calls it on a request's path: it reads the events of
//! identity and the ledger, and asks identity for addresses in the background, as itself.
//!
//! A message is one kind to one recipient. It is routed once: `decision` says on which channels it goes and `when`; each
//! becomes a delivery. Two lanes, urgent and ordinary, claim what is due in one transaction (`claim`), give it to
//! providers, and store their answers in another (`outcome`). A process that is killed between the two leaves a delivery
//! that ends as unknown, never as a double.
//!
//! | table | a row is |
//! |---|---|
//! | `message` | one kind to one recipient; its data sealed under the person's key |
//! | `delivery`, `attempt` | that message on one channel; one try at one provider |
//! | `contact`, `preference` | addresses, language and zone of a person, sealed; what they want to be told |
//! | `inbox_entry` | a message that a person reads here |
//! | `suppression` | an address, as a keyed digest, that gets nothing optional any more |
//! | `account_owner`, `refresh` | copies of what the ledger and identity told |
//! | `endpoint`, `post` | a webhook's address and secrets, sealed; one event for it |
//! | `device` | a browser or app that gets push messages, sealed |
//! | `kept_mail` | a mail that was kept instead of being sent |
//!
//! Invariants: each delivery ends in one final state with a reason; one (source, event, kind, recipient) makes one
//! message; nothing optional goes to a suppressed address, an opted-out channel or past its life; what a provider took is
//! not sent again; addresses and codes are sealed, codes are wiped when done, and neither is in events, logs or metrics.
//! Start reading at `send`, then `route` and `deliver`.

mod channel;
mod claim;
mod config;
mod contact;
mod count;
mod dead;
mod decision;
mod deliver;
mod demo;
mod devices;
mod event;
mod http;
mod inbox;
mod keys;
mod kinds;
mod outcome;
mod preferences;
mod preview;
mod refresh;
mod returns;
mod room;
mod route;
mod send;
mod service;
mod show;
mod store;
mod suppression;
mod template;
mod triggers;
mod verify;
mod webhook;
mod when;

pub use config::Settings;
pub use room::{ROOM, mount, open};
