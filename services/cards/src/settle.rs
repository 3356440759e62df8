//! The settlement of a business day with the network: what all steps of the day add up to is one ledger transaction.
//!
//! The sum is committed first and booked under the settlement's own id, so that a repeat books the same once.

use jiff::civil::Date;
use kernel::{Ctx, Id, IdKind, Money, Timestamp};
use ledger_api::{LedgerError, Metadata, TransactionId};
use platform::db::{DbError, Tx, Value};
use platform::error::Failure;
use platform::feed::NewEvent;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::calendar;
use crate::programme::{Programme, ProgrammeId};
use crate::refusal::CardsError;
use crate::store::{body, json as text_of};
use crate::{CardsService, Refusal};

/// A commit on its way at the cut-off has arrived by then.
const AFTER_CUTOFF_US: i64 = 60 * 1_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettlementTag {}

impl IdKind for SettlementTag {
    const PREFIX: &'static str = "stl";
}

pub type SettlementId = Id<SettlementTag>;

/// The settlement of one business day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Settlement {
    pub id: SettlementId,
    pub programme: ProgrammeId,
    /// The business day, which ends at the programme's cut-off.
    #[schema(example = "2026-01-31")]
    pub day: String,
    /// Steps of the day that the network is paid for, or pays for.
    pub lines: u64,
    /// What they add up to; below zero if the network pays.
    pub net: Money,
    /// The transaction in the ledger; absent if there is nothing to pay.
    pub transaction: Option<String>,
    pub settled_at: Timestamp,
    /// It was settled before.
    pub replayed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Settle {
    pub programme: ProgrammeId,
    /// A business day that has ended.
    #[schema(example = "2026-01-31")]
    pub day: String,
}

const FIND: &str = "
select body
from card_settlement
where programme = $1
    and day = $2";

const ADD: &str = "
insert into card_settlement (id, programme, day, body)
values ($1, $2, $3, $4)
on conflict (programme, day) do nothing";

const SUM: &str = "
select cast(coalesce(sum(owed), 0) as bigint), count(*)
from card_step
where programme = $1
    and day = $2
    and owed <> 0";

const REMOVE: &str = "
delete from card_settlement
where id = $1";

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[FIND, ADD, SUM, REMOVE];

impl CardsService {
    pub(crate) async fn settle_day(&self, ctx: &Ctx, command: Settle) -> Result<Settlement, CardsError> {
        let invalid = || Refusal::TermsInvalid { field: "day".to_owned(), expected: "a date as YYYY-MM-DD".to_owned() };
        let day: Date = command.day.parse().map_err(|_| invalid())?;
        let programme = self.programme_in(&self.db.read().await?, command.programme).await?;
        let before = self.clock.now().plus_micros(-AFTER_CUTOFF_US);
        if !programme.calendar().is_some_and(|calendar| calendar.is_over(day, before)) {
            return Err(Refusal::DayNotOver { day: command.day }.into());
        }
        let (settlement, is_new) = self.record_sum(&programme, day).await?;
        self.pay_network(ctx, &programme, &settlement).await?;
        Ok(Settlement { replayed: !is_new, ..settlement })
    }

    /// The day's sum; the first one counts, and nothing is added to a day that is over.
    async fn record_sum(&self, programme: &Programme, day: Date) -> Result<(Settlement, bool), CardsError> {
        let number = calendar::number(day);
        let tx = self.db.begin().await?;
        if let Some(known) = found(&tx, programme.id, number).await? {
            return Ok((known, false));
        }
        let key = programme.id.to_bytes();
        let sums = tx.query(SUM, &[Value::Bytes(&key), Value::Int(number)]).await?;
        let (net, lines) = sums.first().map_or(Ok((0, 0)), |row| Ok::<_, DbError>((row.int(0)?, row.int(1)?)))?;
        let id = self.ids.make::<SettlementTag>();
        let settlement = Settlement {
            id,
            programme: programme.id,
            day: day.to_string(),
            lines: lines.unsigned_abs(),
            net: Money::new(net, programme.terms.currency),
            transaction: (net != 0).then(|| TransactionId::from_bits(id.bits()).to_string()),
            settled_at: self.clock.now(),
            replayed: false,
        };
        let text = text_of(&settlement)?;
        let values = [Value::Bytes(&id.to_bytes()), Value::Bytes(&key), Value::Int(number), Value::Text(&text)];
        if tx.execute(ADD, &values).await? == 0 {
            // Another process was faster.
            let known = found(&tx, programme.id, number).await?.ok_or(Failure::Internal)?;
            return Ok((known, false));
        }
        let event = NewEvent::new("cards.settlement.recorded", programme.id.to_string(), json!(settlement));
        let cursor = self.outbox.add(&tx, vec![event]).await?;
        tx.commit().await?;
        self.signal.committed(cursor);
        Ok((settlement, true))
    }

    async fn pay_network(&self, ctx: &Ctx, programme: &Programme, settlement: &Settlement) -> Result<(), CardsError> {
        let net = settlement.net;
        if net.minor() == 0 {
            return Ok(());
        }
        let accounts = &programme.terms.accounts;
        let (debit, credit) = match net.minor() > 0 {
            true => (&accounts.settlement, &accounts.bank),
            false => (&accounts.bank, &accounts.settlement),
        };
        let amount = Money::new(net.minor().abs(), net.currency());
        let metadata: Metadata = [("kind", "settlement".to_owned()), ("source", settlement.id.to_string())]
            .map(|(name, value)| (name.to_owned(), value))
            .into();
        let id = TransactionId::from_bits(settlement.id.bits());
        match self.books.pay(&self.own(ctx).await?, id, (debit, credit), amount, metadata).await {
            Ok(_) => Ok(()),
            Err(LedgerError::Refused { refusal, .. }) => {
                tracing::error!(%refusal, settlement = %settlement.id, "the ledger refused a settlement");
                // The ledger remembers the refusal under this id, so the next attempt needs another one.
                let tx = self.db.begin().await?;
                tx.execute(REMOVE, &[Value::Bytes(&settlement.id.to_bytes())]).await?;
                tx.commit().await?;
                Err(Refusal::SettlementRefused { reason: refusal.to_string() }.into())
            }
            Err(LedgerError::Failed(failure)) => Err(failure.into()),
        }
    }
}

async fn found(tx: &Tx, programme: ProgrammeId, day: i64) -> Result<Option<Settlement>, DbError> {
    let key = programme.to_bytes();
    let rows = tx.query(FIND, &[Value::Bytes(&key), Value::Int(day)]).await?;
    rows.first().map(|row| body(row, 0)).transpose()
}
