//! `docs/security.md` names the tests that show its claims. If a test is renamed or removed the claim is no longer
//! shown, so each name has to be that of a function.

use std::collections::HashSet;

use super::files::TextFile;

const PAGE: &str = "docs/security.md";
/// The heading of the column with test names.
const COLUMN: &str = "tests";

pub(super) fn check(files: &[TextFile]) -> Vec<String> {
    let Some(page) = files.iter().find(|file| file.path == PAGE) else {
        return vec![format!("{PAGE} is missing")];
    };
    let sources = files.iter().filter(|file| file.path.ends_with(".rs"));
    let functions: HashSet<&str> = sources.flat_map(|file| functions(&file.text)).collect();
    let named = named(&page.text);
    if named.is_empty() {
        return vec![format!("{PAGE}: no table has a column \"{COLUMN}\" with names in backticks")];
    }
    let absent = named.into_iter().filter(|(_, name)| !functions.contains(name));
    absent
        .map(|(line, name)| format!("{PAGE}:{line}: no function is named {name}; name the test that shows it"))
        .collect()
}

fn functions(text: &str) -> impl Iterator<Item = &str> {
    text.split("fn ")
        .skip(1)
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default())
}

/// With its line number.
fn named(text: &str) -> Vec<(usize, &str)> {
    let (mut column, mut named) = (None, Vec::new());
    for (number, line) in text.lines().enumerate() {
        if !line.starts_with('|') {
            column = None;
            continue;
        }
        let mut cells = line.split('|').map(str::trim);
        match column {
            None => column = Some(cells.position(|cell| cell == COLUMN)),
            Some(Some(place)) => {
                let quoted = cells.nth(place).unwrap_or_default().split('`').skip(1).step_by(2);
                named.extend(quoted.map(|name| (number + 1, name)));
            }
            Some(None) => {}
        }
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(page: &str) -> Vec<String> {
        let file = |path: &str, text: &str| TextFile { path: path.to_owned(), text: text.to_owned() };
        let source = "#[test]\nfn it_holds() {}\nasync fn it_lasts(a: u8) {}\n";
        check(&[file("a/src/lib.rs", source), file("a.md", "fn it_is_prose() {}"), file(PAGE, page)])
    }

    #[test]
    fn each_name_in_the_column_is_a_function() {
        let page = "| id | how | tests |\n|---|---|---|\n| 1 | `gone` | `it_holds` `it_lasts` |\n";
        assert_eq!(found(page), Vec::<String>::new());
        for absent in ["it_hold", "it_holds_not", "it_is_prose"] {
            let page = page.replace("it_lasts", absent);
            assert_eq!(found(&page).len(), 1, "{absent}");
            assert!(found(&page)[0].starts_with(&format!("docs/security.md:3: no function is named {absent};")));
        }
    }

    #[test]
    fn other_tables_and_prose_may_quote_any_name() {
        let other = "| name | what |\n|---|---|\n| `gone` | `gone` |\n\n`gone`\n\n";
        assert_eq!(found(&format!("{other}| tests |\n|---|\n| `it_holds` |\n")), Vec::<String>::new());
        assert!(found(other)[0].contains("no table has a column"));
    }
}
