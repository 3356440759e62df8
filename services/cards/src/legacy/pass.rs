//! The old system answers: what it decides is recorded as an authorization like any other.
//!
//! It knows the request by our own authorization's id, so that a repeat and a look-up ask for the same one. An answer that
//! is lost is a decline here, and what it may hold there is released by the sweeper.

use kernel::{Ctx, Timestamp};
use platform::error::Failure;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::old::Trouble;
use super::rows::{self, CardThere};
use super::shadow::compared;
use crate::authorization::{Authorization, AuthorizationId, Authorize};
use crate::authorize::declined;
use crate::balance::CardBalance;
use crate::card::{Card, CardId};
use crate::life::Status;
use crate::reason::Reason;
use crate::record::Record;
use crate::refusal::CardsError;
use crate::work::command::{Answered, Conclusion};
use crate::{CardsService, count};

/// After this a request without a trace has certainly not arrived.
const ARRIVES_WITHIN_US: i64 = 60_000_000;

/// What the old system has of an authorization.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Theirs {
    /// Its id there, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<AuthorizationId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) approval_code: Option<String>,
    /// Ours decides too, without effect.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) compares: bool,
    /// What ours would decline it with before the ledger is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ours: Option<Reason>,
}

impl CardsService {
    /// `again`: it may have been asked before, and may have forgotten that.
    pub(crate) async fn pass(
        &self,
        ctx: &Ctx,
        record: Record,
        command: Authorize,
        again: bool,
    ) -> Result<Record, CardsError> {
        let (answer, ours) =
            tokio::join!(self.their_answer(ctx, &record, command, again), self.our_verdict(ctx, &record));
        let away = declined(&record, Reason::LegacyAway);
        let conclusion = match answer {
            Ok(answer) => concluded(&record, answer, ours),
            Err(Trouble::NotSent) => away,
            Err(Trouble::Unsure | Trouble::TooMany) => Conclusion { clean_up: true, ..away },
            Err(refused @ Trouble::Refused { .. }) => {
                tracing::warn!(%refused, authorization = %record.id, "a payment was not passed on");
                declined(&record, Reason::SystemError)
            }
        };
        count::passed(conclusion.reason);
        self.record_outcome(ctx, conclusion).await
    }

    async fn their_answer(
        &self,
        ctx: &Ctx,
        record: &Record,
        command: Authorize,
        again: bool,
    ) -> Result<Authorization, Trouble> {
        let old = self.old.as_ref().ok_or(Trouble::NotSent)?;
        let card = if again || command.pan.is_none() { self.named_there(record).await? } else { None };
        let request = record.id.to_string();
        if again && let Some(found) = old.look(&request, card.as_ref().map(|card| card.old_card)).await? {
            return decided(found);
        }
        let token = match command.pan {
            Some(_) => None,
            None => Some(card.ok_or(Trouble::NotSent)?.old_token),
        };
        let request_id = request.parse().map_err(|_| Trouble::NotSent)?;
        let command = Authorize { request_id, token, ..command };
        decided(old.authorize(&command, old.deadline().min(ctx.deadline)).await?)
    }

    /// What the old system calls the card of an authorization.
    pub(super) async fn named_there(&self, record: &Record) -> Result<Option<CardThere>, Trouble> {
        let Some(card) = record.card.as_ref().map(|card| card.id) else { return Ok(None) };
        self.card_there(card).await
    }

    async fn card_there(&self, card: CardId) -> Result<Option<CardThere>, Trouble> {
        let found = async { rows::card(&self.db.read().await?, card).await };
        found.await.map_err(|error| {
            tracing::error!(%error, %card, "what the old system calls a card could not be read");
            Trouble::NotSent
        })
    }

    /// Nothing if the two are not compared.
    async fn our_verdict(&self, ctx: &Ctx, record: &Record) -> Option<Reason> {
        let theirs = record.theirs.as_ref().filter(|theirs| theirs.compares)?;
        match theirs.ours {
            Some(reason) => Some(reason),
            None => self.books.would_hold(&self.own(ctx).await.ok()?, record).await,
        }
    }

    /// The balance of a card that the old system owns.
    pub(crate) async fn balance_there(&self, ctx: &Ctx, card: &Card) -> CardBalance {
        let answer = async {
            let old = self.old.as_ref().ok_or(Trouble::NotSent)?;
            let there = self.card_there(card.id).await?.ok_or(Trouble::NotSent)?;
            old.balance(there.old_token, old.deadline().min(ctx.deadline)).await
        };
        let (reason, balance) = match answer.await {
            Ok(told) => (told.reason, told.balance),
            Err(_) => (Reason::LegacyAway, None),
        };
        CardBalance { reason, response_code: reason.code().to_owned(), card: Some(card.id), balance }
    }

    /// Makes sure that a declined authorization holds nothing there.
    pub(crate) async fn release_there(&self, record: &Record, now: Timestamp) -> Result<(), CardsError> {
        let away = |trouble: Trouble| {
            tracing::warn!(%trouble, authorization = %record.id, "a hold at the old system could not be released yet");
            CardsError::from(Failure::Unavailable)
        };
        let old = self.old.as_ref().ok_or(Failure::Unavailable)?;
        let card = self.named_there(record).await.map_err(away)?.map(|card| card.old_card);
        let Some(found) = old.look(&record.id.to_string(), card).await.map_err(away)? else {
            let arrived = now.micros_since(record.created_at) > ARRIVES_WITHIN_US;
            return if arrived { Ok(()) } else { Err(Failure::Unavailable.into()) };
        };
        if found.status == Status::Pending {
            return Err(Failure::Unavailable.into());
        }
        if found.totals.is_none_or(|totals| totals.held.minor() == 0) {
            return Ok(());
        }
        let body = json!({ "request_id": format!("release-{}", record.id), "kind": "reversal" });
        match old.step(found.id, &body).await {
            Ok(_) | Err(Trouble::Refused { .. }) => Ok(()),
            Err(trouble) => Err(away(trouble)),
        }
    }
}

/// One that it has not decided yet may still become anything.
fn decided(answer: Authorization) -> Result<Authorization, Trouble> {
    if answer.status == Status::Pending || answer.reason.is_none() { Err(Trouble::Unsure) } else { Ok(answer) }
}

fn concluded(record: &Record, answer: Authorization, ours: Option<Reason>) -> Conclusion {
    let differences = ours.map(|ours| compared(&answer, ours, record.amounts)).unwrap_or_default();
    let held = answer.totals.map(|totals| totals.held.minor());
    let before = record.theirs.clone().unwrap_or_default();
    let theirs = Theirs { id: Some(answer.id), approval_code: answer.approval_code, ..before };
    Conclusion {
        id: record.id,
        reason: answer.reason.unwrap_or(Reason::SystemError),
        held,
        balance: answer.balance,
        clean_up: false,
        answered: Some(Box::new(Answered { theirs, amounts: answer.amounts, differences })),
    }
}
