//! Who may see and change what others may do.

use identity_api::{IdentityError, limits};
use kernel::{Ctx, Timestamp};
use platform::access;
use platform::error::Failure;

/// Roles and policies are unowned: a reach of one's own objects does not include them.
pub(super) fn may(ctx: &Ctx, resource: &str, action: &str) -> Result<(), IdentityError> {
    access::check(ctx, resource, action, None).map_err(|_| IdentityError::Failed(Failure::Forbidden))
}

/// A stolen session must not be enough to change permissions.
pub(super) fn may_change(ctx: &Ctx, resource: &str, now: Timestamp) -> Result<(), IdentityError> {
    may(ctx, resource, "change")?;
    let fresh = access::check_fresh(ctx, now, limits::FRESH_SECONDS);
    fresh.map_err(|access::ProofTooOld { seconds }| IdentityError::Failed(Failure::StepUpRequired { seconds }))
}
