//! `florin export`: the whole log of a book as lines, while others write it.

use std::io::BufWriter;
use std::path::{Path, PathBuf};

use ledger::{ExportOptions, Exported, StoresBeside};
use platform::db::{Access, Db};

use crate::cli::Export;
use crate::commands::Start;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::stores::{self, COULD_NOT_RUN, transfer_failure};

const BUFFER_BYTES: usize = 1 << 18;

pub(crate) fn run(start: Start<'_>, options: &Export) -> Result<(), Failure> {
    let could_not_run = |failure: Failure| failure.with_status(COULD_NOT_RUN);
    let config = start.config().map_err(|error| could_not_run(error.into()))?;
    let main = stores::ledger(&config).map_err(could_not_run)?;
    let target = StoresBeside { main, readers: 1 }.target(&options.book);
    let runtime = stores::runtime().map_err(|error| could_not_run(error.into()))?;
    runtime.block_on(async {
        if !target.exists().await.map_err(|error| could_not_run(error.into()))? {
            return Err(could_not_run(Failure::new(format!("there is no store of a book {}", options.book))));
        }
        let db = Db::open(target, Access::ReadOnly, 1).await.map_err(|error| could_not_run(error.into()))?;
        export(&db, options).await
    })
}

async fn export(db: &Db, options: &Export) -> Result<(), Failure> {
    let wanted = ExportOptions { idempotency_keys: options.with_idempotency_keys };
    let mut progress = Progress::new("exporting", "rows");
    let shown = |seen: ledger::Progress| progress.at(seen.rows, seen.rows_in_all);
    let outcome = match to(options) {
        Some(path) => ledger::export_file(db, &options.book, path, wanted, shown).await,
        None => {
            let mut out = BufWriter::with_capacity(BUFFER_BYTES, std::io::stdout());
            ledger::export(db, &options.book, &mut out, wanted, shown).await
        }
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
        println!("{keys} idempotency keys and their secret were exported; keep the file as safe as the books");
    }
    println!("head  {}", exported.head);
}
