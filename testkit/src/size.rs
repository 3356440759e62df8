//! How much a test does. Each time a little, so that all tests of a room end in half a minute; much where it is asked for, as
//! `scripts/do deep` does for all of them.

/// The number in the variable `name`; `small` where it is not set.
pub fn size(name: &str, small: u64) -> u64 {
    let Ok(text) = std::env::var(name) else { return small };
    text.parse().unwrap_or_else(|_| panic!("{name} is not a whole number: {text:?}"))
}
