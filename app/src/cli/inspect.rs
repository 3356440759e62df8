//! The options of `florin inspect`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// A statement, a payment file or an archive of them; - for standard input
    pub(crate) file: PathBuf,

    /// Accept a file with unreadable entries, which are left out, and with wrong control totals of BAI2
    #[arg(long)]
    pub(crate) lenient: bool,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  florin inspect january.sta
  florin inspect statements.zip --lenient
  florin inspect - < payroll.ach
  florin inspect january.xml | jq '.statements[] | {account, entries, adds_up}'

The format is told by the content and never by the name: camt.052, 053 and 054, MT940, MT942, BAI2, OFX and QFX, CSV,
pain.001, 002 and 008, pacs, NACHA, and ZIP archives of them (not from standard input). The file is read as a stream, up
to 256 MiB, and nothing is kept. Sums are in the smallest unit of their currency. The first 100 mistakes of each kind
are listed with line, element and field.

Status:
  0  the file would be accepted; there may be warnings
  1  it would be refused
  2  could not run: no such file";
