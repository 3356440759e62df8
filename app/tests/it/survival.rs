//! The real binary when the world ends under it: killed at any instant, a disk that is full or fails to sync, a directory
//! that cannot be written. What was acknowledged is there, once; what was not is whole or absent; `verify` is clean.

mod books;
mod disk;
mod kill;
