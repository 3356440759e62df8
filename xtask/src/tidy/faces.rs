//! Types of commands and replies, so that a caller and a service of two versions understand each other during an upgrade.
//!
//! A command with an unknown field is refused, so that no part of it is silently ignored: its types have
//! `deny_unknown_fields`. A reply with an unknown field is accepted: its types do not have it. A type in both follows the
//! rule of commands and gets no new fields; a reply that needs one gets its own type.

mod read;

use std::collections::{BTreeMap, BTreeSet};

use super::files::TextFile;
use read::Api;

pub(super) fn check(files: &[TextFile]) -> Vec<String> {
    let mut by_api: BTreeMap<&str, Vec<&TextFile>> = BTreeMap::new();
    for file in files {
        if let Some(api) = api_of(&file.path) {
            by_api.entry(api).or_default().push(file);
        }
    }
    by_api.into_values().flat_map(|files| of_api(&files)).collect()
}

/// The folder of the `api` crate that a source file belongs to, such as `services/ledger/api`.
fn api_of(path: &str) -> Option<&str> {
    let (api, source) = path.split_once("/src/")?;
    let is_api = api.strip_prefix("services/")?.strip_suffix("/api").is_some_and(|name| !name.contains('/'));
    (is_api && source.ends_with(".rs")).then_some(api)
}

fn of_api(files: &[&TextFile]) -> Vec<String> {
    let api = match Api::read(files) {
        Ok(api) => api,
        Err(sentence) => return vec![sentence],
    };
    let (commands, answers) = (reached(&api, &api.commands), reached(&api, &api.answers));
    let mut broken = Vec::new();
    for (name, one) in api.types.iter().filter(|(_, one)| one.is_read && one.has_fields) {
        let (in_command, in_answer) = (commands.contains(name.as_str()), answers.contains(name.as_str()));
        if in_command && !one.denies {
            broken.push(format!(
                "{}: {name} is part of a command, and an older service would silently ignore fields it does not know; add \
                 `#[serde(deny_unknown_fields)]`",
                one.place
            ));
        }
        if in_answer && !in_command && one.denies {
            broken.push(format!(
                "{}: {name} is part of a reply, and an older caller could not read one with a new field; remove \
                 `deny_unknown_fields`",
                one.place
            ));
        }
    }
    broken
}

/// These types and all types that they consist of.
fn reached<'a>(api: &'a Api, from: &'a BTreeSet<String>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<&str> = from.iter().map(String::as_str).collect();
    while let Some(name) = waiting.pop() {
        if let Some(one) = api.types.get(name)
            && reached.insert(name)
        {
            waiting.extend(one.uses.iter().map(String::as_str));
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACE: &str = "
        #[async_trait]
        pub trait Shelf {
            async fn put(&self, ctx: &Ctx, command: Put) -> Result<Thing, Error>;
            async fn things(&self, ctx: &Ctx) -> Result<Vec<Thing>, Error>;
            fn helper(&self, other: Other) -> Other;
        }
        DENY
        #[derive(Debug, Serialize, Deserialize)]
        pub struct Put { pub name: String, pub size: Option<Size> }
        SIZE
        #[derive(Deserialize)]
        pub enum Size { Small, Of { width: u32 } }
        THING
        #[derive(Serialize, Deserialize)]
        pub struct Thing { pub name: String, pub size: Size, pub place: Place }
        #[derive(Serialize, Deserialize)]
        pub struct Place(u32);
        #[derive(Deserialize)]
        pub struct Other { pub x: u32 }
        #[derive(Serialize)]
        pub struct Unread { pub x: u32 }
    ";

    fn found(deny: &str, size: &str, thing: &str) -> Vec<String> {
        let text = FACE.replace("DENY", deny).replace("SIZE", size).replace("THING", thing);
        check(&[TextFile { path: "services/shelf/api/src/lib.rs".to_owned(), text }])
    }

    const STRICT: &str = "#[serde(deny_unknown_fields)]";

    #[test]
    fn commands_deny_unknown_fields_and_replies_do_not() {
        assert_eq!(found(STRICT, STRICT, ""), Vec::<String>::new());
        for (said, expected) in [
            (found("", STRICT, ""), "Put is part of a command"),
            (found(STRICT, "", ""), "Size is part of a command"),
            (found(STRICT, STRICT, STRICT), "Thing is part of a reply"),
            (found(STRICT, "#[serde(rename_all = \"snake_case\")]", ""), "Size is part of a command"),
        ] {
            assert!(matches!(said.as_slice(), [only] if only.contains(expected)), "{said:?}");
        }
        assert!(found(STRICT, "#[serde(rename_all = \"snake_case\", deny_unknown_fields)]", "").is_empty());
    }

    #[test]
    fn only_api_crates_are_checked() {
        for path in ["services/shelf/src/lib.rs", "services/shelf/api/tests/it.rs", "platform/src/api/src/lib.rs"] {
            let text = FACE.replace("DENY", "").replace("SIZE", "").replace("THING", "");
            assert!(check(&[TextFile { path: path.to_owned(), text }]).is_empty(), "{path}");
        }
        let wrong = TextFile { path: "services/shelf/api/src/lib.rs".to_owned(), text: "struct {".to_owned() };
        assert!(check(&[wrong])[0].contains("cannot be read as Rust"));
    }
}
