//! Copies an SQLite write-ahead log into its file on a separate thread.
//!
//! By default the engine does this during a commit, which then takes many times as long as the others. The thread
//! copies what it can while the writer continues. Little is written meanwhile, and the writer copies that between two
//! transactions, so that the log restarts from its beginning and does not grow.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// Pages in the log from which copying is worthwhile: 16 MiB.
const PAGES: u32 = 4_096;
/// Pages that the writer can copy by itself without a noticeable delay.
const SETTLED_PAGES_MAX: i64 = 512;
/// Times that the thread copies before it leaves the rest to the writer.
const PASSES_MAX: u32 = 4;
/// Longest time that the writer waits for readers of the old log.
const SETTLE_WAIT: Duration = Duration::from_millis(20);
const COPY: &str = "pragma wal_checkpoint(passive)";
const SETTLE: &str = "pragma wal_checkpoint(restart)";

/// What the writer and the thread tell each other.
#[derive(Debug, Default)]
pub(crate) struct LogWatch {
    wanted: Mutex<Wanted>,
    news: Condvar,
    /// Little is left: the writer should copy it.
    settle: AtomicBool,
}

#[derive(Debug, Default)]
struct Wanted {
    copy: bool,
    stop: bool,
}

/// The thread; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Checkpointer {
    watch: Arc<LogWatch>,
    thread: Option<JoinHandle<()>>,
}

impl LogWatch {
    fn wanted(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, news: impl FnOnce(&mut Wanted)) {
        news(&mut self.wanted());
        self.news.notify_one();
    }

    /// Waits for work; false if there will be no more.
    fn wait(&self) -> bool {
        let idle = |wanted: &mut Wanted| !wanted.copy && !wanted.stop;
        let mut wanted = self.news.wait_while(self.wanted(), idle).unwrap_or_else(PoisonError::into_inner);
        wanted.copy = false;
        !wanted.stop
    }

    /// Makes the writer's connection report the length of the log instead of copying it by itself.
    pub(crate) fn attach(self: &Arc<LogWatch>, connection: &mut Connection) -> rusqlite::Result<()> {
        let watch = Arc::clone(self);
        connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages: std::ffi::c_int| {
            if u32::try_from(pages).is_ok_and(|pages| pages >= PAGES) {
                watch.tell(|wanted| wanted.copy = true);
            }
            Ok(())
        }))
    }

    /// Called by the writer between two transactions. What cannot be copied now is copied next time.
    pub(crate) fn settle(&self, connection: &Connection, busy_timeout: Duration) -> rusqlite::Result<()> {
        if !self.settle.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        connection.busy_timeout(SETTLE_WAIT)?;
        let settled = connection.query_row(SETTLE, [], |_| Ok(()));
        connection.busy_timeout(busy_timeout)?;
        settled
    }
}

impl Checkpointer {
    pub(crate) fn start(file: &Path) -> std::io::Result<Checkpointer> {
        let watch = Arc::new(LogWatch::default());
        let (file, watching) = (file.to_owned(), Arc::clone(&watch));
        let thread = std::thread::Builder::new().name("checkpoint".to_owned()).spawn(move || run(&file, &watching))?;
        Ok(Checkpointer { watch, thread: Some(thread) })
    }

    pub(crate) fn watch(&self) -> Arc<LogWatch> {
        Arc::clone(&self.watch)
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.watch.tell(|wanted| wanted.stop = true);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the checkpoint thread did not end cleanly");
        }
    }
}

fn run(file: &PathBuf, watch: &LogWatch) {
    while watch.wait() {
        if let Err(error) = copy(file, watch) {
            // Nothing is lost: the log keeps what was not copied, and the next commit tries again.
            tracing::warn!(file = %file.display(), %error, "the write-ahead log was not copied");
        }
    }
}

fn copy(file: &PathBuf, watch: &LogWatch) -> rusqlite::Result<()> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "synchronous", "full")?;
    for _ in 0..PASSES_MAX {
        let left = connection.query_row(COPY, [], |row| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?))?;
        if left <= SETTLED_PAGES_MAX {
            break;
        }
    }
    watch.settle.store(true, Ordering::Release);
    Ok(())
}
