//! Metrics as data: name, kind, labels, unit and meaning. Every metric that this process can report is in a table like
//! the one below; `florin catalogue` prints them all, and a repository check compares them with the sources.

use metrics::{describe_counter, describe_gauge, describe_histogram};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    pub name: &'static str,
    pub kind: MetricKind,
    pub labels: &'static [&'static str],
    pub help: &'static str,
    unit: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    Counter,
    Gauge,
    Histogram,
}

impl MetricKind {
    pub fn name(self) -> &'static str {
        match self {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        }
    }
}

impl Metric {
    pub const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
        Metric { name, kind: MetricKind::Counter, labels, help, unit: None }
    }

    pub const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
        Metric { name, kind: MetricKind::Gauge, labels, help, unit: None }
    }

    pub const fn histogram(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
        Metric { name, kind: MetricKind::Histogram, labels, help, unit: None }
    }

    /// For a unit that the name does not end with.
    #[must_use]
    pub const fn in_unit(self, unit: &'static str) -> Metric {
        Metric { unit: Some(unit), ..self }
    }

    /// What one of it is.
    pub fn unit(&self) -> &'static str {
        let by_name = || {
            let ends = |with: &str| self.name.ends_with(with);
            match self.kind {
                _ if ends("_timestamp") || ends("_timestamp_seconds") => "seconds since 1970",
                _ if ends("_seconds") => "seconds",
                _ if ends("_bytes") => "bytes",
                _ if ends("_per_second") => "1/s",
                _ => "1",
            }
        };
        self.unit.unwrap_or_else(by_name)
    }

    /// Adds the meaning to `/metrics`.
    pub fn describe(&self) {
        match self.kind {
            MetricKind::Counter => describe_counter!(self.name, self.help),
            MetricKind::Gauge => describe_gauge!(self.name, self.help),
            MetricKind::Histogram => describe_histogram!(self.name, self.help),
        }
    }
}

/// Those of every process, whatever runs in it.
pub const METRICS: &[Metric] = &[
    Metric::counter("http_requests_total", &["service", "method", "endpoint", "status", "code"], "requests answered"),
    Metric::histogram(
        "http_request_duration_seconds",
        &["service", "method", "endpoint", "status", "code"],
        "time from the headers of a request to those of its response",
    ),
    Metric::gauge("http_requests_per_second", &[], "requests answered per second, over the last five seconds"),
    Metric::gauge("http_requests_running", &[], "requests that are being answered, where requests_max is set"),
    Metric::gauge("http_requests_waiting", &["class"], "requests that wait for their turn, where requests_max is set"),
    Metric::counter(
        "http_requests_shed_total",
        &["class", "why"],
        "requests refused so that others are answered in time",
    ),
    Metric::gauge("http_connections_active", &["listener"], "connections open now"),
    Metric::counter(
        "http_connections_refused_total",
        &["listener"],
        "connections refused because connections_max were open",
    ),
    Metric::gauge("database_connections_active", &["service"], "database connections in use now"),
    Metric::gauge("database_connections_max", &["service"], "database connections that may be in use at the same time"),
    Metric::counter("tls_handshakes_total", &["listener", "outcome"], "TLS handshakes of callers"),
    Metric::counter(
        "tls_certificates_refused_total",
        &["listener"],
        "changed certificates that could not be used; the previous one stays",
    ),
    Metric::gauge("ssl_certificate_expiry_timestamp", &["listener"], "when the certificate in use expires"),
    Metric::counter("rpc_calls_total", &["service", "method", "outcome"], "calls to other processes"),
    Metric::counter("rpc_repeats_total", &["service", "method"], "calls sent again after a lost answer"),
    Metric::gauge("rpc_circuit_open", &["service"], "1 while calls to a service are refused here at once"),
    Metric::counter("rpc_circuit_opened_total", &["service"], "times that calls to a service began to be refused here"),
    Metric::histogram("rpc_served_seconds", &["service", "method"], "time that calls of other processes took here"),
    Metric::counter("rpc_strangers_total", &[], "calls without the deployment's secret"),
    Metric::histogram("lease_renewal_seconds", &["service"], "time that a renewal of the lease took"),
    Metric::counter("lease_takeovers_total", &["service"], "leases that this process took"),
    Metric::gauge("lease_held", &["service"], "1 in the process that writes"),
    Metric::gauge("lease_epoch", &["service"], "the number of the current lease"),
    Metric::counter(
        "lane_poisoned_total",
        &["lane"],
        "commands that the store could not take, left out of their group",
    ),
    Metric::histogram("lane_group_size", &["lane"], "commands committed together").in_unit("commands"),
    Metric::histogram("lane_group_seconds", &["lane"], "time of a group, from its first command to its commit"),
    Metric::counter("feed_events_total", &["feed", "consumer"], "events applied"),
    Metric::counter("feed_failures_total", &["feed", "consumer"], "failed attempts to apply events"),
    Metric::counter("feed_parked_total", &["feed", "consumer"], "events set aside for a person to decide"),
    Metric::counter("feed_given_up_total", &["feed", "consumer"], "parked events given up"),
    Metric::gauge("feed_lag_events", &["feed", "consumer"], "events not applied yet").in_unit("events"),
    Metric::gauge("feed_parked_events", &["feed", "consumer"], "events that wait for a decision").in_unit("events"),
    Metric::counter("outbox_removed_total", &["outbox"], "events removed from an outbox after their time"),
    Metric::gauge("outbox_oldest_row_age_seconds", &["outbox"], "age of the oldest event of an outbox"),
    Metric::counter("once_forgotten_total", &["service"], "idempotency keys removed after their time"),
    Metric::counter("periodic_failures_total", &["work"], "failed rounds of periodic work"),
    Metric::counter("job_runs_total", &["room", "job", "outcome"], "runs of jobs"),
    Metric::histogram("job_duration_seconds", &["room", "job"], "time that a run of a job took"),
    Metric::gauge("job_last_success_timestamp_seconds", &["room", "job"], "when a job last succeeded"),
    Metric::counter("limits_refused_total", &["kind", "class", "window"], "requests above a rate limit"),
    Metric::counter("limits_forgotten_total", &[], "counted clients, people and addresses dropped for lack of room"),
    Metric::gauge("limits_shared", &[], "1 while the edges count together, 0 while each counts by itself"),
    Metric::counter("limits_shared_failures_total", &[], "requests that the shared count did not answer in time"),
    Metric::counter("outbound_requests_total", &["destination", "outcome"], "requests to other organisations"),
    Metric::histogram("outbound_request_duration_seconds", &["destination"], "time of requests to other organisations"),
    Metric::gauge("outbound_circuits_open", &[], "hosts of other organisations that are not called for some seconds"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_named_once_and_says_its_unit() {
        for (place, metric) in METRICS.iter().enumerate() {
            assert!(METRICS.iter().skip(place + 1).all(|other| other.name != metric.name), "{}", metric.name);
            assert!(!metric.help.is_empty() && !metric.unit().is_empty(), "{}", metric.name);
            assert_eq!(metric.kind == MetricKind::Counter, metric.name.ends_with("_total"), "{}", metric.name);
        }
        let unit = |name: &str| METRICS.iter().find(|metric| metric.name == name).unwrap().unit();
        assert_eq!(
            (unit("rpc_served_seconds"), unit("lane_group_size"), unit("lease_held")),
            ("seconds", "commands", "1")
        );
        assert_eq!(unit("ssl_certificate_expiry_timestamp"), "seconds since 1970");
    }
}
