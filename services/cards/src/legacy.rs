//! Leaving an old system with the same HTTP contract, which this one calls: all callers come here.
//!
//! A programme's accounts are moved one at a time, with all of their cards, and back in the same way. Until then the old
//! system answers for them, and what it answers is recorded here as an authorization like any other.
//!
//! Invariants: one side owns an account's cards at any instant, and the commit that begins an authorization or a step
//! reads which; an account that moves is answered by neither side; it moves only after nothing of it is on its way, and
//! stays where it is unless balance, held sum and number of holds agree on both sides after the copy.
//!
//! Start reading at `pass` (the old system answers), then `mover`, `take` and `give` (accounts move).

mod book;
mod files;
mod give;
mod mover;
pub(crate) mod old;
mod pass;
pub(crate) mod rows;
mod shadow;
mod state;
mod take;

use async_trait::async_trait;
use kernel::Ctx;
use ledger_api::AccountPath;
use platform::access;
use platform::deadline::in_time;
use platform::feed::NewEvent;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::programme::{Programme, ProgrammeId};
use crate::refusal::CardsError;
use crate::{CardsService, Refusal, store};

pub use files::{ImportCards, Imported, LegacyCard, RejectedCard};
pub(crate) use pass::Theirs;
pub(crate) use shadow::Difference;
pub use shadow::DifferenceCount;

/// Hundredths of a percent: an account's place is below it.
pub(crate) const PLACES: u32 = 10_000;
const DISAGREEMENTS_MAX: i64 = 100;
const DIFFERENCES_MAX: i64 = 200;

/// Which system owns a card.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::FromRepr)]
#[serde(rename_all = "snake_case")]
#[repr(i64)]
pub enum Side {
    #[default]
    Ours = 0,
    /// The old system's.
    Theirs = 1,
    /// Neither answers until the account has moved.
    Moving = 2,
}

impl Side {
    pub(crate) fn is_ours(&self) -> bool {
        *self == Side::Ours
    }
}

/// How far a programme has left the old system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LegacyMode {
    /// The old system answers, and we record.
    Pass,
    /// The same; ours decides too, without effect, and differences are counted.
    Shadow,
    /// The accounts of `share` are ours.
    Split,
    /// All accounts are ours; the old system keeps what is needed to go back.
    Own,
    /// There is no way back. Needs `own`, with all accounts moved.
    Retired,
}

/// How a programme leaves an old system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Legacy {
    pub mode: LegacyMode,
    /// For `split`: percent of the programme's accounts, by a stable hash.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 100)]
    pub share: u32,
    /// The account in the ledger against which balances are taken over; it must be able to go below zero.
    pub takeover: AccountPath,
}

impl Legacy {
    /// Accounts with a place below it are ours.
    pub(crate) fn places(&self) -> u32 {
        match self.mode {
            LegacyMode::Pass | LegacyMode::Shadow => 0,
            LegacyMode::Split => self.share * (PLACES / 100),
            LegacyMode::Own | LegacyMode::Retired => PLACES,
        }
    }

    /// Numbers that we do not know are the old system's.
    pub(crate) fn has_strangers(&self) -> bool {
        matches!(self.mode, LegacyMode::Pass | LegacyMode::Shadow | LegacyMode::Split)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetLegacy {
    pub programme: ProgrammeId,
    pub legacy: Legacy,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LegacyReport {
    pub programme: ProgrammeId,
    pub legacy: Legacy,
    pub accounts: AccountsBySide,
    /// Decisions of the old system that ours was compared with.
    pub compared: u64,
    /// At most 200, the most frequent first.
    pub differences: Vec<DifferenceCount>,
    /// Accounts that did not move, because the two sides do not agree; while there are any, no other account moves. At
    /// most 100. Setting the mode again tries them again.
    pub disagreements: Vec<Disagreement>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountsBySide {
    pub ours: u64,
    pub theirs: u64,
    pub moving: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Disagreement {
    pub account: AccountPath,
    #[schema(example = "available: theirs 90.00 USD, ours 80.00 USD")]
    pub detail: String,
}

/// Leaving an old system.
#[async_trait]
pub trait Leaving {
    async fn set_legacy(&self, ctx: &Ctx, command: SetLegacy) -> Result<Programme, CardsError>;
    /// The old system's cards, with what it calls them. A card that is known already is left as it is.
    async fn import_cards(&self, ctx: &Ctx, command: ImportCards) -> Result<Imported, CardsError>;
    async fn legacy_report(&self, ctx: &Ctx, programme: ProgrammeId) -> Result<LegacyReport, CardsError>;
}

#[async_trait]
impl Leaving for CardsService {
    async fn set_legacy(&self, ctx: &Ctx, command: SetLegacy) -> Result<Programme, CardsError> {
        access::check(ctx, "programmes", "change", None)?;
        in_time(ctx, &self.clock, self.set_mode(command)).await
    }

    async fn import_cards(&self, ctx: &Ctx, command: ImportCards) -> Result<Imported, CardsError> {
        access::check(ctx, "cards", "issue", None)?;
        in_time(ctx, &self.clock, self.import(ctx, command)).await
    }

    async fn legacy_report(&self, ctx: &Ctx, programme: ProgrammeId) -> Result<LegacyReport, CardsError> {
        access::check(ctx, "programmes", "read", None)?;
        in_time(ctx, &self.clock, self.report(programme)).await
    }
}

impl CardsService {
    /// The same mode again changes nothing, and tries accounts again that did not move.
    async fn set_mode(&self, SetLegacy { programme, legacy }: SetLegacy) -> Result<Programme, CardsError> {
        if legacy.share > 100 {
            let (field, expected) = ("share".to_owned(), "a percentage from 0 to 100".to_owned());
            return Err(Refusal::TermsInvalid { field, expected }.into());
        }
        if self.old.is_none() {
            return Err(Refusal::LegacyAbsent.into());
        }
        let tx = self.db.begin().await?;
        let before = self.programme_in(&tx, programme).await?;
        let left = rows::counts(&tx, programme).await?;
        may_follow(before.legacy.as_ref(), &legacy, left)?;
        let programme = Programme { legacy: Some(legacy), version: before.version + 1, ..before };
        store::put_programme(&tx, &programme).await?;
        rows::forget_disagreements(&tx, programme.id).await?;
        let data = json!({ "programme": programme.id, "version": programme.version, "legacy": programme.legacy });
        let event = NewEvent::new("cards.programme.changed", programme.id.to_string(), data);
        self.commit(tx, vec![event]).await?;
        Ok(programme)
    }

    async fn report(&self, id: ProgrammeId) -> Result<LegacyReport, CardsError> {
        let tx = self.db.read().await?;
        let legacy = self.programme_in(&tx, id).await?.legacy.ok_or(Refusal::LegacyAbsent)?;
        let accounts = rows::counts(&tx, id).await?;
        let (compared, differences) = rows::differences(&tx, id, DIFFERENCES_MAX).await?;
        let disagreements = rows::disagreements(&tx, id, DISAGREEMENTS_MAX).await?;
        Ok(LegacyReport { programme: id, legacy, accounts, compared, differences, disagreements })
    }
}

/// Every mode leads to every other; only the last has conditions, and no way back.
fn may_follow(before: Option<&Legacy>, next: &Legacy, accounts: AccountsBySide) -> Result<(), Refusal> {
    let refused = |why: &str| Err(Refusal::LegacyMode { why: why.to_owned() });
    let now = before.map(|legacy| legacy.mode);
    match (now, next.mode) {
        (Some(LegacyMode::Retired), LegacyMode::Retired) => Ok(()),
        (Some(LegacyMode::Retired), _) => refused("the old system is retired, so nothing moves back"),
        (Some(LegacyMode::Own), LegacyMode::Retired) if accounts.theirs + accounts.moving == 0 => Ok(()),
        (_, LegacyMode::Retired) => refused("expected mode own, with no account left at the old system"),
        (_, LegacyMode::Pass | LegacyMode::Shadow | LegacyMode::Split | LegacyMode::Own) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn legacy(mode: LegacyMode, share: u32) -> Legacy {
        Legacy { mode, share, takeover: "assets:takeover".parse().unwrap() }
    }

    #[test]
    fn each_mode_owns_its_places() {
        for (mode, share, places, strangers) in [
            (LegacyMode::Pass, 50, 0, true),
            (LegacyMode::Shadow, 50, 0, true),
            (LegacyMode::Split, 7, 700, true),
            (LegacyMode::Own, 0, PLACES, false),
            (LegacyMode::Retired, 0, PLACES, false),
        ] {
            let legacy = legacy(mode, share);
            assert_eq!((legacy.places(), legacy.has_strangers()), (places, strangers), "{mode:?}");
        }
    }

    #[test]
    fn an_old_system_retires_when_it_owns_nothing() {
        let own = legacy(LegacyMode::Own, 0);
        let retired = legacy(LegacyMode::Retired, 0);
        let left = AccountsBySide { ours: 3, theirs: 0, moving: 1 };
        let none = AccountsBySide { ours: 4, theirs: 0, moving: 0 };
        assert!(may_follow(Some(&own), &retired, left).is_err());
        assert!(may_follow(Some(&legacy(LegacyMode::Split, 100)), &retired, none).is_err());
        assert_eq!(may_follow(Some(&own), &retired, none), Ok(()));
        assert!(may_follow(Some(&retired), &own, none).is_err());
        assert_eq!(may_follow(Some(&own), &legacy(LegacyMode::Pass, 0), none), Ok(()));
        assert_eq!(may_follow(None, &own, none), Ok(()));
    }
}
