//! What this process shares with the deployment's other processes: the secret and the certificates by which they
//! authenticate each other, and the port for their calls.

use std::sync::Arc;

use kernel::{Clock, SystemClock};
use platform::config::Config;
use platform::http::{Bound, Listener, Settings};
use platform::rpc::{self, Connect, Credential, Served, TcpConnect, TlsConnect};
use platform::tls::{Tls, TlsFiles};

use crate::failure::Failure;
use crate::house::Roles;

#[derive(Debug, Default)]
pub(crate) struct Inside {
    /// For a process that calls others or is called.
    pub(crate) credential: Option<Credential>,
    bound: Option<Bound>,
    advertise: Option<String>,
    tls: Option<Arc<Tls>>,
}

impl Inside {
    /// Takes the port for calls from other processes. No call is answered before [`Inside::serve`].
    pub(crate) async fn open(config: &Config, roles: &Roles) -> Result<Inside, Failure> {
        // On PostgreSQL several processes may share a room's store, with or without their own edge.
        let called = roles.keeps() && (roles.is_split() || config.storage.is_shared());
        if !called && !roles.calls_any() {
            return Ok(Inside::default());
        }
        let credential = Credential::read_or_make(&config.rpc.secret_file)?;
        credential.follow(config.rpc.secret_file.clone());
        let credential = Some(credential);
        let bound = if called { Some(Bound::bind(config.rpc.listen, "rpc.listen").await?) } else { None };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let files = TlsFiles::of_rpc(&config.rpc.tls);
        let tls = files.map(|files| Tls::open("internal", files, clock)).transpose()?;
        Ok(Inside { credential, bound, advertise: config.rpc.advertise.clone(), tls })
    }

    /// Where others call this process: at its advertised name, or at the address that it listens on.
    pub(crate) fn address(&self) -> Option<String> {
        let bound = self.bound.as_ref()?.address();
        Some(match &self.advertise {
            Some(name) if has_port(name) => name.clone(),
            Some(name) => format!("{name}:{}", bound.port()),
            None => bound.to_string(),
        })
    }

    /// How others are called.
    pub(crate) fn connect(&self) -> Arc<dyn Connect> {
        match &self.tls {
            Some(tls) => Arc::new(TlsConnect::new(Arc::clone(tls))),
            None => Arc::new(TcpConnect),
        }
    }

    pub(crate) fn serve(self, config: &Config, served: Arc<Served>) -> Option<Listener> {
        let (bound, credential) = self.bound.zip(self.credential)?;
        let settings = Settings::new("internal", &config.server);
        Some(bound.serve_over(self.tls, rpc::routes(served, credential), settings))
    }
}

/// Colons inside of brackets belong to an address.
fn has_port(name: &str) -> bool {
    !name.ends_with(']') && name.contains(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn others_call_by_the_advertised_name() {
        let port = |inside: &Inside| inside.bound.as_ref().unwrap().address().port();
        for (advertise, called) in [
            (None, "127.0.0.1:"),
            (Some("ledger-0.ledger"), "ledger-0.ledger:"),
            (Some("[2001:db8::1]"), "[2001:db8::1]:"),
        ] {
            let bound = Bound::bind("127.0.0.1:0".parse().unwrap(), "rpc.listen").await.unwrap();
            let inside = Inside { bound: Some(bound), advertise: advertise.map(str::to_owned), ..Inside::default() };
            assert_eq!(inside.address().unwrap(), format!("{called}{}", port(&inside)));
        }
        for whole in ["ledger-0.ledger:7071", "[2001:db8::1]:7071"] {
            let bound = Bound::bind("127.0.0.1:0".parse().unwrap(), "rpc.listen").await.unwrap();
            let inside = Inside { bound: Some(bound), advertise: Some(whole.to_owned()), ..Inside::default() };
            assert_eq!(inside.address().unwrap(), whole);
        }
        assert_eq!(Inside::default().address(), None);
    }
}
