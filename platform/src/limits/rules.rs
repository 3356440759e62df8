//! The limits as the settings have them: for all, for route classes, and for single clients.

use std::collections::HashMap;

use http::HeaderValue;

use crate::config;
use crate::http::prefix::{longest, longest_first};

/// How long a quota lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    Minute,
    Hour,
    Day,
}

impl Window {
    pub const ALL: [Window; 3] = [Window::Minute, Window::Hour, Window::Day];

    pub fn name(self) -> &'static str {
        match self {
            Window::Minute => "minute",
            Window::Hour => "hour",
            Window::Day => "day",
        }
    }

    pub fn seconds(self) -> u32 {
        match self {
            Window::Minute => 60,
            Window::Hour => 3_600,
            Window::Day => 86_400,
        }
    }

    pub(super) fn millis(self) -> u64 {
        u64::from(self.seconds()) * 1_000
    }

    /// The number of the window since 1970.
    pub(super) fn index(self, now_ms: u64) -> u32 {
        u32::try_from(now_ms / self.millis()).unwrap_or(u32::MAX)
    }
}

/// Requests in each window.
pub(super) type Quotas = [u32; 3];

/// Quotas, and the header that states them.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(super) quotas: Quotas,
    pub(super) header: HeaderValue,
}

impl Policy {
    fn new(quotas: Quotas) -> Policy {
        let stated = Window::ALL.iter().zip(quotas).map(|(window, quota)| {
            let (name, seconds) = (window.name(), window.seconds());
            format!("\"{name}\";q={quota};w={seconds}")
        });
        let header = stated.collect::<Vec<_>>().join(", ");
        Policy { quotas, header: HeaderValue::from_str(&header).unwrap_or(HeaderValue::from_static("")) }
    }
}

/// A group of routes with quotas of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ClassId(u16);

impl ClassId {
    /// Every route that no class of the settings has.
    pub(super) const DEFAULT: ClassId = ClassId(0);
    /// Not routes: failed authentications.
    pub(super) const FAILURES: ClassId = ClassId(u16::MAX);

    pub(super) fn number(self) -> u16 {
        self.0
    }
}

const DEFAULT: &str = "default";
const FAILURES: &str = "failed authentications";
const CLASSES_MAX: usize = 64;
const CLIENTS_MAX: usize = 10_000;
const QUOTA_MAX: u32 = 1_000_000_000;

#[derive(Debug)]
pub struct Rules {
    default: Policy,
    /// Those of the settings, by their ids, which begin with 1.
    classes: Vec<(String, Policy)>,
    /// Longest first.
    paths: Vec<(String, ClassId)>,
    clients: HashMap<(String, ClassId), Policy>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {sentence}")]
pub struct RulesError {
    pub key: &'static str,
    pub sentence: String,
}

impl Rules {
    /// # Errors
    /// A malformed entry, with its key and a sentence.
    pub fn of(config: &config::Limits) -> Result<Rules, RulesError> {
        let usual = [config.minute, config.hour, config.day];
        let default = Policy::new(usual);
        let mut rules = Rules { default, classes: Vec::new(), paths: Vec::new(), clients: HashMap::new() };
        for entry in &config.classes {
            rules.add_class(entry, usual).map_err(|sentence| RulesError { key: "limits.classes", sentence })?;
        }
        longest_first(&mut rules.paths);
        for entry in &config.clients {
            rules.add_client(entry).map_err(|sentence| RulesError { key: "limits.clients", sentence })?;
        }
        Ok(rules)
    }

    /// The class with the longest path that is a prefix of this one.
    pub(super) fn class_of(&self, path: &str) -> ClassId {
        longest(&self.paths, path).copied().unwrap_or(ClassId::DEFAULT)
    }

    pub(super) fn class_name(&self, class: ClassId) -> &str {
        match class {
            ClassId::DEFAULT => DEFAULT,
            class => self.class(class).map_or(FAILURES, |(name, _)| name),
        }
    }

    /// For everybody without quotas of their own.
    pub(super) fn policy(&self, class: ClassId) -> &Policy {
        self.class(class).map_or(&self.default, |(_, policy)| policy)
    }

    fn class(&self, class: ClassId) -> Option<&(String, Policy)> {
        self.classes.get(usize::from(class.0).checked_sub(1)?)
    }

    pub(super) fn policy_of_client(&self, client: &str, class: ClassId) -> Option<&Policy> {
        if self.clients.is_empty() {
            return None;
        }
        self.clients.get(&(client.to_owned(), class))
    }

    /// `reports /v1/reports /v1/history 100/minute 1000/hour`
    fn add_class(&mut self, entry: &str, usual: Quotas) -> Result<(), String> {
        let expected = || {
            format!("expected a name, paths and quotas, such as \"reports /v1/reports 100/minute\", found \"{entry}\"")
        };
        let mut words = entry.split_whitespace();
        let name = words.next().filter(|name| is_name(name)).ok_or_else(expected)?;
        let (paths, quotas): (Vec<&str>, Vec<&str>) = words.partition(|word| word.starts_with('/'));
        if paths.is_empty() || self.classes.len() >= CLASSES_MAX {
            return Err(expected());
        }
        if self.classes.iter().any(|(known, _)| known == name) {
            return Err(format!("there are two classes {name}"));
        }
        let quotas = read_quotas(&quotas, usual).ok_or_else(expected)?;
        self.classes.push((name.to_owned(), Policy::new(quotas)));
        let class = ClassId(u16::try_from(self.classes.len()).map_err(|_| expected())?);
        self.paths.extend(paths.iter().map(|path| (path.trim_end_matches('/').to_owned(), class)));
        Ok(())
    }

    fn class_named(&self, name: &str) -> Option<ClassId> {
        if name == DEFAULT {
            return Some(ClassId::DEFAULT);
        }
        let place = self.classes.iter().position(|(known, _)| known == name)?;
        u16::try_from(place + 1).ok().map(ClassId)
    }

    /// `mobile-app 5000/minute`, or `mobile-app@reports 500/minute` for a class.
    fn add_client(&mut self, entry: &str) -> Result<(), String> {
        let expected =
            || format!("expected a client and quotas, such as \"mobile-app 5000/minute\", found \"{entry}\"");
        let mut words = entry.split_whitespace();
        let name = words.next().ok_or_else(expected)?;
        let (client, class) = name.split_once('@').unwrap_or((name, DEFAULT));
        let class = self.class_named(class).ok_or_else(|| format!("there is no class {class} in limits.classes"))?;
        let quotas: Vec<&str> = words.collect();
        if quotas.is_empty() || self.clients.len() >= CLIENTS_MAX {
            return Err(expected());
        }
        let quotas = read_quotas(&quotas, self.policy(class).quotas).ok_or_else(expected)?;
        self.clients.insert((client.to_owned(), class), Policy::new(quotas));
        Ok(())
    }
}

fn is_name(word: &str) -> bool {
    word != DEFAULT && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// `100/minute`; windows that are not named keep the usual quota, which is raised to fit where it would be the smaller.
fn read_quotas(words: &[&str], usual: Quotas) -> Option<Quotas> {
    let mut quotas = usual;
    let mut named = [false; 3];
    for word in words {
        let (count, name) = word.split_once('/')?;
        let place = Window::ALL.iter().position(|window| window.name() == name)?;
        let count: u32 = count.parse().ok().filter(|count| (1..=QUOTA_MAX).contains(count))?;
        *quotas.get_mut(place)? = count;
        *named.get_mut(place)? = true;
    }
    let mut least = 0;
    for (quota, named) in quotas.iter_mut().zip(named) {
        if !named {
            *quota = (*quota).max(least);
        }
        least = *quota;
    }
    Some(quotas)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn rules(classes: &[&str], clients: &[&str]) -> Result<Rules, RulesError> {
        let mut config = Config::defaults().unwrap().limits;
        config.classes = classes.iter().map(|entry| (*entry).to_owned()).collect();
        config.clients = clients.iter().map(|entry| (*entry).to_owned()).collect();
        Rules::of(&config)
    }

    #[test]
    fn the_defaults_are_those_of_the_guides() {
        let rules = rules(&[], &[]).unwrap();
        let policy = rules.policy(rules.class_of("/v1/accounts"));
        assert_eq!(policy.quotas, [1_000, 10_000, 100_000]);
        assert_eq!(policy.header, "\"minute\";q=1000;w=60, \"hour\";q=10000;w=3600, \"day\";q=100000;w=86400");
    }

    #[test]
    fn the_longest_path_decides_the_class() {
        let rules =
            rules(&["books /v1/ledger 50/minute", "batches /v1/ledger/batches /v1/bulk/ 5/minute 20/hour"], &[]);
        let rules = rules.unwrap();
        for (path, class) in [
            ("/v1/ledger", "books"),
            ("/api/v1/ledger/accounts", "books"),
            ("/v1/ledger/batches", "batches"),
            ("/v1/bulk/7", "batches"),
            ("/v1/ledgers", "default"),
            ("/oauth2/token", "default"),
            ("/api/v2/ledger", "default"),
        ] {
            assert_eq!(rules.class_name(rules.class_of(path)), class, "{path}");
        }
        assert_eq!(rules.policy(rules.class_of("/v1/bulk")).quotas, [5, 20, 100_000]);
    }

    #[test]
    fn a_client_has_its_own_quotas_in_a_class() {
        let rules = rules(&["books /v1/ledger 50/minute"], &["app 20000/minute", "app@books 60/minute"]).unwrap();
        let of = |client: &str, path: &str| Some(rules.policy_of_client(client, rules.class_of(path))?.quotas);
        assert_eq!(of("app", "/v1/users"), Some([20_000, 20_000, 100_000]), "an hour has room for a minute's");
        assert_eq!(of("app", "/v1/ledger"), Some([60, 10_000, 100_000]));
        assert_eq!(of("other", "/v1/users"), None);
    }

    #[test]
    fn malformed_entries_are_refused() {
        let refused = |classes: &[&str], clients: &[&str]| rules(classes, clients).unwrap_err().to_string();
        for entry in
            ["", "x", "x 5/minute", "x /v1/a 5", "x /v1/a 0/minute", "x /v1/a 5/second", "default /v1/a 5/hour"]
        {
            assert!(refused(&[entry], &[]).contains("limits.classes: expected a name, paths"), "{entry}");
        }
        assert!(refused(&["a /v1/a 1/day", "a /v1/b 1/day"], &[]).contains("two classes a"));
        assert!(refused(&[], &["app"]).contains("limits.clients: expected a client and quotas"));
        assert!(refused(&[], &["app@books 5/minute"]).contains("no class books"));
    }
}
