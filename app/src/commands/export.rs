//! `florin export`: the whole log as lines, beside whoever writes the books.

use std::io::BufWriter;
use std::path::{Path, PathBuf};

use ledger::{ExportOptions, Exported};
use platform::db::{Access, Db};

use crate::cli::Export;
use crate::commands::load_config;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::stores::{self, COULD_NOT_RUN, transfer_failure};

const BUFFER_BYTES: usize = 1 << 18;

pub(crate) fn run(file: Option<&Path>, options: &Export) -> Result<(), Failure> {
    let could_not_run = |failure: Failure| failure.with_status(COULD_NOT_RUN);
    let config = load_config(file).map_err(|error| could_not_run(error.into()))?;
    let target = stores::ledger(&config).map_err(could_not_run)?;
    let runtime = stores::runtime().map_err(|error| could_not_run(error.into()))?;
    runtime.block_on(async {
        let db = Db::open(target, Access::ReadOnly, 1).await.map_err(|error| could_not_run(error.into()))?;
        export(&db, options).await
    })
}

async fn export(db: &Db, options: &Export) -> Result<(), Failure> {
    let wanted = ExportOptions { idempotency_keys: options.with_idempotency_keys };
    let mut progress = Progress::new("exporting", "rows");
    let shown = |seen: ledger::Progress| progress.at(seen.rows, seen.rows_in_all);
    let outcome = match to(options) {
        Some(path) => ledger::export_file(db, path, wanted, shown).await,
        None => ledger::export(db, &mut BufWriter::with_capacity(BUFFER_BYTES, std::io::stdout()), wanted, shown).await,
    };
    progress.finish();
    let exported = outcome.map_err(transfer_failure)?;
    match to(options) {
        Some(path) => say(&exported, path),
        // Standard output is the export.
        None => eprintln!("head  {}", exported.head),
    }
    Ok(())
}

fn to(options: &Export) -> Option<&PathBuf> {
    options.file.as_ref().filter(|file| *file != Path::new("-"))
}

fn say(exported: &Exported, path: &Path) {
    let (all, new) = (exported.head.last_seq, exported.rows_written);
    let new = if new < all { format!(", {new} of them new") } else { String::new() };
    println!("exported to {}, {all} rows{new}", path.display());
    if let Some(keys) = exported.keys {
        println!("{keys} idempotency keys and their secret went along; keep the file as safe as the books");
    }
    println!("head  {}", exported.head);
}
