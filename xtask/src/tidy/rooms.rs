//! The frame names no room: what a room is stands in its own folder, and `platform` and `access` are handed it.
//!
//! A name is found where it stands for something: as a whole text, as a part of a longer name (`books.db`, `/books`,
//! `books.queue_max`), or in backticks. The same word in a sentence is a word. Tests may name any room, and so may the examples of the
//! API document, which show what callers will see.

use std::collections::BTreeSet;

use super::files::TextFile;

const FRAME: [&str; 2] = ["platform/", "access/"];
const ROOMS: &str = "services/";
/// From here on a file has only tests or examples.
const TESTS: &str = "#[cfg(test)]\nmod ";
const EXAMPLES: &str = "mod examples {";
/// Before a text that is one.
const EXAMPLE: &str = "example = ";

pub(super) fn check(files: &[TextFile]) -> Vec<String> {
    let rooms: BTreeSet<&str> = files.iter().filter_map(|file| room(&file.path)).collect();
    let frame = files.iter().filter(|file| FRAME.iter().any(|start| file.path.starts_with(start)));
    let mut broken = Vec::new();
    for file in frame {
        for (line, text) in texts(file) {
            let named = rooms.iter().filter(|room| names(text, room));
            broken.extend(
                named.map(|room| {
                    format!("{}:{line}: the frame names the room {room}; let the room bring it", file.path)
                }),
            );
        }
    }
    broken
}

/// `services/NAME/Cargo.toml` is that of a room.
fn room(path: &str) -> Option<&str> {
    path.strip_prefix(ROOMS)?.strip_suffix("/Cargo.toml").filter(|name| !name.contains('/'))
}

/// What is written for programs, with the numbers of the lines: texts in quotes, and all of a file of settings.
fn texts(file: &TextFile) -> Vec<(usize, &str)> {
    let path = file.path.as_str();
    let is_test = path.contains("/tests/") || path.ends_with("tests.rs");
    match path.rsplit_once('.') {
        Some((_, "toml")) if !path.ends_with("Cargo.toml") => (1..).zip(file.text.lines()).collect(),
        Some((_, "rs")) if !is_test => {
            let end = [TESTS, EXAMPLES].iter().filter_map(|mark| file.text.find(mark)).min();
            quoted(file.text.get(..end.unwrap_or(file.text.len())).unwrap_or_default())
        }
        _ => Vec::new(),
    }
}

/// The texts between quotation marks; those in comments are none, and a character is no text.
fn quoted(source: &str) -> Vec<(usize, &str)> {
    let (mut found, mut line, mut rest) = (Vec::new(), 1, source);
    let skip = |line: &mut usize, passed: &str| *line += passed.matches('\n').count();
    while let Some(place) = rest.find(['"', '/', '\'']) {
        let (passed, from) = rest.split_at(place);
        skip(&mut line, passed);
        let raw = passed.rsplit(|letter: char| letter != '#').next().unwrap_or_default();
        let (taken, text) = match from.as_bytes() {
            [b'/', b'/', ..] => (from.find('\n').unwrap_or(from.len()), None),
            [b'\'', b'\\', _, b'\'', ..] => (4, None),
            [b'\'', _, b'\'', ..] => (3, None),
            [b'"', ..] => {
                let end = end_of_text(from, (passed.ends_with('r') || !raw.is_empty()).then_some(raw));
                let text = from.get(1..end).filter(|_| !passed.ends_with(EXAMPLE));
                (end + 1 + raw.len().min(from.len() - end - 1), text)
            }
            _ => (1, None),
        };
        found.extend(text.map(|text| (line, text)));
        let (taken, after) = from.split_at(taken.min(from.len()));
        skip(&mut line, taken);
        rest = after;
    }
    found
}

/// Where the closing mark stands; `raw` are the marks after it of a text without escapes.
fn end_of_text(from: &str, raw: Option<&str>) -> usize {
    if let Some(marks) = raw {
        return from.get(1..).and_then(|rest| rest.find(&format!("\"{marks}"))).map_or(from.len() - 1, |end| end + 1);
    }
    let mut escaped = false;
    for (place, letter) in from.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return place,
            _ => {}
        }
    }
    from.len() - 1
}

fn names(text: &str, room: &str) -> bool {
    if text.trim_matches(['/', ' ']) == room {
        return true;
    }
    text.match_indices(room).any(|(start, found)| {
        let before = text.get(..start).unwrap_or_default().chars().rev().take(2).collect::<Vec<_>>();
        let after = text.get(start + found.len()..).unwrap_or_default().chars().take(2).collect::<Vec<_>>();
        let is_word = |letters: &[char]| !letters.first().is_some_and(|letter| letter.is_alphanumeric());
        is_word(&before) && is_word(&after) && (joined(&before) || joined(&after))
    })
}

/// A mark that makes one name of what stands on both sides of it, or a backtick, a bracket.
fn joined(letters: &[char]) -> bool {
    match letters {
        ['`' | '[' | ']', ..] => true,
        ['.' | '_' | '-' | '/' | ':', next, ..] => next.is_alphanumeric() || *next == ':',
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let file = |path: &str, text: &str| TextFile { path: path.to_owned(), text: text.to_owned() };
        check(&[file("services/ponds/Cargo.toml", ""), file("services/ponds/api/Cargo.toml", ""), file(path, text)])
    }

    #[test]
    fn a_room_that_the_frame_names_is_found_with_its_line() {
        let said = found("platform/src/a.rs", "fn a() {}\nconst A: &str = \"ponds\";\n");
        assert_eq!(said, ["platform/src/a.rs:2: the frame names the room ponds; let the room bring it"]);
        for bad in [
            "\"ponds.db\"",
            "\"/v1/ponds\"",
            "\"ponds_total\"",
            "\"set ponds.depth\"",
            "\"`ponds` is\"",
            "r#\"[ponds]\"#",
        ] {
            assert_eq!(found("access/src/a.rs", bad).len(), 1, "{bad}");
        }
        assert_eq!(found("platform/florin.default.toml", "[services.ponds]").len(), 1);
    }

    #[test]
    fn a_word_is_no_name() {
        for good in [
            "\"water of ponds. More\"",
            "\"respondsto\"",
            "// \"ponds\"",
            "let a = 'a'; // ponds.db",
            "let mark = '\"'; // \"ponds\"",
            "fn ponds() { a.ponds.chain() }",
            "\"a\"; // \"ponds\"\n\"b\"",
            "r\"\\\"; // \"ponds\"",
            "#[param(example = \"ponds\")]",
            "pub(super) mod examples { fn event() { \"ponds\" } }",
        ] {
            assert!(found("platform/src/a.rs", good).is_empty(), "{good}");
        }
    }

    #[test]
    fn tests_and_other_crates_may_name_it() {
        let tests = "const A: u8 = 1;\n\n#[cfg(test)]\nmod tests {\n    const B: &str = \"ponds\";\n}\n";
        assert!(found("platform/src/a.rs", tests).is_empty());
        for path in ["platform/tests/it/a.rs", "access/src/a/tests.rs", "access/src/tests/a.rs", "app/src/rooms.rs"] {
            assert!(found(path, "\"ponds\"").is_empty(), "{path}");
        }
    }
}
