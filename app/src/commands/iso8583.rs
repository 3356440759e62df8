//! `florin iso8583 decode`: the messages of a recording, for people.

use std::io::{self, Write};

use crate::cli::Iso8583;
use crate::failure::Failure;

pub(crate) fn run(options: &Iso8583) -> Result<(), Failure> {
    let Iso8583::Decode(options) = options;
    let frames = std::fs::read(&options.file)
        .map_err(|error| Failure::new(format!("{} cannot be read: {error}", options.file.display())))?;
    let mut out = io::stdout().lock();
    for line in cards::decode(&frames, &options.dialect).map_err(Failure::of)? {
        match writeln!(out, "{line}") {
            // The reader may have seen enough, like `head`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            other => other?,
        }
    }
    Ok(())
}
