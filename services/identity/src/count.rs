//! Identity's metrics. Every label comes from a closed list: refusals by code, grants and factors by name; never a
//! user, a client or an address.

use std::time::Duration;

use identity_api::{FactorKind, IdentityError, LoginReply, Refusal, TokenReply};
use kernel::{Clock, Monotonic};
use platform::telemetry::Metric;

const LOGINS: &str = "identity_logins_total";
const FACTORS: &str = "identity_second_factors_total";
const LOCKED_OUT: &str = "identity_locked_out_total";
const GRANTS_REFUSED: &str = "identity_grants_refused_total";
const WAITING: &str = "identity_passwords_waiting";
const WAIT: &str = "identity_password_wait_seconds";
const WORK: &str = "identity_password_check_seconds";

pub(crate) const METRICS: &[Metric] = &[
    Metric::counter(
        LOGINS,
        &["outcome"],
        "logins that began a session, and steps of logins that were refused, by code",
    ),
    Metric::counter(FACTORS, &["kind", "outcome"], "second-factor codes entered at logins"),
    Metric::counter(
        LOCKED_OUT,
        &["by"],
        "attempts refused unchecked because too many before them failed, by what has to wait",
    ),
    Metric::counter(GRANTS_REFUSED, &["error"], "requests for tokens that were refused"),
    Metric::counter("identity_tokens_issued_total", &["grant"], "access tokens issued"),
    Metric::gauge(WAITING, &[], "passwords waiting to be checked now").in_unit("passwords"),
    Metric::histogram(WAIT, &[], "time that a password waited for a thread"),
    Metric::histogram(WORK, &[], "time that a password took on its thread"),
];

/// One login step: a session that began, or why the step was refused. Steps that lead to another step are not counted.
pub(crate) fn login(outcome: &Result<LoginReply, IdentityError>) {
    let outcome = match outcome {
        Ok(reply) if reply.session.is_some() => "session",
        Ok(_) => return,
        Err(error) => error.code(),
    };
    metrics::counter!(LOGINS, "outcome" => outcome).increment(1);
}

/// `kind` is none if a code was entered that had not been sent.
pub(crate) fn second_factor(kind: Option<FactorKind>, right: bool) {
    let kind = kind.map_or("none", FactorKind::name);
    metrics::counter!(FACTORS, "kind" => kind, "outcome" => if right { "right" } else { "wrong" }).increment(1);
}

pub(crate) fn locked_out(by: &'static str) {
    metrics::counter!(LOCKED_OUT, "by" => by).increment(1);
}

/// Every reply of the token endpoint passes through here.
pub(crate) fn grant(outcome: Result<TokenReply, IdentityError>) -> Result<TokenReply, IdentityError> {
    outcome.inspect_err(|error| {
        let error = match error {
            IdentityError::Refused { refusal: Refusal::OAuth { error, .. }, .. } => error.code(),
            other => other.code(),
        };
        metrics::counter!(GRANTS_REFUSED, "error" => error).increment(1);
    })
}

pub(crate) fn passwords_waiting(count: usize) {
    metrics::gauge!(WAITING).set(u32::try_from(count).unwrap_or(u32::MAX));
}

/// The time of one password, from its request on.
pub(crate) struct Watch {
    asked: Monotonic,
}

impl Watch {
    pub(crate) fn start(clock: &dyn Clock) -> Watch {
        Watch { asked: clock.monotonic() }
    }

    /// Runs what was waited for.
    pub(crate) fn work<T>(&self, clock: &dyn Clock, work: impl FnOnce() -> T) -> T {
        let begun = clock.monotonic();
        metrics::histogram!(WAIT).record(between(self.asked, begun));
        let done = work();
        metrics::histogram!(WORK).record(between(begun, clock.monotonic()));
        done
    }
}

fn between(from: Monotonic, to: Monotonic) -> Duration {
    Duration::from_micros(to.micros_since(from))
}
