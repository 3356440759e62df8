//! All rules over the whole workspace, or recording today's sizes (`--bless`).

mod edges;
mod faces;
mod files;
mod named;
mod planted;
mod profile;
mod rooms;
mod shape;
mod sizes;
mod words;
mod workspace;

use workspace::Workspace;

/// Broken rules, each as a sentence; and notes about things that are not broken.
#[derive(Debug, Default)]
struct Findings {
    broken: Vec<String>,
    notes: Vec<String>,
}

/// Returns what to print; an error if a rule is broken.
pub(crate) fn check() -> Result<String, String> {
    let workspace = Workspace::read()?;
    let files = files::in_tree(&workspace.root)?;
    let mut findings = sizes::check(&files, &sizes::Ratchet::read(&workspace.root)?);
    findings.broken.extend(edges::check(&workspace.crates));
    findings.broken.extend(faces::check(&files));
    findings.broken.extend(named::check(&files));
    findings.broken.extend(planted::check(&workspace.crates));
    let manifest = files.iter().find(|file| file.path == "Cargo.toml").map_or("", |file| file.text.as_str());
    findings.broken.extend(profile::check(manifest)?);
    findings.broken.extend(rooms::check(&files));
    findings.broken.extend(shape::check(&workspace, &files));
    findings.broken.extend(words::check(&files, &words::Banned::read(&workspace.root)?));
    let notes = findings.notes.iter().map(|note| format!("note: {note}\n")).collect::<String>();
    if findings.broken.is_empty() {
        return Ok(format!("{notes}tidy: {} crates, {} files", workspace.crates.len(), files.len()));
    }
    let count = findings.broken.len();
    let broken = findings.broken.iter().map(|finding| format!("{finding}\n")).collect::<String>();
    Err(format!("{notes}{broken}tidy: {count} problems"))
}

/// Records today's sizes. Growth is then accepted in a diff that a reviewer sees.
pub(crate) fn bless() -> Result<String, String> {
    let workspace = Workspace::read()?;
    let sizes = sizes::Ratchet::of(&files::in_tree(&workspace.root)?);
    sizes.write(&workspace.root)?;
    Ok(format!("tidy: {} large files and {} large functions recorded", sizes.files.len(), sizes.functions.len()))
}
