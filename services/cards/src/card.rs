//! Cards and the states that they go through.

use kernel::{Id, IdKind, Timestamp};
use ledger_api::AccountPath;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vault_api::{Expiry, Token};

use crate::Refusal;
use crate::controls::Controls;
use crate::legacy::Side;
use crate::programme::ProgrammeId;
use crate::reason::Reason;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardTag {}

impl IdKind for CardTag {
    const PREFIX: &'static str = "card";
}

pub type CardId = Id<CardTag>;

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
pub enum CardStatus {
    /// Issued, and not in its holder's hands yet.
    Inactive,
    Active,
    Paused,
    Lost,
    Stolen,
    /// Its last month is over; it can be renewed.
    Expired,
    /// Permanent.
    Closed,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr, strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CardChange {
    Activate,
    Pause,
    Resume,
    ReportLost,
    ReportStolen,
    Expire,
    /// The same number with a later expiry date.
    Renew,
    Close,
}

/// A card, without its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Card {
    pub id: CardId,
    pub programme: ProgrammeId,
    /// Stands for the number; only the vault has that.
    pub token: Token,
    /// The owner of the account.
    pub owner: Option<String>,
    /// The holder's account in the ledger.
    pub account: AccountPath,
    pub status: CardStatus,
    #[schema(example = "411111")]
    pub bin: String,
    #[schema(example = "1111")]
    pub last_four: String,
    /// As YYMM.
    pub expiry: Expiry,
    pub controls: Controls,
    /// Whether the account is blocked: payments are declined until it is not.
    pub account_blocked: bool,
    /// Which system answers for it, while a programme leaves an old one.
    #[serde(default, skip_serializing_if = "Side::is_ours")]
    pub side: Side,
    /// The card that this one was issued for instead.
    pub replaces: Option<CardId>,
    /// Rises by one with each change.
    pub version: i64,
    pub created_at: Timestamp,
    /// It was issued by the same command before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replayed: bool,
}

impl CardStatus {
    pub fn name(self) -> &'static str {
        self.into()
    }

    pub(crate) fn next(self, change: CardChange) -> Result<CardStatus, Refusal> {
        use CardChange::*;
        use CardStatus::*;
        match (self, change) {
            (Inactive, Activate) | (Paused, Resume) => Ok(Active),
            (Active, Pause) => Ok(Paused),
            (Inactive | Active | Paused, ReportLost) => Ok(Lost),
            (Inactive | Active | Paused | Lost, ReportStolen) => Ok(Stolen),
            (Inactive | Active | Paused, Expire) => Ok(Expired),
            (Active | Paused | Inactive, Renew) => Ok(self),
            (Expired, Renew) => Ok(Active),
            (Inactive | Active | Paused | Lost | Stolen | Expired, Close) => Ok(Closed),
            _ => Err(Refusal::CardState { status: self, change }),
        }
    }

    /// Why a card in this state declines, if it does.
    pub(crate) fn declines(self) -> Option<Reason> {
        match self {
            CardStatus::Active => None,
            CardStatus::Inactive => Some(Reason::CardInactive),
            CardStatus::Paused => Some(Reason::CardPaused),
            CardStatus::Lost => Some(Reason::CardLost),
            CardStatus::Stolen => Some(Reason::CardStolen),
            CardStatus::Expired => Some(Reason::CardExpired),
            CardStatus::Closed => Some(Reason::CardClosed),
        }
    }
}

impl CardChange {
    pub fn name(self) -> &'static str {
        self.into()
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    #[test]
    fn only_the_intended_changes_of_state_are_possible() {
        let allowed = |from: CardStatus| -> Vec<(&'static str, &'static str)> {
            let next = |change: &CardChange| Some((change.name(), from.next(*change).ok()?.name()));
            CardChange::VARIANTS.iter().filter_map(next).collect()
        };
        assert_eq!(allowed(CardStatus::Closed), []);
        assert_eq!(allowed(CardStatus::Stolen), [("close", "closed")]);
        assert_eq!(allowed(CardStatus::Lost), [("report_stolen", "stolen"), ("close", "closed")]);
        assert_eq!(allowed(CardStatus::Expired), [("renew", "active"), ("close", "closed")]);
        let active = [
            ("pause", "paused"),
            ("report_lost", "lost"),
            ("report_stolen", "stolen"),
            ("expire", "expired"),
            ("renew", "active"),
            ("close", "closed"),
        ];
        assert_eq!(allowed(CardStatus::Active), active);
    }

    #[test]
    fn only_an_active_card_pays() {
        for status in CardStatus::VARIANTS {
            assert_eq!(status.declines().is_none(), *status == CardStatus::Active, "{status:?}");
        }
    }
}
