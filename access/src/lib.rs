//! Authentication and authorization, decided locally in every process.
//!
//! Owns the terms under which tokens are accepted: signing keys, roles, policies and revocations ([`Standing`]), the
//! claims of a token ([`Claims`]), the built-in roles and policies, and the words that they are made of, which the
//! rooms bring ([`Vocabulary`]). One room makes the terms; a [`Gate`] is each process's own copy. Refuses what it
//! cannot verify, and everything if its copy is too old. Invariants: how a signature is checked depends on the key and
//! never on the token; expiry and revocation are checked every time; rules narrow what roles grant. Start reading at
//! [`Gate`], then [`RuleSet`].

use platform::telemetry::Metric;

mod authenticate;
pub mod bench;
mod claims;
mod follow;
mod gate;
mod keys;
mod refusal;
mod revocations;
mod roles;
mod rules;
mod standing;
mod terms;
mod vocabulary;

/// What every process reports about tokens and terms.
pub const METRICS: &[Metric] = &[
    Metric::counter("access_follow_failures_total", &[], "failed attempts to hear new terms from identity"),
    Metric::counter(
        "access_terms_refused_total",
        &[],
        "terms of identity that this process cannot use; it keeps the old ones",
    ),
    Metric::gauge("access_revocations", &[], "revocations that this process knows").in_unit("revocations"),
    Metric::counter("access_tokens_refused_total", &["code"], "tokens refused"),
];

pub use authenticate::authenticate;
pub use claims::{ACR_MFA, Claims, TOKEN_TYPE};
pub use follow::{ANSWER_MS, Follow, Source, WAIT_MS};
pub use gate::{Gate, GateSettings};
pub use refusal::{RevokedAs, TokenRefusal, refusals};
pub use roles::is_built_in;
pub use rules::{
    Facts, Hours, MINUTES_OF_A_DAY, Moment, RuleError, RuleSet, ZoneError, built_in_policies, check_policy,
};
pub use standing::{Hears, Policy, PublicKey, Revoked, RevokedWhat, Role, Since, Standing, Terms};
pub use vocabulary::{Vocabulary, VocabularyError};
