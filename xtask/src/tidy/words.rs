//! Words that are banned from the repository, each with its reason.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::files::TextFile;

const LIST: &str = "xtask/banned.toml";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Banned {
    word: Vec<Word>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Word {
    text: String,
    reason: String,
    /// How the text is matched.
    #[serde(default)]
    as_a: Kind,
    /// Path prefixes where it is banned; everywhere if empty.
    #[serde(default)]
    within: Vec<String>,
    /// Path suffixes where it is banned, for example `.rs`; everywhere if empty.
    #[serde(default)]
    files: Vec<String>,
    /// Path prefixes where it is allowed, each an exception that a reviewer has seen.
    #[serde(default)]
    except: Vec<String>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    /// Anywhere in a line, in any case, but not as part of a longer word.
    #[default]
    Phrase,
    /// A whole word, case-sensitive.
    Identifier,
    /// A part of a type's name: `Wizard` in `CardWizard`.
    PartOfType,
}

impl Banned {
    pub(super) fn read(root: &Path) -> Result<Banned, String> {
        let text = fs::read_to_string(root.join(LIST)).map_err(|error| format!("read {LIST}: {error}"))?;
        toml::from_str(&text).map_err(|error| format!("read {LIST}: {error}"))
    }
}

pub(super) fn check(files: &[TextFile], banned: &Banned) -> Vec<String> {
    let mut broken = Vec::new();
    for file in files.iter().filter(|file| file.path != LIST) {
        for word in banned.word.iter().filter(|word| word.concerns(&file.path)) {
            let lines = file.text.lines().enumerate().filter(|(_, line)| word.is_in(line));
            broken.extend(lines.map(|(place, _)| {
                format!("{}:{}: \"{}\" is banned: {}", file.path, place + 1, word.text, word.reason)
            }));
        }
    }
    broken
}

impl Word {
    fn concerns(&self, path: &str) -> bool {
        let within = self.within.is_empty() || self.within.iter().any(|start| path.starts_with(start));
        let kind = self.files.is_empty() || self.files.iter().any(|end| path.ends_with(end));
        within && kind && !self.except.iter().any(|start| path.starts_with(start))
    }

    fn is_in(&self, line: &str) -> bool {
        match self.as_a {
            Kind::Phrase => phrase_in(&line.to_lowercase(), &self.text.to_lowercase()),
            Kind::Identifier => identifiers(line).any(|word| word == self.text),
            Kind::PartOfType => identifiers(line).any(|word| part_of_type(word, &self.text)),
        }
    }
}

fn identifiers(line: &str) -> impl Iterator<Item = &str> {
    line.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty())
}

/// "a quick hackney carriage" does not contain "quick hack".
fn phrase_in(line: &str, phrase: &str) -> bool {
    line.match_indices(phrase).any(|(start, found)| {
        let before = line.get(..start).and_then(|text| text.chars().next_back());
        let after = line.get(start + found.len()..).and_then(|text| text.chars().next());
        !joined(before, phrase.chars().next()) && !joined(phrase.chars().next_back(), after)
    })
}

fn joined(left: Option<char>, right: Option<char>) -> bool {
    let is_letter = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
    is_letter(left) && is_letter(right)
}

/// `CardWizard` and `WizardTable` have the part `Wizard`; `Wizardry` and `wizard` do not.
fn part_of_type(word: &str, part: &str) -> bool {
    word.starts_with(char::is_uppercase)
        && word.match_indices(part).any(|(start, found)| {
            let after = word.get(start + found.len()..).and_then(|text| text.chars().next());
            !after.is_some_and(char::is_lowercase)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTED: &str = "
        [[word]]
        text = 'Quick Hack'
        reason = 'do it well'
        [[word]]
        text = 'q128'
        as_a = 'identifier'
        within = ['kernel/']
        files = ['.rs']
        except = ['kernel/src/odd.rs']
        reason = 'too wide'
        [[word]]
        text = 'Wizard'
        as_a = 'part-of-type'
        reason = 'say what it does'";

    fn found(path: &str, text: &str) -> Vec<String> {
        let banned: Banned = toml::from_str(LISTED).unwrap();
        check(&[TextFile { path: path.to_owned(), text: text.to_owned() }], &banned)
    }

    #[test]
    fn a_phrase_is_found_in_any_case_with_its_line_and_reason() {
        let said = found("docs/a.md", "one\na QUICK hack.\n");
        assert_eq!(said, ["docs/a.md:2: \"Quick Hack\" is banned: do it well"]);
        assert!(found("docs/a.md", "a quick hackney carriage, unquick hack").is_empty());
    }

    #[test]
    fn an_identifier_is_found_where_it_is_banned() {
        assert_eq!(found("kernel/src/a.rs", "let x: q128 = 1;").len(), 1);
        assert!(found("kernel/src/a.rs", "let x: q1287 = my_q128;").is_empty());
        for elsewhere in ["kernel/src/odd.rs", "kernel/a.md", "platform/src/a.rs"] {
            assert!(found(elsewhere, "let x: q128 = 1;").is_empty(), "{elsewhere}");
        }
    }

    #[test]
    fn a_part_of_a_type_name_is_found() {
        for bad in ["struct CardWizard;", "impl Wizard {", "use x::{WizardTable};"] {
            assert_eq!(found("a.rs", bad).len(), 1, "{bad}");
        }
        for good in ["let wizard = 1;", "struct Wizardry;", "fn card_wizard()"] {
            assert!(found("a.rs", good).is_empty(), "{good}");
        }
    }

    #[test]
    fn the_list_itself_may_name_them() {
        assert!(found(LIST, "quick hack").is_empty());
    }
}
