//! Lanes on both engines: a reply always matches the store, whatever goes wrong in between.

mod disk;
mod groups;
mod leased;
mod lost;
mod poison;
mod time;
mod toy;
