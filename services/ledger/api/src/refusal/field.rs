//! The request field that a refusal is about.

use std::borrow::Cow;

use super::Refusal;
use crate::Operation;

/// How a request names amounts: in its postings, per posting of a pending transaction, or as a single amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Postings,
    Amounts,
    Amount,
}

impl Shape {
    pub fn of(operation: &Operation) -> Shape {
        if matches!(operation, Operation::Create(_)) { Shape::Postings } else { Shape::Amounts }
    }

    pub fn amounts(single: bool) -> Shape {
        if single { Shape::Amount } else { Shape::Amounts }
    }

    fn amount(self, posting: usize) -> String {
        match self {
            Shape::Postings => format!("postings[{posting}].amount"),
            Shape::Amounts => format!("amounts[{posting}]"),
            Shape::Amount => "amount".to_owned(),
        }
    }

    fn list(self) -> &'static str {
        match self {
            Shape::Postings => "postings",
            Shape::Amounts => "amounts",
            Shape::Amount => "amount",
        }
    }
}

pub fn of(refusal: &Refusal, shape: Shape) -> Option<Cow<'static, str>> {
    use Refusal::*;
    let name = match refusal {
        AmountZero { posting } | AmountNegative { posting } | AmountTooLarge { posting, .. } => {
            return Some(shape.amount(*posting).into());
        }
        AmountAboveRemaining { posting, .. } => return Some(shape.amount(*posting).into()),
        SameAccount { posting, .. } | PostingMalformed { posting, .. } => {
            return Some(format!("postings[{posting}]").into());
        }
        NoPostings | TooManyPostings { .. } | AmountsMismatch { .. } => shape.list(),
        IdempotencyMissing | IdTaken { .. } => "id",
        ReferenceTaken { .. } => "reference",
        MetadataTooLarge { .. } => "metadata",
        BookUnknown { .. } => "book",
        BatchEmpty | BatchTooLarge { .. } => "lines",
        AssetInvalid { .. } => "code",
        AssetExists { .. } => "scale",
        ExpiryInvalid { .. } | ExpiresInPast { .. } => "expires_at",
        EffectiveInFuture { .. } | EffectiveBeforeOpening { .. } => "effective_at",
        ScheduleTimeMissing | ScheduleInPast { .. } | ScheduleTooFar { .. } => "effective_at",
        VersionMismatch { .. } => "if_version",
        PageSize { .. } => "limit",
        RollUpTooLarge { .. } => "prefix",
        RangeEmpty { .. } => "to",
        DepthOutOfRange { .. } => "depth",
        _ => return None,
    };
    Some(name.into())
}
