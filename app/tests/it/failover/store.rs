//! What the database itself shows: which process wrote each group, and what is in the books.

use std::collections::BTreeSet;
use std::process::Command;

use platform::db::{Access, Db, Target};
use testkit::TestStore;

use crate::failover::callers::Told;

/// Records for each group which session wrote it. The name of a lane's session is its holder's.
const WATCH: &str = "
create table public.written_by (number bigint primary key, session text not null);
create function public.note_writer() returns trigger language plpgsql as $$
begin
    insert into public.written_by values (new.number, current_setting('application_name'));
    return null;
end $$;
create trigger note_writer after insert on ledger.commit_group for each row execute function public.note_writer();
";

const WRITERS: &str = "
select coalesce(term.epoch, -1), written_by.session
from public.written_by
left join ledger.lease_term term on written_by.session = 'florin-holder-' || term.holder
order by written_by.number, term.epoch";

const GROUPS: &str = "
select number
from public.written_by
order by number";

const IDS: &str = "
select id
from ledger.transaction_id";

pub(crate) struct Store {
    /// Of the server that tests are given.
    server: String,
    name: String,
    url: String,
}

impl Store {
    /// A separate database: the servers use the schema that they always use.
    pub(crate) async fn create(server: &str) -> Store {
        let name = format!("florin_failover_{}", std::process::id());
        platform::db::create_database(server, &name).await.unwrap();
        Store { server: server.to_owned(), url: platform::db::with_database(server, &name), name }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    async fn db(&self, access: Access) -> Db {
        let target = Target::Postgres { url: self.url.clone(), schema: "ledger".to_owned() };
        Db::open(target, access, 1).await.unwrap()
    }

    pub(crate) async fn watch(&self) {
        let tx = self.db(Access::ReadWrite).await.begin().await.unwrap();
        tx.batch(WATCH).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Ends the sessions from these ports.
    pub(crate) async fn disconnect(&self, ports: &[i32]) {
        let client = TestStore::postgres(&self.server).postgres_client().await;
        let sql = "select pg_terminate_backend(pid) from pg_stat_activity where client_port = any($1)";
        let ended = client.query(sql, &[&ports]).await.unwrap().len();
        assert!(ended >= 2, "{ended} sessions were ended");
    }

    pub(crate) async fn check(&self, told: &Told) {
        let tx = self.db(Access::ReadOnly).await.read().await.unwrap();
        let groups = tx.query(GROUPS, &[]).await.unwrap().len();
        let mut epochs = Vec::new();
        // A process that has held the lease twice is listed with both epochs; the matching one is taken.
        let mut by_session: Vec<(String, BTreeSet<i64>)> = Vec::new();
        for row in tx.query(WRITERS, &[]).await.unwrap() {
            let (epoch, session) = (row.int(0).unwrap(), row.text(1).unwrap().to_owned());
            assert!(epoch > 0, "a group was written by {session}, who never held the lease");
            match by_session.last_mut() {
                Some((last, epochs)) if *last == session => {
                    epochs.insert(epoch);
                }
                _ => by_session.push((session, BTreeSet::from([epoch]))),
            }
        }
        for (session, known) in &by_session {
            let last = epochs.last().copied().unwrap_or(0);
            let next = known.iter().find(|epoch| **epoch > last);
            epochs.push(*next.unwrap_or_else(|| panic!("{session} wrote again after epoch {last}: {by_session:?}")));
        }
        println!("{groups} groups, written under the epochs {epochs:?}");
        let ids: BTreeSet<u128> =
            tx.query(IDS, &[]).await.unwrap().iter().map(|row| u128::from_be_bytes(row.array(0).unwrap())).collect();
        let lost = told.done.iter().filter(|id| !ids.contains(id)).count();
        assert_eq!(lost, 0, "acknowledged and lost, of {}", told.done.len());
        drop(tx);
        self.verify();
    }

    /// By the real binary: every id once, every balance the sum of its rows, the chain complete.
    fn verify(&self) {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_florin"));
        command.arg("verify").env("FLORIN__STORAGE__DATABASE_URL", &self.url).current_dir(dir.path());
        let output = command.output().unwrap();
        assert!(output.status.success(), "verify: {}", String::from_utf8_lossy(&output.stderr));
    }

    pub(crate) async fn remove(self) {
        platform::db::drop_database(&self.server, &self.name).await.unwrap();
    }
}
