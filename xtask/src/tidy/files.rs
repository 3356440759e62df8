//! The text files of the repository: tracked, or new and not ignored.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Written by tools, or not our text.
const FOREIGN: [&str; 2] = ["Cargo.lock", "LICENSE"];

#[derive(Debug)]
pub(super) struct TextFile {
    /// Relative to the workspace root, with forward slashes.
    pub(super) path: String,
    pub(super) text: String,
}

pub(super) fn in_tree(root: &Path) -> Result<Vec<TextFile>, String> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .map_err(|error| format!("run git ls-files: {error}"))?;
    if !listed.status.success() {
        return Err(format!("git ls-files: {}", String::from_utf8_lossy(&listed.stderr).trim()));
    }
    let names = String::from_utf8_lossy(&listed.stdout).into_owned();
    let paths = names.split('\0').filter(|path| !path.is_empty() && !FOREIGN.contains(path));
    Ok(paths.filter_map(|path| read(root, path)).collect())
}

/// `None` for binary files, and for a tracked file that was removed but not yet committed.
fn read(root: &Path, path: &str) -> Option<TextFile> {
    let text = fs::read_to_string(root.join(path)).ok()?;
    Some(TextFile { path: path.to_owned(), text })
}
