//! The old system's cards become cards of ours that it still answers for. Each stands alone, and one that is known already
//! is left as it is, so that an import that ended early is sent again.

use kernel::Ctx;
use ledger_api::AccountPath;
use platform::error::Failure;
use platform::feed::NewEvent;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use vault_api::{Expiry, Kept, Pan, Token, Tokenize};

use super::rows::{self, CardThere, Stage};
use super::{PLACES, Side};
use crate::card::{Card, CardId, CardStatus, CardTag};
use crate::controls::Controls;
use crate::face::IssueCard;
use crate::programme::{Programme, ProgrammeId, check_controls};
use crate::refusal::CardsError;
use crate::service::of_vault;
use crate::{CardsService, Refusal, store};

const CARDS_MAX: usize = 500;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportCards {
    pub programme: ProgrammeId,
    /// At most 500.
    pub cards: Vec<LegacyCard>,
}

/// A card of the old system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LegacyCard {
    /// Its id there.
    pub card: CardId,
    /// Its token there.
    pub token: Token,
    #[schema(value_type = String, example = "4111111111111111")]
    pub pan: Pan,
    pub expiry: Expiry,
    /// The account that pays, in our ledger.
    pub account: AccountPath,
    #[serde(default = "active")]
    pub status: CardStatus,
    #[serde(default)]
    pub controls: Controls,
}

/// What became of the cards.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Imported {
    pub imported: u64,
    /// Imported before.
    pub known: u64,
    pub rejected: Vec<RejectedCard>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RejectedCard {
    /// Its id in the old system.
    pub card: CardId,
    #[schema(example = "bin_mismatch")]
    pub code: String,
    pub detail: String,
}

fn active() -> CardStatus {
    CardStatus::Active
}

impl CardsService {
    pub(super) async fn import(&self, ctx: &Ctx, command: ImportCards) -> Result<Imported, CardsError> {
        let given = command.cards.len();
        if given > CARDS_MAX {
            let (field, expected) = ("cards".to_owned(), format!("at most {CARDS_MAX} cards, not {given}"));
            return Err(Refusal::TermsInvalid { field, expected }.into());
        }
        let programme = self.programme_in(&self.db.read().await?, command.programme).await?;
        if programme.legacy.is_none() {
            return Err(Refusal::LegacyAbsent.into());
        }
        let mut done = Imported::default();
        for card in command.cards {
            let id = card.card;
            match self.import_card(ctx, &programme, card).await {
                Ok(true) => done.imported += 1,
                Ok(false) => done.known += 1,
                Err(error) => match error.refusal() {
                    Some(refusal) => {
                        let (code, detail) = (error.code().to_owned(), refusal.to_string());
                        done.rejected.push(RejectedCard { card: id, code, detail });
                    }
                    None => return Err(error),
                },
            }
        }
        Ok(done)
    }

    /// Whether it is new.
    async fn import_card(&self, ctx: &Ctx, programme: &Programme, card: LegacyCard) -> Result<bool, CardsError> {
        let tx = self.db.read().await?;
        if rows::is_known(&tx, programme.id, card.card).await? {
            return Ok(false);
        }
        let moved = rows::account(&tx, &card.account).await?.is_some_and(|known| known.stage != Stage::Theirs);
        drop(tx);
        if moved {
            return Err(Refusal::LegacyMode { why: "the account is not the old system's any more".to_owned() }.into());
        }
        let (expected, found) =
            (programme.terms.bin.clone(), card.pan.expose().get(..6).unwrap_or_default().to_owned());
        if !card.pan.expose().starts_with(&expected) {
            return Err(Refusal::BinMismatch { expected, found }.into());
        }
        check_controls(&card.controls, programme.terms.currency)?;
        let (owner, account_blocked) = self.holder(ctx, &issued(programme, &card), programme).await?;
        let number = Tokenize { pan: card.pan.clone(), expiry: card.expiry };
        let kept = self.vault.tokenize(&self.own(ctx).await?, number).await.map_err(of_vault)?;
        let there = CardThere { card: self.ids.make::<CardTag>(), old_card: card.card, old_token: card.token };
        let made = Card { owner, account_blocked, ..made(programme, card, (there.card, kept), self.clock.now()) };
        self.store_import(made, there).await?;
        Ok(true)
    }

    async fn store_import(&self, card: Card, there: CardThere) -> Result<(), CardsError> {
        let tx = self.db.begin().await?;
        if !store::add_card(&tx, &card).await? {
            return Err(Refusal::NumberTaken.into());
        }
        let place = self.bits("place", card.account.as_str(), 0) % u128::from(PLACES);
        let place = i64::try_from(place).map_err(|_| Failure::Internal)?;
        rows::add_card(&tx, card.programme, (&card.account, place), there).await?;
        let data = json!({ "card": card.id, "programme": card.programme, "token": card.token, "side": card.side });
        self.commit(tx, vec![NewEvent::new("cards.card.imported", card.id.to_string(), data)]).await
    }
}

fn issued(programme: &Programme, card: &LegacyCard) -> IssueCard {
    IssueCard {
        programme: programme.id,
        account: card.account.clone(),
        expiry: card.expiry,
        token: None,
        controls: Controls::default(),
        replaces: None,
    }
}

fn made(programme: &Programme, card: LegacyCard, (id, kept): (CardId, Kept), now: kernel::Timestamp) -> Card {
    Card {
        id,
        programme: programme.id,
        token: kept.token,
        owner: None,
        account: card.account,
        status: card.status,
        bin: kept.bin,
        last_four: kept.last_four,
        expiry: card.expiry,
        controls: card.controls,
        account_blocked: false,
        side: Side::Theirs,
        replaces: None,
        version: 1,
        created_at: now,
        replayed: false,
    }
}
