//! The connection to Redis, to one server or to a cluster, and the script that counts there.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{AsyncConnectionConfig, Client, Script, TlsCertificates};

use super::count::Totals;
use super::rules::Window;
use super::shared::Group;
use crate::config::{self, DatabaseUrl};

/// For a new connection, with its handshakes.
const CONNECT_MAX: Duration = Duration::from_secs(2);

/// Of one command, to the node that has its keys.
const REDIRECTIONS_MAX: u32 = 2;

/// For each window: what a process already knows is the least, because the store may have been emptied; the counts of
/// the window before are read.
const COUNT: &str = "
local totals = {}
local windows = #KEYS / 2
for window = 1, windows do
  local now = tonumber(redis.call('get', KEYS[2 * window - 1]) or '0')
  now = math.max(now, tonumber(ARGV[1 + window])) + tonumber(ARGV[1])
  now = math.max(now, 0)
  redis.call('set', KEYS[2 * window - 1], now, 'ex', ARGV[1 + windows + window])
  totals[2 * window - 1] = now
  totals[2 * window] = tonumber(redis.call('get', KEYS[2 * window]) or '0')
end
return totals";

#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    #[error("limits.redis_url: {0}")]
    Url(redis::RedisError),
    #[error("limits.redis_ca_file: {path} cannot be read: {cause}")]
    CaFile { path: String, cause: std::io::Error },
}

/// How the store is reached.
pub(super) enum Target {
    One(Box<Client>),
    Cluster(Box<ClusterClient>),
}

/// An open connection; clones share it.
#[derive(Clone)]
pub(super) enum Link {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Target {
    pub(super) fn of(config: &config::Limits, url: &DatabaseUrl) -> Result<Target, RedisError> {
        let root_cert = match &config.redis_ca_file {
            None => None,
            Some(path) => Some(std::fs::read(path).map_err(|cause| {
                let path = path.display().to_string();
                RedisError::CaFile { path, cause }
            })?),
        };
        let certificates = TlsCertificates { client_tls: None, root_cert };
        let (url, timeout) = (url.expose(), Duration::from_millis(config.redis_timeout_ms));
        let is_tls = url.starts_with("rediss://");
        if config.redis_cluster {
            let builder = ClusterClient::builder(vec![url]).retries(REDIRECTIONS_MAX);
            let builder = builder.connection_timeout(CONNECT_MAX).response_timeout(timeout);
            // With certificates it speaks TLS, whatever the address says.
            let builder = if is_tls { builder.certs(certificates) } else { builder };
            return builder.build().map(|client| Target::Cluster(Box::new(client))).map_err(RedisError::Url);
        }
        let client = if is_tls { Client::build_with_tls(url, certificates) } else { Client::open(url) };
        client.map(|client| Target::One(Box::new(client))).map_err(RedisError::Url)
    }

    pub(super) async fn connect(&self, script: &Script) -> Result<Link, redis::RedisError> {
        let connecting = async {
            let mut link = match self {
                Target::One(client) => {
                    // The courier bounds its own waits.
                    let config = AsyncConnectionConfig::new();
                    let config =
                        config.set_connection_timeout(Some(CONNECT_MAX)).set_response_timeout(Some(CONNECT_MAX));
                    Link::One(client.get_multiplexed_async_connection_with_config(&config).await?)
                }
                Target::Cluster(client) => Link::Cluster(client.get_async_connection().await?),
            };
            match &mut link {
                Link::One(one) => script.load_async(one).await?,
                Link::Cluster(cluster) => script.load_async(cluster).await?,
            };
            Ok(link)
        };
        let late = || redis::RedisError::from((redis::ErrorKind::Io, "the connection took too long"));
        tokio::time::timeout(CONNECT_MAX, connecting).await.unwrap_or_else(|_| Err(late()))
    }
}

pub(super) fn script() -> Script {
    Script::new(COUNT)
}

impl Link {
    /// Counts the requests of one subject; commands sent at the same time share one round trip.
    pub(super) async fn count(mut self, script: &Script, group: &Group) -> Result<[Totals; 3], redis::RedisError> {
        let mut call = script.prepare_invoke();
        for (window, index) in Window::ALL.iter().zip(group.indexes) {
            call.key(key(&group.name, *window, index)).key(key(&group.name, *window, index.saturating_sub(1)));
        }
        call.arg(group.delta);
        for known in group.known {
            call.arg(known);
        }
        for window in Window::ALL {
            call.arg(2 * window.seconds());
        }
        let totals: Vec<i64> = match &mut self {
            Link::One(one) => call.invoke_async(one).await?,
            Link::Cluster(cluster) => call.invoke_async(cluster).await?,
        };
        let total = |place: usize| totals.get(place).map_or(0, |total| u32::try_from(*total).unwrap_or(u32::MAX));
        Ok([0, 2, 4].map(|place| Totals { now: total(place), before: total(place + 1) }))
    }
}

/// The braces keep a subject's keys together in a cluster.
fn key(name: &str, window: Window, index: u32) -> String {
    format!("florin:limit:{{{name}}}:{}:{index}", window.name())
}
