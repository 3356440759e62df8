//! The options of `florin audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Stores;

#[derive(Debug, Args)]
pub(crate) struct Audit {
    #[command(flatten)]
    pub(crate) stores: Stores,

    #[command(subcommand)]
    pub(crate) command: AuditCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Write the signed part of the audit log into a folder, while a server runs or not
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(AuditExport),
    /// Check such a folder: that nothing in it was changed or removed since it was signed
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(AuditVerify),
}

#[derive(Debug, Args)]
pub(crate) struct AuditExport {
    /// The folder; it is created, and files of an earlier export in it are continued
    pub(crate) to: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct AuditVerify {
    /// A folder that `florin audit export` wrote, or another log's in the layout of tlog-tiles
    pub(crate) folder: PathBuf,

    /// A key of the log, NAME+HEXID+BASE64, or the answer of /v1/audit/keys; can be given several times
    ///
    /// It proves something only if you kept it somewhere other than the log.
    #[arg(long, value_name = "KEY", required = true)]
    pub(crate) key: Vec<String>,

    /// Also prove that the log begins with the one that this checkpoint was signed for
    #[arg(long, value_name = "FILE")]
    pub(crate) since: Option<PathBuf>,
}

const EXPORT_EXAMPLES: &str = "\
Examples:
  florin audit export ./evidence
  florin audit export ./evidence --data-dir ./books

The folder has the layout of tlog-tiles: the file checkpoint, the tree in tile/, the entries in tile/entries/.";

const VERIFY_EXAMPLES: &str = "\
Examples:
  florin audit verify ./evidence --key \"$(curl -s http://127.0.0.1:8080/v1/audit/keys)\"
  florin audit verify ./evidence --key florin-audit+8d3c7a10+AWqZ... --since last-quarter.checkpoint

It reads the folder and nothing else: no server, no store, no settings. Keep the file checkpoint of the folder for --since
of a later check.

Status:
  0  everything is as it was signed
  1  it is not; the last line names the first entry that disagrees
  2  it could not be checked";
