//! `florin inspect`: what a bank's file is, its accounts, sums and mistakes, as JSON.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use formats::{InspectOptions, Mistake, Summary, inspect, inspect_file};

use crate::cli::Inspect;
use crate::failure::Failure;
use crate::stores::COULD_NOT_RUN;

const REFUSED: u8 = 1;

pub(crate) fn run(options: &Inspect) -> Result<(), Failure> {
    let how = InspectOptions { lenient: options.lenient, csv: None };
    let summary = look(&options.file, &how).map_err(|failure| failure.with_status(COULD_NOT_RUN))?;
    show(&summary)?;
    if !summary.refused {
        return Ok(());
    }
    let sentence = format!("{} would be refused: {}", options.file.display(), why(&summary));
    Err(Failure::new(sentence).with_status(REFUSED))
}

fn look(path: &Path, how: &InspectOptions) -> Result<Summary, Failure> {
    if path == Path::new("-") {
        return Ok(inspect(io::stdin(), how));
    }
    let fail = |error: io::Error| Failure::new(format!("{} cannot be read: {error}", path.display()));
    let file = File::open(path).map_err(fail)?;
    let kind = file.metadata().map_err(fail)?.file_type();
    if kind.is_dir() {
        return Err(Failure::new(format!("{} is a directory", path.display())));
    }
    // A pipe cannot be read twice, so that an archive in one stays unread.
    if !kind.is_file() {
        return Ok(inspect(file, how));
    }
    Ok(inspect_file(file, how))
}

fn show(summary: &Summary) -> Result<(), Failure> {
    let mut text = serde_json::to_vec_pretty(summary)?;
    text.push(b'\n');
    match io::stdout().lock().write_all(&text) {
        // The reader may have seen enough, like `head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// The first mistake that refuses the file, or one of an archive's.
fn why(summary: &Summary) -> String {
    let first = |summary: &Summary| -> Option<String> {
        let mut found = summary.mistakes.refusals.first.iter().chain(&summary.mistakes.lines.first);
        found.next().map(Mistake::to_string)
    };
    let within = || {
        let file = summary.files.iter().find(|file| file.summary.refused)?;
        Some(format!("{}: {}", file.name, first(&file.summary)?))
    };
    first(summary).or_else(within).unwrap_or_else(|| "its mistakes are not listed".to_owned())
}
