//! `florin config`: every setting with its value and origin, in the form of a settings file; or the defaults with their
//! meaning.

use std::io::{self, Write};

use platform::config::{Config, Row, default_text};

use crate::cli::Settings;
use crate::commands::Start;
use crate::failure::Failure;

pub(crate) fn run(start: Start<'_>, options: &Settings) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let written = match options.defaults {
        true => out.write_all(default_text(&start.rooms.sections()).as_bytes()),
        false => write(&start.config()?, &mut out),
    };
    match written {
        // The reader may have seen enough, like `head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

fn write(config: &Config, out: &mut impl Write) -> io::Result<()> {
    let mut section = "";
    // A section's own keys before its subsections: a file names each section once.
    let mut rows: Vec<_> = config.effective().iter().map(|row| (placed(row), row)).collect();
    rows.sort_by_key(|((section, _), _)| *section);
    for ((here, name), row) in rows {
        if here != section {
            let gap = if section.is_empty() { "" } else { "\n" };
            writeln!(out, "{gap}[{here}]")?;
            section = here;
        }
        writeln!(out, "{}", line(name, row))?;
    }
    if !config.known_not_used().is_empty() {
        writeln!(out, "\n# known, not used yet: {}", config.known_not_used().join(", "))?;
    }
    Ok(())
}

fn placed(row: &Row) -> (&str, &str) {
    row.key.rsplit_once('.').unwrap_or(("", &row.key))
}

fn line(name: &str, row: &Row) -> String {
    let setting = format!("{name} = {}", row.value);
    format!("{setting:<50} # {}", row.origin)
}
