//! Passwords for one use, made by us: easily read out and typed, and with a hundred random bits.

use kernel::Secret;

use crate::codes;

const GROUPS: usize = 4;

pub(crate) fn one_time_password() -> Secret {
    codes::readable(GROUPS)
}
