//! One-time passwords that we generate: easy to read out and type, with a hundred random bits.

use kernel::Secret;

use crate::codes;

const GROUPS: usize = 4;

pub(crate) fn one_time_password() -> Secret {
    codes::readable(GROUPS)
}
