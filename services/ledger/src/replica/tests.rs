//! Three simulated processes: each with its store, its part in the lease, its port and its books.

mod lines;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kernel::{Deadline, IdMaker, Principal, SystemClock};
use ledger_api::{
    Batch, Book, BookName, Books, CreateBook, DeclareMetadataKey, FindTransaction, Ledger, LedgerStatus, LineOutcome,
    OpenAccount, Operation, Submit, Transaction, TransactionId, methods,
};
use platform::config::Config;
use platform::error::Failure;
use platform::feed::Pull;
use platform::http::{Bound, Settings};
use platform::lease::{Lease, LeaseConfig};
use platform::rpc::{Credential, RpcClient, Served, TcpConnect, routes};
use serde_json::json;
use testkit::{TestStore, on_postgres};

use super::*;
use crate::{LedgerConfig, LedgerService};
use ledger_api::RemoteBooks;

struct Process {
    lease: Lease,
    service: Arc<LedgerService>,
    ledger: Arc<dyn Ledger>,
    address: String,
    /// Calls that were forwarded to it.
    called: Arc<AtomicUsize>,
    _listener: platform::http::Listener,
}

/// Counts how often it is called.
struct OneBook(Arc<LedgerService>, Arc<AtomicUsize>);

#[async_trait::async_trait]
impl Books for OneBook {
    async fn create_book(&self, _: &Ctx, _: CreateBook) -> Result<Book, LedgerError> {
        Err(LedgerError::Failed(Failure::Forbidden))
    }

    async fn books(&self, _: &Ctx) -> Result<Vec<Book>, LedgerError> {
        Err(LedgerError::Failed(Failure::Forbidden))
    }

    async fn book(&self, _: &BookName) -> Result<Arc<dyn Ledger>, LedgerError> {
        self.1.fetch_add(1, Ordering::SeqCst);
        Ok(self.0.clone())
    }
}

impl Process {
    async fn start(store: &TestStore, credential: &Credential) -> Process {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let db = store.open().await;
        crate::migrate(&db).await.unwrap();
        let (url, schema) = (store.url().to_owned(), store.schema().to_owned());
        let lease = LeaseConfig { url, schema, time_ms: 2_000, renew_ms: 400 };
        let lease = Lease::start(lease, Arc::clone(&clock)).unwrap();
        let config = LedgerConfig { standing: lease.standing(), ..LedgerConfig::default() };
        let service =
            LedgerService::start(db, config, Arc::clone(&clock), IdMaker::new(Arc::clone(&clock))).await.unwrap();
        let (service, called) = (Arc::new(service), Arc::new(AtomicUsize::new(0)));
        let here: Arc<dyn Books> = Arc::new(OneBook(Arc::clone(&service), Arc::clone(&called)));
        let bound = Bound::bind("127.0.0.1:0".parse().unwrap(), "rpc.listen").await.unwrap();
        let address = bound.address().to_string();
        let served =
            Served::new([methods(WRITER, Arc::clone(&here))], Arc::new(testkit::AsSaid), Arc::clone(&clock)).unwrap();
        let settings = Settings::new("internal", &Config::defaults().unwrap().server);
        let listener = bound.serve(routes(served, credential.clone()), settings);
        let connect = Arc::new(TcpConnect);
        let to_holder = ToHolder::new(lease.standing(), &address, 2, credential.clone(), connect, Arc::clone(&clock));
        let writer = RemoteBooks::new(RpcClient::new(WRITER, Arc::new(to_holder), Arc::clone(&clock)).asking_once());
        let books = ReplicaBooks::new(here, Arc::new(writer), lease.standing(), clock);
        let ledger = books.book(&BookName::main()).await.unwrap();
        lease.compete(&address);
        Process { lease, service, ledger, address, called, _listener: listener }
    }

    fn is_holder(&self) -> bool {
        self.lease.standing().is_holder()
    }

    async fn close(self) {
        self.service.close().await.unwrap();
        self.lease.close().await;
    }

    async fn status(&self) -> LedgerStatus {
        self.ledger.status(&within(1_000)).await.unwrap()
    }
}

async fn three(store: &TestStore) -> Vec<Process> {
    let credential = Credential::random();
    // At the same time, on a store that was not migrated yet.
    let (first, second, third) = tokio::join!(
        Process::start(store, &credential),
        Process::start(store, &credential),
        Process::start(store, &credential)
    );
    vec![first, second, third]
}

fn within(millis: u64) -> Ctx {
    let deadline = Deadline::after_millis(&SystemClock, millis);
    Ctx { principal: Principal::operator(), deadline, request_id: "req_1".into(), idempotency_key: None }
}

async fn accounts(ledger: &dyn Ledger) {
    for name in ["ann", "bob"] {
        let open =
            json!({ "path": name, "currency": "USD", "normal": "credit", "limits": { "may_go_negative": true } });
        let open: OpenAccount = serde_json::from_value(open).unwrap();
        ledger.open_account(&within(5_000), open).await.unwrap();
    }
}

fn payment(id: u128, metadata: bool) -> Submit {
    let amount = json!({ "amount": "0.01", "currency": "USD" });
    let metadata = if metadata { json!({ "order": "17" }) } else { json!({}) };
    let id = TransactionId::from_bits(id);
    let postings = json!([{ "debit": "ann", "credit": "bob", "amount": amount }]);
    let create = json!({ "create": { "id": id, "postings": postings, "metadata": metadata } });
    serde_json::from_value(json!({ "operation": create, "dry_run": false })).unwrap()
}

fn line(id: u128) -> Operation {
    payment(id, false).operation
}

async fn pay(ledger: &dyn Ledger, id: u128) -> Result<Transaction, LedgerError> {
    ledger.submit(&within(5_000), payment(id, false)).await
}

async fn find(ledger: &dyn Ledger, id: u128) -> Result<Transaction, LedgerError> {
    ledger.transaction(&within(1_000), FindTransaction::Id(TransactionId::from_bits(id))).await
}

async fn verified(store: &TestStore) {
    crate::verify(&store.open().await, &BookName::main(), None, |_| {}).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn any_of_three_processes_takes_commands_and_queries() {
    on_postgres(async |store| {
        let processes = three(store).await;
        accounts(&*processes[0].ledger).await;
        // Unordered, and enough of them for several runs of ids.
        let id = |place: u128| place.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        for place in 1..=90 {
            let done = pay(&*processes[place as usize % 3].ledger, id(place)).await.unwrap();
            assert!(!done.replayed);
            for process in &processes {
                assert_eq!(find(&*process.ledger, id(place)).await.unwrap().id, done.id);
            }
        }
        assert_eq!(processes.iter().filter(|process| process.is_holder()).count(), 1);
        let status = processes[0].status().await;
        for process in &processes {
            assert_eq!(process.status().await.head, status.head);
            assert!(pay(&*process.ledger, id(7)).await.unwrap().replayed);
        }
        // One secret for all, although they started at the same moment.
        for (place, process) in processes.iter().enumerate() {
            let ctx = Ctx { idempotency_key: "k-1".parse().ok(), ..within(5_000) };
            let paid = process.ledger.submit(&ctx, payment(id(1_000), false)).await.unwrap();
            assert_eq!(paid.replayed, place > 0);
        }
        // Any successor knows all of them too.
        let mut left = Vec::new();
        for process in processes {
            if process.is_holder() {
                process.close().await;
            } else {
                left.push(process);
            }
        }
        for place in 1..=90 {
            assert!(pay(&*left[place as usize % 2].ledger, id(place)).await.unwrap().replayed);
        }
        assert!(!pay(&*left[0].ledger, id(91)).await.unwrap().replayed);
        verified(store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_serves_events_and_the_index() {
    on_postgres(async |store| {
        let processes = three(store).await;
        accounts(&*processes[0].ledger).await;
        let stand_by = processes.iter().find(|process| !process.is_holder()).unwrap();
        let key = DeclareMetadataKey { key: "order".into() };
        stand_by.ledger.declare_metadata_key(&within(2_000), key).await.unwrap();
        let after = stand_by.status().await.rows;
        let asked = SystemClock.monotonic();
        let waiting = within(10_000);
        let waiting = stand_by.ledger.events_after(&waiting, Pull { after, max: 10, wait_ms: 4_000, consumer: None });
        let paying = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            stand_by.ledger.submit(&within(2_000), payment(1, true)).await.unwrap();
        };
        let (events, ()) = tokio::join!(waiting, paying);
        assert_eq!(events.unwrap().len(), 1);
        assert!(SystemClock.monotonic().micros_since(asked) < 900_000, "it looks more often than once a second");
        let query = json!({ "key": "order", "value": "17" });
        for _ in 0..400 {
            let query = serde_json::from_value(query.clone()).unwrap();
            let page = stand_by.ledger.transactions(&within(2_000), query).await.unwrap();
            if !page.items.is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the holder indexes, and a stand-by reads the index");
    })
    .await;
}

/// Callers that continue during the holder's clean shutdown notice only a short wait.
#[tokio::test(flavor = "multi_thread")]
async fn a_clean_shutdown_costs_no_caller_a_reply() {
    on_postgres(async |store| {
        let mut processes = three(store).await;
        accounts(&*processes[0].ledger).await;
        let holder = processes.iter().position(Process::is_holder).unwrap();
        let holder = processes.remove(holder);
        let callers: Vec<_> = (0..4_u128)
            .map(|caller| {
                let ledger = Arc::clone(&processes[caller as usize % 2].ledger);
                tokio::spawn(async move {
                    for place in 1..=40 {
                        pay(&*ledger, caller * 1_000 + place).await.unwrap();
                        let batch =
                            Batch { atomic: false, dry_run: false, lines: vec![line(caller * 1_000 + 500 + place)] };
                        let reply = ledger.submit_batch(&within(5_000), batch).await.unwrap();
                        assert!(matches!(reply.lines[..], [LineOutcome::Done(_)]), "{reply:?}");
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(200)).await;
        holder.close().await;
        for caller in callers {
            caller.await.unwrap();
        }
        assert!(processes[0].status().await.rows >= 320);
        verified(store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_holder_commands_fail_in_time_and_queries_work() {
    on_postgres(async |store| {
        let mut processes = three(store).await;
        accounts(&*processes[0].ledger).await;
        pay(&*processes[0].ledger, 1).await.unwrap();
        for process in &processes {
            process.lease.standing().resign();
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        let process = processes.remove(0);
        let asked = SystemClock.monotonic();
        let refused = process.ledger.submit(&within(600), payment(2, false)).await;
        assert_eq!(refused.unwrap_err(), LedgerError::Failed(Failure::Unavailable));
        let waited = SystemClock.monotonic().micros_since(asked);
        // Its deadline, plus what a busy machine takes to say so.
        assert!((200_000..2_000_000).contains(&waited), "{waited}");
        assert!(find(&*process.ledger, 1).await.is_ok());
    })
    .await;
}

/// A lease that names a process which is not the holder: what that one cannot do is not forwarded again.
#[tokio::test(flavor = "multi_thread")]
async fn a_forwarded_command_is_not_forwarded_again() {
    on_postgres(async |store| {
        let processes = three(store).await;
        accounts(&*processes[0].ledger).await;
        let addresses: Vec<&str> = processes.iter().map(|process| process.address.as_str()).collect();
        let client = store.postgres_client().await;
        let schema = store.schema();
        let forge = format!(
            "update {schema}.lease set epoch = epoch + 1, holder = 'nobody', address = '{}', length = 70000000, expires_at = expires_at + 60000000; \
             update {schema}.lease_fence set epoch = epoch + 1",
            addresses[0]
        );
        client.batch_execute(&forge).await.unwrap();
        tokio::time::sleep(Duration::from_millis(700)).await;
        for process in &processes {
            let refused = process.ledger.submit(&within(500), payment(3, false)).await;
            assert_eq!(refused.unwrap_err(), LedgerError::Failed(Failure::Unavailable));
        }
        assert!(find(&*processes[0].ledger, 3).await.is_err());
        // Each of the three has been called a few times, with growing pauses.
        let called = processes[0].called.load(Ordering::SeqCst);
        assert!((3..40).contains(&called), "{called} calls");
    })
    .await;
}
