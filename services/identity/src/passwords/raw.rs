//! The raw limit of a core: the work of a password and nothing else. The benchmark prints it next to logins.

use kernel::Clock;

use super::PasswordsError;
use super::hashing::Hashing;

const PASSWORD: &str = "correct horse battery staple";

#[derive(Debug, Clone, Copy)]
pub struct RawChecks {
    pub checked: u64,
    pub micros: u64,
}

/// Checks passwords on one otherwise idle thread, until the time is over.
pub fn raw_password_checks(
    memory_kib: u32,
    passes: u32,
    micros: u64,
    clock: &dyn Clock,
) -> Result<RawChecks, PasswordsError> {
    let hashing = Hashing::new(memory_kib, passes)?;
    let stored = hashing.hash(PASSWORD)?;
    let (start, mut checked) = (clock.monotonic(), 0_u64);
    loop {
        checked += u64::from(hashing.fits(&stored, PASSWORD));
        let spent = clock.monotonic().micros_since(start);
        if spent >= micros.max(1) {
            return Ok(RawChecks { checked, micros: spent });
        }
    }
}
