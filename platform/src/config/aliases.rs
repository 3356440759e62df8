//! Variable names from operators' guides: those that set one of our keys, and those that have no meaning yet.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use toml::Value;

/// A variable that sets one of our keys.
#[derive(Debug)]
pub struct Alias {
    pub name: &'static str,
    pub key: &'static str,
    read: fn(&str, &Value) -> Result<Value, String>,
}

impl Alias {
    /// The value for its key, which has the value `current` so far.
    pub(crate) fn value(&self, text: &str, current: &Value) -> Result<Value, String> {
        (self.read)(text, current)
    }
}

pub const ALIASES: &[Alias] = &[
    Alias { name: "DATABASE_URL", key: "storage.database_url", read: text },
    Alias { name: "PORT", key: "server.listen", read: port },
    Alias { name: "LOG_LEVEL", key: "telemetry.log_level", read: level },
    Alias { name: "DATABASE_POOL_SIZE", key: "storage.pool_size", read: whole },
    Alias { name: "JWT_SECRET", key: "crypto.secret", read: text },
    Alias { name: "RATE_LIMIT_ENABLED", key: "limits.enabled", read: yes_or_no },
    Alias { name: "REDIS_URL", key: "limits.redis_url", read: text },
    Alias { name: "PROMETHEUS_METRICS_PORT", key: "server.management_listen", read: port },
];

/// Names that existing deployments set and that have no meaning here yet. They are listed, never silently ignored.
pub const KNOWN_NOT_USED: &[&str] = &[
    "PAYMENT_ENCRYPTION_KEY",
    "PCI_COMPLIANCE_MODE",
    "RISK_VAR_CONFIDENCE_LEVEL",
    "RISK_MONTE_CARLO_SIMULATIONS",
    "BANK_API_TIMEOUT",
    "BANK_SYNC_FREQUENCY",
    "BANK_RETRY_ATTEMPTS",
];

pub fn is_known_not_used(name: &str) -> bool {
    KNOWN_NOT_USED.contains(&name) || name.starts_with("FEATURE_")
}

fn text(given: &str, _: &Value) -> Result<Value, String> {
    Ok(Value::String(given.to_owned()))
}

fn whole(given: &str, _: &Value) -> Result<Value, String> {
    given.trim().parse().map(Value::Integer).map_err(|_| "expected an integer".to_owned())
}

fn yes_or_no(given: &str, _: &Value) -> Result<Value, String> {
    match given.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(Value::Boolean(true)),
        "false" | "0" | "no" | "off" => Ok(Value::Boolean(false)),
        _ => Err("expected true or false".to_owned()),
    }
}

/// Changes the port of the address that is set, which is on loopback if there is none.
fn port(given: &str, current: &Value) -> Result<Value, String> {
    let port: u16 = given.trim().parse().map_err(|_| "expected a port number from 0 to 65535".to_owned())?;
    let address: Option<SocketAddr> = current.as_str().and_then(|address| address.parse().ok());
    let host = address.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip());
    Ok(Value::String(SocketAddr::new(host, port).to_string()))
}

/// Other loggers write levels in capitals and use `warning`.
fn level(given: &str, _: &Value) -> Result<Value, String> {
    let lower = given.trim().to_ascii_lowercase();
    Ok(Value::String(if lower == "warning" { "warn".to_owned() } else { lower }))
}
