//! What the account of a card has available. Nothing is held or stored; a card that may not pay learns nothing.

use kernel::{Ctx, Money, Secret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vault_api::{Expiry, Pan, Token};

use crate::card::CardId;
use crate::legacy::Side;
use crate::present::Presented;
use crate::reason::Reason;
use crate::refusal::CardsError;
use crate::{CardsService, store};

/// Asks for a balance. Either `pan` or `token` names the card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskBalance {
    /// The card number, 12 to 19 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "4111111111111111")]
    pub pan: Option<Pan>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
    /// As YYMM; compared with the card's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<Expiry>,
    /// The verification code; compared, and never stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "123")]
    pub cvv: Option<Secret>,
}

/// A balance, or the reason why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CardBalance {
    pub reason: Reason,
    /// The public code, ISO 8583 field 39.
    #[schema(example = "00")]
    pub response_code: String,
    /// Absent for a number that is not one of ours.
    pub card: Option<CardId>,
    /// What is available; absent for a decline.
    pub balance: Option<Money>,
}

impl CardsService {
    pub(crate) async fn read_balance(&self, ctx: &Ctx, command: AskBalance) -> Result<CardBalance, CardsError> {
        let found = self.named_card(ctx, command.pan.as_ref(), command.token, command.cvv.as_ref()).await?;
        let tx = self.db.read().await?;
        let card = match found.token {
            Some(token) => store::card_of_token(&tx, token).await?,
            None => None,
        };
        let Some(card) = card else { return Ok(told(Reason::CardUnknown, None, None)) };
        let programme = self.programme_in(&tx, card.programme).await?;
        drop(tx);
        match card.side {
            Side::Ours => {}
            Side::Theirs => {
                let told = self.balance_there(ctx, &card).await;
                crate::count::inquired(told.reason);
                return Ok(told);
            }
            Side::Moving => return Ok(told(Reason::CardMoving, Some(card.id), None)),
        }
        let presented = Presented { expiry: command.expiry, cvv_matches: found.cvv_matches };
        if let Err(reason) = presented.check(&card, &programme, self.clock.now()) {
            return Ok(told(reason, Some(card.id), None));
        }
        let (reason, balance) = match self.books.available(&self.own(ctx).await?, &card.account).await {
            Ok(balance) => (Reason::Approved, Some(balance)),
            Err(reason) => (reason, None),
        };
        Ok(told(reason, Some(card.id), balance))
    }
}

fn told(reason: Reason, card: Option<CardId>, balance: Option<Money>) -> CardBalance {
    crate::count::inquired(reason);
    CardBalance { reason, response_code: reason.code().to_owned(), card, balance }
}
