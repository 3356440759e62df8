//! Requirements on every crate and every decision page.

use std::collections::BTreeSet;

use super::files::TextFile;
use super::workspace::Workspace;

const DECISIONS: &str = "docs/decisions/";

pub(super) fn check(workspace: &Workspace, files: &[TextFile]) -> Vec<String> {
    let text = |path: &str| files.iter().find(|file| file.path == path).map_or("", |file| file.text.as_str());
    let mut broken = Vec::new();
    for one in &workspace.crates {
        for root in &one.roots {
            broken.extend(opening_rule(root, text(root)));
        }
        let manifest = format!("{}/Cargo.toml", one.folder);
        broken.extend(lints_rule(&manifest, text(&manifest)));
    }
    broken.extend(decisions_rule(files));
    broken
}

fn opening_rule(path: &str, text: &str) -> Option<String> {
    (!text.starts_with("//! ")).then(|| {
        format!("{path}: a crate must start with `//!`: what it owns, what it refuses, where to start reading")
    })
}

fn lints_rule(path: &str, text: &str) -> Option<String> {
    let inherits = text
        .parse::<toml::Table>()
        .ok()
        .and_then(|manifest| manifest.get("lints")?.get("workspace")?.as_bool())
        .unwrap_or(false);
    (!inherits).then(|| format!("{path}: every crate has the same lints; add `[lints]` with `workspace = true`"))
}

fn decisions_rule(files: &[TextFile]) -> Vec<String> {
    let mut numbers = BTreeSet::new();
    let mut broken = Vec::new();
    let pages = files.iter().filter_map(|file| Some((file.path.strip_prefix(DECISIONS)?, file)));
    for (name, page) in pages.filter(|(name, _)| *name != "README.md") {
        match page_number(name) {
            None => broken.push(format!("{}: a decision page must be named NNNN-title.md, in lower case", page.path)),
            Some(number) if !numbers.insert(number.to_owned()) => {
                broken.push(format!("{}: another decision page has the number {number}", page.path));
            }
            Some(_) => {}
        }
        if !page.text.lines().any(is_date_line) {
            broken.push(format!("{}: a decision page needs its date, in a line `Date: YYYY-MM-DD`", page.path));
        }
    }
    broken
}

fn page_number(name: &str) -> Option<&str> {
    let (number, title) = name.strip_suffix(".md")?.split_once('-')?;
    let is_number = number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_title = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (is_number && !title.is_empty() && title.bytes().all(is_title)).then_some(number)
}

fn is_date_line(line: &str) -> bool {
    let plain = line.replace('*', "");
    let Some(date) = plain.trim_start_matches(['-', ' ']).strip_prefix("Date: ") else { return false };
    let digits = |part: &str, length: usize| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    match date.trim_end().split('-').collect::<Vec<_>>().as_slice() {
        [year, month, day] => digits(year, 4) && digits(month, 2) && digits(day, 2),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_starts_with_a_comment_on_its_purpose() {
        assert_eq!(opening_rule("a/src/lib.rs", "//! Owns a.\n"), None);
        for bad in ["", "mod a;", "//!\nmod a;", "// Owns a."] {
            assert!(opening_rule("a/src/lib.rs", bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn a_crate_inherits_the_lints() {
        assert_eq!(lints_rule("a/Cargo.toml", "[lints]\nworkspace = true\n"), None);
        for bad in ["", "[lints]\nworkspace = false\n", "[lints.rust]\nwarnings = \"deny\"\n", "not toml"] {
            assert!(lints_rule("a/Cargo.toml", bad).is_some(), "{bad}");
        }
    }

    fn said(pages: &[(&str, &str)]) -> Vec<String> {
        let file =
            |(name, text): &(&str, &str)| TextFile { path: format!("{DECISIONS}{name}"), text: (*text).to_owned() };
        decisions_rule(&pages.iter().map(file).collect::<Vec<_>>())
    }

    #[test]
    fn a_decision_page_has_a_unique_number_and_a_date() {
        let good = "# Title\n\n- **Date:** 2026-01-31\n";
        let date = "# Title\n\nDate: 2026-01-31\n";
        assert!(said(&[("0001-a-title.md", good), ("0002-b2.md", date), ("README.md", "")]).is_empty());
        for (name, text, expected) in [
            ("title.md", date, "NNNN-title.md"),
            ("001-title.md", date, "NNNN-title.md"),
            ("0001-Title.md", date, "NNNN-title.md"),
            ("0001-title.txt", date, "NNNN-title.md"),
            ("0001-title.md", "# Title\n", "YYYY-MM-DD"),
            ("0001-title.md", "Date: soon\n", "YYYY-MM-DD"),
        ] {
            let found = said(&[(name, text)]);
            assert!(matches!(found.as_slice(), [only] if only.contains(expected)), "{name}: {found:?}");
        }
        let twice = said(&[("0001-a.md", date), ("0001-b.md", date)]);
        assert!(matches!(twice.as_slice(), [only] if only.contains("the number 0001")), "{twice:?}");
    }
}
