//! Which part of the house this process is: the edge, services, or all of it.

use platform::config::{Config, Mode};

use super::{EDGE, LEDGER};
use crate::failure::Failure;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Roles {
    /// Answers callers from outside.
    pub(crate) edge: bool,
    /// Runs the ledger, instead of calling it in another process.
    pub(crate) ledger: bool,
}

impl Roles {
    /// `wanted` has names from [`KNOWN`](super::KNOWN); empty means all that the configuration does not place elsewhere.
    pub(crate) fn new(wanted: &[String], config: &Config, demo: bool) -> Result<Roles, Failure> {
        let asked = |name| wanted.iter().any(|wanted| wanted == name);
        let remote = config.services.ledger.mode == Mode::Remote;
        let roles =
            Roles { edge: wanted.is_empty() || asked(EDGE), ledger: asked(LEDGER) || (wanted.is_empty() && !remote) };
        match roles {
            Roles { ledger: true, .. } if remote => Err(Failure::new(
                "this process is told to run the ledger, and services.ledger.mode = \"remote\" says that it runs elsewhere",
            )),
            Roles { ledger: false, .. } if !remote => Err(Failure::new(
                "the edge alone needs a ledger to call; set services.ledger.mode = \"remote\" and services.ledger.addresses, or \
                 run `florin serve edge ledger`",
            )),
            Roles { edge: true, ledger: true } => Ok(roles),
            _ if demo => Err(Failure::new("--demo runs in one process; leave the services and their modes alone")),
            _ => Ok(roles),
        }
    }

    /// As `/status` shows them.
    pub(crate) fn names(self) -> Vec<&'static str> {
        [(EDGE, self.edge), (LEDGER, self.ledger)].into_iter().filter(|(_, here)| *here).map(|(name, _)| name).collect()
    }
}

#[cfg(test)]
mod tests {
    use platform::config::Sources;

    use super::*;

    fn roles(wanted: &[&str], remote: bool, demo: bool) -> Result<Roles, String> {
        let mut variables = Vec::new();
        if remote {
            variables.push(("FLORIN__SERVICES__LEDGER__MODE".to_owned(), "remote".to_owned()));
            variables.push(("FLORIN__SERVICES__LEDGER__ADDRESSES".to_owned(), "127.0.0.1:7070".to_owned()));
        }
        let config = Config::load(&Sources { variables, ..Sources::default() }).unwrap();
        let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
        Roles::new(&wanted, &config, demo).map_err(|failure| failure.to_string())
    }

    #[test]
    fn without_a_word_a_process_is_all_that_is_not_elsewhere() {
        assert_eq!(roles(&[], false, false), Ok(Roles { edge: true, ledger: true }));
        assert_eq!(roles(&[], false, true), Ok(Roles { edge: true, ledger: true }));
        assert_eq!(roles(&[], true, false), Ok(Roles { edge: true, ledger: false }));
        assert_eq!(roles(&["ledger"], false, false), Ok(Roles { edge: false, ledger: true }));
        assert_eq!(roles(&["edge"], true, false), Ok(Roles { edge: true, ledger: false }));
        assert_eq!(roles(&["ledger", "edge"], false, false).unwrap().names(), ["edge", "ledger"]);
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        for (wanted, remote, demo, words) in [
            (&["ledger"][..], true, false, "says that it runs elsewhere"),
            (&["edge"], false, false, "the edge alone needs a ledger to call"),
            (&["edge"], true, true, "--demo runs in one process"),
            (&["ledger"], false, true, "--demo runs in one process"),
            (&[], true, true, "--demo runs in one process"),
        ] {
            let said = roles(wanted, remote, demo).unwrap_err();
            assert!(said.contains(words), "{said}");
        }
    }
}
