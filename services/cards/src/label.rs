//! What disputes tell risk: that a payment was fraud, or that it was not. A label is a row in the transaction of its step
//! first, and the sweeper sends it until risk has it.

use kernel::{Ctx, Timestamp};
use platform::db::{DbError, Row, Tx, Value};
use risk_api::{Feedback, Label, LabelSource, Noted, Verdict};

use crate::CardsService;
use crate::authorization::AuthorizationId;
use crate::life::StepKind;
use crate::record::StepRecord;
use crate::refusal::CardsError;

/// Labels in one call.
const BATCH_MAX: i64 = 500;

const PUT: &str = "
insert into card_label (authorization_id, fraud, known_at)
values ($1, $2, $3)
on conflict (authorization_id) do update set fraud = excluded.fraud, known_at = excluded.known_at";

const LIST: &str = "
select authorization_id, fraud, known_at
from card_label
order by authorization_id
limit $1";

/// Not one that was changed meanwhile.
const REMOVE: &str = "
delete from card_label
where authorization_id = $1
    and known_at = $2";

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[PUT, LIST, REMOVE];

/// A label that waits for risk.
struct Waiting {
    authorization: AuthorizationId,
    verdict: Verdict,
    known_at: Timestamp,
}

/// What a step says about its payment.
fn verdict(step: &StepRecord) -> Option<Verdict> {
    match step.step.kind {
        _ if !step.step.reason.is_approval() => None,
        StepKind::Dispute if step.is_fraud => Some(Verdict::Fraud),
        StepKind::DisputeLost => Some(Verdict::Genuine),
        _ => None,
    }
}

/// In the transaction of the step.
pub(crate) async fn put(tx: &Tx, step: &StepRecord) -> Result<(), DbError> {
    let Some(verdict) = verdict(step) else { return Ok(()) };
    let (id, fraud) = (step.authorization.to_bytes(), i64::from(verdict == Verdict::Fraud));
    let values = [Value::Bytes(&id), Value::Int(fraud), Value::Int(step.step.at.micros())];
    tx.execute(PUT, &values).await.map(drop)
}

impl CardsService {
    /// Without risk, and while it is away, the labels wait.
    pub(crate) async fn tell_risk(&self, ctx: &Ctx) -> Result<(), CardsError> {
        let Some(risk) = &self.labels else { return Ok(()) };
        let rows = self.db.read().await?.query(LIST, &[Value::Int(BATCH_MAX)]).await?;
        let waiting = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        if waiting.is_empty() {
            return Ok(());
        }
        let labels = waiting.iter().filter_map(label).collect();
        let noted = match risk.feedback(&self.own(ctx).await?, Feedback { labels }).await {
            Ok(noted) => noted,
            Err(error) => {
                tracing::warn!(code = error.code(), "risk did not take labels; they are sent again");
                return Ok(());
            }
        };
        let tx = self.db.begin().await?;
        for (one, _) in waiting.iter().zip(noted).filter(|(_, noted)| is_taken(noted)) {
            let (id, known_at) = (one.authorization.to_bytes(), one.known_at.micros());
            tx.execute(REMOVE, &[Value::Bytes(&id), Value::Int(known_at)]).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// A label that risk refuses would be refused again.
fn is_taken(noted: &Noted) -> bool {
    !matches!(noted, Noted::Failed { error, .. } if error.failure().is_some())
}

fn read(row: &Row) -> Result<Waiting, DbError> {
    let verdict = if row.int(1)? == 0 { Verdict::Genuine } else { Verdict::Fraud };
    let (authorization, known_at) = (AuthorizationId::from_bytes(row.array(0)?), Timestamp::from_micros(row.int(2)?));
    Ok(Waiting { authorization, verdict, known_at })
}

fn label(waiting: &Waiting) -> Option<Label> {
    let (id, known_at) = (waiting.authorization.to_string().parse().ok()?, Some(waiting.known_at));
    Some(Label { id, verdict: waiting.verdict, source: LabelSource::Dispute, known_at, note: None })
}
