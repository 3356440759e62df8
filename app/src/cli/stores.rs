//! The option of commands that work on the stores next to a server.

use std::path::PathBuf;

use clap::Args;
use platform::config::CommandLine;

#[derive(Debug, Args)]
pub(crate) struct Stores {
    /// The directory of the embedded databases [default: storage.data_dir]
    #[arg(long, value_name = "PATH", global = true)]
    data_dir: Option<PathBuf>,
}

impl Stores {
    /// What it sets.
    pub(crate) fn settings(&self) -> Vec<CommandLine> {
        let given = |path: &PathBuf| CommandLine {
            name: "--data-dir",
            key: "storage.data_dir",
            value: path.display().to_string(),
        };
        self.data_dir.iter().map(given).collect()
    }
}
