//! The command line of `florin serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use platform::config::CommandLine;

use crate::house::Rooms;

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Run only these parts [default: all that the settings do not place elsewhere]
    #[arg(value_name = "SERVICES")]
    pub(crate) services: Vec<String>,

    /// Treat every caller as one demo user, on a data directory that is marked as a demo
    ///
    /// A demo directory cannot be used without --demo, nor a real one with it. SQLite only.
    #[arg(long)]
    pub(crate) demo: bool,

    /// The address of the API [default: server.listen]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,

    /// The directory of the embedded databases, created if it is missing [default: storage.data_dir]
    #[arg(long, value_name = "PATH")]
    pub(crate) data_dir: Option<PathBuf>,
}

impl Serve {
    /// What its options set.
    pub(crate) fn settings(&self) -> Vec<CommandLine> {
        let listen = self.listen.map(|address| ("--listen", "server.listen", address.to_string()));
        let data_dir =
            self.data_dir.as_ref().map(|path| ("--data-dir", "storage.data_dir", path.display().to_string()));
        let given = |(name, key, value)| CommandLine { name, key, value };
        listen.into_iter().chain(data_dir).map(given).collect()
    }
}

/// What its help ends with. Names every room, because the processes of a deployment run all of them.
pub(super) fn examples(rooms: &Rooms) -> String {
    let names: Vec<&str> = rooms.iter().map(|room| room.name).collect();
    let names = names.join(" ");
    let upper = names.to_uppercase();
    format!(
        "\
Examples:
  florin serve --demo
  florin serve --listen 127.0.0.1:9000 --data-dir /var/lib/florin
  DATABASE_URL=postgres://florin:secret@127.0.0.1/florin florin serve
  PROMETHEUS_METRICS_PORT=9090 florin serve

Separate processes, each in its own terminal, from the same directory:
  export FLORIN__IDENTITY__ISSUER=http://127.0.0.1:8080
  PORT=8081 florin serve {names}
  for name in {upper}; do
    export FLORIN__SERVICES__${{name}}__MODE=remote FLORIN__SERVICES__${{name}}__ADDRESSES=127.0.0.1:7070
  done
  florin serve edge

Stopping:
  SIGTERM or Ctrl-C turns readiness off, lets running requests finish (server.drain_ms),
  executes queued commands and exits with status 0.
  A second signal ends the process at once with status 130."
    )
}
