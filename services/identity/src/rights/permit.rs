//! Who may see and change what others may do.

use identity_api::{IdentityError, limits};
use kernel::{Ctx, Timestamp};
use platform::access;
use platform::error::Failure;

/// They belong to the house: a reach of one's own does not go so far.
pub(super) fn may(ctx: &Ctx, resource: &str, action: &str) -> Result<(), IdentityError> {
    access::check(ctx, resource, action, None).map_err(|_| IdentityError::Failed(Failure::Forbidden))
}

/// A stolen session must not be enough to change what anybody may do.
pub(super) fn may_change(ctx: &Ctx, resource: &str, now: Timestamp) -> Result<(), IdentityError> {
    may(ctx, resource, "change")?;
    let fresh = access::check_fresh(ctx, now, limits::FRESH_SECONDS);
    fresh.map_err(|access::ProofTooOld { seconds }| IdentityError::Failed(Failure::StepUpRequired { seconds }))
}
