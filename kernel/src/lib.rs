//! Types shared by all crates: money, currencies, ids, time and the context of a call.
//!
//! Has no I/O and no async code. Invariants: money never overflows silently and is never a float; an id of the wrong
//! kind does not compile; the time is only read through a [`Clock`] that was passed in. Start reading at [`Money`],
//! then [`Ctx`].

mod clock;
mod ctx;
mod currency;
mod id;
mod money;
mod permission;
mod principal;
#[cfg(feature = "schema")]
mod schema;
mod secret;
mod timestamp;
mod token_scope;

pub use clock::{Clock, Monotonic, SystemClock};
pub use ctx::{Ctx, Deadline, IdempotencyKey, IdempotencyKeyError};
pub use currency::{Currency, CurrencyError};
pub use id::{Id, IdError, IdKind, IdMaker};
pub use money::{Money, MoneyError, Percent, PercentError, allocate};
pub use permission::{Permission, PermissionError};
pub use principal::{Asked, Object, Principal, PrincipalKind, Proof, Rules, RulesInForce, Verdict};
pub use secret::Secret;
pub use timestamp::{Timestamp, TimestampError};
pub use token_scope::{TokenScope, TokenScopeError};
