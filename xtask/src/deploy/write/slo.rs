//! Objectives of each part as rules: the share of failed requests over several windows, and how fast it uses up what may
//! fail in a month.

use std::fmt::Write;

use crate::deploy::catalogue::{Catalogue, Entry};

const WINDOWS: &[&str] = &["5m", "30m", "1h", "6h", "3d"];

/// Name, times the budget, long window, short window, severity, what it means.
const BURNS: &[(&str, &str, &str, &str, &str, &str)] = &[
    ("ErrorBudgetBurnFast", "14.4", "1h", "5m", "critical", "uses up a month's errors in two days"),
    ("ErrorBudgetBurn", "6", "6h", "30m", "critical", "uses up a month's errors in five days"),
    ("ErrorBudgetBurnSlow", "1", "3d", "6h", "warning", "uses up its errors faster than the month goes"),
];

/// As Prometheus matches a part's requests.
pub(super) fn endpoints(name: &str, entry: &Entry) -> String {
    match (name, entry.paths.as_slice()) {
        ("edge", _) => ".+".to_owned(),
        (_, []) => format!("(/api)?/v1/{name}(/.*)?"),
        (_, paths) => {
            let beginnings: Vec<&str> = paths.iter().map(String::as_str).collect();
            format!("(/api)?({})(/.*)?", beginnings.join("|"))
        }
    }
}

pub(super) fn rules(catalogue: &Catalogue) -> String {
    let mut text = "# Objectives. Written by `cargo xtask deploy write` from the catalogue.\ngroups:\n".to_owned();
    for (name, entry) in &catalogue.parts {
        let select = format!("job=\"florin\", endpoint=~\"{}\"", endpoints(name, entry));
        let _ = write!(text, "  - name: florin-slo-{name}\n    interval: 30s\n    rules:\n");
        for window in WINDOWS {
            let failed = format!("sum(rate(http_requests_total{{{select}, status=~\"5..\"}}[{window}]))");
            let all = format!("sum(rate(http_requests_total{{{select}}}[{window}]))");
            record(
                &mut text,
                &format!("florin:errors:ratio_rate{window}"),
                &format!("({failed} or vector(0)) / ({all} > 0)"),
                name,
            );
        }
        record(&mut text, "florin:requests:rate1h", &format!("sum(rate(http_requests_total{{{select}}}[1h]))"), name);
        let seconds = entry.slo.map_or(1.0, |slo| slo.seconds);
        let (within, counted) = (
            format!("sum(rate(http_request_duration_seconds_bucket{{{select}, le=\"{seconds}\"}}[1h]))"),
            format!("sum(rate(http_request_duration_seconds_count{{{select}}}[1h]))"),
        );
        record(&mut text, "florin:in_time:ratio_rate1h", &format!("{within} / ({counted} > 0)"), name);
    }
    text.push_str("  - name: florin-slo\n    interval: 30s\n    rules:\n");
    for (name, times, long, short, severity, means) in BURNS {
        let over = |window: &str| format!("florin:errors:ratio_rate{window} > {times} * florin:errors:budget");
        let expr = format!("{} and {} and florin:requests:rate1h > 0.02", over(long), over(short));
        let _ = write!(
            text,
            "      - alert: {name}\n        expr: '{expr}'\n        labels: {{severity: {severity}}}\n        annotations:\n          summary: \
             '{{{{ $labels.part }}}} {}'\n          runbook_url: docs/runbooks/{name}.md\n",
            means.replace('\'', "''")
        );
    }
    text.push_str(
        "      - alert: RequestsSlow\n        expr: 'florin:in_time:ratio_rate1h < 0.99 and florin:requests:rate1h > 0.02'\n        for: 15m\n        \
         labels: {severity: warning}\n        annotations:\n          summary: 'Fewer than 99 of 100 requests to {{ $labels.part }} are answered in \
         its time'\n          runbook_url: docs/runbooks/RequestsSlow.md\n",
    );
    text
}

fn record(text: &mut String, name: &str, expr: &str, part: &str) {
    let _ = write!(text, "      - record: {name}\n        expr: '{expr}'\n        labels: {{part: {part}}}\n");
}
