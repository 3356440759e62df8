//! Whether the caller may administer: the common permission check, with identity's errors.

use identity_api::{IdentityError, limits};
use kernel::{Ctx, Timestamp};
use platform::access::{check, check_fresh};
use platform::error::Failure;

/// Unowned objects are out of reach of permissions on one's own objects, and the refusal says so.
pub(crate) fn may(ctx: &Ctx, resource: &str, action: &str) -> Result<(), IdentityError> {
    check(ctx, resource, action, None).map_err(|_| IdentityError::Failed(Failure::Forbidden))
}

/// For changes: needs a user's recent authentication with two factors.
pub(crate) fn fresh(ctx: &Ctx, now: Timestamp) -> Result<(), IdentityError> {
    check_fresh(ctx, now, limits::FRESH_SECONDS)
        .map_err(|old| IdentityError::Failed(Failure::StepUpRequired { seconds: old.seconds }))
}
