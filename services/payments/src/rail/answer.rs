//! Answers of the bank: kept first, then applied line by line. Killed in between, the periodic work goes on with what was
//! kept; each line changes its payment once, whatever is repeated.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use kernel::{Ctx, Timestamp};
use platform::access;
use platform::room::OpenError;
use serde::{Deserialize, Serialize};

use super::apply::Applied;
use super::read::{self, AnswerLine};
use crate::face::{AnswerReport, PaymentsError, RailAnswerId, Refusal, TakeAnswer, Unmatched, limits};
use crate::service::PaymentsService;
use crate::store;

/// Payments of an answer that are worked on at the same time.
const AT_ONCE: usize = 64;
/// After which the periodic work looks at an answer that a caller has sent.
const LEFT_BEHIND_US: i64 = 15_000_000;
/// Answers in one round.
const BATCH_MAX: i64 = 10;

/// One row of `rail_answer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptAnswer {
    pub(crate) report: AnswerReport,
    /// Until they are applied.
    pub(crate) lines: Vec<AnswerLine>,
}

impl PaymentsService {
    pub(crate) async fn new_answer(&self, ctx: &Ctx, command: TakeAnswer) -> Result<AnswerReport, PaymentsError> {
        access::check(ctx, "payment-files", "change", None)?;
        let digest = self.digest(&["answer", &command.content]);
        let known = store::rail::answer_of(&self.db.read().await?, digest).await?;
        if let Some((kept, done)) = known {
            let report = if done { kept.report } else { self.applied(ctx, kept).await? };
            return Ok(AnswerReport { replayed: true, ..report });
        }
        let answer = read::read(command.content.as_bytes()).map_err(|detail| Refusal::AnswerRefused { detail })?;
        let report = AnswerReport {
            id: self.ids.make(),
            kind: answer.kind.name().to_owned(),
            message: answer.message,
            lines: answer.lines.len() as u64,
            accepted: 0,
            settled: 0,
            rejected: 0,
            returned: 0,
            repeated: 0,
            unmatched: 0,
            first_unmatched: Vec::new(),
            replayed: false,
        };
        let kept = KeptAnswer { report, lines: answer.lines };
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let known = store::rail::answer_of(&tx, digest).await?;
        let kept = match known {
            Some((kept, _)) => {
                // The lane has to write meanwhile.
                drop(tx);
                kept
            }
            None => {
                store::rail::add_answer(&tx, digest, self.clock.now(), &kept).await?;
                tx.commit().await?;
                kept
            }
        };
        self.applied(ctx, kept).await
    }

    /// Lines of one payment in their order, payments next to each other.
    async fn applied(&self, ctx: &Ctx, kept: KeptAnswer) -> Result<AnswerReport, PaymentsError> {
        let KeptAnswer { mut report, lines } = kept;
        let mut of_payment: BTreeMap<String, Vec<AnswerLine>> = BTreeMap::new();
        for line in lines {
            let reference = line.reference.as_deref().unwrap_or_default().to_ascii_lowercase();
            of_payment.entry(reference).or_default().push(line);
        }
        let groups: Vec<_> = of_payment.into_values().map(|lines| self.apply_group(ctx, lines)).collect();
        let mut running = stream::iter(groups).buffer_unordered(AT_ONCE);
        let mut unmatched = Vec::new();
        while let Some(applied) = running.next().await {
            for (line, applied) in applied? {
                count(&mut report, &mut unmatched, &line, applied);
            }
        }
        unmatched.sort_by_key(|one| one.line);
        unmatched.truncate(limits::UNMATCHED_MAX);
        report.first_unmatched = unmatched;
        let tx = self.db.begin().await?;
        store::rail::end_answer(&tx, &KeptAnswer { report: report.clone(), lines: Vec::new() }).await?;
        tx.commit().await?;
        Ok(report)
    }

    async fn apply_group(
        &self,
        ctx: &Ctx,
        lines: Vec<AnswerLine>,
    ) -> Result<Vec<(AnswerLine, Applied)>, PaymentsError> {
        let mut all = Vec::new();
        for line in lines {
            let applied = self.apply_line(ctx, &line).await?;
            all.extend(applied.into_iter().map(|applied| (line.clone(), applied)));
        }
        Ok(all)
    }

    /// Applies what was kept and not applied to its end.
    pub(crate) async fn finish_answers(&self) -> Result<(), OpenError> {
        let before = Timestamp::from_micros(self.clock.now().micros().saturating_sub(LEFT_BEHIND_US));
        let open = store::rail::open_answers(&self.db.read().await?, before, BATCH_MAX).await?;
        for kept in open {
            let id: RailAnswerId = kept.report.id;
            let ctx = self.itself(crate::rail::file::PATIENCE_MS).await?;
            if let Err(error) = self.applied(&ctx, kept).await {
                tracing::warn!(code = error.code(), answer = %id, "an answer of the bank waits for its next round");
            }
        }
        Ok(())
    }
}

fn count(report: &mut AnswerReport, unmatched: &mut Vec<Unmatched>, line: &AnswerLine, applied: Applied) {
    match applied {
        Applied::Accepted => report.accepted += 1,
        Applied::Settled => report.settled += 1,
        Applied::Rejected => report.rejected += 1,
        Applied::Returned => report.returned += 1,
        Applied::Repeated => report.repeated += 1,
        Applied::Unmatched(reason) => {
            report.unmatched += 1;
            unmatched.push(Unmatched {
                line: line.number,
                reference: line.reference.clone(),
                amount: line.amount,
                reason: reason.to_owned(),
            });
        }
    }
}
