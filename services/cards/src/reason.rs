//! Why an authorization was decided as it was: one row each, with the public code of ISO 8583, field 39.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A decline is an answer and not an error: callers act on it.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Reason {
    Approved,
    ApprovedInPart,
    /// Risk was away, and the programme approves small amounts then.
    ApprovedWithoutRisk,
    /// A stand-in decided, and told us.
    Advised,
    CardUnknown,
    CardInactive,
    CardPaused,
    CardLost,
    CardStolen,
    CardExpired,
    CardClosed,
    ExpiryWrong,
    CvvWrong,
    AccountBlocked,
    CurrencyNotSupported,
    MerchantNotAllowed,
    CategoryNotAllowed,
    CountryNotAllowed,
    ChannelNotAllowed,
    HourNotAllowed,
    AmountOverTransactionLimit,
    AmountOverDayLimit,
    AmountOverWeekLimit,
    AmountOverMonthLimit,
    AmountOverLifetimeLimit,
    CountOverDayLimit,
    CountOverWeekLimit,
    CountOverMonthLimit,
    CountOverLifetimeLimit,
    InsufficientFunds,
    SuspectedFraud,
    AuthenticationNeeded,
    /// Risk did not answer in time, and the programme declines then.
    RiskAway,
    /// Risk's answer made no sense.
    RiskMalformed,
    /// The reversal of this authorization came first.
    ReversedBefore,
    /// The ledger refused the hold for a reason of its own.
    LedgerRefused,
    /// The books could not be reached in time.
    LedgerAway,
    /// The old system, whose card it is, did not answer.
    LegacyAway,
    /// The card is on its way from one system to the other.
    CardMoving,
    /// It was not decided in time; no caller waits for it any more.
    TimedOut,
    SystemError,
    PinNotSupported,
}

impl Reason {
    pub fn name(self) -> &'static str {
        self.into()
    }

    pub fn is_approval(self) -> bool {
        use Reason::*;
        matches!(self, Approved | ApprovedInPart | ApprovedWithoutRisk | Advised)
    }

    /// Field 39.
    #[rustfmt::skip]
    pub fn code(self) -> &'static str {
        use Reason::*;
        match self {
            Approved | ApprovedWithoutRisk | Advised => "00",
            ApprovedInPart => "10",
            CardUnknown => "14",
            CardInactive | CardClosed | CvvWrong | LedgerRefused => "05",
            CardPaused | AccountBlocked | CountryNotAllowed => "62",
            CardLost => "41",
            CardStolen => "43",
            CardExpired | ExpiryWrong => "54",
            CurrencyNotSupported => "12",
            MerchantNotAllowed | CategoryNotAllowed | ChannelNotAllowed | HourNotAllowed | PinNotSupported => "57",
            AmountOverTransactionLimit | AmountOverDayLimit | AmountOverWeekLimit | AmountOverMonthLimit | AmountOverLifetimeLimit => "61",
            CountOverDayLimit | CountOverWeekLimit | CountOverMonthLimit | CountOverLifetimeLimit => "65",
            InsufficientFunds => "51",
            SuspectedFraud => "59",
            AuthenticationNeeded => "1A",
            RiskAway | LedgerAway | LegacyAway | CardMoving => "91",
            TimedOut => "68",
            ReversedBefore => "25",
            RiskMalformed | SystemError => "96",
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    #[test]
    fn each_reason_has_a_name_and_a_code() {
        for reason in Reason::VARIANTS {
            assert_eq!(reason.code().len(), 2);
            assert_eq!(reason.name().parse::<Reason>(), Ok(*reason));
            assert_eq!(reason.is_approval(), matches!(reason.code(), "00" | "10"), "{reason:?}");
        }
    }
}
