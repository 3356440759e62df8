//! The service: what it is made of, and the trait, one line per method into its use case.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Clock, Ctx, IdMaker, IdempotencyKey, Principal, Timestamp};
use ledger_api::Books;
use platform::access;
use platform::crypto::PurposeKey;
use platform::db::Db;
use platform::deadline::in_time;
use platform::error::Failure;
use platform::feed::{FeedSignal, Outbox};
use platform::frame::ActsAs;
use platform::lane::{Lane, LaneConfig, Runner};
use platform::once::Once;
use platform::outbound::Outbound;
use platform::room::OpenError;
use risk_api::{Assess, Decided, Risk, RiskError};
use serde::Serialize;
use tokio::sync::Mutex;
use vault_api::{Find, FindCard, Found, Vault, VaultError};

use crate::authorization::{Authorization, AuthorizationFound, Authorize, FindAuthorization, Stepped, TakeStep};
use crate::authorize::SWEEP_AFTER_US;
use crate::balance::{AskBalance, CardBalance};
use crate::books::CardBooks;
use crate::card::{Card, CardId};
use crate::duty::Duty;
use crate::face::{AuthorizationQuery, CardQuery, Cards, ChangeCard, IssueCard, Issuing, PutProgramme};
use crate::gather::{self, Gather};
use crate::legacy::old::OldSystem;
use crate::programme::Programme;
use crate::refusal::CardsError;
use crate::settle::{Settle, Settlement};
use crate::work::Work;
use crate::work::command::{Command, Named, Outcome};
use crate::{Refusal, Settings, risk};

/// Longest wait for a decision.
const DECISION_MS: u64 = 2_000;

/// The other rooms that cards call. Without risk, programmes decide what is approved.
#[derive(Clone)]
pub struct Others {
    pub vault: Arc<dyn Vault>,
    pub books: Arc<dyn Books>,
    pub risk: Option<Arc<dyn Risk>>,
}

/// What the service is given, beside its store.
pub struct Given {
    pub outbox: Outbox,
    pub signal: FeedSignal,
    pub clock: Arc<dyn Clock>,
    pub ids: IdMaker,
    pub once: Once<Refusal>,
    /// Recognises requests, which may contain card numbers, without storing them.
    pub requests: PurposeKey,
    /// Acts in the other rooms.
    pub own: Arc<dyn ActsAs>,
    pub settings: Settings,
    /// For an old system that is left (`cards.legacy_url`).
    pub outbound: Outbound,
}

pub struct CardsService {
    pub(crate) db: Db,
    pub(crate) lane: Lane<Work>,
    pub(crate) vault: Arc<dyn Vault>,
    pub(crate) finds: Gather<(Ctx, FindCard), Result<Option<Found>, VaultError>>,
    pub(crate) books: CardBooks,
    pub(crate) risk: Option<Gather<(Ctx, Assess), Result<Decided, RiskError>>>,
    /// What is left behind, if anything is.
    pub(crate) old: Option<OldSystem>,
    /// Gets labels.
    pub(crate) labels: Option<Arc<dyn Risk>>,
    /// Acts in the other rooms.
    pub(crate) acts_as: Arc<dyn ActsAs>,
    pub(crate) outbox: Outbox,
    pub(crate) signal: FeedSignal,
    pub(crate) once: Once<Refusal>,
    /// Duplicates of one request wait for each other.
    pub(crate) turns: Once<Refusal>,
    requests: PurposeKey,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: IdMaker,
    pub(crate) settings: Settings,
    /// The day before which use was forgotten.
    pub(crate) forgotten: Mutex<i64>,
}

impl CardsService {
    /// Opens cards on a store with this version's schema.
    ///
    /// # Errors
    /// The store's.
    pub async fn start(db: Db, others: Others, given: Given) -> Result<CardsService, OpenError> {
        let Given { outbox, signal, clock, ids, once, requests, own: acts_as, settings, outbound } = given;
        let address = (settings.legacy_url.as_str(), &settings.legacy_token);
        let old = OldSystem::new(outbound, Arc::clone(&clock), address, settings.legacy_ms)?;
        let config = LaneConfig {
            name: "cards",
            batch_max: settings.batch_max,
            queue_max: settings.queue_max,
            clock_behind_max_ms: settings.clock_behind_max_ms,
            runner: Runner::Thread,
        };
        let work = Work::new(outbox.clone(), signal.clone(), ids.clone());
        let lane = Lane::start(db.clone(), work, config, Arc::clone(&clock)).await?;
        let Others { vault, books, risk } = others;
        let books = CardBooks::new(books);
        let (finds, labels) = (finds(&vault), risk.clone());
        let risk = risk.map(risk::gathered);
        let (turns, forgotten) = (once.clone(), Mutex::new(0));
        Ok(CardsService {
            db,
            lane,
            vault,
            finds,
            books,
            risk,
            old,
            labels,
            acts_as,
            outbox,
            signal,
            once,
            turns,
            requests,
            clock,
            ids,
            settings,
            forgotten,
        })
    }

    pub async fn close(&self) {
        self.lane.close().await;
    }

    /// The same call, by cards itself.
    pub(crate) async fn own(&self, ctx: &Ctx) -> Result<Ctx, Failure> {
        let principal = self.itself().await?.acting_for(&ctx.principal);
        Ok(Ctx { principal, idempotency_key: None, ..ctx.clone() })
    }

    pub(crate) async fn itself(&self) -> Result<Principal, Failure> {
        self.acts_as.principal().await.map_err(|why| {
            tracing::warn!(why, "cards cannot act as itself");
            Failure::Unavailable
        })
    }

    /// The card with this number, if it is one of ours.
    pub(crate) async fn find(&self, ctx: &Ctx, card: FindCard) -> Result<Option<Found>, CardsError> {
        let found = self.finds.ask((self.own(ctx).await?, card)).await;
        found.ok_or(Failure::Overloaded)?.map_err(of_vault)
    }

    pub(crate) async fn submit(&self, ctx: &Ctx, command: Command) -> Result<Outcome, CardsError> {
        Ok(self.lane.submit(command, ctx.deadline).await??)
    }

    /// When the sweeper looks at what this call leaves behind.
    pub(crate) fn due_after(&self, ctx: &Ctx) -> Timestamp {
        let left = i64::try_from(ctx.deadline.micros_left(self.clock.monotonic())).unwrap_or(i64::MAX);
        self.clock.now().plus_micros(left.min(10_000_000).saturating_add(SWEEP_AFTER_US))
    }

    /// Whose request it is, and what it says, as digests.
    pub(crate) fn named(
        &self,
        ctx: &Ctx,
        id: &IdempotencyKey,
        operation: &str,
        command: &impl Serialize,
    ) -> Result<Named, Failure> {
        let text = serde_json::to_vec(command).map_err(|_| Failure::Internal)?;
        let name = self.key_of(&ctx.principal.subject, id);
        let mut said = operation.as_bytes().to_vec();
        said.push(0);
        said.extend_from_slice(&text);
        Ok(Named { key: name, command: self.requests.mac(&said) })
    }

    /// A keyed digest, the same in each process.
    pub(crate) fn digest(&self, value: &[u8]) -> [u8; 32] {
        self.requests.mac(value)
    }

    pub(crate) fn key_of(&self, caller: &str, id: &IdempotencyKey) -> [u8; 16] {
        let mac = self.requests.mac(format!("{}\0{caller}\0{}", caller.len(), id.as_str()).as_bytes());
        mac.first_chunk().copied().unwrap_or_default()
    }

    fn has_duty(&self, duty: Duty) -> Result<(), Refusal> {
        duty.check(&self.settings.duties)
    }

    /// A decision is useless after two seconds.
    fn decided_soon(&self, ctx: &Ctx) -> Ctx {
        let soon = kernel::Deadline::after_millis(&*self.clock, DECISION_MS);
        Ctx { deadline: ctx.deadline.min(soon), ..ctx.clone() }
    }
}

/// Numbers that are looked for at the same time go as one call.
fn finds(vault: &Arc<dyn Vault>) -> Gather<(Ctx, FindCard), Result<Option<Found>, VaultError>> {
    let vault = Arc::clone(vault);
    Gather::start("vault", move |waiting: Vec<(Ctx, FindCard)>| {
        let vault = Arc::clone(&vault);
        Box::pin(async move {
            let count = waiting.len();
            let Some(ctx) = gather::longest(waiting.iter().map(|(ctx, _)| ctx)) else { return Vec::new() };
            let cards = waiting.into_iter().map(|(_, card)| card).collect();
            match vault.find(&ctx, Find { cards }).await {
                Ok(found) => found.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error); count],
            }
        })
    })
}

/// Its refusals mean that cards and the vault disagree about what exists.
pub(crate) fn of_vault(error: VaultError) -> CardsError {
    match error.failure() {
        Some(failure) => failure.into(),
        None => {
            tracing::error!(code = error.code(), "the vault refused a call of cards");
            Failure::Internal.into()
        }
    }
}

#[async_trait]
impl Issuing for CardsService {
    async fn put_programme(&self, ctx: &Ctx, command: PutProgramme) -> Result<Programme, CardsError> {
        access::check(ctx, "programmes", "change", None)?;
        in_time(ctx, &self.clock, self.set_terms(ctx, command)).await
    }

    async fn programmes(&self, ctx: &Ctx) -> Result<Vec<Programme>, CardsError> {
        access::check(ctx, "programmes", "read", None)?;
        in_time(ctx, &self.clock, self.list_programmes()).await
    }

    async fn issue(&self, ctx: &Ctx, command: IssueCard) -> Result<Card, CardsError> {
        access::check(ctx, "cards", "issue", None)?;
        in_time(ctx, &self.clock, self.issue_card(ctx, command)).await
    }

    async fn change(&self, ctx: &Ctx, command: ChangeCard) -> Result<Card, CardsError> {
        in_time(ctx, &self.clock, self.change_one(ctx, command)).await
    }

    async fn card(&self, ctx: &Ctx, id: CardId) -> Result<Card, CardsError> {
        in_time(ctx, &self.clock, self.find_card(ctx, id)).await
    }

    async fn cards(&self, ctx: &Ctx, query: CardQuery) -> Result<Vec<Card>, CardsError> {
        in_time(ctx, &self.clock, self.list_cards(ctx, query)).await
    }
}

#[async_trait]
impl Cards for CardsService {
    async fn authorize(&self, ctx: &Ctx, command: Authorize) -> Result<Authorization, CardsError> {
        access::check(ctx, "authorizations", "create", None)?;
        self.has_duty(Duty::Authorize)?;
        let ctx = self.decided_soon(ctx);
        in_time(&ctx, &self.clock, self.decide_on(&ctx, command)).await
    }

    async fn balance(&self, ctx: &Ctx, command: AskBalance) -> Result<CardBalance, CardsError> {
        access::check(ctx, "authorizations", "create", None)?;
        self.has_duty(Duty::Authorize)?;
        let ctx = self.decided_soon(ctx);
        in_time(&ctx, &self.clock, self.read_balance(&ctx, command)).await
    }

    async fn forestall(&self, ctx: &Ctx, request_id: IdempotencyKey) -> Result<Authorization, CardsError> {
        access::check(ctx, "authorizations", "create", None)?;
        in_time(ctx, &self.clock, self.decline_before(ctx, request_id)).await
    }

    async fn take_step(&self, ctx: &Ctx, command: TakeStep) -> Result<Stepped, CardsError> {
        self.has_duty(Duty::of(command.kind))?;
        in_time(ctx, &self.clock, self.step(ctx, command)).await
    }

    async fn authorization(&self, ctx: &Ctx, find: FindAuthorization) -> Result<AuthorizationFound, CardsError> {
        in_time(ctx, &self.clock, self.find_authorization(ctx, find)).await
    }

    async fn settle(&self, ctx: &Ctx, command: Settle) -> Result<Settlement, CardsError> {
        access::check(ctx, "settlements", "create", None)?;
        self.has_duty(Duty::Clearing)?;
        in_time(ctx, &self.clock, self.settle_day(ctx, command)).await
    }

    async fn authorizations(&self, ctx: &Ctx, query: AuthorizationQuery) -> Result<Vec<Authorization>, CardsError> {
        in_time(ctx, &self.clock, self.list_authorizations(ctx, query)).await
    }
}
