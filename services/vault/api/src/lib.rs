//! The vault's interface: its trait, commands and replies, and every refusal by name.
//!
//! The vault is the only service that stores card numbers. All others have tokens, which say nothing about the number.
//! Invariants: a card number ([`Pan`]) prints as its first six and last four digits, and a verification code never
//! prints. Start reading at [`Vault`].

mod card;
mod pan;
mod refusal;
mod remote;

use async_trait::async_trait;
use kernel::Ctx;
use platform::error::ServiceError;

pub use card::{
    Destroy, Expiry, ExpiryError, Find, FindCard, Found, Issue, Kept, Renew, Reveal, Revealed, Rotation, Token,
    TokenTag, Tokenize,
};
pub use pan::{Pan, PanError, is_luhn, with_check_digit};
pub use refusal::Refusal;
pub use remote::{FACE, RemoteVault};

/// Limits of a command; each has its refusal.
pub mod limits {
    /// Card numbers in one [`Find`](crate::Find).
    pub const FIND_MAX: usize = 1_000;
    /// Bytes of the reason for revealing a card number.
    pub const REASON_BYTES_MAX: usize = 200;
}

pub type VaultError = ServiceError<Refusal>;

/// The vault, in this process or another. A local call promises no more than a remote one.
#[async_trait]
pub trait Vault: Send + Sync {
    /// The tokens of card numbers, in the order given. An unknown number is looked for and not stored.
    async fn find(&self, ctx: &Ctx, command: Find) -> Result<Vec<Option<Found>>, VaultError>;
    /// Stores a card number that was issued elsewhere. The same number has one token, however often it is stored.
    async fn tokenize(&self, ctx: &Ctx, command: Tokenize) -> Result<Kept, VaultError>;
    /// Makes a new card number. Needs an idempotency key.
    async fn issue(&self, ctx: &Ctx, command: Issue) -> Result<Kept, VaultError>;
    /// The same number with another expiry date, and so with another verification code.
    async fn renew(&self, ctx: &Ctx, command: Renew) -> Result<Kept, VaultError>;
    /// The number itself: for people who have just authenticated, and recorded as an event.
    async fn reveal(&self, ctx: &Ctx, command: Reveal) -> Result<Revealed, VaultError>;
    /// Removes a number permanently. Its token stays unused.
    async fn destroy(&self, ctx: &Ctx, command: Destroy) -> Result<(), VaultError>;
    /// Begins to move all numbers to new keys. A rotation that still runs is not begun again.
    async fn rotate(&self, ctx: &Ctx) -> Result<Rotation, VaultError>;
    /// The state of the last rotation.
    async fn rotation(&self, ctx: &Ctx) -> Result<Rotation, VaultError>;
}
