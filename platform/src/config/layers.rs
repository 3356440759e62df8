//! Merges the sources key by key, and records where each value came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::{ALIASES, Mistake, Row, Section, Sources, default, secret};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Default,
    File(PathBuf),
    Variable(String),
    /// Of the command line.
    Option(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(path) => write!(f, "{}", path.display()),
            Origin::Variable(name) => write!(f, "${name}"),
            Origin::Option(name) => f.write_str(name),
        }
    }
}

/// Every key, `section.key`, with its final value.
#[derive(Debug, Default)]
pub(super) struct Values(BTreeMap<String, (Value, Origin)>);

const PREFIX: &str = "FLORIN__";

pub(super) fn merge(sources: &Sources, mistakes: &mut Vec<Mistake>) -> Values {
    let mut values = Values::default();
    for (key, value) in flat(default::table(&sources.rooms, mistakes)) {
        values.0.insert(key, (value, Origin::Default));
    }
    for path in files(sources) {
        match read(&path) {
            Ok(table) => values.lay(flat(table), &Origin::File(path), mistakes),
            Err(sentence) => mistakes.push(Mistake { key: "file".to_owned(), origin: Origin::File(path), sentence }),
        }
    }
    values.lay_aliases(&sources.variables, mistakes);
    sources.rooms.iter().for_each(|room| values.lay_operators(room, &sources.variables, mistakes));
    values.lay_variables(&sources.variables, mistakes);
    for given in &sources.options {
        values.lay(
            vec![(given.key.to_owned(), Value::String(given.value.clone()))],
            &Origin::Option(given.name),
            mistakes,
        );
    }
    values
}

fn files(sources: &Sources) -> Vec<PathBuf> {
    match (&sources.file, &sources.file_if_there) {
        (Some(named), _) => vec![named.clone()],
        (None, Some(path)) if path.exists() => vec![path.clone()],
        _ => Vec::new(),
    }
}

/// The parser's own message would quote the line, and the line may hold a password.
fn read(path: &Path) -> Result<Table, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))?;
    text.parse::<Table>().map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
        format!("is not TOML, line {line}: {}", error.message())
    })
}

fn flat(table: Table) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (name, value) in table {
        match value {
            Value::Table(inner) => {
                found.extend(flat(inner).into_iter().map(|(key, value)| (format!("{name}.{key}"), value)))
            }
            value => found.push((name, value)),
        }
    }
    found
}

impl Values {
    fn lay(&mut self, layer: Vec<(String, Value)>, origin: &Origin, mistakes: &mut Vec<Mistake>) {
        for (key, value) in layer {
            match self.accepts(&key, &value) {
                Ok(()) => drop(self.0.insert(key, (value, origin.clone()))),
                Err(sentence) => mistakes.push(Mistake { key, origin: origin.clone(), sentence }),
            }
        }
    }

    fn lay_aliases(&mut self, variables: &[(String, String)], mistakes: &mut Vec<Mistake>) {
        for alias in ALIASES {
            let Some((name, given)) = variables.iter().find(|(name, given)| name == alias.name && !given.is_empty())
            else {
                continue;
            };
            let origin = Origin::Variable(name.clone());
            let current = self.0.get(alias.key).map_or(&Value::Boolean(false), |(value, _)| value);
            match alias.value(given, current) {
                Ok(value) => self.lay(vec![(alias.key.to_owned(), value)], &origin, mistakes),
                Err(sentence) => mistakes.push(Mistake { key: alias.key.to_owned(), origin, sentence }),
            }
        }
    }

    /// Variables of operators' guides for a room, and for where it runs.
    fn lay_operators(&mut self, room: &Section, variables: &[(String, String)], mistakes: &mut Vec<Mistake>) {
        let given = |known: &str| variables.iter().find(|(name, given)| name == known && !given.is_empty());
        for (known, key) in room.operators.variables {
            let Some((name, given)) = given(known) else { continue };
            let (key, origin) = (format!("{}.{key}", room.name), Origin::Variable(name.clone()));
            let typed = self.0.get(&key).map_or_else(|| Err(self.unknown(&key)), |(known, _)| typed_like(known, given));
            match typed {
                Ok(value) => self.lay(vec![(key, value)], &origin, mistakes),
                Err(sentence) => mistakes.push(Mistake { key, origin, sentence }),
            }
        }
        if let Some((name, given)) = room.operators.address.and_then(given) {
            let address = given.split_once("://").map_or(given.as_str(), |(_, rest)| rest).trim_end_matches('/');
            let place = [
                (format!("services.{}.addresses", room.name), Value::Array(vec![Value::String(address.to_owned())])),
                (format!("services.{}.mode", room.name), Value::String("remote".to_owned())),
            ];
            self.lay(place.to_vec(), &Origin::Variable(name.clone()), mistakes);
        }
    }

    fn lay_variables(&mut self, variables: &[(String, String)], mistakes: &mut Vec<Mistake>) {
        for (name, given) in variables {
            let Some(rest) = name.strip_prefix(PREFIX) else { continue };
            let key = rest.to_ascii_lowercase().replace("__", ".");
            let origin = Origin::Variable(name.clone());
            let typed = match self.0.get(&key) {
                Some((known, _)) => typed_like(known, given),
                None => Err(self.unknown(&key)),
            };
            match typed {
                Ok(value) => self.lay(vec![(key, value)], &origin, mistakes),
                Err(sentence) => mistakes.push(Mistake { key, origin, sentence }),
            }
        }
    }

    fn accepts(&self, key: &str, value: &Value) -> Result<(), String> {
        match self.0.get(key) {
            None => Err(self.unknown(key)),
            Some((known, _)) if known.same_type(value) => Ok(()),
            Some((known, _)) => Err(format!("expected {}, found {}", kind(known), kind(value))),
        }
    }

    fn unknown(&self, key: &str) -> String {
        let nearest = self.0.keys().min_by_key(|known| distance(known, key)).map_or("", String::as_str);
        format!("is not a key; the nearest known key is {nearest}")
    }

    pub(super) fn get(&self, key: &str) -> Option<&(Value, Origin)> {
        self.0.get(key)
    }

    pub(super) fn to_table(&self) -> Table {
        let mut root = Table::new();
        for (key, (value, _)) in &self.0 {
            plant(&mut root, key, value.clone());
        }
        root
    }

    pub(super) fn rows(&self, rooms: &[Section]) -> Vec<Row> {
        let secret_of = |room: &Section, key: &str| {
            let own = key.strip_prefix(room.name).and_then(|rest| rest.strip_prefix('.'));
            own.is_some_and(|own| room.operators.secrets.contains(&own))
        };
        let is_secret = |key: &str| key == "crypto.secret" || rooms.iter().any(|room| secret_of(room, key));
        let shown = |key: &str, value: &Value| match (key, value) {
            ("storage.database_url" | "limits.redis_url", Value::String(url)) => {
                format!("\"{}\"", secret::redacted(url))
            }
            (key, Value::String(secret)) if !secret.is_empty() && is_secret(key) => "\"***\"".to_owned(),
            (_, value) => value.to_string(),
        };
        let row = |(key, (value, origin)): (&String, &(Value, Origin))| Row {
            key: key.clone(),
            value: shown(key, value),
            origin: origin.clone(),
        };
        self.0.iter().map(row).collect()
    }
}

fn plant(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => drop(table.insert(key.to_owned(), value)),
        Some((section, rest)) => {
            let inner = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                plant(inner, rest, value);
            }
        }
    }
}

/// A variable is text; it gets the type of the default.
fn typed_like(known: &Value, given: &str) -> Result<Value, String> {
    let wanted = || format!("expected {}", kind(known));
    match known {
        Value::String(_) => Ok(Value::String(given.to_owned())),
        Value::Integer(_) => given.trim().parse().map(Value::Integer).map_err(|_| wanted()),
        Value::Boolean(_) => given.trim().parse().map(Value::Boolean).map_err(|_| wanted()),
        Value::Array(_) => {
            let words = given.split(',').map(str::trim).filter(|word| !word.is_empty());
            Ok(Value::Array(words.map(|word| Value::String(word.to_owned())).collect()))
        }
        Value::Float(_) | Value::Datetime(_) | Value::Table(_) => Err(wanted()),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a string",
        Value::Integer(_) => "an integer",
        Value::Boolean(_) => "true or false",
        Value::Array(_) => "a list of strings",
        Value::Float(_) => "a decimal number",
        Value::Datetime(_) => "a date",
        Value::Table(_) => "a section",
    }
}

/// Levenshtein distance; keys are short, so one row of the table is enough.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, a) in left.bytes().enumerate() {
        let mut diagonal = line;
        let mut before = line + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(right.bytes()) {
            let here = (diagonal + usize::from(a != b)).min(before + 1).min(*cell + 1);
            diagonal = std::mem::replace(cell, here);
            before = here;
        }
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}
