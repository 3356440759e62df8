//! Which parts this process runs: the edge, rooms, or all of them; and which rooms it calls in other processes.

use platform::config::{Config, Mode};

use super::Rooms;
use crate::failure::Failure;

/// Not a room: the part between outside callers and the rooms.
pub(crate) const EDGE: &str = "edge";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Roles {
    /// Answers outside callers.
    edge: bool,
    /// Rooms that run here.
    here: Vec<&'static str>,
    /// Rooms that this process calls in others.
    called: Vec<&'static str>,
    /// The configuration places a room elsewhere, whether this process calls it or not.
    elsewhere: bool,
}

impl Roles {
    /// `wanted` has names of rooms and of the edge; empty means all that the configuration does not place elsewhere.
    pub(crate) fn new(rooms: &Rooms, wanted: &[String], config: &Config, demo: bool) -> Result<Roles, Failure> {
        let asked = |name: &str| wanted.iter().filter_map(|wanted| rooms.named(wanted)).any(|room| room.name == name);
        let mode = |name| config.service(name).mode;
        let names = rooms.iter().map(|room| room.name);
        let here = names.clone().filter(|name| asked(name) || (wanted.is_empty() && mode(name) == Mode::Local));
        let mut roles = Roles {
            edge: wanted.is_empty() || wanted.iter().any(|wanted| wanted == EDGE),
            here: here.collect(),
            called: Vec::new(),
            elsewhere: names.clone().any(|name| mode(name) == Mode::Remote),
        };
        for name in names {
            let why = roles.why_called(rooms, name);
            fits(name, roles.runs(name), mode(name), why.as_deref())?;
            let is_placed = mode(name) == Mode::Remote && roles.may_call(rooms, name);
            if (why.is_some() || is_placed) && !roles.runs(name) {
                roles.called.push(name);
            }
        }
        if demo && !(roles.edge && roles.called.is_empty()) {
            return Err(Failure::new("--demo runs in one process; leave the services and their modes alone"));
        }
        Ok(roles)
    }

    pub(crate) fn is_edge(&self) -> bool {
        self.edge
    }

    /// Whether this process runs the room.
    pub(crate) fn runs(&self, room: &str) -> bool {
        self.here.contains(&room)
    }

    /// Whether this process calls the room in another.
    pub(crate) fn calls(&self, room: &str) -> bool {
        self.called.contains(&room)
    }

    pub(crate) fn calls_any(&self) -> bool {
        !self.called.is_empty()
    }

    /// Whether it stores data.
    pub(crate) fn keeps(&self) -> bool {
        !self.here.is_empty()
    }

    /// Whether there are other processes.
    pub(crate) fn is_split(&self) -> bool {
        !self.edge || self.elsewhere
    }

    /// As `/status` shows them.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        let edge = self.edge.then_some(EDGE);
        edge.into_iter().chain(self.here.iter().copied()).collect()
    }

    /// A room that runs here calls it if the settings say where it is.
    fn may_call(&self, rooms: &Rooms, name: &str) -> bool {
        rooms.mounted().iter().any(|one| self.runs(one.room.name) && one.laters.contains(&name))
    }

    /// Why this process calls the room, if it does.
    fn why_called(&self, rooms: &Rooms, name: &str) -> Option<String> {
        if rooms.source() == Some(name) {
            return Some(format!("every process asks {name} how to check tokens"));
        }
        let here = || rooms.mounted().iter().filter(|one| self.runs(one.room.name));
        if let Some(caller) = here().find(|one| one.calls.contains(&name)) {
            return Some(format!("{} calls {name}", caller.room.name));
        }
        if let Some(reader) = here().find(|one| one.reads.contains(&name)) {
            return Some(format!("{} reads the events of {name}", reader.room.name));
        }
        self.edge.then(|| format!("the edge calls {name}"))
    }
}

/// A room runs here, or where its mode says.
fn fits(name: &str, here: bool, mode: Mode, why_called: Option<&str>) -> Result<(), Failure> {
    match (here, mode, why_called) {
        (true, Mode::Remote, _) => Err(Failure::new(format!(
            "this process is told to run {name}, but services.{name}.mode = \"remote\" says that it runs elsewhere"
        ))),
        (false, Mode::Local, Some(why)) => Err(Failure::new(format!(
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

    /// The rooms that are not among these.
    fn all_but(without: &[&str]) -> Vec<&'static str> {
        let rooms = crate::rooms::all().unwrap();
        rooms.iter().map(|room| room.name).filter(|name| !without.contains(name)).collect()
    }

    fn roles(wanted: &[&str], remote: &[&str], demo: bool) -> Result<Roles, String> {
        let mut variables = Vec::new();
        for service in remote.iter().map(|name| name.to_uppercase()) {
            variables.push((format!("FLORIN__SERVICES__{service}__MODE"), "remote".to_owned()));
            variables.push((format!("FLORIN__SERVICES__{service}__ADDRESSES"), "127.0.0.1:7070".to_owned()));
        }
        let rooms = crate::rooms::all().unwrap();
        let config = Config::load(&Sources { rooms: rooms.sections(), variables, ..Sources::default() }).unwrap();
        let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
        Roles::new(&rooms, &wanted, &config, demo).map_err(|failure| failure.to_string())
    }

    #[test]
    fn by_default_a_process_runs_all_that_is_not_elsewhere() {
        let names = |wanted, remote: &[&str], demo| roles(wanted, remote, demo).unwrap().names();
        let edge_and = |without: &[&str]| [vec![EDGE], all_but(without)].concat();
        assert_eq!(names(&[], &[], false), edge_and(&[]));
        assert_eq!(names(&[], &[], true), edge_and(&[]));
        assert_eq!(names(&[], &["ledger"], false), edge_and(&["ledger"]));
        assert_eq!(names(&[], &all_but(&[]), false), ["edge"]);
        assert_eq!(names(&["identity"], &[], false), ["identity"]);
        assert_eq!(names(&["ledger"], &["identity"], false), ["ledger"]);
        assert_eq!(names(&["identity", "ledger"], &[], false), ["ledger", "identity"]);
        assert_eq!(names(&["edge", "identity"], &all_but(&["identity"]), false), ["edge", "identity"]);
    }

    #[test]
    fn a_room_runs_under_its_operators_name() {
        assert_eq!(roles(&["ledger-service"], &["identity"], false).unwrap().names(), ["ledger"]);
        assert_eq!(roles(&["pebble-service"], &["ledger", "identity"], false).unwrap().names(), ["pebbles"]);
    }

    #[test]
    fn a_process_calls_rooms_it_needs_but_does_not_run() {
        let called = |wanted, remote| roles(wanted, remote, false).unwrap().called;
        assert_eq!(called(&[], &["ledger", "identity", "risk"]), ["ledger", "identity", "risk"]);
        assert_eq!(called(&["ledger"], &["identity"]), ["identity"]);
        assert_eq!(called(&["pebbles"], &["ledger", "identity"]), ["ledger", "identity"]);
        assert!(called(&["identity"], &["ledger"]).is_empty());
        assert!(called(&["identity"], &[]).is_empty());
        assert_eq!(called(&["identity"], &["notifications"]), ["notifications"], "for codes, since it is named");
    }

    #[test]
    fn contradictory_roles_are_refused() {
        let all = all_but(&[]);
        for (wanted, remote, demo, words) in [
            (&["ledger"][..], &["ledger", "identity"][..], false, "told to run ledger, but services.ledger.mode"),
            (&["identity"], &["identity"], false, "told to run identity, but services.identity.mode"),
            (&["edge", "identity"], &[], false, "the edge calls ledger"),
            (&["edge"], &["ledger"], false, "every process asks identity"),
            (&["ledger"], &[], false, "every process asks identity"),
            (&["identity", "pebbles"], &[], false, "pebbles calls ledger"),
            (&["edge"], &all, true, "--demo runs in one process"),
            (&["ledger", "identity"], &[], true, "--demo runs in one process"),
            (&[], &["ledger"], true, "--demo runs in one process"),
        ] {
            let said = roles(wanted, remote, demo).unwrap_err();
            assert!(said.contains(words), "{said}");
        }
    }
}
