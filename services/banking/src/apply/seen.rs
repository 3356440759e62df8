//! What is there of the entries of a step: movements that may be them, and the statements near theirs.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use banking_api::Status;
use platform::db::{DbError, Tx};

use crate::entry::{Line, Texts, coverage_number};
use crate::keys::Sealer;
use crate::knowing::{Correction, Mark, Seen, Span, Terms, neighbours};
use crate::store::account::Account;
use crate::store::movement::{self, Movement, Removed};
use crate::store::statement::{self, Stated};
use crate::store::telling;

/// Between announcement and booking.
const DAYS_AHEAD: i64 = 10;

/// Movements by number, and what the rules look at.
#[derive(Default)]
pub(crate) struct There {
    pub(crate) movements: BTreeMap<i64, Movement>,
    pub(crate) seen: Vec<Seen>,
    pub(super) former: HashMap<i64, Option<i64>>,
}

pub(super) async fn terms(tx: &Tx, stated: &Stated, account: &Account, stable_ids: bool) -> Result<Terms, DbError> {
    let Span { from, to, .. } = stated.span;
    let near = statement::near(tx, stated.account, from, to + DAYS_AHEAD).await?;
    let near: Vec<Stated> = near.into_iter().filter(|other| other.seq != stated.seq).collect();
    let spans: Vec<Span> = near.iter().map(|other| other.span).collect();
    let (apart, doubtful) = neighbours(&stated.span, &spans);
    let news = coverage_number(formats::statement::Coverage::News);
    let is_full = |other: &&Stated| other.coverage != news && other.adds_up;
    let is_same = |other: &&Stated| {
        let (one, other) = (&stated.span, &other.span);
        one.identity.is_some() && one.identity == other.identity && one.source == other.source
    };
    let has_balances = stated.span.opening.is_some() && stated.span.closing.is_some() && stated.adds_up;
    Ok(Terms {
        statement: stated.seq,
        source: stated.span.source,
        // Its own balances tell what it tells again.
        news: stated.coverage == news && !has_balances,
        stable_ids,
        leading: account.leading.is_none_or(|leading| leading as i64 == stated.span.source),
        told_at: stated.told_at,
        apart,
        doubtful,
        repeats: near.iter().filter(is_same).map(|other| other.seq).collect(),
        told_here: HashSet::new(),
        closed: near.iter().filter(is_full).map(|other| (other.span.from, other.span.to)).collect(),
    })
}

pub(super) async fn there(
    tx: &Tx,
    account: &Account,
    lines: &[Line],
    terms: &Terms,
    sealer: Option<&Sealer>,
) -> Result<There, DbError> {
    let mut there = There::default();
    let keys: BTreeSet<i64> = lines.iter().map(|line| line.match_key).collect();
    let keys: Vec<i64> = keys.into_iter().collect();
    let same_place = movement::of_keys(tx, &keys).await?;
    let open = movement::open(tx, account.seq).await?;
    there.take(same_place.into_iter().chain(open).filter(|movement| movement.account == account.seq));
    for bank in banks(lines) {
        there.take(movement::of_bank(tx, account.seq, bank).await?);
        if let Some(now) = telling::former(tx, account.seq, bank).await? {
            there.former.insert(bank, now);
            if let Some(seq) = now {
                there.take(movement::of_seq(tx, seq).await?);
            }
        }
    }
    let announced = lines.iter().filter(|line| line.told.status == Status::Pending).map(|line| line.told.mark.day);
    if let (Some(first), Some(last)) = (announced.clone().min(), announced.max())
        && !terms.closed.is_empty()
    {
        there.take(movement::between(tx, account.seq, (first, last + DAYS_AHEAD), 0).await?);
    }
    there.look(tx, sealer).await?;
    Ok(there)
}

/// Open movements of an account.
pub(crate) async fn open(tx: &Tx, account: i64) -> Result<There, DbError> {
    let mut there = There::default();
    there.take(movement::open(tx, account).await?);
    there.look(tx, None).await?;
    Ok(there)
}

fn banks(lines: &[Line]) -> BTreeSet<i64> {
    let corrected = |line: &Line| match line.told.correction {
        Some(Correction::Replaces(bank) | Correction::Deletes(bank)) => Some(bank),
        _ => None,
    };
    lines.iter().flat_map(|line| line.told.mark.bank.into_iter().chain(corrected(line))).collect()
}

impl There {
    pub(super) fn told_by(&self, statement: i64) -> HashSet<i64> {
        self.seen.iter().filter(|seen| seen.tellers.contains(&statement)).map(|seen| seen.seq).collect()
    }

    fn take(&mut self, found: impl IntoIterator<Item = Movement>) {
        self.movements.extend(found.into_iter().map(|movement| (movement.seq, movement)));
    }

    async fn look(&mut self, tx: &Tx, sealer: Option<&Sealer>) -> Result<(), DbError> {
        let seqs: Vec<i64> = self.movements.keys().copied().collect();
        let mut tellers: HashMap<i64, Vec<i64>> = HashMap::new();
        for (movement, statement) in telling::of(tx, &seqs).await? {
            tellers.entry(movement).or_default().push(statement);
        }
        let needs_words: HashSet<i64> =
            self.movements.values().filter(|one| one.status == Status::Pending).map(|one| one.seq).collect();
        let read_all = !needs_words.is_empty();
        for movement in self.movements.values() {
            let mut told_by = tellers.remove(&movement.seq).unwrap_or_default();
            told_by.push(movement.statement);
            let wanted = needs_words.contains(&movement.seq) || (read_all && movement.status.is_counted());
            let texts = sealer.filter(|_| wanted).map(|sealer| texts(sealer, movement)).transpose()?;
            self.seen.push(seen(movement, told_by, texts.map(|texts| texts.words()).unwrap_or_default()));
        }
        Ok(())
    }
}

fn seen(movement: &Movement, tellers: Vec<i64>, words: Vec<String>) -> Seen {
    let Movement { day, minor, currency, print, bank, end_to_end, .. } = *movement;
    let withdrawn = movement.removed == Removed::Withdrawn;
    Seen {
        seq: movement.seq,
        status: if withdrawn { before(movement) } else { movement.status },
        by_bank: movement.removed == Removed::ByBank,
        withdrawn,
        kept: movement.decided,
        mark: Mark { day, minor, currency, print, bank, end_to_end },
        source: movement.source,
        tellers,
        told_at: movement.told_at,
        words,
    }
}

/// The status of a withdrawn movement before.
pub(crate) fn before(movement: &Movement) -> Status {
    let was = movement.was.and_then(|was| u8::try_from(was).ok());
    was.and_then(Status::from_repr).unwrap_or(Status::Booked)
}

/// What people read of a movement; empty if its owner was erased.
pub(crate) fn texts(sealer: &Sealer, movement: &Movement) -> Result<Texts, DbError> {
    let plain = sealer.unseal(movement.seq, &movement.sealed)?;
    serde_json::from_slice(&plain).map_err(|error| DbError::shape(error.to_string()))
}
