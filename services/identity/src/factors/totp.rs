//! Authenticator apps (RFC 6238): six digits, thirty seconds, one step of tolerance either side.
//!
//! Invariant: a used step, and every earlier one, is never valid again. The store decides, so that of two logins at the
//! same moment one is refused.

use identity_api::{Enrolment, IdentityError, Refusal, UserId};
use kernel::{Secret, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use platform::crypto::{Place, SealError};
use platform::db::{DbError, Tx, Value};
use platform::error::Failure;
use totp_rs::{Algorithm, Builder, Totp};
use zeroize::Zeroizing;

use crate::IdentityService;
use crate::codes;

/// As long as the digest below, as RFC 4226 recommends.
const SECRET_BYTES: usize = 20;
const DIGITS: u8 = 6;
const STEP_SECONDS: u64 = 30;
const PATIENCE_STEPS: u16 = 1;
/// How long a shown secret waits for its first code.
const WAITS_SECONDS: i64 = 10 * 60;
const ISSUER: &str = "Florin";

const FACTOR_FIND: &str = "
select secret, begun_at, confirmed_at
from factor
where person = $1 and kind = 'totp'";

const FACTOR_USE: &str = "
update factor
set last_step = $2
where person = $1 and kind = 'totp' and last_step < $2 and confirmed_at is not null";

const FACTOR_BEGIN: &str = "
insert into factor (person, kind, secret, begun_at, confirmed_at, last_step)
values ($1, 'totp', $2, $3, null, 0)
on conflict (person, kind) do update
set secret = excluded.secret, begun_at = excluded.begun_at, last_step = 0
where factor.confirmed_at is null";

const FACTOR_CONFIRM: &str = "
update factor
set confirmed_at = $2, last_step = $3
where person = $1 and kind = 'totp' and confirmed_at is null";

const FACTORS_REMOVE: &str = "
delete from factor
where person = $1";

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[FACTOR_FIND, FACTOR_USE, FACTOR_BEGIN, FACTOR_CONFIRM, FACTORS_REMOVE];

/// The secret shared with an app.
#[derive(Clone)]
pub(crate) struct TotpSecret(Zeroizing<Vec<u8>>);

impl TotpSecret {
    pub(crate) fn make() -> TotpSecret {
        TotpSecret(codes::random(SECRET_BYTES))
    }

    fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The step of this code, among those close enough to now.
    pub(crate) fn step_of(&self, code: &Secret, now: Timestamp) -> Option<i64> {
        let seconds = now.micros().unsigned_abs() / 1_000_000;
        let step = self.totp(DIGITS).check(&codes::plain(code.expose()), seconds)?;
        i64::try_from(step).ok()
    }

    /// For the user's app, as letters to type and as the URL of a QR code.
    pub(crate) fn shown(&self, username: &str) -> Enrolment {
        let secret = Zeroizing::new(totp_rs::Secret::from(self.0.to_vec()).to_base32());
        let name = utf8_percent_encode(username, NON_ALPHANUMERIC);
        let uri = format!("otpauth://totp/{ISSUER}:{name}?secret={}&issuer={ISSUER}", *secret);
        Enrolment { secret: Secret::new(secret.as_str()), uri: Secret::new(uri) }
    }

    fn totp(&self, digits: u8) -> Totp {
        // SHA-1, because many apps support nothing else; HMAC is not affected by SHA-1's weaknesses.
        let builder = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(digits).with_skew(PATIENCE_STEPS);
        builder.with_step_duration(STEP_SECONDS).with_secret(self.0.to_vec()).build_noncompliant()
    }
}

impl IdentityService {
    /// Uses a code of the user's app; false if it is wrong, was used, or there is no app.
    pub(crate) async fn totp_use(&self, tx: &Tx, person: UserId, code: &Secret) -> Result<bool, IdentityError> {
        let id = person.to_bytes();
        let rows = tx.query(FACTOR_FIND, &[Value::Bytes(&id)]).await?;
        let Some(row) = rows.first() else { return Ok(false) };
        let sealed = row.bytes(0)?;
        let secret = self.totp_open(person, sealed).await?;
        let Some(step) = secret.step_of(code, self.clock.now()) else { return Ok(false) };
        let used = tx.execute(FACTOR_USE, &[Value::Bytes(&id), Value::Int(step)]).await?;
        Ok(used == 1)
    }

    /// Stores a secret that waits for its first code; refused if there is already an app.
    pub(crate) async fn totp_begin(&self, tx: &Tx, person: UserId, secret: &TotpSecret) -> Result<(), IdentityError> {
        let id = person.to_bytes();
        let sealed = self.totp_seal(person, secret)?;
        let values = [Value::Bytes(&id), Value::Bytes(&sealed), Value::Int(self.clock.now().micros())];
        match tx.execute(FACTOR_BEGIN, &values).await? {
            0 => Err(Refusal::FactorExists.into()),
            _ => Ok(()),
        }
    }

    /// The waiting secret, if it has not expired.
    pub(crate) async fn totp_begun(&self, tx: &Tx, person: UserId) -> Result<Option<TotpSecret>, IdentityError> {
        let rows = tx.query(FACTOR_FIND, &[Value::Bytes(&person.to_bytes())]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let begun_at = Timestamp::from_micros(row.int(1)?);
        let confirmed = row.int_or_null(2)?.is_some();
        if confirmed || self.clock.now() >= begun_at.plus_seconds(WAITS_SECONDS) {
            return Ok(None);
        }
        let secret = self.totp_open(person, row.bytes(0)?).await?;
        Ok(Some(secret))
    }

    /// The app has proved that it knows the secret: from now on it is a factor. False if it already is one.
    pub(crate) async fn totp_confirm(&self, tx: &Tx, person: UserId, step: i64) -> Result<bool, DbError> {
        let id = person.to_bytes();
        let values = [Value::Bytes(&id), Value::Int(self.clock.now().micros()), Value::Int(step)];
        Ok(tx.execute(FACTOR_CONFIRM, &values).await? == 1)
    }

    /// The app and the backup codes.
    pub(crate) async fn factors_remove(&self, tx: &Tx, person: UserId) -> Result<(), DbError> {
        tx.execute(FACTORS_REMOVE, &[Value::Bytes(&person.to_bytes())]).await?;
        self.backup_remove(tx, person).await
    }

    pub(crate) fn totp_seal(&self, person: UserId, secret: &TotpSecret) -> Result<Vec<u8>, IdentityError> {
        self.ring.seal(Place::new("factor", "secret", &person.to_bytes()), secret.bytes()).map_err(seal_error)
    }

    pub(crate) async fn totp_open(&self, person: UserId, sealed: &[u8]) -> Result<TotpSecret, IdentityError> {
        let opened = self.ring.unseal(Place::new("factor", "secret", &person.to_bytes()), sealed).await;
        opened.map(TotpSecret).map_err(seal_error)
    }
}

pub(crate) fn seal_error(error: SealError) -> IdentityError {
    tracing::error!(%error, "a sealed value could not be opened or created");
    IdentityError::Failed(Failure::Internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, for SHA-1.
    #[test]
    fn codes_match_the_standards_vectors() {
        let secret = TotpSecret(Zeroizing::new(b"12345678901234567890".to_vec()));
        for (seconds, code) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(secret.totp(8).generate(seconds).to_string(), code);
            let short = Secret::new(&code[2..]);
            let step = i64::try_from(seconds / 30).unwrap();
            let at = |seconds: u64| Timestamp::from_micros(i64::try_from(seconds).unwrap() * 1_000_000);
            assert_eq!(secret.step_of(&short, at(seconds)), Some(step));
            assert_eq!(secret.step_of(&short, at(seconds + 30)), Some(step), "one step late");
            assert_eq!(secret.step_of(&short, at(seconds - 30)), Some(step), "one step early");
            assert_eq!(secret.step_of(&short, at(seconds + 60)), None, "two steps late");
            assert_eq!(secret.step_of(&short, at(seconds.saturating_sub(60))), (seconds < 60).then_some(step));
        }
    }

    #[test]
    fn text_that_is_not_a_code_is_refused() {
        let (secret, now) = (TotpSecret::make(), Timestamp::from_micros(1_769_860_800_000_000));
        for code in ["", "12345", "1234567", "abcdef", "+12345", "١٢٣٤٥٦"] {
            assert_eq!(secret.step_of(&Secret::new(code), now), None, "{code}");
        }
    }

    #[test]
    fn an_app_gets_the_secret_and_the_username() {
        let secret = TotpSecret(Zeroizing::new(b"12345678901234567890".to_vec()));
        let shown = secret.shown("ann@example.com");
        assert_eq!(shown.secret.expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let uri = "otpauth://totp/Florin:ann%40example%2Ecom?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Florin";
        assert_eq!(shown.uri.expose(), uri);
    }
}
