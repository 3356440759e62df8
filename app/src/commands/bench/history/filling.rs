//! Fills the long account through the real ledger and records what it returned for every row.

use kernel::{Money, Timestamp};
use ledger_api::{AccountPath, Batch, LineOutcome, NewTransaction, Operation, Posting, Transaction, TransactionId};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::known::{Entry, Known};
use crate::commands::bench::books::Books;
use crate::commands::bench::client::{FUNDS, InProcess};
use crate::failure::Failure;
use crate::progress::Progress;

const BATCH: u64 = 1_000;

/// A transfer into the long account, or out of it.
#[derive(Debug, Clone)]
pub(super) struct Move {
    pub other: AccountPath,
    /// Above zero: into the long account.
    pub delta: i64,
    pub effective_at: Option<Timestamp>,
}

/// The first account is the long one, the others are on the other side.
pub(super) async fn fill(books: &mut Books, entries: u64, late_percent: u32) -> Result<Known, Failure> {
    let (path, others) = books.paths.split_first().ok_or_else(|| Failure::new("there is no account to fill"))?;
    let (path, others) = (path.clone(), others.to_vec());
    let start = books.whom.clock.now().plus_micros(1);
    let mut random = StdRng::seed_from_u64(7);
    let (caller, mut known) = (books.caller(), Vec::new());
    let mut progress = Progress::new("filling the account", "rows");
    while (known.len() as u64) < entries {
        let count = BATCH.min(entries - known.len() as u64);
        let now = books.whom.clock.now();
        let moves: Vec<Move> = (0..count)
            .filter_map(|_| {
                let late = random.random_range(0..100) < late_percent && now > start;
                let effective_at = late.then(|| between(&mut random, (start.micros(), now.micros())));
                Some(Move { other: one_of(&mut random, &others)?, delta: delta(&mut random), effective_at })
            })
            .collect();
        for (of, done) in moves.iter().zip(submit(&caller, &path, &moves).await?) {
            let (recorded, effective) = (done.recorded_at.micros(), done.effective_at.micros());
            known.push(Entry { recorded, effective, delta: of.delta });
        }
        progress.at(known.len() as u64, entries);
    }
    progress.finish();
    books.transfers += entries;
    let rows = books.status().await?.rows;
    Ok(Known::new(path, rows, start.micros(), FUNDS, known))
}

pub(super) fn one_of(random: &mut StdRng, paths: &[AccountPath]) -> Option<AccountPath> {
    paths.get(random.random_range(0..paths.len().max(1))).cloned()
}

/// An instant of a span, excluding its end.
pub(super) fn between(random: &mut StdRng, (from, to): (i64, i64)) -> Timestamp {
    Timestamp::from_micros(random.random_range(from..to.max(from + 1)))
}

fn delta(random: &mut StdRng) -> i64 {
    let minor = random.random_range(1..=100);
    if random.random_range(0..2) == 0 { minor } else { -minor }
}

/// All of them, in this order, or an error.
pub(super) async fn submit(
    caller: &InProcess,
    long: &AccountPath,
    moves: &[Move],
) -> Result<Vec<Transaction>, Failure> {
    let lines = moves.iter().map(|of| Operation::Create(command(caller, long, of))).collect();
    let batch = Batch { atomic: false, dry_run: false, lines };
    let reply = caller.ledger.submit_batch(&caller.whom.ctx(), batch).await?;
    let done = |line| match line {
        LineOutcome::Done(transaction) => Ok(*transaction),
        LineOutcome::Failed(error) => Err(Failure::from(error)),
    };
    reply.lines.into_iter().map(done).collect()
}

fn command(caller: &InProcess, long: &AccountPath, of: &Move) -> NewTransaction {
    let (debit, credit) = if of.delta > 0 { (&of.other, long) } else { (long, &of.other) };
    NewTransaction {
        id: Some(TransactionId::from_bits(rand::random())),
        postings: vec![Posting {
            debit: Some(debit.clone()),
            credit: Some(credit.clone()),
            amount: Money::new(of.delta.abs(), caller.currency),
            up_to_available: false,
            split: Vec::new(),
            override_limit: None,
            book: None,
        }],
        effective_at: of.effective_at,
        ..NewTransaction::default()
    }
}
