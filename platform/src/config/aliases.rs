//! Variable names from operators' guides: those that set one of our keys, and those that have no meaning yet.

use toml::Value;

/// A variable that sets one of our keys.
#[derive(Debug)]
pub struct Alias {
    pub name: &'static str,
    pub key: &'static str,
    read: fn(&str) -> Result<Value, String>,
}

impl Alias {
    pub(crate) fn value(&self, text: &str) -> Result<Value, String> {
        (self.read)(text)
    }
}

pub const ALIASES: &[Alias] = &[
    Alias { name: "DATABASE_URL", key: "storage.database_url", read: text },
    Alias { name: "PORT", key: "server.listen", read: loopback_port },
    Alias { name: "LOG_LEVEL", key: "telemetry.log_level", read: level },
    Alias { name: "DATABASE_POOL_SIZE", key: "storage.pool_size", read: whole },
    Alias { name: "JWT_SECRET", key: "crypto.secret", read: text },
    Alias { name: "PROMETHEUS_METRICS_PORT", key: "server.management_listen", read: loopback_port },
];

/// Names that existing deployments set and that have no meaning here yet. They are listed, never silently ignored.
pub const KNOWN_NOT_USED: &[&str] = &[
    "REDIS_URL",
    "PAYMENT_ENCRYPTION_KEY",
    "PCI_COMPLIANCE_MODE",
    "RATE_LIMIT_ENABLED",
    "RISK_VAR_CONFIDENCE_LEVEL",
    "RISK_MONTE_CARLO_SIMULATIONS",
    "BANK_API_TIMEOUT",
    "BANK_SYNC_FREQUENCY",
    "BANK_RETRY_ATTEMPTS",
];

pub fn is_known_not_used(name: &str) -> bool {
    KNOWN_NOT_USED.contains(&name) || name.starts_with("FEATURE_")
}

fn text(given: &str) -> Result<Value, String> {
    Ok(Value::String(given.to_owned()))
}

fn whole(given: &str) -> Result<Value, String> {
    given.trim().parse().map(Value::Integer).map_err(|_| "expected an integer".to_owned())
}

fn loopback_port(given: &str) -> Result<Value, String> {
    let port: u16 = given.trim().parse().map_err(|_| "expected a port number from 0 to 65535".to_owned())?;
    Ok(Value::String(format!("127.0.0.1:{port}")))
}

/// Other loggers write levels in capitals and use `warning`.
fn level(given: &str) -> Result<Value, String> {
    let lower = given.trim().to_ascii_lowercase();
    Ok(Value::String(if lower == "warning" { "warn".to_owned() } else { lower }))
}
