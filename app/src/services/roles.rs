//! Which part of the house this process is: the edge, services, or all of it.

use platform::config::{Config, Mode};

use super::{EDGE, IDENTITY, LEDGER};
use crate::failure::Failure;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Roles {
    /// Answers callers from outside.
    pub(crate) edge: bool,
    /// Runs the ledger, instead of calling it in another process.
    pub(crate) ledger: bool,
    /// Runs identity, instead of asking it in another process.
    pub(crate) identity: bool,
}

impl Roles {
    /// `wanted` has names from [`KNOWN`](super::KNOWN); empty means all that the configuration does not place elsewhere.
    pub(crate) fn new(wanted: &[String], config: &Config, demo: bool) -> Result<Roles, Failure> {
        let asked = |name| wanted.iter().any(|wanted| wanted == name);
        let here = |name, mode| asked(name) || (wanted.is_empty() && mode == Mode::Local);
        let (ledger, identity) = (config.service(LEDGER).mode, config.service(IDENTITY).mode);
        let roles = Roles {
            edge: wanted.is_empty() || asked(EDGE),
            ledger: here(LEDGER, ledger),
            identity: here(IDENTITY, identity),
        };
        fits(LEDGER, roles.ledger, ledger, roles.edge, "the edge needs a ledger to call")?;
        let needs = roles.edge || roles.ledger;
        fits(IDENTITY, roles.identity, identity, needs, "whoever answers others has to ask identity who they are")?;
        if demo && !(roles.edge && roles.ledger && roles.identity) {
            return Err(Failure::new("--demo runs in one process; leave the services and their modes alone"));
        }
        Ok(roles)
    }

    /// Whether it keeps data of its own.
    pub(crate) fn keeps(self) -> bool {
        self.ledger || self.identity
    }

    /// As `/status` shows them.
    pub(crate) fn names(self) -> Vec<&'static str> {
        let all = [(EDGE, self.edge), (LEDGER, self.ledger), (IDENTITY, self.identity)];
        all.into_iter().filter(|(_, here)| *here).map(|(name, _)| name).collect()
    }
}

/// A service is here, or where its mode says that it is.
fn fits(name: &str, here: bool, mode: Mode, needed: bool, why: &str) -> Result<(), Failure> {
    match (here, mode) {
        (true, Mode::Remote) => Err(Failure::new(format!(
            "this process is told to run {name}, and services.{name}.mode = \"remote\" says that it runs elsewhere"
        ))),
        (false, Mode::Local) if needed => Err(Failure::new(format!(
            "{why}; set services.{name}.mode = \"remote\" and services.{name}.addresses, or name {name} among the services of \
             this process"
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use platform::config::Sources;

    use super::*;

    fn roles(wanted: &[&str], remote: &[&str], demo: bool) -> Result<Roles, String> {
        let mut variables = Vec::new();
        for service in remote {
            variables.push((format!("FLORIN__SERVICES__{service}__MODE"), "remote".to_owned()));
            variables.push((format!("FLORIN__SERVICES__{service}__ADDRESSES"), "127.0.0.1:7070".to_owned()));
        }
        let config =
            Config::load(&Sources { rooms: crate::services::sections(), variables, ..Sources::default() }).unwrap();
        let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
        Roles::new(&wanted, &config, demo).map_err(|failure| failure.to_string())
    }

    #[test]
    fn without_a_word_a_process_is_all_that_is_not_elsewhere() {
        let all = Roles { edge: true, ledger: true, identity: true };
        assert_eq!(roles(&[], &[], false), Ok(all));
        assert_eq!(roles(&[], &[], true), Ok(all));
        assert_eq!(roles(&[], &["LEDGER"], false), Ok(Roles { ledger: false, ..all }));
        assert_eq!(roles(&[], &["LEDGER", "IDENTITY"], false), Ok(Roles { ledger: false, identity: false, ..all }));
        assert_eq!(roles(&["identity"], &[], false).unwrap().names(), ["identity"]);
        assert_eq!(roles(&["ledger"], &["IDENTITY"], false).unwrap().names(), ["ledger"]);
        assert_eq!(roles(&["identity", "ledger"], &[], false).unwrap().names(), ["ledger", "identity"]);
        assert_eq!(roles(&["edge", "identity"], &["LEDGER"], false).unwrap().names(), ["edge", "identity"]);
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        for (wanted, remote, demo, words) in [
            (&["ledger"][..], &["LEDGER"][..], false, "told to run ledger, and services.ledger.mode"),
            (&["identity"], &["IDENTITY"], false, "told to run identity, and services.identity.mode"),
            (&["edge", "identity"], &[], false, "the edge needs a ledger to call"),
            (&["edge"], &["LEDGER"], false, "has to ask identity who they are"),
            (&["ledger"], &[], false, "has to ask identity who they are"),
            (&["edge"], &["LEDGER", "IDENTITY"], true, "--demo runs in one process"),
            (&["ledger", "identity"], &[], true, "--demo runs in one process"),
            (&[], &["LEDGER"], true, "--demo runs in one process"),
        ] {
            let said = roles(wanted, remote, demo).unwrap_err();
            assert!(said.contains(words), "{said}");
        }
    }
}
