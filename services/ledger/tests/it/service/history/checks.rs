//! Random queries to the ledger, each with the model's answer.

use kernel::{Clock, Timestamp};
use ledger_api::{
    AccountBalance, BalanceQuery, Movement, RollUpQuery, Side, Statement, StatementBalance, StatementOrder,
    StatementQuery, TimeBasis, TrialBalanceQuery,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::life::{NAMES, commands};
use super::model::{Entry, Model, Stand, added, stand};
use crate::service::harness::{Desk, path};

const ALL: u64 = u64::MAX;

fn basis(random: &mut StdRng) -> TimeBasis {
    if random.random() { TimeBasis::Record } else { TimeBasis::Event }
}

/// Often exactly the instant of a row, or one next to it.
fn instant(model: &Model, random: &mut StdRng) -> Timestamp {
    let entry = &model.entries[random.random_range(0..model.entries.len())];
    let instant = if random.random() { entry.recorded } else { entry.effective };
    Timestamp::from_micros(match random.random_range(0..8) {
        0..=3 => instant,
        4 | 5 => instant + random.random_range(-2..3),
        6 => instant + random.random_range(-100_000_000_000_i64..100_000_000_000),
        _ => random.random_range(0..4_000_000_000_000_000),
    })
}

fn four(balance: &AccountBalance) -> [i64; 4] {
    [balance.posted_debits, balance.posted_credits, balance.pending_debits, balance.pending_credits]
        .map(|money| money.minor())
}

pub(super) async fn check_balances(desk: &Desk, model: &Model, random: &mut StdRng) {
    for _ in 0..60 {
        let (name, at, by) = (NAMES[random.random_range(0..4)], instant(model, random), basis(random));
        let query = BalanceQuery { path: path(name), at: Some(at), by };
        let found = desk.ledger.balance(&desk.ctx, query).await.unwrap();
        let expected = model.sums(name, at, by, ALL);
        assert_eq!(four(&found), expected, "{name} at {at} by {by:?}");
        let shown = [found.posted, found.pending_in, found.pending_out].map(|money| money.minor());
        assert_eq!(shown, stand(name, expected));
    }
    for name in NAMES {
        let now = BalanceQuery { path: path(name), at: None, by: basis(random) };
        let now = desk.ledger.balance(&desk.ctx, now).await.unwrap();
        let account = desk.ledger.account(&desk.ctx, &path(name)).await.unwrap();
        assert_eq!((now.posted, now.pending_in), (account.balances.posted, account.balances.pending_in));
        assert!(now.version.is_none_or(|version| version == account.balances.version));
    }
}

pub(super) async fn check_sums(desk: &Desk, model: &Model, random: &mut StdRng) {
    for _ in 0..12 {
        let (at, by) = (instant(model, random), basis(random));
        let of = |name: &str| model.sums(name, at, by, ALL);
        let homes = RollUpQuery { prefix: path("home"), at: Some(at), by };
        let homes = desk.ledger.roll_up(&desk.ctx, homes).await.unwrap();
        let expected = added(of("home:ann"), of("home:bob"));
        let found = homes.currencies.first().map_or([0; 4], |total| {
            [total.posted_debits, total.posted_credits, total.pending_debits, total.pending_credits]
                .map(|money| money.minor())
        });
        assert_eq!(found, expected, "home at {at} by {by:?}");
        check_trial(desk, (at, by), of).await;
    }
}

async fn check_trial(desk: &Desk, (at, by): (Timestamp, TimeBasis), of: impl Fn(&str) -> [i64; 4]) {
    let query = TrialBalanceQuery { at: Some(at), by, prefix: None, depth: Some(1) };
    let trial = desk.ledger.trial_balance(&desk.ctx, query.clone()).await.unwrap();
    for currency in &trial.currencies {
        assert!(currency.balanced, "{trial:?}");
        assert_eq!(currency.debit_balances, currency.credit_balances);
        for line in &currency.lines {
            let expected = match line.path.as_str() {
                "home" => added(of("home:ann"), of("home:bob")),
                name => of(name),
            };
            assert_eq!([line.debits.minor(), line.credits.minor()], expected[..2], "{line:?} at {at} by {by:?}");
            let net = line.debit_balance.map_or(0, |money| money.minor())
                - line.credit_balance.map_or(0, |money| money.minor());
            assert_eq!(net, expected[0] - expected[1]);
        }
    }
    let homes = TrialBalanceQuery { prefix: Some(path("home")), depth: None, ..query };
    let homes = desk.ledger.trial_balance(&desk.ctx, homes).await.unwrap();
    let lines = homes.currencies.iter().flat_map(|currency| &currency.lines);
    for line in lines {
        assert_eq!([line.debits.minor(), line.credits.minor()], of(line.path.as_str())[..2]);
    }
}

/// A statement's query, and everything its pages returned.
pub(super) struct Seen {
    query: StatementQuery,
    opening: StatementBalance,
    closing: StatementBalance,
    known: u64,
    movements: Vec<Movement>,
}

fn three(balance: &StatementBalance) -> Stand {
    [balance.posted, balance.pending_in, balance.pending_out].map(|money| money.minor())
}

fn said(movement: &Movement) -> (u64, bool, String, i64, i64, i64, Stand) {
    let Movement { seq, direction, counterpart, amount, recorded_at, effective_at, balance, .. } = movement;
    let (is_debit, counterpart) = (*direction == Side::Debit, counterpart.to_string());
    (*seq, is_debit, counterpart, amount.minor(), recorded_at.micros(), effective_at.micros(), three(balance))
}

impl Seen {
    pub(super) fn known(&self) -> u64 {
        self.known
    }

    pub(super) fn compare(&self, model: &Model) {
        let Seen { query, known, .. } = self;
        let name = query.path.as_str();
        let range = (query.from.unwrap_or(Timestamp::EPOCH), query.to.unwrap_or(Timestamp::from_micros(i64::MAX)));
        let rows = model.statement(name, query.by, *known, range, query.order);
        let books = |entry: &Entry| entry.change[..2] != [0, 0];
        let expected: Vec<_> = rows.iter().filter(|(entry, _)| query.holds || books(entry)).collect();
        let found: Vec<_> = self.movements.iter().map(said).collect();
        let wanted: Vec<_> = expected.iter().map(|(entry, sums)| wanted(name, entry, *sums)).collect();
        assert_eq!(found, wanted, "{query:?} known up to {known}");
        for (movement, (entry, _)) in self.movements.iter().zip(&expected) {
            assert_eq!((movement.transaction, movement.kind), (entry.transaction.id, entry.transaction.kind));
        }
        let before =
            |instant: Timestamp| model.sums(name, Timestamp::from_micros(instant.micros() - 1), query.by, *known);
        let opening = if range.0 == Timestamp::EPOCH { [0; 4] } else { before(range.0) };
        assert_eq!(three(&self.opening), stand(name, opening), "opening of {query:?} known up to {known}");
        assert_eq!(three(&self.closing), stand(name, before(range.1)), "closing of {query:?} known up to {known}");
        self.adds_up(name);
    }

    fn adds_up(&self, name: &str) {
        let sign = |movement: &Movement| if (movement.direction == Side::Debit) == (name == "world") { 1 } else { -1 };
        let books = self.movements.iter().filter(|movement| movement.moves_money());
        let moved: i64 = books.map(|movement| sign(movement) * movement.amount.minor()).sum();
        assert_eq!(self.opening.posted.minor() + moved, self.closing.posted.minor());
    }
}

fn wanted(name: &str, entry: &Entry, sums: [i64; 4]) -> (u64, bool, String, i64, i64, i64, Stand) {
    let first = entry.transaction.postings.iter().find(|posting| {
        let ends = [posting.debit.as_str(), posting.credit.as_str()];
        ends.contains(&name) && ends.contains(&entry.counterpart.as_str())
    });
    let amount = first.unwrap().amount.minor();
    let is_debit = entry.change[0] != 0 || entry.change[2] != 0;
    (entry.seq, is_debit, entry.counterpart.clone(), amount, entry.recorded, entry.effective, stand(name, sums))
}

fn query(random: &mut StdRng, range: (Option<Timestamp>, Option<Timestamp>)) -> StatementQuery {
    StatementQuery {
        path: path(NAMES[random.random_range(0..4)]),
        from: range.0,
        to: range.1,
        by: basis(random),
        order: if random.random() { StatementOrder::OldestFirst } else { StatementOrder::NewestFirst },
        holds: random.random(),
        after: None,
        limit: Some(random.random_range(1..40)),
    }
}

async fn page(desk: &Desk, query: &StatementQuery) -> Statement {
    desk.ledger.statement(&desk.ctx, query.clone()).await.unwrap()
}

/// Through all pages and back: both directions show the same.
async fn pages(desk: &Desk, query: StatementQuery) -> Seen {
    pages_with(desk, query, async || {}).await
}

/// The same, with something happening between any two pages.
async fn pages_with(desk: &Desk, query: StatementQuery, mut between: impl AsyncFnMut()) -> Seen {
    let first = page(desk, &query).await;
    assert!(first.previous.is_none());
    let (opening, closing, known) = (first.opening, first.closing, first.as_of_seq);
    let (mut movements, mut last) = (first.movements.clone(), first);
    let mut there = 1;
    while let Some(next) = last.next {
        between().await;
        last = page(desk, &StatementQuery { after: Some(next), ..query.clone() }).await;
        assert_eq!((last.opening, last.closing, last.as_of_seq), (opening, closing, known), "{query:?}");
        movements.extend(last.movements.clone());
        there += 1;
    }
    let mut back = last.movements.clone();
    while let Some(previous) = last.previous {
        between().await;
        last = page(desk, &StatementQuery { after: Some(previous), ..query.clone() }).await;
        assert_eq!((last.opening, last.closing, last.as_of_seq), (opening, closing, known), "{query:?}");
        assert!(last.next.is_some());
        back.splice(0..0, last.movements.clone());
    }
    assert_eq!(back, movements, "{query:?}: back from the last of {there} pages");
    Seen { query, opening, closing, known, movements }
}

/// Over all of time, and over consecutive ranges.
pub(super) async fn check_statements(desk: &Desk, model: &Model, random: &mut StdRng) {
    for _ in 0..3 {
        let mut cuts: Vec<Timestamp> = (0..4).map(|_| instant(model, random)).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let ends: Vec<Option<Timestamp>> = [None]
            .into_iter()
            .chain(cuts.into_iter().filter(|cut| *cut > Timestamp::EPOCH).map(Some))
            .chain([None])
            .collect();
        let whole = query(random, (None, None));
        let mut last: Option<Seen> = None;
        for range in ends.windows(2) {
            let part = StatementQuery { from: range[0], to: range[1], ..whole.clone() };
            let part = pages(desk, part).await;
            part.compare(model);
            assert!(last.is_none_or(|last| last.closing == part.opening));
            last = Some(part);
        }
        pages(desk, whole).await.compare(model);
    }
}

/// Rows are recorded between the pages, many of them late.
pub(super) async fn written_pages(desk: &Desk, model: &Model, random: &mut StdRng, first: &mut u128) -> Seen {
    let mut cuts = [instant(model, random), instant(model, random)];
    cuts.sort_unstable();
    let cut = |cut: Timestamp| Some(cut).filter(|cut| *cut > Timestamp::EPOCH);
    let to = if cuts[0] == cuts[1] { None } else { cut(cuts[1]) };
    let query = StatementQuery { limit: Some(7), ..query(random, (cut(cuts[0]), to)) };
    let mut writes = StdRng::seed_from_u64(random.random());
    pages_with(desk, query, async || {
        commands(desk, &mut writes, *first, 4).await;
        *first += 100;
    })
    .await
}

pub(super) async fn pinned_pages(desk: &Desk, random: &mut StdRng) -> Seen {
    let now = desk.clock.now();
    let from = random.random::<bool>().then(|| now.plus_seconds(-random.random_range(1..2_000_000)));
    let to = random.random::<bool>().then(|| now.plus_seconds(random.random_range(0..200_000)));
    pages(desk, query(random, (from, to))).await
}
