//! The daily report as a page: figures, precision and recall, calibration, drift.

use maud::{DOCTYPE, Markup, html};
use risk_api::{DailyReport, Metrics};

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 200.0;

pub(super) fn page(report: &DailyReport) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { "Risk on " (report.day) }
                style { "body{font:15px system-ui;margin:2em;max-width:60em}td,th{padding:.2em .8em;text-align:left}svg{border:1px solid #ccc;margin-right:1em}" }
            }
            body {
                h1 { "Risk on " (report.day) }
                p { (report.decisions) " decisions of kind " (report.kind.name()) ", " (report.cases_opened) " cases, " (report.degraded) " without one of their parts." }
                (outcomes(report))
                @match &report.ripened {
                    Some(metrics) => (figures(metrics)),
                    None => p { "Fewer than 1,000 labelled decisions of this model in 30 days: nothing is said of its quality yet." },
                }
                (plots(report))
                (rules(report))
                (drift(report))
            }
        }
    }
}

fn outcomes(report: &DailyReport) -> Markup {
    html! {
        h2 { "Outcomes" }
        table {
            @for (outcome, count) in &report.outcomes { tr { td { (outcome) } td { (count) } } }
        }
    }
}

fn figures(metrics: &Metrics) -> Markup {
    let rows = [
        ("Area under the receiver's curve", metrics.auc),
        ("Average precision", metrics.average_precision),
        ("Card precision at 100 a day", metrics.card_precision_100),
        ("The same with perfect knowledge", metrics.card_precision_100_oracle),
        ("Recall at the alerts that people can look at", metrics.recall),
        ("Precision there", metrics.precision),
        ("Share of the money lost to fraud that they catch", metrics.money_recall),
        ("Genuine ones for each fraud", metrics.false_per_fraud),
        ("Accuracy: a model that flags nothing has almost all of it", metrics.accuracy),
    ];
    html! {
        h2 { "Model on " (metrics.rows) " labelled decisions, " (metrics.fraud) " of them fraud" }
        table {
            @for (what, value) in rows { tr { td { (what) } td { (format!("{value:.3}")) } } }
        }
    }
}

fn plots(report: &DailyReport) -> Markup {
    let curve = report.curve.iter().map(|point| (point.recall, point.precision)).collect::<Vec<_>>();
    let calibration = report.calibration.iter().map(|bin| (bin.probability, bin.observed)).collect::<Vec<_>>();
    html! {
        @if !curve.is_empty() {
            h2 { "Precision by recall, and calibration" }
            (plot("recall", "precision", &curve))
            (plot("said", "happened", &calibration))
        }
    }
}

/// Points between 0 and 1, joined.
fn plot(across: &str, up: &str, points: &[(f64, f64)]) -> Markup {
    let at =
        |(x, y): &(f64, f64)| format!("{:.1},{:.1}", 10.0 + x * (WIDTH - 20.0), HEIGHT - 10.0 - y * (HEIGHT - 20.0));
    let line = points.iter().map(at).collect::<Vec<_>>().join(" ");
    html! {
        svg width=(WIDTH) height=(HEIGHT) role="img" aria-label=(format!("{up} by {across}")) {
            polyline points=(line) fill="none" stroke="#06c" stroke-width="2" {}
            text x="14" y="18" font-size="11" { (up) }
            text x=(WIDTH - 60.0) y=(HEIGHT - 14.0) font-size="11" { (across) }
        }
    }
}

fn rules(report: &DailyReport) -> Markup {
    html! {
        h2 { "Rules" }
        table {
            tr { th { "Rule" } th { "Hits" } th { "Fraud" } th { "Genuine" } th { "Not labelled" } th { "Not applied" } }
            @for rule in &report.rules {
                tr {
                    td { (rule.rule) } td { (rule.hits) } td { (rule.fraud) } td { (rule.genuine) }
                    td { (rule.unlabelled) } td { (rule.skipped) }
                }
            }
        }
    }
}

fn drift(report: &DailyReport) -> Markup {
    html! {
        @if !report.drift.is_empty() {
            h2 { "Drift against training: above 0.1 look, above 0.2 act" }
            table {
                @for (feature, psi) in report.drift.iter().take(20) { tr { td { (feature) } td { (format!("{psi:.3}")) } } }
            }
        }
    }
}
