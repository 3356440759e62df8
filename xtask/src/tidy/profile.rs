//! Dependencies that tests need optimised are listed by name in the workspace's `Cargo.toml`: each must be one that a test runs.
//!
//! A procedural macro or what only a build script needs takes longer to optimise than it ever runs, and a name that is no dependency
//! any more is a line that nobody dares to remove.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Node, PackageId, TargetKind};

pub(super) fn check(manifest: &str) -> Result<Vec<String>, String> {
    let metadata = MetadataCommand::new().other_options(["--locked".to_owned()]).exec();
    let metadata = metadata.map_err(|error| format!("cargo metadata: {error}"))?;
    let all: BTreeSet<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    Ok(judge(&listed(manifest)?, &all, &run(&metadata)))
}

/// Names with an `opt-level` of their own.
fn listed(manifest: &str) -> Result<Vec<String>, String> {
    let manifest: toml::Table = manifest.parse().map_err(|error| format!("Cargo.toml: {error}"))?;
    let packages = || manifest.get("profile")?.get("dev")?.get("package")?.as_table();
    let own = packages().into_iter().flatten().filter(|(_, settings)| settings.get("opt-level").is_some());
    Ok(own.map(|(name, _)| name.clone()).collect())
}

fn judge(listed: &[String], all: &BTreeSet<&str>, run: &BTreeSet<&str>) -> Vec<String> {
    let said = |name: &String| match (all.contains(name.as_str()), run.contains(name.as_str())) {
        (_, true) => None,
        (true, false) => {
            Some(format!("Cargo.toml: profile.dev.package.{name} is for a crate that runs only while compiling"))
        }
        (false, false) => Some(format!("Cargo.toml: profile.dev.package.{name} names no dependency")),
    };
    listed.iter().filter_map(said).collect()
}

/// What is linked into our programs and tests: reached from our crates without a procedural macro or a build script in between.
fn run(metadata: &Metadata) -> BTreeSet<&str> {
    let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
    let nodes: BTreeMap<&PackageId, &Node> = nodes.map(|node| (&node.id, node)).collect();
    let (mut seen, mut open) = (BTreeSet::new(), metadata.workspace_members.iter().collect::<Vec<_>>());
    let mut names = BTreeSet::new();
    while let Some(id) = open.pop() {
        let package = metadata.packages.iter().find(|package| package.id == *id);
        let Some(package) = package.filter(|_| seen.insert(id)) else { continue };
        if package.targets.iter().any(|target| target.kind.contains(&TargetKind::ProcMacro)) {
            continue;
        }
        names.insert(package.name.as_str());
        let edges = nodes.get(id).into_iter().flat_map(|node| &node.deps);
        let linked = edges.filter(|edge| edge.dep_kinds.iter().any(|kind| kind.kind != DependencyKind::Build));
        open.extend(linked.map(|edge| &edge.pkg));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_crates_that_a_test_runs_may_be_listed() {
        let manifest = "[profile.dev.package.\"*\"]\ndebug = false\n\n[profile.dev.package]\nsha2.opt-level = 1\n\
                        serde_derive.opt-level = 1\ngone.opt-level = 2\n";
        let listed = listed(manifest).unwrap();
        assert_eq!(listed.len(), 3);
        let said = judge(&listed, &BTreeSet::from(["serde_derive", "sha2"]), &BTreeSet::from(["sha2"]));
        let named = |words: &str| said.iter().any(|sentence| sentence.contains(words));
        assert!(
            named("gone names no dependency") && named("serde_derive is for a crate that runs only while compiling")
        );
        assert_eq!(said.len(), 2);
    }

    #[test]
    fn what_our_programs_link_is_known() {
        let metadata = MetadataCommand::new().exec().unwrap();
        let run = run(&metadata);
        for (name, links) in [("serde", true), ("xtask", true), ("serde_derive", false), ("cc", false)] {
            assert_eq!(run.contains(name), links, "{name}");
        }
    }
}
