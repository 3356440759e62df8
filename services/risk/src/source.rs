//! Rows for backtests and training: imported history or decisions, with the labels that hold, in pieces.

use std::collections::HashMap;

use platform::db::DbError;
use risk_api::{ListName, Source, SubjectId, SubjectKind, Verdict};

use crate::history::{Past, unpack};
use crate::lists::Listed;
use crate::service::Inner;
use crate::store::{decisions, history, labels};

const PAGE: usize = 5_000;
/// Labels that are held in memory for one job.
pub(crate) const LABELS_MAX: usize = 5_000_000;

/// Reads one range from its first row to its last.
#[derive(Debug)]
pub(crate) struct Rows {
    kind: SubjectKind,
    source: Source,
    from: i64,
    to: i64,
    at: i64,
    /// Labels that were given here, whatever the rows themselves say.
    labels: HashMap<SubjectId, (bool, i64)>,
}

/// A row, and the lists that named it.
pub(crate) type Fact = (Past, Listed);

impl Rows {
    pub(crate) async fn open(
        inner: &Inner,
        kind: SubjectKind,
        source: Source,
        from: Option<i64>,
        to: Option<i64>,
    ) -> Result<Rows, DbError> {
        let tx = inner.db.read().await?;
        let (from, to) = (from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX));
        let (mut held, mut last) = (HashMap::new(), 0);
        while held.len() < LABELS_MAX {
            let page = labels::holding(&tx, last, PAGE).await?;
            let Some(end) = page.last() else { break };
            last = end.number;
            let known = |label: labels::Label| {
                (label.subject, (label.record.verdict == Verdict::Fraud, label.record.known_at.micros()))
            };
            held.extend(page.into_iter().map(known));
        }
        let at = match source {
            Source::History => 0,
            Source::Decisions => decisions::before(&tx, from.max(0)).await?.max(0),
        };
        Ok(Rows { kind, source, from, to, at, labels: held })
    }

    /// The next piece, in order; nothing at the end.
    pub(crate) async fn next(&mut self, inner: &Inner) -> Result<Option<Vec<Fact>>, DbError> {
        let tx = inner.db.read().await?;
        let mut piece = match self.source {
            Source::History => {
                let Some((number, block)) = history::next(&tx, self.kind, self.at, self.from, self.to).await? else {
                    return Ok(None);
                };
                self.at = number;
                let within = |past: &Past| (self.from..self.to).contains(&past.assess.at.micros());
                let rows = unpack(&block.bytes)?.into_iter().filter(within);
                rows.map(|past| (past, Listed::default())).collect()
            }
            Source::Decisions => {
                let range = decisions::Between { kind: self.kind, from: self.from, to: self.to };
                let page = decisions::between(&tx, range, self.at, PAGE).await?;
                let Some(last) = page.last() else { return Ok(None) };
                self.at = last.seq;
                page.into_iter().map(fact).collect::<Vec<_>>()
            }
        };
        for (past, _) in &mut piece {
            if let Some(label) = self.labels.get(&past.assess.id) {
                past.label = Some(*label);
            }
        }
        Ok(Some(piece))
    }
}

fn fact(decided: decisions::Decided) -> Fact {
    let mut listed = Listed::default();
    for (list, kind) in &decided.detail.lists {
        match list {
            ListName::Deny => listed.denied.push(*kind),
            ListName::Allow => listed.allowed.push(*kind),
            ListName::Watch => listed.watched.push(*kind),
        }
    }
    let declined = decided.outcome.is_decline();
    (Past { assess: decided.subject, row: decided.row, declined, label: None }, listed)
}
