//! One caller of a benchmark: sends transfers and waits for the replies, in this process or over a connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kernel::{Clock, Ctx, Currency, Deadline, Id, Money, Principal};
use ledger_api::{AccountPath, Batch, Ledger, LineOutcome, NewTransaction, Operation, Posting, Submit, TransactionId};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::failure::Failure;

pub(super) const WORLD: &str = "bench:world";
/// Much more than a run can move, so that limits are checked and never reached.
pub(super) const FUNDS: i64 = 1_000_000_000_000;
const DEADLINE_MS: u64 = 30_000;

#[derive(Debug, Clone)]
pub(super) struct Transfer {
    pub id: TransactionId,
    pub debit: AccountPath,
    pub credit: AccountPath,
    pub minor: i64,
}

/// Generates the transfers of one caller.
pub(super) struct Maker {
    random: StdRng,
    paths: Arc<[AccountPath]>,
    hot: bool,
    random_ids: bool,
    clock: Arc<dyn Clock>,
}

impl Maker {
    /// Each in a process generates different transfers, so that a store that is measured again gets no repeats.
    pub(super) fn new(paths: Arc<[AccountPath]>, hot: bool, random_ids: bool, clock: Arc<dyn Clock>) -> Maker {
        static SEED: AtomicU64 = AtomicU64::new(0);
        let seed = SEED.fetch_add(1, Ordering::Relaxed);
        Maker { random: StdRng::seed_from_u64(seed), paths, hot, random_ids, clock }
    }

    pub(super) fn next(&mut self) -> Option<Transfer> {
        let count = self.paths.len();
        let debit = self.random.random_range(0..count);
        // On the hot load every transfer pays into the first account.
        let credit = if self.hot { 0 } else { self.random.random_range(0..count) };
        let debit = if debit == credit { (debit + 1) % count } else { debit };
        let (debit, credit) = (self.paths.get(debit)?.clone(), self.paths.get(credit)?.clone());
        Some(Transfer { id: self.id(), debit, credit, minor: self.random.random_range(1..=100) })
    }

    fn id(&mut self) -> TransactionId {
        let random: u128 = self.random.random();
        if self.random_ids {
            return Id::from_bits(random);
        }
        let millis = u128::from(self.clock.now().millis().unsigned_abs());
        let micros = u128::from(self.clock.now().micros().unsigned_abs() % 1_000) * 4_096 / 1_000;
        Id::from_bits((millis << 80) | (7 << 76) | (micros << 64) | (random & u128::from(u64::MAX)))
    }
}

impl Transfer {
    pub(super) fn command(&self, currency: Currency) -> NewTransaction {
        NewTransaction {
            id: Some(self.id),
            postings: vec![Posting {
                debit: Some(self.debit.clone()),
                credit: Some(self.credit.clone()),
                amount: Money::new(self.minor, currency),
                up_to_available: false,
                split: Vec::new(),
                override_limit: None,
                book: None,
            }],
            ..NewTransaction::default()
        }
    }
}

/// The principal of a benchmark's calls.
#[derive(Clone)]
pub(super) struct Whom {
    pub principal: Principal,
    pub clock: Arc<dyn Clock>,
}

impl Whom {
    /// The operator of a ledger in this process.
    pub(super) fn operator(clock: &Arc<dyn Clock>) -> Whom {
        Whom { principal: Principal::operator(), clock: Arc::clone(clock) }
    }

    pub(super) fn ctx(&self) -> Ctx {
        Ctx {
            principal: self.principal.clone(),
            deadline: Deadline::after_millis(&*self.clock, DEADLINE_MS),
            request_id: "bench".into(),
            idempotency_key: None,
        }
    }
}

/// A caller that waits for a reply before it sends more.
pub(super) trait Caller: Send + 'static {
    /// Sends the transfers as one request; an error if any of them was not done.
    fn send(&mut self, transfers: &[Transfer]) -> impl Future<Output = Result<(), Failure>> + Send;
}

pub(super) struct InProcess {
    pub ledger: Arc<dyn Ledger>,
    pub whom: Whom,
    pub currency: Currency,
}

impl Caller for InProcess {
    async fn send(&mut self, transfers: &[Transfer]) -> Result<(), Failure> {
        let ctx = self.whom.ctx();
        if let [transfer] = transfers {
            let operation = Operation::Create(transfer.command(self.currency));
            self.ledger.submit(&ctx, Submit { operation, dry_run: false }).await?;
            return Ok(());
        }
        let lines = transfers.iter().map(|transfer| Operation::Create(transfer.command(self.currency))).collect();
        let reply = self.ledger.submit_batch(&ctx, Batch { atomic: false, dry_run: false, lines }).await?;
        for line in reply.lines {
            if let LineOutcome::Failed(error) = line {
                return Err(error.into());
            }
        }
        Ok(())
    }
}
