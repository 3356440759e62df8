//! Large files and functions, as a ratchet: existing ones are listed with their size; new ones and growth are refused.
//! `cargo xtask tidy --bless` rewrites the list.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Findings;
use super::files::TextFile;

const FILE_LINES_MAX: usize = 350;
const FUNCTION_LINES_MAX: usize = 60;
const LIST: &str = "xtask/sizes.toml";

/// Line counts of what is larger than the bounds; a function's key is its file's path, two colons and its name.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ratchet {
    pub(super) files: BTreeMap<String, usize>,
    pub(super) functions: BTreeMap<String, usize>,
}

impl Ratchet {
    pub(super) fn read(root: &Path) -> Result<Ratchet, String> {
        let text = fs::read_to_string(root.join(LIST)).map_err(|error| format!("read {LIST}: {error}"))?;
        toml::from_str(&text).map_err(|error| format!("read {LIST}: {error}"))
    }

    pub(super) fn write(&self, root: &Path) -> Result<(), String> {
        let list = toml::to_string(self).map_err(|error| format!("write {LIST}: {error}"))?;
        let why = format!(
            "# Rust files over {FILE_LINES_MAX} lines and functions over {FUNCTION_LINES_MAX}, with their sizes; none may \
             grow.\n# Written by `cargo xtask tidy --bless`.\n\n"
        );
        fs::write(root.join(LIST), why + &list).map_err(|error| format!("write {LIST}: {error}"))
    }

    /// What is large today.
    pub(super) fn of(files: &[TextFile]) -> Ratchet {
        let mut sizes = Ratchet::default();
        for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
            let lines = file.text.lines().count();
            if lines > FILE_LINES_MAX {
                sizes.files.insert(file.path.clone(), lines);
            }
            for (name, lines) in functions(&file.text).into_iter().filter(|(_, lines)| *lines > FUNCTION_LINES_MAX) {
                let known = sizes.functions.entry(format!("{}::{name}", file.path)).or_default();
                *known = lines.max(*known);
            }
        }
        sizes
    }
}

pub(super) fn check(files: &[TextFile], allowed: &Ratchet) -> Findings {
    let today = Ratchet::of(files);
    let mut findings = Findings::default();
    compare(&today.files, &allowed.files, FILE_LINES_MAX, "split it by topic", &mut findings);
    compare(
        &today.functions,
        &allowed.functions,
        FUNCTION_LINES_MAX,
        "move its straight-line parts into other functions",
        &mut findings,
    );
    findings
}

fn compare(
    today: &BTreeMap<String, usize>,
    allowed: &BTreeMap<String, usize>,
    bound: usize,
    advice: &str,
    findings: &mut Findings,
) {
    for (what, lines) in today {
        match allowed.get(what) {
            None => findings.broken.push(format!("{what} has {lines} lines, expected at most {bound}: {advice}")),
            Some(known) if lines > known => {
                findings.broken.push(format!("{what} has grown from {known} to {lines} lines: {advice}"));
            }
            Some(_) => {}
        }
    }
    for (what, known) in allowed {
        let lines = today.get(what);
        if lines.is_none_or(|lines| lines < known) {
            let now = lines.map_or(format!("at most {bound}"), usize::to_string);
            findings
                .notes
                .push(format!("{what} had {known} lines and has {now}: `cargo xtask tidy --bless` records that"));
        }
    }
}

/// Names and lines of the functions in rustfmt-ed code: one begins on a line with `fn`, and ends on the first line that
/// is its closing brace in the same column.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let column = line.len() - line.trim_start().len();
        let Some(signature) = lines.iter().skip(place).position(|line| ends_signature(line)) else { continue };
        let Some(last) = lines.get(place + signature) else { continue };
        if !last.ends_with('{') {
            found.push((name.to_owned(), signature + 1));
            continue;
        }
        let closes = |line: &&str| line.len() == column + 1 && line.ends_with('}') && line.trim_start() == "}";
        if let Some(end) = lines.iter().skip(place + signature).position(closes) {
            found.push((name.to_owned(), signature + end + 1));
        }
    }
    found
}

/// A declaration without a body ends with a semicolon, a body on one line with its brace.
fn ends_signature(line: &str) -> bool {
    line.ends_with('{') || line.ends_with(';') || line.ends_with('}')
}

fn function_name(line: &str) -> Option<&str> {
    let mut words = line.trim_start().split(' ');
    let is_modifier = |word: &str| {
        word.starts_with("pub") || ["const", "async", "unsafe", "extern", "default", "\"C\""].contains(&word)
    };
    let first = words.by_ref().find(|word| !is_modifier(word))?;
    if first != "fn" {
        return None;
    }
    let rest = words.next()?;
    let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
    rest.get(..end).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: String) -> TextFile {
        TextFile { path: path.to_owned(), text }
    }

    /// A function of this many lines within an `impl`.
    fn function(name: &str, lines: usize) -> String {
        let body = "        work();\n".repeat(lines - 2);
        format!("    pub(crate) async fn {name}(&self) -> u8 {{\n{body}    }}\n")
    }

    #[test]
    fn functions_are_found_with_their_lines() {
        let text = format!(
            "trait T {{\n    fn declared(&self);\n    fn short(&self) {{}}\n}}\nimpl T for U {{\n{}    fn wide<T>(\n        \
             one: T,\n    ) -> T\n    where\n        T: Clone,\n    {{\n        if one {{\n            two()\n        \
             }}\n    }}\n}}\nconst fn last() {{\n    fn inner() {{\n        1\n    }}\n}}\n// fn comment\nlet fnord = 1;\n",
            function("long", 70)
        );
        let owned = |(name, lines): (&str, usize)| (name.to_owned(), lines);
        let expected =
            [("declared", 1), ("short", 1), ("long", 70), ("wide", 10), ("last", 5), ("inner", 3)].map(owned);
        assert_eq!(functions(&text), expected);
    }

    #[test]
    fn new_and_growing_sizes_are_refused_and_shrinking_is_noted() {
        let files = [
            file("a/src/lib.rs", "line\n".repeat(351)),
            file("b/src/lib.rs", function("grown", 71) + &function("same", 65) + &function("shrunk", 61)),
            file("c.md", "line\n".repeat(900)),
        ];
        let list = [("grown", 70), ("same", 65), ("shrunk", 64), ("gone", 99)];
        let functions = list.map(|(name, lines)| (format!("b/src/lib.rs::{name}"), lines)).into_iter().collect();
        let found = check(&files, &Ratchet { files: BTreeMap::new(), functions });
        assert_eq!(found.broken.len(), 2, "{found:?}");
        assert!(found.broken[0].starts_with("a/src/lib.rs has 351 lines, expected at most 350"));
        assert!(found.broken[1].starts_with("b/src/lib.rs::grown has grown from 70 to 71 lines"));
        assert_eq!(found.notes.len(), 2, "{found:?}");
        assert!(found.notes[0].contains("gone had 99 lines and has at most 60"));
        assert!(found.notes[1].contains("shrunk had 64 lines and has 61"));
    }

    #[test]
    fn a_blessed_list_allows_existing_sizes() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("xtask")).unwrap();
        let files = [file("a.rs", "line\n".repeat(400) + &function("long", 80))];
        let today = Ratchet::of(&files);
        today.write(dir.path()).unwrap();
        let read = Ratchet::read(dir.path()).unwrap();
        assert_eq!(read, today);
        let found = check(&files, &read);
        assert!(found.broken.is_empty() && found.notes.is_empty(), "{found:?}");
    }
}
