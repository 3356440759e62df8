//! `manifest.json` of a backup: its files, byte for byte, and where each service's log ended.
//!
//! Invariant: it is written last, so that a directory without one is not a backup.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use platform::db::file_sha256;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

const NAME: &str = "manifest.json";
const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    format: u32,
    /// The version that created the backup.
    florin: String,
    pub(crate) made_at: String,
    pub(crate) files: Vec<Entry>,
    /// The head of each service that has one.
    pub(crate) heads: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) name: String,
    bytes: u64,
    sha256: String,
}

impl Manifest {
    /// Describes files in `dir`.
    pub(crate) fn of(
        dir: &Path,
        names: &[String],
        heads: BTreeMap<String, String>,
        made_at: String,
    ) -> std::io::Result<Manifest> {
        let entry = |name: &String| {
            let path = dir.join(name);
            Ok(Entry { name: name.clone(), bytes: fs::metadata(&path)?.len(), sha256: file_sha256(&path)? })
        };
        let files = names.iter().map(entry).collect::<std::io::Result<_>>()?;
        Ok(Manifest { format: FORMAT, florin: env!("CARGO_PKG_VERSION").to_owned(), made_at, files, heads })
    }

    pub(crate) fn write(&self, dir: &Path) -> Result<(), Failure> {
        let mut file = File::create(dir.join(NAME))?;
        writeln!(file, "{}", serde_json::to_string_pretty(self)?)?;
        file.sync_all()?;
        File::open(dir)?.sync_all()?;
        Ok(())
    }

    pub(crate) fn read(dir: &Path) -> Result<Manifest, Failure> {
        let path = dir.join(NAME);
        let shown = path.display();
        let text = fs::read_to_string(&path)
            .map_err(|error| Failure::new(format!("{shown} cannot be read, so this is not a whole backup: {error}")))?;
        let manifest: Manifest =
            serde_json::from_str(&text).map_err(|error| Failure::new(format!("{shown} is damaged: {error}")))?;
        if manifest.format > FORMAT {
            let format = manifest.format;
            return Err(Failure::new(format!("{shown} has format {format}; use a newer florin")));
        }
        Ok(manifest)
    }

    /// Every file exists and has its recorded bytes.
    pub(crate) fn check(&self, dir: &Path) -> Result<(), Failure> {
        for entry in &self.files {
            entry.check(dir).map_err(|what| {
                Failure::new(format!("the backup in {} is damaged: {}: {what}", dir.display(), entry.name))
            })?;
        }
        Ok(())
    }
}

impl Entry {
    fn check(&self, dir: &Path) -> Result<(), String> {
        let plain = Path::new(&self.name).file_name().is_some_and(|name| name == self.name.as_str());
        if !plain {
            return Err("not the name of a file in the backup".to_owned());
        }
        let path = dir.join(&self.name);
        let bytes = fs::metadata(&path).map_err(|error| error.to_string())?.len();
        if bytes != self.bytes {
            return Err(format!("expected {} bytes, found {bytes}", self.bytes));
        }
        let found = file_sha256(&path).map_err(|error| error.to_string())?;
        if found == self.sha256 { Ok(()) } else { Err(format!("expected SHA-256 {}, found {found}", self.sha256)) }
    }
}
