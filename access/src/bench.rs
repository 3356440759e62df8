//! Benchmarks of what every request pays for: checking a cached token, and one decision; and the lower bound of each
//! and of a grant.
//!
//! It creates its own keys and tokens and touches no running deployment.

pub(crate) mod mint;

use std::sync::Arc;

use kernel::{Asked, Clock, Object, Principal, PrincipalKind, Rules, SystemClock};

use crate::{Gate, GateSettings, Hears, Policy, RuleError, RuleSet, Standing, Terms, TokenRefusal, Vocabulary};

pub use mint::{MintError, Minter};

/// Calls that are timed together, because the clock has a resolution of microseconds.
const TIMED_TOGETHER: usize = 50;

/// Nanoseconds per call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    pub calls: usize,
    pub mean_ns: f64,
    /// Of fifty calls in a row, the median and the 99th percentile.
    pub p50_ns: f64,
    pub p99_ns: f64,
}

#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    #[error(transparent)]
    Mint(#[from] MintError),
    #[error(transparent)]
    Rule(#[from] RuleError),
    #[error("a newly made token is refused: {0}")]
    Refused(#[from] TokenRefusal),
    #[error("a decision was wrong: {0}")]
    Decision(String),
}

/// Checking tokens that are already cached, in turn.
pub fn remembered_checks(words: &Vocabulary, tokens: usize, calls: usize) -> Result<Figures, BenchError> {
    let (gate, minter) = gate(words, GateSettings { remembered_max: tokens.max(1) * 2, ..GateSettings::default() })?;
    let made = (0..tokens.max(1)).map(|number| minter.token(number)).collect::<Result<Vec<_>, _>>()?;
    for token in &made {
        gate.verify(token)?;
    }
    let mut next = made.iter().cycle();
    timed(calls, || next.next().map_or(Ok(()), |token| gate.verify(token).map(drop).map_err(BenchError::from)))
}

/// Checking new tokens: the signature, and everything after it.
pub fn first_checks(words: &Vocabulary, calls: usize) -> Result<Figures, BenchError> {
    let (gate, minter) = gate(words, GateSettings::default())?;
    let made = (0..calls.max(1)).map(|number| minter.token(number)).collect::<Result<Vec<_>, _>>()?;
    let mut next = made.iter();
    timed(calls, || next.next().map_or(Ok(()), |token| gate.verify(token).map(drop).map_err(BenchError::from)))
}

/// Minimum cost of finding a cached token by its hash.
pub fn digests(calls: usize) -> Result<Figures, BenchError> {
    let token = Minter::new("bench")?.token(0)?;
    timed(calls, || {
        std::hint::black_box(platform::crypto::digest(std::hint::black_box(&token)));
        Ok(())
    })
}

/// Minimum cost of making a token.
pub fn signatures(calls: usize) -> Result<Figures, BenchError> {
    let minter = Minter::new("bench")?;
    let mut number = 0;
    timed(calls, || {
        number += 1;
        std::hint::black_box(minter.token(number)?);
        Ok(())
    })
}

/// A decision about a customer's own object, where `others` policies name other actions.
pub fn decisions(words: &Vocabulary, others: usize, calls: usize) -> Result<Figures, BenchError> {
    decisions_by(words, others, calls, |action| format!("action == Action::\"{action}\""))
}

/// The same if all of those policies have to be evaluated, because they test the action in a condition: the cost of a
/// decision without selection.
pub fn decisions_without_selection(words: &Vocabulary, others: usize, calls: usize) -> Result<Figures, BenchError> {
    decisions_by(words, others, calls, |_| "action".to_owned())
}

/// The first action is decided, and the policies name the others.
fn decisions_by(
    words: &Vocabulary,
    others: usize,
    calls: usize,
    head: impl Fn(&str) -> String,
) -> Result<Figures, BenchError> {
    let mut actions = words.actions();
    let (resource, action) = actions.next().ok_or_else(|| BenchError::Decision("there are no words".to_owned()))?;
    let rest: Vec<_> = actions.collect();
    let other = |(number, (resource, action)): (usize, &(&str, &str))| {
        let action = format!("{resource}:{action}");
        let head = head(&action);
        let condition = format!("action == Action::\"{action}\" && resource.kind == \"none-{number}\"");
        let text = format!("forbid (principal, {head}, resource) when {{ {condition} }};");
        Policy { id: format!("other-{number}"), description: String::new(), text, enabled: true, built_in: false }
    };
    let policies: Vec<Policy> = rest.iter().cycle().take(others).enumerate().map(other).collect();
    let rules = RuleSet::compile(&policies, "Europe/Berlin", words, Arc::new(SystemClock))?;
    let principal = Principal::new(PrincipalKind::Customer, "cust_ann", []);
    let object = Object::Of(Some("cust_ann"));
    let asked = Asked { principal: &principal, resource, action, reaches_all: false, object };
    timed(calls, || match rules.decide(&asked) {
        kernel::Verdict::Allowed => Ok(()),
        other => Err(BenchError::Decision(format!("{other:?}"))),
    })
}

/// A gate with one known key and the built-in roles and rules.
fn gate(words: &Vocabulary, settings: GateSettings) -> Result<(Gate, Minter), BenchError> {
    let minter = Minter::new("bench")?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let gate = Gate::new(clock, GateSettings { stale_ms: None, ..settings }, words.clone());
    let terms = Terms {
        issuer: mint::ISSUER.to_owned(),
        audience: mint::AUDIENCE.to_owned(),
        keys: vec![minter.public()],
        roles: words.built_in_roles(),
        policies: crate::built_in_policies(),
        zone: "Europe/Berlin".to_owned(),
    };
    gate.hear(Standing { version: 1, terms: Some(terms), revoked: Vec::new(), more: false });
    Ok((gate, minter))
}

fn timed(calls: usize, mut call: impl FnMut() -> Result<(), BenchError>) -> Result<Figures, BenchError> {
    let clock = SystemClock;
    let rounds = calls.div_ceil(TIMED_TOGETHER).max(1);
    let mut each_ns = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let began = clock.monotonic();
        for _ in 0..TIMED_TOGETHER {
            call()?;
        }
        each_ns.push(clock.monotonic().micros_since(began) as f64 * 1_000.0 / TIMED_TOGETHER as f64);
    }
    each_ns.sort_by(f64::total_cmp);
    let at = |share: f64| each_ns.get(((rounds - 1) as f64 * share) as usize).copied().unwrap_or_default();
    let mean_ns = each_ns.iter().sum::<f64>() / rounds as f64;
    Ok(Figures { calls: rounds * TIMED_TOGETHER, mean_ns, p50_ns: at(0.5), p99_ns: at(0.99) })
}

#[cfg(test)]
mod tests;
