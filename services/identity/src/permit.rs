//! Whether the caller may administer: the house's one rule, in identity's words.

use identity_api::{IdentityError, limits};
use kernel::{Ctx, Timestamp};
use platform::access::{check, check_fresh};
use platform::error::Failure;

/// What belongs to the house is out of reach for permissions on one's own things, and says so.
pub(crate) fn may(ctx: &Ctx, resource: &str, action: &str) -> Result<(), IdentityError> {
    check(ctx, resource, action, None).map_err(|_| IdentityError::Failed(Failure::Forbidden))
}

/// For changes: a person proved a moment ago, with two factors, who they are.
pub(crate) fn fresh(ctx: &Ctx, now: Timestamp) -> Result<(), IdentityError> {
    check_fresh(ctx, now, limits::FRESH_SECONDS)
        .map_err(|old| IdentityError::Failed(Failure::StepUpRequired { seconds: old.seconds }))
}
