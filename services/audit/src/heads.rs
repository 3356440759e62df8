//! Heads: once a second, if the log has grown, the tree of its committed entries is signed.
//!
//! Invariant: a signed head is never contradicted. A head is made from committed rows alone, of which none is ever
//! changed; Ed25519 is deterministic, so that two processes which sign the same tree make the same note. The last one is
//! also written outside of the data: a store that was put back to an older day has fewer entries than that, and goes on
//! under another name, because other entries may follow where the lost ones were.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use kernel::Timestamp;
use platform::db::{Db, DbError, Tx};
use platform::room::OpenError;
use serde_json::json;

use crate::append::Appender;
use crate::count;
use crate::entry::Draft;
use crate::keys::Keys;
use crate::note::Checkpoint;
use crate::store::head::{self, Head};
use crate::store::{self, Log, tile};
use crate::tree::{Hash, Range, Tiles};

/// For how long each head is kept; then one an hour.
const KEPT_SECONDS: i64 = 86_400;

#[derive(Clone)]
pub(crate) struct Heads {
    pub(crate) db: Db,
    pub(crate) keys: Keys,
    pub(crate) appender: Appender,
    /// On the embedded database: where the last head stands outside of the data.
    pub(crate) file: Option<PathBuf>,
}

impl Heads {
    /// The log exists, is signed for, and was not put back to an older day unnoticed.
    pub(crate) async fn begin(&self) -> Result<(), OpenError> {
        let tx = self.db.begin().await?;
        self.appender.add(&tx, Vec::new()).await?;
        self.keys.begin(&tx).await?;
        tx.commit().await?;
        self.find_gap().await?;
        self.sign().await
    }

    async fn find_gap(&self) -> Result<(), OpenError> {
        let Some(file) = &self.file else { return Ok(()) };
        let kept = read(file)?;
        let tx = self.db.begin().await?;
        let log = store::log(&tx).await?.ok_or("the log was begun before")?;
        let continues = match self.own_head(&tx, &log, kept.as_deref()).await? {
            Some(kept) => kept.size <= log.size && root(&tx, kept.size).await? == Some(kept.root),
            // A new log, or a store that was moved without the file: what else was signed for it is not known.
            None => head::last(&tx).await?.is_none(),
        };
        if !continues {
            self.go_on(&tx, log, kept.as_deref()).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// The head of the file, if this log's keys signed it.
    async fn own_head(&self, tx: &Tx, log: &Log, kept: Option<&str>) -> Result<Option<Checkpoint>, DbError> {
        let keys = self.keys.verifying(tx, &log.name()).await?.into_iter().map(|(key, _)| key).collect::<Vec<_>>();
        Ok(kept.and_then(|kept| Checkpoint::opened(kept, &keys).ok()))
    }

    /// Under another name, whose first entry names the last head that is known of the old one.
    pub(crate) async fn go_on(&self, tx: &Tx, log: Log, kept: Option<&str>) -> Result<(), DbError> {
        let next = Log { generation: log.generation + 1, ..log.clone() };
        store::log_continue(tx, next.generation).await?;
        let data = json!({ "before": log.name(), "now": next.name(), "size": log.size, "last_head": kept });
        let draft = Draft::own("audit.log.continued", self.appender.clock.now(), "log", data);
        self.appender.add(tx, vec![draft]).await?;
        tracing::error!(
            before = log.name(),
            now = next.name(),
            "the log goes on under another name: its store is older than its last head"
        );
        Ok(())
    }

    /// Signs the log as it is, unless that was done.
    pub(crate) async fn sign(&self) -> Result<(), OpenError> {
        let now = self.appender.clock.now();
        let tx = self.db.read().await?;
        let Some(log) = store::log(&tx).await? else { return Ok(()) };
        let signed = head::last(&tx).await?;
        let unsigned = signed.as_ref().is_none_or(|head| head.size < log.size);
        count::grown(log.size, if unsigned { now.micros_since(log.recorded_at).max(0) as f64 / 1e6 } else { 0.0 });
        if !unsigned {
            return Ok(());
        }
        let note = self.note(&tx, &log, log.size, log.root).await?;
        tx.commit().await?;
        if let Some(file) = &self.file {
            write(file, &note)?;
        }
        let tx = self.db.begin().await?;
        head::add(&tx, &Head { size: log.size, signed_at: now, root: log.root, note }).await?;
        tx.commit().await?;
        Ok(())
    }

    pub(crate) async fn note(&self, tx: &Tx, log: &Log, size: u64, root: Hash) -> Result<String, DbError> {
        let keys = self.keys.signing(tx, &log.name()).await?;
        Ok(Checkpoint { origin: log.name(), size, root }.signed(&keys))
    }

    /// Old heads go, except one an hour.
    pub(crate) async fn thin_out(&self) -> Result<(), DbError> {
        let before = Timestamp::from_micros(self.appender.clock.now().micros() - KEPT_SECONDS * 1_000_000);
        let tx = self.db.begin().await?;
        head::thin_out(&tx, before).await?;
        Ok(tx.commit().await?)
    }
}

/// The root of the log's first `size` entries; none if the store does not have them all.
pub(crate) async fn root(tx: &Tx, size: u64) -> Result<Option<Hash>, DbError> {
    let whole = Range::whole(size);
    let wanted: Vec<_> = Tiles::needed(&[whole]).into_iter().collect();
    Ok(tile::read(tx, &wanted).await?.hash(whole))
}

fn read(file: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(file) {
        Ok(note) => Ok(Some(note)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// It is whole and on disk when this returns.
fn write(file: &Path, note: &str) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let beside = file.with_extension("new");
    let mut out = File::create(&beside)?;
    out.write_all(note.as_bytes())?;
    out.sync_all()?;
    fs::rename(&beside, file)?;
    File::open(folder)?.sync_all()
}
