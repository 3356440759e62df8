//! The program with one more room, as a process of its own: this very test binary, started again by a test.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use platform::db::{Engine, Target, create_database, drop_database, with_database};
use tempfile::TempDir;
use testkit::{ServerBuilder, TestStore, for_each_engine};

use crate::house::Rooms;
use crate::rooms;
use crate::rooms::tests::ripples;

/// The command line, one word a line.
const WORDS: &str = "FLORIN_TEST_COMMAND";
/// Adds a room that reads events.
const READER: &str = "FLORIN_TEST_READER";
const TEST: &str = "rooms::tests::one_more::program::it_runs_the_command_it_is_given";

#[test]
fn it_runs_the_command_it_is_given() {
    let Ok(words) = std::env::var(WORDS) else { return };
    let reader = std::env::var_os(READER).map(|_| ripples::room());
    let rooms = Rooms::of(rooms::list().into_iter().chain(reader).collect()).unwrap();
    let words = ["florin"].into_iter().chain(words.split('\n')).map(OsString::from);
    if let Err(failure) = crate::run(&rooms, &crate::cli::parse(&rooms, words), say) {
        eprintln!("florin: {failure}");
        std::process::exit(i32::from(failure.status()));
    }
    std::process::exit(0);
}

/// Makes the command run that test with these words.
fn say(command: &mut Command, words: &[OsString]) {
    command.args(["--exact", TEST, "--nocapture"]).env(WORDS, words.join("\n".as_ref()));
}

/// A directory to run it in, and a database if it is for PostgreSQL.
pub(super) struct Place {
    dir: TempDir,
    url: Option<String>,
    reader: Option<&'static str>,
}

impl Place {
    pub(super) fn embedded() -> Place {
        Place { dir: tempfile::tempdir().unwrap(), url: None, reader: None }
    }

    /// A database of its own where the store is on PostgreSQL: rooms are schemas.
    pub(super) async fn of_store(store: &TestStore) -> Place {
        if store.engine() == Engine::Sqlite {
            return Place::embedded();
        }
        create_database(store.url(), store.schema()).await.unwrap();
        Place { url: Some(with_database(store.url(), store.schema())), ..Place::embedded() }
    }

    /// With one more room, `ripples`, which reads the events of identity.
    pub(super) fn with_reader(self) -> Place {
        Place { reader: Some("yes"), ..self }
    }

    pub(super) async fn remove(self, store: &TestStore) {
        if self.url.is_some() {
            drop_database(store.url(), store.schema()).await.unwrap();
        }
    }

    pub(super) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Where a process without a setting for it has its embedded databases.
    pub(super) fn data(&self) -> PathBuf {
        self.dir().join("florin-data")
    }

    /// The store of a room whose process has a data directory under the room's name.
    pub(super) fn target(&self, room: &str) -> Target {
        match &self.url {
            Some(url) => Target::Postgres { url: url.clone(), schema: room.to_owned() },
            None => Target::Sqlite { file: self.data().join(room).join(format!("{room}.db")), cache_mb: 2 },
        }
    }

    /// Runs a command that ends by itself.
    pub(super) fn run(&self, line: &str) -> Output {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.env_clear().envs(self.url.iter().map(|url| ("DATABASE_URL", url))).current_dir(self.dir());
        command.envs(self.reader.map(|yes| (READER, yes)));
        say(&mut command, &words);
        command.output().unwrap()
    }

    /// What a command prints that must succeed.
    pub(super) fn prints(&self, line: &str) -> String {
        let output = self.run(line);
        let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(output.status.success(), "{line}: {out}{err}");
        out + &err
    }

    /// What a command says that must fail.
    pub(super) fn refuses(&self, line: &str) -> String {
        let output = self.run(line);
        assert!(!output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap()
    }

    /// `florin serve` on the place's data.
    pub(super) fn server(&self) -> ServerBuilder {
        self.server_at(&self.data())
    }

    /// The same with another data directory.
    pub(super) fn server_at(&self, data: &Path) -> ServerBuilder {
        let builder = ServerBuilder::new(std::env::current_exe().unwrap(), data).said_by(say);
        let builder = builder.env("FLORIN__RPC__SECRET_FILE", self.dir().join("keys/rpc"));
        let builder = self.reader.iter().fold(builder, |builder, yes| builder.env(READER, yes));
        self.url.iter().fold(builder, |builder, url| builder.env("DATABASE_URL", url))
    }
}

/// With embedded databases, then with a PostgreSQL database of its own.
pub(super) async fn for_each_place(body: impl AsyncFn(&Place)) {
    for_each_engine(async |store| {
        let place = Place::of_store(store).await;
        body(&place).await;
        place.remove(store).await;
    })
    .await;
}
