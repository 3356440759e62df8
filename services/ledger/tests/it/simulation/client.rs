//! A client that moves money: sends a transfer, and repeats it until there is a reply.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kernel::{IdMaker, Money};
use ledger_api::{Ledger, LedgerError, NewTransaction, Operation, Posting, Submit, Transaction, TransactionId};
use platform::error::{Failure, Refusal as _};
use rand::RngExt;
use rand::rngs::StdRng;

use crate::simulation::ledger_host::ctx;
use crate::simulation::network::remote_ledger;
use crate::simulation::plan::dice;
use crate::simulation::stage::{ACCOUNTS, CLIENTS, Intent, Stage};
use crate::simulation::time::SimClock;

/// Transfers that a client has in progress at the same time.
const AT_ONCE: usize = 2;
const TRANSFERS: usize = 6;

struct Client {
    stage: Arc<Stage>,
    clock: Arc<SimClock>,
    ledger: Arc<dyn Ledger>,
    ids: IdMaker,
}

pub(crate) async fn run(stage: Arc<Stage>, number: usize) -> turmoil::Result {
    let part = 10 + number as u64;
    let (ledger, clock) = (remote_ledger(&stage, part).await, stage.clock());
    let ids = IdMaker::seeded(clock.clone(), stage.seed ^ part << 32);
    let client = Client { stage, clock, ledger, ids };
    let one = client.move_money(number * AT_ONCE);
    let other = client.move_money(number * AT_ONCE + 1);
    futures_util::future::join(one, other).await;
    client.stage.clients_done.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// Signals the end: the network is whole, everything is settled, and everybody has read everything.
pub(crate) async fn watch(stage: Arc<Stage>) -> turmoil::Result {
    let (ledger, clock) = (remote_ledger(&stage, 50).await, stage.clock());
    loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if !stage.is_over(0) {
            continue;
        }
        if let Ok(status) = ledger.status(&ctx(&*clock, 1_000)).await
            && stage.is_over(status.rows)
        {
            return Ok(());
        }
    }
}

impl Client {
    async fn move_money(&self, line: usize) {
        let mut dice = dice(self.stage.seed, 20 + line as u64);
        for turn in 0..TRANSFERS {
            tokio::time::sleep(Duration::from_millis(dice.random_range(0..250))).await;
            let intent = self.intent(&mut dice, (turn * CLIENTS * AT_ONCE + line + 1) as i64);
            let Some(posted) = self.settle(&mut dice, &intent).await else { return };
            let intent = Intent { posted: posted.is_some(), ..intent };
            self.stage.intents.lock().unwrap().push(intent.clone());
            if dice.random_ratio(1, 4) {
                self.ask_again(&mut dice, &intent).await;
            }
        }
    }

    fn intent(&self, dice: &mut StdRng, minor: i64) -> Intent {
        let debit = if dice.random_ratio(1, 3) { 0 } else { dice.random_range(0..ACCOUNTS.len()) };
        let credit = (debit + dice.random_range(1..ACCOUNTS.len())) % ACCOUNTS.len();
        // Most ids are time-ordered, some are not.
        let scattered = dice.random_ratio(1, 4);
        let id = if scattered { TransactionId::from_bits(dice.random()) } else { self.ids.make() };
        Intent { id, debit: ACCOUNTS[debit], credit: ACCOUNTS[credit], minor, posted: false }
    }

    /// `None` if the ledger gave a wrong reply; otherwise the transfer, or that it was refused.
    async fn settle(&self, dice: &mut StdRng, intent: &Intent) -> Option<Option<Transaction>> {
        loop {
            let ctx = ctx(&*self.clock, dice.random_range(150..1_500));
            match self.ledger.submit(&ctx, submit(intent)).await {
                Ok(done) => {
                    self.stage.told("posted", intent.minor.unsigned_abs());
                    self.stage.meet(|met| met.replayed += u64::from(done.replayed));
                    return Some(Some(done));
                }
                Err(LedgerError::Refused { refusal, .. }) => {
                    self.stage.told(refusal.code(), intent.minor.unsigned_abs());
                    self.stage.meet(|met| met.refused += 1);
                    return Some(None);
                }
                Err(error @ (LedgerError::Failed(Failure::Internal) | LedgerError::Failed(Failure::Forbidden))) => {
                    self.stage.found(format!("the transfer of {} was answered: {error}", intent.minor));
                    return None;
                }
                Err(error) => {
                    self.stage.told(error.code(), intent.minor.unsigned_abs());
                    self.stage.meet(|met| met.tried_again += 1);
                    tokio::time::sleep(Duration::from_millis(dice.random_range(10..150))).await;
                }
            }
        }
    }

    /// Long after the reply the same command is sent once more.
    async fn ask_again(&self, dice: &mut StdRng, intent: &Intent) {
        tokio::time::sleep(Duration::from_millis(dice.random_range(0..600))).await;
        match self.settle(dice, intent).await {
            Some(Some(again)) if intent.posted && again.replayed && again.id == intent.id => {}
            Some(None) if !intent.posted => {}
            other => self.stage.found(format!("the repeat of {intent:?} was answered otherwise: {other:?}")),
        }
    }
}

fn submit(intent: &Intent) -> Submit {
    let posting = Posting {
        debit: Some(intent.debit.parse().unwrap()),
        credit: Some(intent.credit.parse().unwrap()),
        amount: Money::new(intent.minor, "USD".parse().unwrap()),
        up_to_available: false,
        split: Vec::new(),
        override_limit: None,
        book: None,
    };
    let create = NewTransaction { id: Some(intent.id), postings: vec![posting], ..NewTransaction::default() };
    Submit { operation: Operation::Create(create), dry_run: false }
}
