//! Callers that retry until they know, and visitors that connect, ask something and leave.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use kernel::{Clock, Ctx, Deadline, Principal, SystemClock};
use ledger_api::{
    Batch, FindTransaction, Ledger, LedgerError, Limits, LineOutcome, OpenAccount, Operation, Refusal, Side, Submit,
    Transaction,
};
use platform::error::{Failure, Refusal as _};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::task::JoinSet;

use crate::bank::plan::{ACCOUNTS, FUNDS, Plan, Transfer, path, posting};
use crate::bank::pulse::Pulse;
use crate::bank::stage::Visitor;
use crate::bank::told::{Final, Told};

const CALLERS: u64 = 16;
const VISITORS: u64 = 3;
/// An answer may be this late after its deadline, in addition to the time the machine kept this process waiting; a call
/// stuck in the store would wait for many seconds.
const GRACE_MS: u64 = 1_000;
/// A transfer without a final answer after this long never gets one.
const PATIENCE_MS: u64 = 120_000;
const MORE_PIECES: u64 = 200;

pub(crate) struct Bank {
    pub(crate) plan: Plan,
    /// The principal that calls the ledgers.
    principal: Principal,
    ledgers: Vec<Arc<dyn Ledger>>,
    visitor: Arc<dyn Visitor>,
    next: AtomicU64,
    enough: AtomicBool,
    pulse: Pulse,
}

pub(crate) fn ctx(deadline_ms: u64) -> Ctx {
    bank_ctx(&Principal::operator(), deadline_ms)
}

fn bank_ctx(principal: &Principal, deadline_ms: u64) -> Ctx {
    let deadline = Deadline::after_millis(&SystemClock, deadline_ms);
    Ctx { principal: principal.clone(), deadline, request_id: "bank".into(), idempotency_key: None }
}

impl Bank {
    /// Accounts with money in them. All callers share `ledgers` equally.
    pub(crate) async fn open(
        plan: Plan,
        principal: Principal,
        ledgers: Vec<Arc<dyn Ledger>>,
        visitor: Arc<dyn Visitor>,
    ) -> Bank {
        let ledger = &ledgers[0];
        let world: ledger_api::AccountPath = "world".parse().unwrap();
        for account in [world.clone()].into_iter().chain((0..ACCOUNTS).map(path)) {
            let (normal, limits) = if account == world {
                (Side::Debit, Limits { may_go_negative: true, ..Limits::default() })
            } else {
                (Side::Credit, Limits::default())
            };
            let (currency, metadata) = ("USD".parse().unwrap(), Default::default());
            let open = OpenAccount { path: account, currency, normal, limits, owner: None, reference: None, metadata };
            ledger.open_account(&bank_ctx(&principal, 5_000), open).await.unwrap();
        }
        for account in 0..ACCOUNTS {
            let fund = ledger_api::NewTransaction {
                id: Some(kernel::Id::from_bits(u128::from(account) + 1)),
                postings: vec![posting(&world, &path(account), FUNDS)],
                ..Default::default()
            };
            let fund = Submit { operation: Operation::Create(fund), dry_run: false };
            ledger.submit(&bank_ctx(&principal, 5_000), fund).await.unwrap();
        }
        let (next, enough) = (AtomicU64::new(0), AtomicBool::new(false));
        Bank { plan, principal, ledgers, visitor, next, enough, pulse: Pulse::start() }
    }

    fn ledger(&self, number: u64) -> &dyn Ledger {
        &*self.ledgers[number as usize % self.ledgers.len()]
    }

    /// A call that ends at its deadline.
    async fn timed<T>(&self, deadline_ms: u64, call: impl Future<Output = Result<T, LedgerError>>) -> Said<T> {
        let (start, late) = (SystemClock.monotonic(), self.pulse.late_ms());
        let answer = call.await;
        let ms = SystemClock.monotonic().micros_since(start) / 1_000;
        let late = self.pulse.late_ms() - late;
        // Each step of a call may have been kept waiting as long as one beat was.
        assert!(
            ms < deadline_ms + GRACE_MS + late * 3,
            "a call with {deadline_ms} ms took {ms} ms, {late} ms of it idle"
        );
        Said { ms, answer }
    }

    async fn batch(&self, number: u64, open: &[Transfer], deadline_ms: u64) -> Said<Vec<Result<(), LedgerError>>> {
        let lines = open.iter().map(|transfer| transfer.operation()).collect();
        let batch = Batch { atomic: false, dry_run: false, lines };
        let ledger = self.ledger(number);
        let said = self
            .timed(deadline_ms, async { ledger.submit_batch(&bank_ctx(&self.principal, deadline_ms), batch).await })
            .await;
        let line = |(line, transfer): (LineOutcome, &Transfer)| match line {
            LineOutcome::Done(done) => {
                check(*transfer, &done);
                Ok(())
            }
            LineOutcome::Failed(error) => Err(error),
        };
        Said { ms: said.ms, answer: said.answer.map(|reply| reply.lines.into_iter().zip(open).map(line).collect()) }
    }

    /// The next piece, until all are done and `enough` holds; or far more than all, if it never does.
    fn take(&self) -> Option<Vec<Transfer>> {
        let (number, pieces) = (self.next.fetch_add(1, Ordering::SeqCst), self.plan.pieces());
        let more = number < pieces * 2 + MORE_PIECES && !self.enough.load(Ordering::SeqCst);
        let wanted = number < pieces || more;
        wanted.then(|| self.plan.piece(number))
    }
}

/// Runs until every piece of the plan has its answers and `enough` was seen.
pub(crate) async fn run(bank: Arc<Bank>, enough: impl Fn() -> bool) -> Told {
    let mut callers = JoinSet::new();
    for number in 0..CALLERS {
        callers.spawn(Caller::new(Arc::clone(&bank), number).until_done());
    }
    let mut visitors = JoinSet::new();
    for _ in 0..VISITORS {
        visitors.spawn(visit(Arc::clone(&bank)));
    }
    let mut told = Told::default();
    loop {
        bank.enough.fetch_or(enough(), Ordering::SeqCst);
        match tokio::time::timeout(Duration::from_millis(20), callers.join_next()).await {
            Ok(Some(one)) => told.add(one.unwrap()),
            Ok(None) => break,
            Err(_) => {}
        }
    }
    bank.enough.store(true, Ordering::SeqCst);
    while let Some(one) = visitors.join_next().await {
        told.add(one.unwrap());
    }
    told
}

/// Connects, asks and closes, over and over.
async fn visit(bank: Arc<Bank>) -> Told {
    let mut told = Told::default();
    while !bank.enough.load(Ordering::SeqCst) {
        if let Some(error) = bank.visitor.visit().await {
            told.ask_again(acted_on(&error));
        }
        told.visited();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    told
}

/// The code of an error that tells the caller to retry. Any other ends the test.
pub(crate) fn acted_on(error: &LedgerError) -> &'static str {
    match error {
        LedgerError::Failed(Failure::Overloaded)
        | LedgerError::Failed(Failure::AccessStale)
        | LedgerError::Failed(Failure::DeadlineExceeded)
        | LedgerError::Failed(Failure::OutcomeUnknown)
        | LedgerError::Failed(Failure::Unavailable) => error.code(),
        other => panic!("an error that no caller can act on: {other:?}"),
    }
}

struct Caller {
    bank: Arc<Bank>,
    number: u64,
    random: StdRng,
    told: Told,
}

impl Caller {
    fn new(bank: Arc<Bank>, number: u64) -> Caller {
        let random = StdRng::seed_from_u64(bank.plan.seed.wrapping_add(number));
        Caller { bank, number, random, told: Told::default() }
    }

    async fn until_done(mut self) -> Told {
        while let Some(piece) = self.bank.take() {
            let begun = SystemClock.monotonic();
            let mut open = piece;
            while !open.is_empty() {
                self.send(&open).await;
                open.retain(|transfer| !self.told.is_final(transfer));
                let waited = SystemClock.monotonic().micros_since(begun) / 1_000;
                assert!(waited < PATIENCE_MS, "no final answer after {waited} ms: {open:?}; {}", self.told);
                if !open.is_empty() {
                    tokio::time::sleep(Duration::from_millis(self.random.random_range(1..40))).await;
                }
            }
        }
        self.told
    }

    /// Mostly sends one batch, now and then the same batch twice at once, or line by line.
    async fn send(&mut self, open: &[Transfer]) {
        match self.random.random_range(0..12) {
            0 => {
                let (first, second) = (self.deadline(), self.deadline());
                let (bank, number) = (Arc::clone(&self.bank), self.number);
                let both = tokio::join!(bank.batch(number, open, first), bank.batch(number, open, second));
                self.hear(open, both.0);
                self.hear(open, both.1);
            }
            1 => {
                for transfer in open.iter().take(4) {
                    self.send_one(*transfer).await;
                }
            }
            _ => {
                let deadline = self.deadline();
                let said = self.bank.batch(self.number, open, deadline).await;
                self.hear(open, said);
            }
        }
    }

    fn deadline(&mut self) -> u64 {
        self.random.random_range(200..2_500)
    }

    fn hear(&mut self, sent: &[Transfer], said: Said<Vec<Result<(), LedgerError>>>) {
        self.told.called(said.ms);
        match said.answer {
            Ok(lines) => {
                assert_eq!(lines.len(), sent.len());
                lines.into_iter().zip(sent).for_each(|(line, transfer)| self.hear_one(*transfer, line));
            }
            Err(error) => self.told.ask_again(acted_on(&error)),
        }
    }

    fn hear_one(&mut self, transfer: Transfer, said: Result<(), LedgerError>) {
        match said {
            Ok(()) => self.told.answer(transfer, Final::Done),
            Err(LedgerError::Refused { refusal, .. }) => self.told.answer(transfer, Final::Refused(refusal.code())),
            Err(error) => self.told.ask_again(acted_on(&error)),
        }
    }

    /// If the outcome is unknown, looks it up by its id, as the error says.
    async fn send_one(&mut self, transfer: Transfer) {
        let (bank, deadline) = (Arc::clone(&self.bank), self.deadline());
        let ledger = bank.ledger(self.number);
        let submit = Submit { operation: transfer.operation(), dry_run: false };
        let said =
            bank.timed(deadline, async { ledger.submit(&bank_ctx(&bank.principal, deadline), submit).await }).await;
        self.told.called(said.ms);
        let said = said.answer.map(|done| check(transfer, &done));
        self.hear_one(transfer, said.clone());
        if said != Err(LedgerError::Failed(Failure::OutcomeUnknown)) {
            return;
        }
        let find = FindTransaction::Id(transfer.id());
        let found =
            bank.timed(deadline, async { ledger.transaction(&bank_ctx(&bank.principal, deadline), find).await }).await;
        match found.answer {
            // It may still be running.
            Err(LedgerError::Refused { refusal: Refusal::NotFound { .. }, .. }) => {}
            found => self.hear_one(transfer, found.map(|done| check(transfer, &done))),
        }
    }
}

struct Said<T> {
    ms: u64,
    answer: Result<T, LedgerError>,
}

/// Checks that the answer is about what was asked.
pub(crate) fn check(asked: Transfer, done: &Transaction) {
    let leg = &done.postings[0];
    let (debit, credit) = (path(asked.debit), path(asked.credit));
    assert_eq!((done.id, &leg.debit, &leg.credit, leg.amount.minor()), (asked.id(), &debit, &credit, asked.minor));
}
