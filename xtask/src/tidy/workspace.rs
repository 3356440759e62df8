//! The crates of the workspace, from `cargo metadata`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

#[derive(Debug)]
pub(super) struct Workspace {
    pub(super) root: PathBuf,
    pub(super) crates: Vec<Crate>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Crate {
    pub(super) name: String,
    /// Relative to the workspace root, with forward slashes.
    pub(super) folder: String,
    /// `lib.rs` and `main.rs`, relative to the workspace root.
    pub(super) roots: Vec<String>,
    /// Folders of our crates that it depends on.
    pub(super) depends_on: Vec<String>,
    pub(super) dev_depends_on: Vec<String>,
    /// Names of dependencies, of any kind, with the features they enable.
    pub(super) asks: Vec<(String, Vec<String>)>,
    /// Its own features, and what each of them enables.
    pub(super) features: BTreeMap<String, Vec<String>>,
}

impl Workspace {
    pub(super) fn read() -> Result<Workspace, String> {
        let metadata = MetadataCommand::new().no_deps().exec().map_err(|error| format!("cargo metadata: {error}"))?;
        let root = metadata.workspace_root.clone().into_std_path_buf();
        let folders = folders(&metadata, &root);
        let crates = metadata.packages.iter().map(|package| read_crate(package, &folders, &root)).collect();
        Ok(Workspace { root, crates })
    }
}

fn folders(metadata: &Metadata, root: &Path) -> BTreeMap<String, String> {
    let folder = |package: &Package| {
        let manifest = package.manifest_path.as_std_path();
        within(root, manifest.parent().unwrap_or(manifest))
    };
    metadata.packages.iter().map(|package| (package.name.to_string(), folder(package))).collect()
}

fn read_crate(package: &Package, folders: &BTreeMap<String, String>, root: &Path) -> Crate {
    let depends = |dev: bool| {
        let of_kind = package.dependencies.iter().filter(|edge| (edge.kind == DependencyKind::Development) == dev);
        of_kind.filter(|edge| edge.path.is_some()).filter_map(|edge| folders.get(&edge.name).cloned()).collect()
    };
    let is_root = |path: &&Path| path.ends_with("src/lib.rs") || path.ends_with("src/main.rs");
    let roots = package.targets.iter().map(|target| target.src_path.as_std_path()).filter(is_root);
    Crate {
        name: package.name.to_string(),
        folder: folders.get(package.name.as_str()).cloned().unwrap_or_default(),
        roots: roots.map(|path| within(root, path)).collect(),
        depends_on: depends(false),
        dev_depends_on: depends(true),
        asks: package.dependencies.iter().map(|edge| (edge.name.clone(), edge.features.clone())).collect(),
        features: package.features.clone(),
    }
}

fn within(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}
