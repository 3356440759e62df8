//! A card as it is presented: whether it pays at all, before its controls. Pure.

use kernel::Timestamp;
use vault_api::Expiry;

use crate::calendar::end_of_month;
use crate::card::Card;
use crate::programme::Programme;
use crate::reason::Reason;

/// What was given of the card, beside its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Presented {
    pub(crate) expiry: Option<Expiry>,
    pub(crate) cvv_matches: Option<bool>,
}

impl Presented {
    pub(crate) fn check(self, card: &Card, programme: &Programme, now: Timestamp) -> Result<(), Reason> {
        if let Some(reason) = card.status.declines() {
            return Err(reason);
        }
        let end = end_of_month(card.expiry.year(), card.expiry.month(), &programme.terms.zone);
        if end.is_none_or(|end| end <= now) {
            return Err(Reason::CardExpired);
        }
        if self.expiry.is_some_and(|given| given != card.expiry) {
            return Err(Reason::ExpiryWrong);
        }
        if self.cvv_matches == Some(false) {
            return Err(Reason::CvvWrong);
        }
        if card.account_blocked { Err(Reason::AccountBlocked) } else { Ok(()) }
    }
}
