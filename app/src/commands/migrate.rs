//! `florin migrate`: brings the stores of all services, and of all books, to this version's schema while nobody else writes them.

use std::path::Path;

use platform::config::Config;
use platform::data_dir::{DataDir, Stamp};
use platform::db::{Access, Db, DbError, Target};

use crate::books::Shelf;
use crate::commands::load_config;
use crate::failure::Failure;
use crate::services::IDENTITY;
use crate::stores;

pub(crate) fn run(file: Option<&Path>) -> Result<(), Failure> {
    let config = load_config(file)?;
    stores::runtime()?.block_on(migrate(&config))
}

async fn migrate(config: &Config) -> Result<(), Failure> {
    let held = match &config.storage.database_url {
        // The database lets only one process migrate at a time by itself.
        Some(_) => None,
        None => {
            let data_dir = &config.storage.data_dir;
            let stamp = DataDir::look(data_dir)?.unwrap_or(Stamp::Plain);
            Some(DataDir::open(data_dir, stamp)?)
        }
    };
    let main = stores::of_service(config, stores::LEDGER);
    migrate_one("ledger", main.clone(), ledger::migrate).await?;
    let shelf = Shelf::look(main).await?;
    for book in shelf.books.iter().filter(|book| !book.is_main()) {
        migrate_one(&format!("book {book}"), shelf.target(book), ledger::migrate).await?;
    }
    migrate_one(IDENTITY, stores::of_service(config, IDENTITY), identity::migrate).await?;
    shelf.wrong().iter().for_each(|sentence| eprintln!("florin: {sentence}"));
    drop(held);
    Ok(())
}

async fn migrate_one(
    what: &str,
    target: Target,
    migrate: impl AsyncFn(&Db) -> Result<usize, DbError>,
) -> Result<(), Failure> {
    let place = stores::shown(&target);
    let db = Db::open(target, Access::ReadWrite, 1).await?;
    match migrate(&db).await? {
        0 => println!("{what}: nothing to do, {place} has this version's schema"),
        1 => println!("{what}: 1 migration applied to {place}"),
        applied => println!("{what}: {applied} migrations applied to {place}"),
    }
    Ok(())
}
