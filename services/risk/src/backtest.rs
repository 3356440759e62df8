//! A rule set on rows of the past, with the features of that time: what it would have stopped, rightly and wrongly, beside the
//! live set on the same rows. Rules only, without the model.

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::{Ctx, Currency, Money, Timestamp};
use risk_api::{Backtest, BacktestResult, Job, JobKind, Outcome, Refusal, RiskError, RuleCount, RuleSetId, Stopped};

use crate::decide::{self, Facts, Thresholds};
use crate::jobs::{self, Ended, Made, Progress};
use crate::rules::{RuleBook, Said, compile};
use crate::service::{Inner, not_found};
use crate::source::{Fact, Rows};
use crate::store::{history, rule_sets};

pub(crate) async fn begin(inner: &Arc<Inner>, ctx: &Ctx, command: Backtest) -> Result<Job, RiskError> {
    inner.may(ctx, "rules", "change")?;
    if command.from.zip(command.to).is_some_and(|(from, to)| from >= to) {
        return Err(Refusal::RangeEmpty.into());
    }
    let set = {
        let tx = inner.db.read().await?;
        rule_sets::by_id(&tx, command.rule_set).await?.ok_or_else(not_found)?
    };
    let book = compile(&set.rules).map_err(|problems| Refusal::RulesUnsound { problems: problems.len() })?;
    let (own, order) = (Arc::clone(inner), command.clone());
    let work = move |progress, _| -> jobs::Work { Box::pin(run(own, order, book, progress)) };
    jobs::begin(inner, ctx, JobKind::Backtest, &command, work).await
}

async fn run(inner: Arc<Inner>, order: Backtest, mut book: RuleBook, progress: Arc<Progress>) -> Result<Made, Ended> {
    let micros = |at: Option<Timestamp>| at.map(Timestamp::micros);
    let total = match order.source {
        risk_api::Source::History => history::range(&inner.db.read().await?, order.kind).await?.map_or(0, |it| it.rows),
        risk_api::Source::Decisions => 0,
    };
    let mut rows = Rows::open(&inner, order.kind, order.source, micros(order.from), micros(order.to)).await?;
    let mut live = inner.engine.live().of(order.kind).rules.clone();
    let thresholds = inner.engine.config().thresholds;
    let mut own = Tally::new(order.rule_set, &book);
    let mut beside = live.as_ref().map(|live| Tally::new(live.id, &live.book));
    while let Some(piece) = rows.next(&inner).await? {
        // Apart from the threads that answer calls.
        let work = move || {
            for fact in &piece {
                own.add(fact, &book, thresholds);
                if let (Some(beside), Some(live)) = (&mut beside, &live) {
                    beside.add(fact, &live.book, thresholds);
                }
            }
            (own, beside, book, live)
        };
        let (next_own, next_beside, next_book, next_live) = tokio::task::spawn_blocking(work).await?;
        (own, beside, book, live) = (next_own, next_beside, next_book, next_live);
        if !progress.at("running", own.rows, total) {
            return Err(Ended::Cancelled);
        }
    }
    Ok(Made::Backtest(Box::new(own.result(beside))))
}

/// Counts of one rule set over the rows so far.
#[derive(Debug)]
pub(crate) struct Tally {
    rule_set: RuleSetId,
    rows: u64,
    range: Option<(i64, i64)>,
    stopped: Stopped,
    worth: BTreeMap<String, (Currency, i64)>,
    fraud_worth: BTreeMap<String, (Currency, i64)>,
    rules: Vec<RuleCount>,
}

impl Tally {
    pub(crate) fn new(rule_set: RuleSetId, book: &RuleBook) -> Tally {
        let count = |rule: &crate::rules::Compiled| RuleCount {
            rule: rule.id.to_string(),
            hits: 0,
            fraud: 0,
            genuine: 0,
            unlabelled: 0,
            skipped: 0,
        };
        Tally {
            rule_set,
            rows: 0,
            range: None,
            stopped: Stopped::default(),
            worth: BTreeMap::new(),
            fraud_worth: BTreeMap::new(),
            rules: book.rules.iter().map(count).collect(),
        }
    }

    pub(crate) fn add(&mut self, (past, listed): &Fact, book: &RuleBook, thresholds: Thresholds) {
        let facts = Facts { assess: &past.assess, row: &past.row, listed };
        let asked = decide::ask(self.rule_set, book, &facts);
        let answer = decide::answer(&facts, Some((book, &asked)), None, thresholds);
        let (at, fraud) = (past.assess.at.micros(), past.label.map(|(fraud, _)| fraud));
        self.rows += 1;
        self.range = Some(self.range.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
        for (count, said) in self.rules.iter_mut().zip(&asked.said) {
            match said {
                Said::Hit => {
                    count.hits += 1;
                    *labelled(fraud, &mut count.fraud, &mut count.genuine, &mut count.unlabelled) += 1;
                }
                Said::Skipped(_) => count.skipped += 1,
                Said::Quiet | Said::OtherKind | Said::Snoozed => {}
            }
        }
        let stopped = &mut self.stopped;
        match answer.outcome {
            Outcome::Decline | Outcome::DeclineReview => {
                stopped.count += 1;
                *labelled(fraud, &mut stopped.fraud, &mut stopped.genuine, &mut stopped.unlabelled) += 1;
                add_money(&mut self.worth, past.assess.amount);
                if fraud == Some(true) {
                    add_money(&mut self.fraud_worth, past.assess.amount);
                }
            }
            Outcome::Review => stopped.reviewed += 1,
            Outcome::Challenge => stopped.challenged += 1,
            Outcome::Approve => {}
        }
        stopped.missed += u64::from(fraud == Some(true) && !answer.outcome.is_decline());
    }

    fn stopped(&self) -> Stopped {
        let money = |sums: &BTreeMap<String, (Currency, i64)>| {
            sums.values().map(|(currency, minor)| Money::new(*minor, *currency)).collect()
        };
        Stopped { worth: money(&self.worth), fraud_worth: money(&self.fraud_worth), ..self.stopped.clone() }
    }

    pub(crate) fn result(self, live: Option<Tally>) -> BacktestResult {
        BacktestResult {
            rows: self.rows,
            from: self.range.map(|(first, _)| Timestamp::from_micros(first)),
            to: self.range.map(|(_, last)| Timestamp::from_micros(last)),
            stopped: self.stopped(),
            live: live.map(|live| live.stopped()),
            rules: self.rules,
        }
    }

    /// The counts of every rule.
    pub(crate) fn rules(self) -> Vec<RuleCount> {
        self.rules
    }
}

fn labelled<'a>(fraud: Option<bool>, yes: &'a mut u64, no: &'a mut u64, unknown: &'a mut u64) -> &'a mut u64 {
    match fraud {
        Some(true) => yes,
        Some(false) => no,
        None => unknown,
    }
}

/// Sums saturate: a report says "at least".
fn add_money(sums: &mut BTreeMap<String, (Currency, i64)>, amount: Option<Money>) {
    if let Some(amount) = amount {
        let entry = sums.entry(amount.currency().to_string()).or_insert((amount.currency(), 0));
        entry.1 = entry.1.saturating_add(amount.minor());
    }
}
