//! `florin bench history`: one long account, then queries about its past at random instants while others write. Each
//! query is measured by itself, warm, and every reply is checked against the generated data.

mod filling;
mod known;
mod questions;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;
use ledger_api::{BalanceQuery, TimeBasis};
use serde_json::{Value, json};

use super::books::Books;
use super::goals::Goals;
use super::report::Report;
use super::store::Stores;
use super::{pictures, table};
use crate::cli::BenchHistory;
use crate::failure::Failure;

use known::Known;
use questions::{Asking, Question};
use writer::{Lates, Writer, Written};

/// One query and its response times.
pub(super) struct Answers {
    pub what: What,
    pub by: TimeBasis,
    /// Microseconds.
    pub latency: Histogram<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Balance,
    Page,
}

const QUESTIONS: [(What, TimeBasis); 4] = [
    (What::Balance, TimeBasis::Record),
    (What::Page, TimeBasis::Record),
    (What::Balance, TimeBasis::Event),
    (What::Page, TimeBasis::Event),
];

impl Answers {
    pub(super) fn name(&self) -> &'static str {
        match (self.what, self.by) {
            (What::Balance, TimeBasis::Record) => "balance by record time",
            (What::Balance, TimeBasis::Event) => "balance by event time",
            (What::Page, TimeBasis::Record) => "page by record time",
            (What::Page, TimeBasis::Event) => "page by event time",
        }
    }

    fn at(&self, quantile: f64) -> u64 {
        self.latency.value_at_quantile(quantile)
    }

    fn value(&self) -> Value {
        let latency = json!({
            "p50": self.at(0.5), "p99": self.at(0.99), "p999": self.at(0.999), "longest": self.latency.max()
        });
        json!({ "question": self.name(), "answers": self.latency.len(), "latency_us": latency })
    }
}

pub(super) async fn run(stores: &Stores<'_>, options: &BenchHistory) -> Result<(), Failure> {
    let mut report = Report::open(&options.output, stores.engine(), stores.dir())?;
    let mut books = Books::open(stores.create().await?, options.accounts + 1).await?;
    let known = Arc::new(filling::fill(&mut books, options.entries, options.late_percent).await?);
    let description = describe(&report, options);
    report.say(&description);
    report.say(&table::answers_heading());
    let (answers, written) = measure(&books, &known, options, &report).await?;
    check(&books, &known, &written).await?;
    books.transfers += written.transfers;
    let end = books.close().await?;
    let per_second = written.transfers as f64 * 1e6 / written.micros.max(1) as f64;
    report
        .say(&format!("written meanwhile: {} transfers, {per_second:.0} a second", table::grouped(written.transfers)));
    table::size("the store", end).iter().for_each(|words| report.say(words));
    report.insert("entries", json!(options.entries));
    report.insert("late_percent", json!(options.late_percent));
    report.insert("readers", json!(options.readers));
    report.insert("answers", answers.iter().map(Answers::value).collect());
    report.insert("written_per_second", json!(per_second));
    report.insert("store", end.value());
    let goals = goals(options, &answers);
    report.close(&goals, Some(&pictures::of_answers(&description, &answers)))?;
    goals.verdict()
}

fn describe(report: &Report<'_>, options: &BenchHistory) -> String {
    let (entries, late) = (table::grouped(options.entries), options.late_percent);
    let (readers, writes) = (options.readers, table::grouped(options.writes_per_second));
    format!("{}, {entries} rows, {late} % of them late, {readers} at once, {writes} writes/s", report.engine())
}

fn goals(options: &BenchHistory, answers: &[Answers]) -> Goals {
    let mut goals = Goals::default();
    for of in answers {
        let wanted = match of.by {
            TimeBasis::Record => options.p99_at_most,
            TimeBasis::Event => options.event_p99_at_most,
        };
        goals.at_most(format!("p99 of a {} in ms", of.name()), wanted, Some(of.at(0.99) as f64 / 1e3));
    }
    goals
}

async fn measure(
    books: &Books,
    known: &Arc<Known>,
    options: &BenchHistory,
    report: &Report<'_>,
) -> Result<(Vec<Answers>, Written), Failure> {
    let lates = Arc::new(Lates::default());
    let stop = Arc::new(AtomicBool::new(false));
    let writer = Writer::new(books, known.span, options, Arc::clone(&lates));
    let writing = tokio::spawn(writer.run(Arc::clone(&stop)));
    let mut all = Vec::new();
    for (what, by) in QUESTIONS {
        let question = Question { what, by, known: Arc::clone(known), lates: Arc::clone(&lates) };
        let asked = ask(books, &question, options).await;
        if asked.is_err() {
            stop.store(true, Ordering::Relaxed);
        }
        let answers = Answers { what, by, latency: asked? };
        report.say(&table::answers(answers.name(), &answers.latency));
        all.push(answers);
    }
    stop.store(true, Ordering::Relaxed);
    Ok((all, writing.await??))
}

/// Readers in a closed loop; replies during the warm-up are checked and not counted.
async fn ask(books: &Books, question: &Question, options: &BenchHistory) -> Result<Histogram<u64>, Failure> {
    let (measuring, stopped) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let mut readers = tokio::task::JoinSet::new();
    for reader in 0..options.readers {
        let asking = Asking::new(books, question.clone(), reader as u64);
        readers.spawn(asking.run(Arc::clone(&measuring), Arc::clone(&stopped)));
    }
    tokio::time::sleep(Duration::from_secs(options.warm_up_seconds)).await;
    measuring.store(true, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(options.seconds)).await;
    stopped.store(true, Ordering::Relaxed);
    let mut latency = Histogram::new(3)?;
    while let Some(ended) = readers.join_next().await {
        latency.add(&ended??)?;
    }
    if latency.is_empty() {
        return Err(Failure::new("no query was answered in the measured time"));
    }
    Ok(latency)
}

/// What was written meanwhile must be there too, at the required rate.
async fn check(books: &Books, known: &Known, written: &Written) -> Result<(), Failure> {
    let query = BalanceQuery { path: known.path.clone(), at: None, by: TimeBasis::Record };
    let balance = books.ledger.balance(&books.whom.ctx(), query).await?.posted.minor();
    let wanted = known.end() + written.moved;
    let rows = books.status().await?.rows - known.rows;
    if balance != wanted || rows != written.transfers {
        return Err(Failure::new(format!(
            "the work was not done: {} transfers with a balance of {wanted} were acknowledged, the books hold {rows} with {balance}",
            written.transfers
        )));
    }
    if written.transfers * 10 < written.wanted * 9 {
        return Err(Failure::new(format!(
            "the writer fell behind: {} of {} transfers were written",
            written.transfers, written.wanted
        )));
    }
    Ok(())
}
