//! Names in rules and dashboards: each metric is one of ours, one that a rule records, or one of a named exporter. Each
//! rule has a page and a test.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::catalogue::Binary;
use super::manifests::Manifest;
use super::pods::{list, text};
use super::{files, metrics, read};

/// Metrics of others, and who exports them.
const FOREIGN: &[(&str, &str)] = &[
    ("up", "Prometheus"),
    ("ALERTS", "Prometheus"),
    ("florin:errors:budget", "the chart, from the catalogue"),
    ("container_memory_working_set_bytes", "the kubelet"),
    ("container_spec_memory_limit_bytes", "the kubelet"),
    ("container_cpu_usage_seconds_total", "the kubelet"),
    ("container_spec_cpu_quota", "the kubelet"),
    ("container_spec_cpu_period", "the kubelet"),
    ("pg_stat_activity_count", "the PostgreSQL exporter"),
    ("pg_settings_max_connections", "the PostgreSQL exporter"),
    ("pg_stat_database_xact_commit", "the PostgreSQL exporter"),
    ("pg_database_size_bytes", "the PostgreSQL exporter"),
    ("redis_memory_used_bytes", "the Redis exporter"),
    ("redis_memory_max_bytes", "the Redis exporter"),
];
const RULES: &str = "deploy/chart/files/rules";
const DASHBOARDS: &str = "deploy/chart/files/dashboards";

/// A rule of one of the files.
struct Rule {
    file: String,
    alert: String,
    record: String,
    expr: String,
}

pub(crate) fn differences(root: &Path, binary: &Binary) -> Result<Vec<String>, String> {
    let rules = rules(root)?;
    let known = metrics::registry(binary);
    let recorded: BTreeSet<&str> = rules.iter().map(|rule| rule.record.as_str()).collect();
    let foreign: BTreeMap<_, _> = FOREIGN.iter().copied().collect();
    let mut wrong = Vec::new();
    let mut hold = |place: &str, expr: &str| {
        for name in names(expr) {
            let base = ["_bucket", "_count", "_sum"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
            let ours =
                known.contains_key(name.as_str()) || known.get(base).is_some_and(|metric| metric.kind == "histogram");
            if !ours && !recorded.contains(name.as_str()) && !foreign.contains_key(name.as_str()) {
                wrong.push(format!(
                    "{place}: {name} is no metric of `florin catalogue`, and in no list of an exporter's [B D71]"
                ));
            }
        }
    };
    rules.iter().for_each(|rule| hold(&format!("{}: {}{}", rule.file, rule.alert, rule.record), &rule.expr));
    for file in files(&root.join(DASHBOARDS), &["json"])? {
        let place = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        let board: Value = serde_json::from_str(&read(&file)?).map_err(|error| format!("{place}: {error}"))?;
        for panel in list(&board, "panels") {
            list(panel, "targets").iter().for_each(|target| hold(&place, text(target, "/expr")));
        }
    }
    Ok(wrong)
}

/// Each alert has a page and a test, and each page and test an alert.
pub(crate) fn one_to_one(root: &Path) -> Result<Vec<String>, String> {
    let rules = rules(root)?;
    let alerts: BTreeSet<String> =
        rules.iter().map(|rule| rule.alert.clone()).filter(|name| !name.is_empty()).collect();
    let mut wrong = Vec::new();
    for (folder, end, what) in [("docs/runbooks", ".md", "page"), ("deploy/tests/rules", ".yaml", "test")] {
        let stem = |path: &std::path::PathBuf| Some(path.file_name()?.to_str()?.strip_suffix(end)?.to_owned());
        let there: BTreeSet<String> = files(&root.join(folder), &[end])?.iter().filter_map(stem).collect();
        wrong.extend(
            alerts.difference(&there).map(|name| format!("the alert {name} has no {what}: write {folder}/{name}{end}")),
        );
        wrong.extend(there.difference(&alerts).map(|name| format!("{folder}/{name}{end} is the {what} of no alert")));
    }
    Ok(wrong)
}

fn rules(root: &Path) -> Result<Vec<Rule>, String> {
    let mut found = Vec::new();
    for path in files(&root.join(RULES), &["yaml"])? {
        let manifest = Manifest::read(root, &path)?;
        for rule in
            manifest.objects.iter().flat_map(|object| object.list("/groups")).flat_map(|group| list(group, "rules"))
        {
            let word = |key: &str| text(rule, key).to_owned();
            found.push(Rule {
                file: manifest.file.clone(),
                alert: word("/alert"),
                record: word("/record"),
                expr: word("/expr"),
            });
        }
    }
    Ok(found)
}

/// Names of metrics in an expression: words that are not functions, keywords, labels or texts.
fn names(expr: &str) -> BTreeSet<String> {
    const KEYWORDS: &[&str] = &[
        "by",
        "without",
        "and",
        "or",
        "unless",
        "on",
        "ignoring",
        "group_left",
        "group_right",
        "offset",
        "bool",
        "le",
    ];
    const AGGREGATES: &[&str] = &["sum", "min", "max", "avg", "count", "stddev", "quantile", "topk"];
    let (mut found, mut word) = (BTreeSet::new(), String::new());
    let (mut quoted, mut braces, mut grouping) = (false, 0_u32, false);
    for letter in expr.chars().chain([' ']) {
        match letter {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' | '[' => braces += 1,
            '}' | ']' => braces = braces.saturating_sub(1),
            letter if braces == 0 && (letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':')) => {
                word.push(letter);
                continue;
            }
            _ => {}
        }
        if letter == ' ' && KEYWORDS.contains(&word.as_str()) {
            grouping = matches!(word.as_str(), "by" | "without" | "on" | "ignoring" | "group_left" | "group_right");
            word.clear();
            continue;
        }
        let is_name = word.starts_with(|first: char| first.is_ascii_alphabetic()) && letter != '(';
        if is_name && !grouping && !KEYWORDS.contains(&word.as_str()) && !AGGREGATES.contains(&word.as_str()) {
            found.insert(std::mem::take(&mut word));
        }
        if letter == ')' {
            grouping = false;
        }
        word.clear();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_told_from_functions_labels_and_texts() {
        let expr = "histogram_quantile(0.95, sum by (le, service) (rate(lease_renewal_seconds_bucket{job=\"florin\"}[5m]))) > 0.5 and \
                    a:b:rate5m > 1 * time() or absent(up{job=\"x y\"} == 1)";
        let seen: Vec<String> = names(expr).into_iter().collect();
        assert_eq!(seen, ["a:b:rate5m", "lease_renewal_seconds_bucket", "up"]);
    }
}
