//! The two files of a story: the recorded exchanges, which the document shows, and the document itself.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::document::Document;
use super::telling::Told;

const SWITCH: &str = "FLORIN_STORY";
const RECORD: &str = "record";

pub(super) struct Record {
    story: PathBuf,
    snapshot: PathBuf,
    document: String,
}

impl Record {
    pub(super) fn of(folder: &Path, document: &Document) -> Record {
        let (story, snapshot) = (folder.join("story.json"), folder.join("openapi.snap"));
        Record { story, snapshot, document: written(&document.bare()) }
    }

    pub(super) fn keep_or_compare(&self, told: &Told) {
        let mut shown: Map<String, Value> = Map::new();
        for entry in told.entries.iter().filter(|entry| entry.shown) {
            let all = shown.entry(entry.operation.clone()).or_insert_with(|| Value::Array(Vec::new()));
            all.as_array_mut().unwrap().push(entry.said.clone());
        }
        let story = written(&Value::Object(shown));
        let files = [(&self.story, &story), (&self.snapshot, &self.document)];
        if std::env::var(SWITCH).is_ok_and(|word| word == RECORD) {
            let keep = |(file, text): (&PathBuf, &String)| fs::write(file, text);
            files.into_iter().try_for_each(keep).unwrap_or_else(|error| panic!("{}: {error}", self.story.display()));
        }
        files.into_iter().for_each(|(file, text)| compare(file, text));
    }
}

fn written(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap() + "\n"
}

fn compare(file: &Path, text: &str) {
    let known = fs::read_to_string(file).unwrap_or_default();
    if known == text {
        return;
    }
    let same = known.lines().zip(text.lines()).take_while(|(known, new)| known == new).count();
    let part = |text: &str| text.lines().skip(same.saturating_sub(3)).take(12).collect::<Vec<_>>().join("\n");
    panic!(
        "{} differs from line {} on; if that is meant, run the test with {SWITCH}={RECORD} and read the difference\n\
         expected:\n{}\nfound:\n{}",
        file.display(),
        same + 1,
        part(&known),
        part(text)
    );
}
