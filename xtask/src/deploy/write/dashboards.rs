//! Dashboards for Grafana: an overview, one a part, objectives, the database, and events with jobs.

use serde_json::{Value, json};

use super::slo::endpoints;
use crate::deploy::catalogue::Catalogue;

/// Title, expression, legend, unit.
type Panel = (String, String, &'static str, &'static str);

fn panel(title: &str, expr: &str, legend: &'static str, unit: &'static str) -> Panel {
    (title.to_owned(), expr.to_owned(), legend, unit)
}

pub(super) fn all(catalogue: &Catalogue) -> Result<Vec<(String, String)>, String> {
    let mut boards = vec![("overview", "Florin", overview()), ("slo", "Florin: objectives", slo())];
    boards.push(("database", "Florin: database", database()));
    boards.push(("feeds", "Florin: events and jobs", feeds()));
    let mut made = Vec::new();
    for (name, title, panels) in boards {
        made.push(file(name, title, panels)?);
    }
    for (name, entry) in &catalogue.parts {
        let select = format!("job=\"florin\", endpoint=~\"{}\"", endpoints(name, entry));
        made.push(file(&format!("part-{name}"), &format!("Florin: {name}"), of_part(name, &select))?);
    }
    Ok(made)
}

/// The four panels that operators know, and what is on fire.
fn overview() -> Vec<Panel> {
    let p95 = "histogram_quantile(0.95, sum by (le, service) (rate(http_request_duration_seconds_bucket{job=\"florin\"}[5m])))";
    let success = "1 - (sum(rate(http_requests_total{job=\"florin\", endpoint=~\"(/api)?/v1/(ledger/)?(transactions|batches).*|/payments.*\", \
                   status=~\"5..\"}[5m])) or vector(0)) / (sum(rate(http_requests_total{job=\"florin\", endpoint=~\"(/api)?/v1/(ledger/)?\
                   (transactions|batches).*|/payments.*\"}[5m])) > 0)";
    let pool =
        "max by (service) (database_connections_active{job=\"florin\"} / database_connections_max{job=\"florin\"})";
    vec![
        panel(
            "Transaction volume",
            "sum by (kind) (rate(ledger_transactions_total{job=\"florin\"}[5m]))",
            "{{kind}}",
            "reqps",
        ),
        panel("Response time, 95 of 100 requests", p95, "{{service}}", "s"),
        panel("Payment success rate", success, "", "percentunit"),
        panel("Database connection pool", pool, "{{service}}", "percentunit"),
        panel(
            "Fraud detections",
            "sum by (outcome) (rate(fraud_detections_total{job=\"florin\"}[5m]))",
            "{{outcome}}",
            "reqps",
        ),
        panel("Alerts", "count by (alertname) (ALERTS{alertstate=\"firing\"})", "{{alertname}}", "short"),
        panel("Processes up", "sum by (role) (up{job=\"florin\"})", "{{role}}", "short"),
        panel(
            "Open connections",
            "sum by (listener) (http_connections_active{job=\"florin\"})",
            "{{listener}}",
            "short",
        ),
        panel(
            "Refused tokens",
            "sum by (code) (rate(access_tokens_refused_total{job=\"florin\"}[5m]))",
            "{{code}}",
            "reqps",
        ),
    ]
}

fn slo() -> Vec<Panel> {
    vec![
        panel(
            "Errors used of what may fail, one hour",
            "florin:errors:ratio_rate1h / florin:errors:budget",
            "{{part}}",
            "short",
        ),
        panel(
            "Errors used of what may fail, three days",
            "florin:errors:ratio_rate3d / florin:errors:budget",
            "{{part}}",
            "short",
        ),
        panel("Share of failed requests, five minutes", "florin:errors:ratio_rate5m", "{{part}}", "percentunit"),
        panel("Answered in time, one hour", "florin:in_time:ratio_rate1h", "{{part}}", "percentunit"),
    ]
}

fn database() -> Vec<Panel> {
    vec![
        panel(
            "Connections in use",
            "sum by (service) (database_connections_active{job=\"florin\"})",
            "{{service}}",
            "short",
        ),
        panel(
            "Share of the pool",
            "max by (role, service) (database_connections_active{job=\"florin\"} / database_connections_max{job=\"florin\"})",
            "{{role}} {{service}}",
            "percentunit",
        ),
        panel("Who writes", "sum by (service, pod) (lease_held{job=\"florin\"})", "{{service}} {{pod}}", "short"),
        panel(
            "Renewal of the lease, 99 of 100",
            "histogram_quantile(0.99, sum by (le, service) (rate(lease_renewal_seconds_bucket{job=\"florin\"}[5m])))",
            "{{service}}",
            "s",
        ),
        panel(
            "Commits, 95 of 100",
            "histogram_quantile(0.95, sum by (le, lane) (rate(lane_group_seconds_bucket{job=\"florin\"}[5m])))",
            "{{lane}}",
            "s",
        ),
        panel("Connections of the server", "sum by (datname) (pg_stat_activity_count)", "{{datname}}", "short"),
        panel("Size of the databases", "max by (datname) (pg_database_size_bytes)", "{{datname}}", "bytes"),
        panel("Memory of Redis", "redis_memory_used_bytes", "{{instance}}", "bytes"),
    ]
}

fn feeds() -> Vec<Panel> {
    vec![
        panel(
            "Events not applied yet",
            "max by (feed, consumer) (feed_lag_events{job=\"florin\"})",
            "{{feed}} to {{consumer}}",
            "short",
        ),
        panel(
            "Events parked",
            "max by (feed, consumer) (feed_parked_events{job=\"florin\"})",
            "{{feed}} to {{consumer}}",
            "short",
        ),
        panel(
            "Oldest event of an outbox",
            "max by (outbox) (outbox_oldest_row_age_seconds{job=\"florin\"})",
            "{{outbox}}",
            "s",
        ),
        panel(
            "Runs of jobs",
            "sum by (room, outcome) (increase(job_runs_total{job=\"florin\"}[1h]))",
            "{{room}} {{outcome}}",
            "short",
        ),
    ]
}

fn of_part(name: &str, select: &str) -> Vec<Panel> {
    let rate = format!("sum by (method, endpoint) (rate(http_requests_total{{{select}}}[5m]))");
    let status = format!("sum by (status) (rate(http_requests_total{{{select}}}[5m]))");
    let p95 = format!(
        "histogram_quantile(0.95, sum by (le, endpoint) (rate(http_request_duration_seconds_bucket{{{select}}}[5m])))"
    );
    let calls = format!("sum by (method, outcome) (rate(rpc_calls_total{{job=\"florin\", service=\"{name}\"}}[5m]))");
    let served = format!(
        "histogram_quantile(0.95, sum by (le, method) (rate(rpc_served_seconds_bucket{{job=\"florin\", service=\"{name}\"}}[5m])))"
    );
    let connections = format!("sum by (pod) (database_connections_active{{job=\"florin\", service=\"{name}\"}})");
    vec![
        panel("Requests", &rate, "{{method}} {{endpoint}}", "reqps"),
        panel("Answers", &status, "{{status}}", "reqps"),
        panel("Response time, 95 of 100 requests", &p95, "{{endpoint}}", "s"),
        panel("Calls of other processes", &calls, "{{method}} {{outcome}}", "reqps"),
        panel("Time of these calls, 95 of 100", &served, "{{method}}", "s"),
        panel("Database connections", &connections, "{{pod}}", "short"),
    ]
}

fn file(name: &str, title: &str, panels: Vec<Panel>) -> Result<(String, String), String> {
    let panels: Vec<Value> = (0_u32..).zip(panels).map(|(place, panel)| shown(place, panel)).collect();
    let board = json!({
        "uid": format!("florin-{name}"), "title": title, "tags": ["florin"], "schemaVersion": 39, "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"}, "timezone": "utc",
        "templating": {"list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}]},
        "panels": panels,
    });
    let text = serde_json::to_string_pretty(&board).map_err(|error| error.to_string())?;
    Ok((format!("deploy/chart/files/dashboards/{name}.json"), text + "\n"))
}

fn shown(place: u32, (title, expr, legend, unit): Panel) -> Value {
    json!({
        "id": place + 1, "type": "timeseries", "title": title,
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "gridPos": {"h": 8, "w": 12, "x": place % 2 * 12, "y": place / 2 * 8},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [{"refId": "A", "expr": expr, "legendFormat": legend}],
    })
}
