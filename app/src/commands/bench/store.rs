//! A store for one run: a new directory, or a new database next to the configured one. Removed after the run.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use platform::config::Config;
use platform::db::{self, Access, Db, Engine, Target, of_one_store, share_of_cache};

use crate::failure::Failure;

#[derive(Clone)]
pub(super) struct Store {
    kind: Kind,
    cache_mb: u32,
    readers: usize,
}

#[derive(Clone)]
enum Kind {
    Folder(PathBuf),
    Database { server: String, name: String },
}

/// All stores of a benchmark, so that none is left if a run fails.
pub(super) struct Stores<'a> {
    config: &'a Config,
    dir: &'a Path,
    made: Mutex<Vec<Store>>,
}

impl<'a> Stores<'a> {
    pub(super) fn new(config: &'a Config, dir: &'a Path) -> Stores<'a> {
        Stores { config, dir, made: Mutex::new(Vec::new()) }
    }

    pub(super) fn dir(&self) -> &Path {
        self.dir
    }

    pub(super) fn engine(&self) -> Engine {
        if self.config.storage.is_shared() { Engine::Postgres } else { Engine::Sqlite }
    }

    /// To each process of a service, unless the command says otherwise.
    pub(super) fn connections(&self) -> usize {
        self.config.rpc.connections
    }

    pub(super) async fn create(&self) -> Result<Store, Failure> {
        let store = Store::create(self.config, self.dir).await?;
        self.made.lock().unwrap_or_else(PoisonError::into_inner).push(store.clone());
        Ok(store)
    }

    /// Those not removed yet.
    pub(super) async fn remove(&self) -> Result<(), Failure> {
        let made = std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner));
        for store in made {
            store.remove().await?;
        }
        Ok(())
    }
}

impl Store {
    async fn create(config: &Config, dir: &Path) -> Result<Store, Failure> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("florin_bench_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let kind = match db::server(&config.storage) {
            None => {
                let folder = dir.join(name);
                std::fs::create_dir_all(&folder)?;
                Kind::Folder(folder)
            }
            Some(server) => {
                db::create_database(&server, &name).await?;
                Kind::Database { server, name }
            }
        };
        let readers = of_one_store(usize::try_from(config.storage.pool_size)?);
        Ok(Store { kind, cache_mb: share_of_cache(config.storage.sqlite_cache_mb), readers })
    }

    pub(super) async fn open(&self) -> Result<Db, Failure> {
        Ok(Db::open(self.target(), Access::ReadWrite, self.readers).await?)
    }

    pub(super) fn target(&self) -> Target {
        match &self.kind {
            Kind::Folder(folder) => Target::Sqlite { file: folder.join("ledger.db"), cache_mb: self.cache_mb },
            Kind::Database { server, name } => {
                Target::Postgres { url: db::with_database(server, name), schema: "ledger".to_owned() }
            }
        }
    }

    /// The settings with which a separate server finds this store.
    pub(super) fn variables(&self) -> Vec<(&'static str, String)> {
        match &self.kind {
            Kind::Folder(folder) => outside(folder),
            Kind::Database { server, name } => {
                let folder = std::env::temp_dir().join(name);
                let mut variables = outside(&folder);
                variables.push(("FLORIN__STORAGE__DATABASE_URL", db::with_database(server, name)));
                variables
            }
        }
    }

    /// A unique name in the machine's temporary directory.
    pub(super) fn name_beside(&self, what: &str) -> PathBuf {
        let name = match &self.kind {
            Kind::Folder(folder) => folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            Kind::Database { name, .. } => name.clone(),
        };
        std::env::temp_dir().join(format!("{name}_{what}"))
    }

    /// Size of the files, if there are any.
    pub(super) fn bytes(&self) -> Option<u64> {
        let Kind::Folder(folder) = &self.kind else { return None };
        let files = std::fs::read_dir(folder).ok()?;
        Some(files.flatten().filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum())
    }

    /// Can be called again; what is already gone is ignored.
    pub(super) async fn remove(&self) -> Result<(), Failure> {
        match &self.kind {
            Kind::Folder(folder) => remove(folder)?,
            Kind::Database { server, name } => {
                db::drop_database(server, name).await?;
                remove(&std::env::temp_dir().join(name))?;
            }
        }
        Ok(())
    }
}

/// What a server keeps outside of its data.
fn beside(folder: &Path) -> PathBuf {
    folder.with_extension("keys")
}

/// The folder of a server's data, and its places outside of it.
fn outside(folder: &Path) -> Vec<(&'static str, String)> {
    let within = |name: &str| beside(folder).join(name).display().to_string();
    vec![
        ("FLORIN__STORAGE__DATA_DIR", folder.display().to_string()),
        ("FLORIN__CRYPTO__SUBJECTS_DIR", within("subjects")),
        ("FLORIN__AUDIT__HEAD_FILE", within("audit-head")),
    ]
}

fn remove(folder: &Path) -> std::io::Result<()> {
    for folder in [folder, &beside(folder)] {
        if folder.exists() {
            std::fs::remove_dir_all(folder)?;
        }
    }
    Ok(())
}
