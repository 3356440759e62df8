//! Small wrong files, one a mistake of the list: each is refused by its number.

use std::path::Path;

use super::manifests::{Finding, Manifest};
use super::{files, read, text};

const FOLDER: &str = "deploy/tests/defects";

/// Adds a sentence for each that is not; returns how many there are.
pub(crate) fn fixtures(root: &Path, wrong: &mut Vec<String>) -> Result<usize, String> {
    let all = files(&root.join(FOLDER), &["yaml"])?;
    for path in &all {
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let number: u8 = name.get(..2).and_then(|digits| digits.parse().ok()).unwrap_or_default();
        let found = findings(&path.display().to_string(), &read(path)?);
        if !found.iter().any(|finding| finding.defect == number) {
            wrong.push(format!("{FOLDER}/{name}.yaml shows the mistake {number}, and no rule refuses it"));
        }
    }
    Ok(all.len())
}

fn findings(file: &str, given: &str) -> Vec<Finding> {
    let mut found = text::check_text(file, given);
    found.extend(Manifest::parse(file, given).map(|manifest| manifest.check()).unwrap_or_default());
    found
}
