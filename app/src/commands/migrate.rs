//! `florin migrate`: brings the stores to this version's schema while nobody else writes them.

use std::path::Path;

use platform::config::Config;
use platform::data_dir::{DataDir, Stamp};
use platform::db::{Access, Db, Target};

use crate::commands::load_config;
use crate::failure::Failure;
use crate::stores::{self, LEDGER};

pub(crate) fn run(file: Option<&Path>) -> Result<(), Failure> {
    let config = load_config(file)?;
    stores::runtime()?.block_on(migrate(&config))
}

async fn migrate(config: &Config) -> Result<(), Failure> {
    let (target, place, _held) = match &config.storage.database_url {
        // The database lets only one process migrate at a time by itself.
        Some(url) => {
            let target = Target::Postgres { url: url.expose().to_owned(), schema: LEDGER.to_owned() };
            (target, format!("schema {LEDGER}"), None)
        }
        None => {
            let data_dir = &config.storage.data_dir;
            let stamp = DataDir::look(data_dir)?.unwrap_or(Stamp::Plain);
            let held = DataDir::open(data_dir, stamp)?;
            let file = stores::file(data_dir, LEDGER);
            let place = file.display().to_string();
            (Target::Sqlite { file, cache_mb: config.storage.sqlite_cache_mb }, place, Some(held))
        }
    };
    let db = Db::open(target, Access::ReadWrite, 1).await?;
    match ledger::migrate(&db).await? {
        0 => println!("ledger: nothing to do, {place} has this version's schema"),
        1 => println!("ledger: 1 migration applied to {place}"),
        applied => println!("ledger: {applied} migrations applied to {place}"),
    }
    Ok(())
}
