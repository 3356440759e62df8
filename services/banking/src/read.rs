//! Reading a file: its parts from the store, in order, through the streaming readers, on a thread of its own.
//!
//! Memory does not grow with the file: two parts and two steps are under way at most. The file is read twice. The
//! first reading has no effect; it finds every mistake, and the days and balances of each statement, which decide how
//! its entries are known again. The second reading makes the steps that are applied.

mod check;

use std::io::{self, Read};
use std::sync::Arc;

use banking_api::{ImportOptions, Mistake};
use formats::statement::{End, Entry, Holding};
use formats::{Format, Item, Options, Statements, csv};
use platform::db::DbError;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub(crate) use check::{Checked, Facts, check};

use crate::service::{Inner, broken};
use crate::store::upload::Upload;

/// Entries that are applied in one transaction.
pub(crate) const STEP_ENTRIES_MAX: usize = 2_000;
const PARTS_UNDER_WAY: usize = 2;
const STEPS_UNDER_WAY: usize = 2;

/// A piece of a file. The same file always has the same steps.
pub(crate) enum Step {
    /// Entries of the statement at this place of the file.
    Entries {
        place: i64,
        entries: Vec<Entry>,
    },
    Holdings {
        place: i64,
        holdings: Vec<Holding>,
    },
    End {
        place: i64,
        end: Box<End>,
    },
}

/// A file as bytes.
pub(crate) struct Source {
    parts: mpsc::Receiver<Vec<u8>>,
    current: io::Cursor<Vec<u8>>,
}

impl Read for Source {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.current.read(out)?;
            if count > 0 || out.is_empty() {
                return Ok(count);
            }
            match self.parts.blocking_recv() {
                Some(part) => self.current = io::Cursor::new(part),
                None => return Ok(0),
            }
        }
    }
}

/// Sends the parts of a file; ends with its SHA-256 in hexadecimal.
pub(crate) type Feeding = JoinHandle<Result<String, DbError>>;

pub(crate) fn source(inner: &Arc<Inner>, upload: Upload, parts: u32) -> (Source, Feeding) {
    let (send, receive) = mpsc::channel(PARTS_UNDER_WAY);
    let inner = Arc::clone(inner);
    let feeding = tokio::spawn(async move {
        let mut digest = Sha256::new();
        for number in 0..parts {
            let sealed = upload.part(&inner.db.read().await?, number).await?;
            let sealed = sealed.ok_or_else(|| broken("a part of a file that is being read is missing"))?;
            let part = inner.keys.unseal_part(&upload.place(number), &sealed).await?;
            digest.update(&*part);
            // A reader that has found a mistake listens no more.
            let _ = send.send(part.to_vec()).await;
        }
        Ok(hexadecimal(&digest.finalize()))
    });
    (Source { parts: receive, current: io::Cursor::default() }, feeding)
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn options(options: &ImportOptions, profile: Option<csv::Profile>) -> Options {
    Options { lenient_totals: options.lenient, csv: profile }
}

/// The steps of a file that was checked.
pub(crate) fn steps(source: Source, options: Options) -> mpsc::Receiver<Step> {
    let (send, receive) = mpsc::channel(STEPS_UNDER_WAY);
    tokio::task::spawn_blocking(move || {
        let mut cutting = Cutting { place: -1, entries: Vec::new(), holdings: Vec::new(), send };
        // When nobody listens any more, the import was given up.
        for item in Statements::open(source, &options) {
            if cutting.take(item).is_none() {
                return;
            }
        }
    });
    receive
}

struct Cutting {
    place: i64,
    entries: Vec<Entry>,
    holdings: Vec<Holding>,
    send: mpsc::Sender<Step>,
}

impl Cutting {
    fn take(&mut self, item: Item) -> Option<()> {
        match item {
            Item::Begin(_) => self.place += 1,
            Item::Entry(entry) => self.entries.push(*entry),
            Item::Holding(holding) => self.holdings.push(*holding),
            // The first thousand come with the entry.
            Item::Details(_) => {}
            Item::End(end) => {
                self.cut(1)?;
                self.send.blocking_send(Step::End { place: self.place, end }).ok()?;
            }
        }
        self.cut(STEP_ENTRIES_MAX)
    }

    /// Sends what has been collected, if it is as much as this.
    fn cut(&mut self, least: usize) -> Option<()> {
        let place = self.place;
        if self.entries.len() >= least {
            let entries = std::mem::take(&mut self.entries);
            self.send.blocking_send(Step::Entries { place, entries }).ok()?;
        }
        if self.holdings.len() >= least {
            let holdings = std::mem::take(&mut self.holdings);
            self.send.blocking_send(Step::Holdings { place, holdings }).ok()?;
        }
        Some(())
    }
}

/// Of the first mistake of a report.
pub(crate) fn mistake(found: &formats::Mistake) -> Mistake {
    Mistake {
        reason: found.problem.code().to_owned(),
        line: found.line,
        element: found.element.clone(),
        at: found.field.to_owned(),
        message: found.to_string(),
    }
}

pub(crate) fn format_name(format: Option<&Format>) -> Option<String> {
    format.map(Format::to_string)
}
