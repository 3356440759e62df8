//! Files that are made from the catalogue, committed, and compared by every check.

mod dashboards;
mod roles;
mod slo;

use std::path::Path;

use super::catalogue::Catalogue;
use super::{CATALOGUE, read};

/// Their paths and contents.
fn made(root: &Path) -> Result<Vec<(String, String)>, String> {
    let catalogue = Catalogue::read(&root.join(CATALOGUE))?;
    let mut made = vec![
        ("deploy/chart/files/rules/slo.yaml".to_owned(), slo::rules(&catalogue)),
        ("deploy/sql/roles.sql".to_owned(), roles::sql(&catalogue)),
    ];
    made.extend(dashboards::all(&catalogue)?);
    Ok(made)
}

/// Writes those that differ.
pub(crate) fn all(root: &Path) -> Result<usize, String> {
    let mut written = 0;
    for (path, content) in made(root)? {
        let path = root.join(path);
        if read(&path).ok().as_ref() != Some(&content) {
            let failed = |error: std::io::Error| format!("{}: {error}", path.display());
            path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(failed)?;
            std::fs::write(&path, content).map_err(failed)?;
            written += 1;
        }
    }
    Ok(written)
}

pub(crate) fn differences(root: &Path) -> Result<Vec<String>, String> {
    let differs = |(path, content): (String, String)| {
        let differs = read(&root.join(&path)).ok() != Some(content);
        differs.then(|| format!("{path} is not what the catalogue makes: `cargo xtask deploy write`, and commit it"))
    };
    Ok(made(root)?.into_iter().filter_map(differs).collect())
}
