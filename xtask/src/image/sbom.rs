//! What is linked into the binary, as CycloneDX 1.6: each package of the lock file that the program really uses, and the C
//! libraries that some of them bring along.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};
use serde_json::{Value, json};

/// A package, its C library, the file that says the library's version, what stands before it there, its licence.
const NATIVE: &[(&str, &str, &str, &str, &str)] = &[
    ("libsqlite3-sys", "sqlite", "sqlite3/sqlite3.h", "#define SQLITE_VERSION", "blessing"),
    (
        "aws-lc-sys",
        "aws-lc",
        "aws-lc/include/openssl/base.h",
        "#define AWSLC_VERSION_NUMBER_STRING",
        "Apache-2.0 OR ISC",
    ),
    ("libmimalloc-sys", "mimalloc", "", "", "MIT"),
];

/// Returns how many components there are.
pub(super) fn write(path: &Path, target: &str) -> Result<usize, String> {
    let metadata = MetadataCommand::new()
        .other_options(vec!["--locked".to_owned(), "--filter-platform".to_owned(), target.to_owned()])
        .exec()
        .map_err(|error| error.to_string())?;
    let linked = linked(&metadata)?;
    let components: Vec<Value> = linked.values().flat_map(|package| of_package(package)).collect();
    let count = components.len();
    let version = env!("CARGO_PKG_VERSION");
    let bill = json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": {"component": {"type": "application", "name": "florin", "version": version, "licenses": [{"expression": "Apache-2.0"}]}},
        "components": components,
    });
    let text = serde_json::to_string_pretty(&bill).map_err(|error| error.to_string())?;
    std::fs::write(path, text + "\n").map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(count)
}

/// What `app` stands on, without what only builds and tests need, by name and version.
fn linked(metadata: &Metadata) -> Result<BTreeMap<(String, String), &Package>, String> {
    let resolve = metadata.resolve.as_ref().ok_or("cargo metadata resolved nothing")?;
    let nodes: BTreeMap<&PackageId, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let root = metadata.workspace_packages().into_iter().find(|package| package.name.as_str() == "app");
    let root = root.ok_or("there is no package app")?;
    let (mut seen, mut next) = (BTreeSet::new(), vec![&root.id]);
    while let Some(id) = next.pop() {
        if !seen.insert(id) {
            continue;
        }
        let Some(node) = nodes.get(id) else { continue };
        let normal =
            node.deps.iter().filter(|dep| dep.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal));
        next.extend(normal.map(|dep| &dep.pkg));
    }
    let packages = metadata.packages.iter().filter(|package| seen.contains(&package.id) && package.source.is_some());
    Ok(packages
        .filter(|package| !is_macro(package))
        .map(|package| ((package.name.to_string(), package.version.to_string()), package))
        .collect())
}

/// Procedural macros run in the compiler.
fn is_macro(package: &Package) -> bool {
    package.targets.iter().any(cargo_metadata::Target::is_proc_macro)
}

fn of_package(package: &Package) -> Vec<Value> {
    let (name, version) = (package.name.as_str(), package.version.to_string());
    let mut component =
        json!({"type": "library", "name": name, "version": version, "purl": format!("pkg:cargo/{name}@{version}")});
    if let (Some(license), Some(fields)) = (&package.license, component.as_object_mut()) {
        fields.insert("licenses".to_owned(), json!([{"expression": license.replace('/', " OR ")}]));
    }
    let mut found = vec![component];
    for (_, library, file, before, license) in NATIVE.iter().filter(|native| native.0 == name) {
        let header = package.manifest_path.parent().map(|folder| folder.join(file));
        let text = header.and_then(|header| std::fs::read_to_string(header).ok()).unwrap_or_default();
        let said = text.lines().find_map(|line| line.trim().strip_prefix(before)).unwrap_or_default();
        let version = said.split_whitespace().next().unwrap_or_default().trim_matches('"');
        let version = if version.is_empty() { format!("as in {name} {}", package.version) } else { version.to_owned() };
        found.push(
            json!({"type": "library", "name": library, "version": version, "licenses": [{"expression": license}]}),
        );
    }
    found
}
