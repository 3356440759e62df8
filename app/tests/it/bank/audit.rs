//! Checks the books after the storm, read without the proxy, against what callers were told.

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::{Clock, IdMaker, Money, SystemClock};
use ledger::{LedgerConfig, LedgerService};
use ledger_api::{AccountPath, FindTransaction, History, Ledger, LedgerError, TransactionId, TrialBalanceQuery};
use platform::db::Db;
use platform::error::Refusal as _;
use platform::feed::Pull;

use crate::bank::callers::{check, ctx};
use crate::bank::plan::{ACCOUNTS, FUNDS, Transfer, path};
use crate::bank::told::{Final, Told};

const ASK_MS: u64 = 60_000;
/// Every n-th transfer is also looked up by its id.
const LOOKED_UP: usize = 53;
/// From this many transfers on, some are refused.
const REFUSALS_EXPECTED_FROM: u64 = 10_000;

pub(crate) async fn audit(db: Db, told: &Told) {
    let report = ledger::verify(&db, &ledger_api::BookName::main(), None, |_| ()).await.unwrap();
    let done = told.done().count() as u64;
    assert_eq!(report.transactions, done + ACCOUNTS, "{report:?}");
    assert_eq!(report.refusals, told.finals.len() as u64 - done, "{report:?}");
    // Of a few thousand transfers perhaps none is refused; of the full size some are.
    let refused_enough = report.refusals > 0 || done < REFUSALS_EXPECTED_FROM;
    assert!(done > 0 && refused_enough, "too quiet to prove anything: {told}");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids = IdMaker::new(Arc::clone(&clock));
    let ledger = LedgerService::start(db, LedgerConfig::default(), clock, ids).await.unwrap();
    in_the_log_once(&ledger, told).await;
    balances(&ledger, told).await;
    looked_up(&ledger, told).await;
    ledger.close().await.unwrap();
}

/// Every transfer is exactly one event of the log: posted as it was sent, or refused as reported. Nothing else is
/// there.
async fn in_the_log_once(ledger: &LedgerService, told: &Told) {
    let (mut after, mut left) = (0, told.finals.clone());
    loop {
        let pull = Pull { after, max: Pull::EVENTS_MAX, wait_ms: 0, consumer: None };
        let events = Ledger::events_after(ledger, &ctx(ASK_MS), pull).await.unwrap();
        let Some(last) = events.last() else { break };
        after = last.cursor;
        for event in events.iter().map(|event| &event.event) {
            let word = event.kind.strip_prefix("ledger.transaction.");
            let Some(word) = word else { continue };
            let id: TransactionId = event.subject.parse().unwrap();
            if id.bits() <= u128::from(ACCOUNTS) {
                continue;
            }
            let (transfer, answer) =
                left.remove(&id.bits()).unwrap_or_else(|| panic!("twice or never reported: {event:?}"));
            match answer {
                Final::Done => assert_eq!((word, moved(&event.data)), ("posted", transfer.moved())),
                Final::Refused(code) => assert_eq!((word, &event.data["refusal"]["code"]), ("refused", &code.into())),
            }
        }
    }
    assert!(left.is_empty(), "not in the log: {left:?}");
}

type Moved = (AccountPath, AccountPath, i64);

fn moved(data: &serde_json::Value) -> Moved {
    let leg = &data["postings"][0];
    let account = |side: &str| leg[side].as_str().unwrap().parse().unwrap();
    let amount: Money = serde_json::from_value(leg["amount"].clone()).unwrap();
    (account("debit"), account("credit"), amount.minor())
}

impl Transfer {
    fn moved(self) -> Moved {
        (path(self.debit), path(self.credit), self.minor)
    }
}

/// Checks balances against a model of what was acknowledged, and that debits equal credits over the whole book.
async fn balances(ledger: &LedgerService, told: &Told) {
    let mut model: BTreeMap<u64, i64> = (0..ACCOUNTS).map(|account| (account, FUNDS)).collect();
    for transfer in told.done() {
        *model.get_mut(&transfer.debit).unwrap() -= transfer.minor;
        *model.get_mut(&transfer.credit).unwrap() += transfer.minor;
    }
    for (account, balance) in model {
        let found = ledger.account(&ctx(ASK_MS), &path(account)).await.unwrap();
        assert_eq!(found.balances.posted.minor(), balance, "{}", found.path);
        assert!(balance >= 0);
    }
    let trial = ledger.trial_balance(&ctx(ASK_MS), TrialBalanceQuery::default()).await.unwrap();
    assert!(trial.currencies.iter().all(|currency| currency.balanced && currency.debits == currency.credits));
}

async fn looked_up(ledger: &LedgerService, told: &Told) {
    for (transfer, answer) in told.finals.values().step_by(LOOKED_UP) {
        let found = ledger.transaction(&ctx(ASK_MS), FindTransaction::Id(transfer.id())).await;
        match (found, answer) {
            (Ok(found), Final::Done) => check(*transfer, &found),
            (Err(LedgerError::Refused { refusal, .. }), Final::Refused(code)) => assert_eq!(refusal.code(), *code),
            (found, answer) => panic!("{transfer:?} got {answer:?}: {found:?}"),
        }
    }
}
