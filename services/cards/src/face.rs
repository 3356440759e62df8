//! The interface of cards: its trait, the commands about programmes and cards, and both remote halves.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Ctx, IdempotencyKey};
use ledger_api::AccountPath;
use platform::room::Face;
use platform::rpc::{Methods, MethodsOf, Repeat, RpcClient};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vault_api::{Expiry, Token};

use crate::authorization::{
    Authorization, AuthorizationFound, AuthorizationId, Authorize, FindAuthorization, Stepped, TakeStep,
};
use crate::balance::{AskBalance, CardBalance};
use crate::card::{Card, CardChange, CardId};
use crate::controls::Controls;
use crate::legacy::{ImportCards, Imported, Leaving, LegacyReport, SetLegacy};
use crate::programme::{Programme, ProgrammeId, Terms};
use crate::refusal::CardsError;
use crate::settle::{Settle, Settlement};

/// Programmes and their cards.
#[async_trait]
pub trait Issuing {
    async fn put_programme(&self, ctx: &Ctx, command: PutProgramme) -> Result<Programme, CardsError>;
    async fn programmes(&self, ctx: &Ctx) -> Result<Vec<Programme>, CardsError>;
    /// Needs an idempotency key.
    async fn issue(&self, ctx: &Ctx, command: IssueCard) -> Result<Card, CardsError>;
    async fn change(&self, ctx: &Ctx, command: ChangeCard) -> Result<Card, CardsError>;
    async fn card(&self, ctx: &Ctx, id: CardId) -> Result<Card, CardsError>;
    async fn cards(&self, ctx: &Ctx, query: CardQuery) -> Result<Vec<Card>, CardsError>;
}

/// Cards, in this process or another. A local call promises no more than a remote one.
#[async_trait]
pub trait Cards: Issuing + Leaving + Send + Sync {
    /// Decides whether a card may pay. The same request gets the same answer.
    async fn authorize(&self, ctx: &Ctx, command: Authorize) -> Result<Authorization, CardsError>;
    /// What a card's account has available. Nothing is held.
    async fn balance(&self, ctx: &Ctx, command: AskBalance) -> Result<CardBalance, CardsError>;
    /// Declines a request of the caller's before it arrives, as its reversal came first. One that has arrived stays as it
    /// is.
    async fn forestall(&self, ctx: &Ctx, request_id: IdempotencyKey) -> Result<Authorization, CardsError>;
    /// Takes a step in the life of an authorization. The same request gets the same answer.
    async fn take_step(&self, ctx: &Ctx, command: TakeStep) -> Result<Stepped, CardsError>;
    async fn authorization(&self, ctx: &Ctx, find: FindAuthorization) -> Result<AuthorizationFound, CardsError>;
    /// Pays the network for a business day, or is paid by it. The same day is settled once.
    async fn settle(&self, ctx: &Ctx, command: Settle) -> Result<Settlement, CardsError>;
    /// Those of one card, the newest first.
    async fn authorizations(&self, ctx: &Ctx, query: AuthorizationQuery) -> Result<Vec<Authorization>, CardsError>;
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutProgramme {
    /// An existing programme gets these terms; without an id a new one is made.
    #[serde(default)]
    pub id: Option<ProgrammeId>,
    pub terms: Terms,
}

/// A card for a holder's account in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueCard {
    pub programme: ProgrammeId,
    /// The account that pays. Its owner is the card's.
    pub account: AccountPath,
    /// As YYMM.
    pub expiry: Expiry,
    /// The token of a number that the vault has already; a new number if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
    #[serde(default)]
    pub controls: Controls,
    /// Issue it for this card, which is closed: same account, another number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<CardId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeCard {
    pub card: CardId,
    pub change: Change,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Status(CardChange),
    /// To a later month.
    Renew(Expiry),
    Controls(Box<Controls>),
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardQuery {
    #[serde(default)]
    pub owner: Option<String>,
    /// The card after which the page starts.
    #[serde(default)]
    pub after: Option<CardId>,
    pub limit: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationQuery {
    pub card: CardId,
    /// The authorization before which the page starts.
    #[serde(default)]
    pub before: Option<AuthorizationId>,
    pub limit: usize,
}

pub static FACE: Face<dyn Cards> = Face { name: "cards", serve, remote: |rpc| Arc::new(RemoteCards { rpc }) };

type Shared = Arc<dyn Cards>;

fn serve(cards: Shared) -> Methods {
    MethodsOf::new("cards", cards)
        .on("put_programme", |at, ctx, it| async move { at.put_programme(&ctx, it).await })
        .on("programmes", |at, ctx, ()| async move { at.programmes(&ctx).await })
        .on("issue", |at, ctx, it| async move { at.issue(&ctx, it).await })
        .on("change", |at, ctx, it| async move { at.change(&ctx, it).await })
        .on("card", |at, ctx, it| async move { at.card(&ctx, it).await })
        .on("cards", |at, ctx, it| async move { at.cards(&ctx, it).await })
        .on("authorize", |at, ctx, it| async move { at.authorize(&ctx, it).await })
        .on("balance", |at, ctx, it| async move { at.balance(&ctx, it).await })
        .on("forestall", |at, ctx, it| async move { at.forestall(&ctx, it).await })
        .on("take_step", |at, ctx, it| async move { at.take_step(&ctx, it).await })
        .on("authorization", |at, ctx, it| async move { at.authorization(&ctx, it).await })
        .on("settle", |at, ctx, it| async move { at.settle(&ctx, it).await })
        .on("set_legacy", |at, ctx, it| async move { at.set_legacy(&ctx, it).await })
        .on("import_cards", |at, ctx, it| async move { at.import_cards(&ctx, it).await })
        .on("legacy_report", |at, ctx, it| async move { at.legacy_report(&ctx, it).await })
        .on("authorizations", |at, ctx, it| async move { at.authorizations(&ctx, it).await })
        .into()
}

#[derive(Debug, Clone)]
struct RemoteCards {
    rpc: RpcClient,
}

#[async_trait]
impl Issuing for RemoteCards {
    /// Without a key a new programme would be made twice.
    async fn put_programme(&self, ctx: &Ctx, command: PutProgramme) -> Result<Programme, CardsError> {
        let repeat = if ctx.idempotency_key.is_some() { Repeat::Harmless } else { Repeat::Never };
        self.rpc.call(ctx, "put_programme", &command, repeat).await
    }

    async fn programmes(&self, ctx: &Ctx) -> Result<Vec<Programme>, CardsError> {
        self.rpc.call(ctx, "programmes", &(), Repeat::Question).await
    }

    async fn issue(&self, ctx: &Ctx, command: IssueCard) -> Result<Card, CardsError> {
        self.rpc.call(ctx, "issue", &command, Repeat::Harmless).await
    }

    /// Without a key a second pause is refused, which would hide the first one's success.
    async fn change(&self, ctx: &Ctx, command: ChangeCard) -> Result<Card, CardsError> {
        let repeat = if ctx.idempotency_key.is_some() { Repeat::Harmless } else { Repeat::Never };
        self.rpc.call(ctx, "change", &command, repeat).await
    }

    async fn card(&self, ctx: &Ctx, id: CardId) -> Result<Card, CardsError> {
        self.rpc.call(ctx, "card", &id, Repeat::Question).await
    }

    async fn cards(&self, ctx: &Ctx, query: CardQuery) -> Result<Vec<Card>, CardsError> {
        self.rpc.call(ctx, "cards", &query, Repeat::Question).await
    }
}

#[async_trait]
impl Leaving for RemoteCards {
    async fn set_legacy(&self, ctx: &Ctx, command: SetLegacy) -> Result<Programme, CardsError> {
        self.rpc.call(ctx, "set_legacy", &command, Repeat::Harmless).await
    }

    async fn import_cards(&self, ctx: &Ctx, command: ImportCards) -> Result<Imported, CardsError> {
        self.rpc.call(ctx, "import_cards", &command, Repeat::Harmless).await
    }

    async fn legacy_report(&self, ctx: &Ctx, programme: ProgrammeId) -> Result<LegacyReport, CardsError> {
        self.rpc.call(ctx, "legacy_report", &programme, Repeat::Question).await
    }
}

#[async_trait]
impl Cards for RemoteCards {
    async fn authorize(&self, ctx: &Ctx, command: Authorize) -> Result<Authorization, CardsError> {
        self.rpc.call(ctx, "authorize", &command, Repeat::Harmless).await
    }

    async fn balance(&self, ctx: &Ctx, command: AskBalance) -> Result<CardBalance, CardsError> {
        self.rpc.call(ctx, "balance", &command, Repeat::Question).await
    }

    async fn forestall(&self, ctx: &Ctx, request_id: IdempotencyKey) -> Result<Authorization, CardsError> {
        self.rpc.call(ctx, "forestall", &request_id, Repeat::Harmless).await
    }

    async fn take_step(&self, ctx: &Ctx, command: TakeStep) -> Result<Stepped, CardsError> {
        self.rpc.call(ctx, "take_step", &command, Repeat::Harmless).await
    }

    async fn authorization(&self, ctx: &Ctx, find: FindAuthorization) -> Result<AuthorizationFound, CardsError> {
        self.rpc.call(ctx, "authorization", &find, Repeat::Question).await
    }

    async fn settle(&self, ctx: &Ctx, command: Settle) -> Result<Settlement, CardsError> {
        self.rpc.call(ctx, "settle", &command, Repeat::Harmless).await
    }

    async fn authorizations(&self, ctx: &Ctx, query: AuthorizationQuery) -> Result<Vec<Authorization>, CardsError> {
        self.rpc.call(ctx, "authorizations", &query, Repeat::Question).await
    }
}
