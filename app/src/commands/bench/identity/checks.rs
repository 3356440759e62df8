//! What every request pays: the check of its token, and the decision. In this process, with nothing else in the way.

use access::Vocabulary;
use access::bench::{self as costs, Figures};
use serde_json::{Value, json};

use super::{Bench, told};
use crate::commands::bench::goals::Goals;
use crate::commands::bench::report::Report;
use crate::failure::Failure;

const TOKENS: usize = 10_000;
const POLICIES: usize = 1_000;
const REMEMBERED_CALLS: usize = 200_000;
const FIRST_CALLS: usize = 5_000;
const DECISIONS: usize = 20_000;

type Costs = [(&'static str, Figures); 4];

pub(super) async fn measure(bench: &Bench<'_>, report: &mut Report<'_>, goals: &mut Goals) -> Result<(), Failure> {
    let words = crate::rooms::all()?.vocabulary()?;
    let costs = tokio::task::spawn_blocking(move || costs(&words)).await??;
    told::costs(report, &costs);
    report.insert("costs", costs.iter().map(|(what, figures)| value(what, figures)).collect());
    let micros = |wanted: &str| costs.iter().find(|(what, _)| *what == wanted).map(|(_, of)| of.mean_ns / 1e3);
    goals.at_most("check of a cached token in us", bench.options.check_at_most, micros(REMEMBERED));
    goals.at_most("decision in us", bench.options.decision_at_most, micros(DECISION));
    Ok(())
}

const REMEMBERED: &str = "remembered token";
const DECISION: &str = "decision among 1,000";

fn costs(words: &Vocabulary) -> Result<Costs, costs::BenchError> {
    Ok([
        ("SHA-256 of a token", costs::digests(REMEMBERED_CALLS)?),
        (REMEMBERED, costs::remembered_checks(words, TOKENS, REMEMBERED_CALLS)?),
        ("token seen first", costs::first_checks(words, FIRST_CALLS)?),
        (DECISION, costs::decisions(words, POLICIES, DECISIONS)?),
    ])
}

fn value(what: &str, figures: &Figures) -> Value {
    json!({ "what": what, "mean_ns": figures.mean_ns, "p50_ns": figures.p50_ns, "p99_ns": figures.p99_ns })
}
