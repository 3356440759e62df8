//! The real binary under faults: killed at any instant, a disk that is full or fails to sync, a directory that cannot
//! be written. What was acknowledged is there exactly once; what was not is complete or absent; `verify` is clean.

mod books;
mod disk;
mod kill;
