//! Identity's configuration.

use std::path::PathBuf;

use access::Vocabulary;
use identity_api::FactorKind;

/// The product's defaults, without a vocabulary.
#[derive(Debug, Clone)]
pub struct IdentityConfig {
    /// The address at which browsers and clients reach us: `https://id.example.com`.
    pub issuer: String,
    /// The audience of access tokens.
    pub audience: String,
    /// The institution's time zone.
    pub zone: String,
    pub access_seconds: i64,
    pub refresh_seconds: i64,
    pub session_seconds: i64,
    pub session_idle_seconds: i64,
    /// Passwords checked at the same time.
    pub password_threads: usize,
    /// Maximum waiting passwords.
    pub password_queue_max: usize,
    pub argon2_memory_kib: u32,
    pub argon2_passes: u32,
    /// Roles that require a second factor.
    pub second_factor_roles: Vec<String>,
    /// Sorted SHA-1 sums, as haveibeenpwned.com publishes them.
    pub breached_passwords_file: Option<PathBuf>,
    /// Channels for one-time codes, for users whose roles require no second factor: e-mail and SMS. None unless named
    /// here.
    pub sent_factors: Vec<FactorKind>,
    /// Days after which the next key signs.
    pub key_days: i64,
    /// The words of all rooms, from which permissions and policies are made.
    pub words: Vocabulary,
}

impl Default for IdentityConfig {
    fn default() -> IdentityConfig {
        IdentityConfig {
            issuer: "http://127.0.0.1:8080".to_owned(),
            audience: "florin".to_owned(),
            zone: "UTC".to_owned(),
            access_seconds: 3_600,
            refresh_seconds: 86_400,
            session_seconds: 43_200,
            session_idle_seconds: 1_800,
            password_threads: 1,
            password_queue_max: 256,
            argon2_memory_kib: 19_456,
            argon2_passes: 2,
            second_factor_roles: vec!["employee".to_owned(), "admin".to_owned()],
            breached_passwords_file: None,
            sent_factors: Vec::new(),
            key_days: 30,
            words: Vocabulary::default(),
        }
    }
}
