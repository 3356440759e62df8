//! Lanes on both engines: what a caller is told is what the store holds, whatever goes wrong in between.

mod disk;
mod groups;
mod leased;
mod lost;
mod poison;
mod time;
mod toy;
