//! `cargo xtask deploy`: what is shipped for Kubernetes is checked without a cluster, and its generated files are written.
//!
//! `check` holds the catalogue against the binary, names in rules and dashboards against the registry of metrics, rules
//! against their pages and tests, and rendered manifests against the rules that people's deployments break most often;
//! with files, only these. Start reading at [`check`].

mod catalogue;
mod defects;
mod manifests;
mod metrics;
mod names;
mod objects;
mod pods;
mod reach;
mod sums;
mod text;
mod write;

use std::path::{Path, PathBuf};

use catalogue::{Binary, Catalogue};
use manifests::{Finding, Manifest};

/// Where everything is, from the root of the repository.
const CATALOGUE: &str = "deploy/chart/catalogue.yaml";
const RENDERED: &str = "deploy/tests/rendered";

/// # Errors
/// All findings, each in a sentence, or why they could not be looked for.
pub(crate) fn run(words: &[&str]) -> Result<String, String> {
    let root = root()?;
    match words {
        ["check"] => check(&root, None, false),
        ["check", "--catalogue", file] => check(&root, Some(Path::new(file)), false),
        ["check", "--new-parts-later", "--catalogue", file] => check(&root, Some(Path::new(file)), true),
        ["check", files @ ..] => check_files(files),
        ["settings", folder] => settings(&root, Path::new(folder)),
        ["reach", file] => reach(Path::new(file)),
        ["adopt", file] => {
            let (path, binary) = (root.join(CATALOGUE), Binary::read(Path::new(file))?);
            let text = catalogue::adopted(&read(&path)?, &binary)?;
            std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
            Ok(format!("{CATALOGUE} has every part of the binary; look at the sizes and promises of new ones"))
        }
        ["write"] => write::all(&root).map(|written| format!("{written} files written")),
        _ => Err("usage: cargo xtask deploy check [[--new-parts-later] --catalogue FILE | FILE...] | adopt FILE | reach FILE | settings FOLDER | write"
            .to_owned()),
    }
}

fn root() -> Result<PathBuf, String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(Path::to_owned).ok_or_else(|| "xtask has no folder above it".to_owned())
}

/// Everything of ours. `told` has the output of `florin catalogue`. With `later`, parts that the binary has and the
/// catalogue lacks are only told: until they have an entry the chart cannot deploy that version.
fn check(root: &Path, told: Option<&Path>, later: bool) -> Result<String, String> {
    let catalogue = Catalogue::read(&root.join(CATALOGUE))?;
    let mut wrong: Vec<String> = write::differences(root)?;
    let mut waiting = Vec::new();
    if let Some(told) = told {
        let mut binary = Binary::read(told)?;
        if later {
            waiting = catalogue.set_aside(&mut binary);
        }
        wrong.extend(catalogue.differences(&binary));
        wrong.extend(metrics::differences(root, &binary, &waiting)?);
        wrong.extend(names::differences(root, &binary)?);
    }
    wrong.extend(names::one_to_one(root)?);
    let shipped = shipped(root)?;
    for file in &shipped {
        wrong.extend(text::check(root, file)?.iter().map(Finding::to_string));
    }
    let rendered = files(&root.join(RENDERED), &["yaml"])?;
    for file in &rendered {
        let manifest = Manifest::read(root, file)?;
        wrong.extend(manifest.check().iter().map(Finding::to_string));
        wrong.extend(reach::differences(&manifest, &catalogue));
        wrong.extend(sums::differences(&manifest));
    }
    if rendered.is_empty() {
        wrong.push(format!("{RENDERED} is empty: `scripts/do render` fills it"));
    }
    let fixtures = defects::fixtures(root, &mut wrong)?;
    wrong.sort();
    wrong.dedup();
    if wrong.is_empty() {
        let (files, sets) = (shipped.len(), rendered.len());
        let binary = if told.is_some() { "" } else { "; not compared with the binary" };
        let waiting = match waiting.as_slice() {
            [] => String::new(),
            parts => format!(
                "\nTHE CHART CANNOT DEPLOY THIS VERSION: {} has no entry in {CATALOGUE}. `cargo xtask deploy check --catalogue FILE` \
                 says what to write",
                parts.join(", ")
            ),
        };
        return Ok(format!("{files} files, {sets} rendered sets, {fixtures} wrong fixtures refused{binary}{waiting}"));
    }
    Err(wrong.join("\n"))
}

/// Anybody's manifests.
fn check_files(files: &[&str]) -> Result<String, String> {
    let mut wrong = Vec::new();
    for file in files {
        let (here, file) = (Path::new(""), Path::new(file));
        wrong.extend(text::check(here, file)?);
        wrong.extend(Manifest::read(here, file)?.check());
    }
    let lines: Vec<String> = wrong.iter().map(Finding::to_string).collect();
    if lines.is_empty() { Ok("nothing found".to_owned()) } else { Err(lines.join("\n")) }
}

fn reach(file: &Path) -> Result<String, String> {
    let manifest = Manifest::read(Path::new(""), file)?;
    Ok(reach::table(&manifest))
}

/// Every florin.toml of the rendered sets as a file, for the binary to judge.
fn settings(root: &Path, folder: &Path) -> Result<String, String> {
    let mut count = 0;
    for file in files(&root.join(RENDERED), &["yaml"])? {
        let manifest = Manifest::read(root, &file)?;
        let set = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for object in manifest.of_kind("ConfigMap") {
            let Some(text) = object.value.pointer("/data/florin.toml").and_then(serde_json::Value::as_str) else {
                continue;
            };
            let path = folder.join(format!("{set}-{}.toml", object.name()));
            std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
            count += 1;
        }
    }
    Ok(format!("{count} files of settings"))
}

/// Files that people install, or copy from.
fn shipped(root: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    for folder in ["deploy/chart", "deploy/kustomize", "deploy/scripts", "deploy/image", "deploy/sql", RENDERED] {
        found.extend(files(&root.join(folder), &["yaml", "tpl", "txt", "sh", "sql", "json", "Dockerfile"])?);
    }
    Ok(found)
}

/// All files below a folder whose names end with one of these, in order; none if there is no folder.
fn files(folder: &Path, ends: &[&str]) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(found) };
    for entry in entries {
        let path = entry.map_err(|error| format!("{}: {error}", folder.display()))?.path();
        if path.is_dir() {
            found.extend(files(&path, ends)?);
        } else if ends.iter().any(|end| path.to_string_lossy().ends_with(end)) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}
