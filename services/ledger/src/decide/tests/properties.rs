//! Random histories of all kinds of commands, valid or not, in random groups. After each command every invariant of
//! `lib.rs` must hold; at the end every command is sent again and must get its first reply.

use std::collections::BTreeMap;

use kernel::Timestamp;
use ledger_api::{
    AccountChange, Limits, NewTransaction, Operation, Override, Posting, Reference, Share, Side, VersionCondition,
    WantedStatus,
};
use proptest::prelude::*;

use super::book::Book;
use super::picture::Picture;
use super::{cancel, id, increase, invariants, keyed, path, post, posting, reverse, scheduled, usd, void};
use crate::command::{Line, Lines, Outcome, Recorded};
use crate::view;

const CASES: u64 = 1_000;
const NAMES: [&str; 6] = ["world", "ann", "bob", "credit", "shop", "euros"];

#[derive(Debug, Clone)]
enum Step {
    Lines { atomic: bool, dry_run: bool, wishes: Vec<Wish> },
    Change { account: u8, what: u8, amount: u16 },
    Commit { millis: u32, forget: bool },
}

/// Numbers that become a command once the history before it is known.
#[derive(Debug, Clone)]
struct Wish {
    kind: u8,
    from: u8,
    to: u8,
    amount: u16,
    part: u16,
    target: u8,
    flags: u8,
}

fn wish() -> impl Strategy<Value = Wish> {
    (0..31_u8, any::<u8>(), any::<u8>(), 1..400_u16, 0..200_u16, any::<u8>(), any::<u8>())
        .prop_map(|(kind, from, to, amount, part, target, flags)| Wish { kind, from, to, amount, part, target, flags })
}

fn step() -> impl Strategy<Value = Step> {
    let lines = (any::<bool>(), 0..6_u8, prop::collection::vec(wish(), 1..4));
    let day = 86_400_000_u32;
    prop_oneof![
        8 => wish().prop_map(|wish| Step::Lines { atomic: false, dry_run: false, wishes: vec![wish] }),
        3 => lines.prop_map(|(atomic, dry, wishes)| Step::Lines { atomic, dry_run: dry == 0, wishes }),
        1 => wish().prop_map(|wish| Step::Lines { atomic: true, dry_run: true, wishes: vec![wish] }),
        1 => (any::<u8>(), 0..6_u8, 0..500_u16).prop_map(|(account, what, amount)| Step::Change { account, what, amount }),
        2 => (prop_oneof![1..1_000_u32, day..9 * day], any::<bool>())
            .prop_map(|(millis, forget)| Step::Commit { millis, forget }),
    ]
}

/// A history in progress: the book, and every command's first reply.
struct History {
    book: Book,
    sent: Vec<(Line, Outcome<Recorded>)>,
    made: u128,
    pending: Vec<u128>,
    scheduled: Vec<u128>,
}

impl History {
    fn new() -> History {
        let limits = |floor: Option<i64>, ceiling: Option<i64>| Limits {
            floor: floor.map(usd),
            ceiling: ceiling.map(usd),
            may_go_negative: floor.is_none(),
        };
        let mut book = Book::new()
            .with_account("world", "USD", Side::Debit, limits(None, None))
            .with_account("ann", "USD", Side::Credit, limits(Some(0), None))
            .with_account("bob", "USD", Side::Credit, limits(Some(0), Some(900)))
            .with_account("credit", "USD", Side::Debit, limits(Some(-300), None))
            .with_account("shop", "USD", Side::Credit, limits(Some(50), None))
            .with_account("euros", "EUR", Side::Credit, limits(None, None));
        book.commit(1_000);
        History { book, sent: Vec::new(), made: 0, pending: Vec::new(), scheduled: Vec::new() }
    }

    fn run(&mut self, step: &Step) {
        match step {
            Step::Lines { atomic, dry_run, wishes } => self.send(*atomic, *dry_run, wishes),
            Step::Change { account, what, amount } => self.change(*account, *what, i64::from(*amount)),
            Step::Commit { millis, forget } => {
                self.book.commit(i64::from(*millis));
                if *forget {
                    self.book.forget();
                }
            }
        }
        invariants::check(&self.book);
    }

    fn send(&mut self, atomic: bool, dry_run: bool, wishes: &[Wish]) {
        // As in the service, malformed commands do not get here.
        let lines = wishes.iter().map(|wish| self.line(wish));
        let lines: Vec<Line> = lines.filter(|line| crate::check::operation(&line.operation).is_ok()).collect();
        if lines.is_empty() {
            return;
        }
        let before = Picture::of(&self.book);
        let outcomes = self.book.lines(Lines { atomic, dry_run, lines: lines.clone() });
        assert_eq!(outcomes.len(), lines.len());
        if dry_run {
            assert_eq!(Picture::of(&self.book), before, "a dry run left something");
            return;
        }
        let refused = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        if refused == outcomes.len() {
            before.assert_only_remembered(&Picture::of(&self.book));
        }
        let new = |outcome: &Outcome<Recorded>| matches!(outcome, Ok(recorded) if !recorded.replayed);
        assert!(!atomic || refused == 0 || !outcomes.iter().any(new), "half a batch");
        for (line, outcome) in lines.into_iter().zip(outcomes) {
            assert_whole(&line, &outcome);
            self.note(line, outcome);
        }
    }

    fn note(&mut self, line: Line, outcome: Outcome<Recorded>) {
        let replayed = match &outcome {
            Ok(recorded) => recorded.replayed,
            Err(refused) => refused.replayed || !refused.refusal.is_remembered(),
        };
        if replayed {
            return;
        }
        if outcome.is_ok() && matches!(&line.operation, Operation::Create(new) if new.status == WantedStatus::Pending) {
            self.pending.push(line.tag.id);
        }
        if outcome.is_ok() && matches!(&line.operation, Operation::Create(new) if new.scheduled) {
            self.scheduled.push(line.tag.id);
        }
        self.sent.push((line, outcome));
    }

    fn line(&mut self, wish: &Wish) -> Line {
        let Wish { kind, target, part, flags, .. } = *wish;
        self.made += 1;
        let made = self.made;
        let pending = pick(&self.pending, target).unwrap_or(999);
        let any = pick(&self.sent, target).map_or(999, |(line, _)| line.tag.id);
        let money = |amount: u16| usd(i64::from(amount));
        let mut line = match kind {
            0..=8 => self.created(made, wish, WantedStatus::Posted),
            9..=14 => self.created(made, wish, WantedStatus::Pending),
            15 => post(made, pending, vec![], flags & 1 == 0),
            16 => post(made, pending, vec![money(part)], flags & 1 == 0),
            // All of the first posting, and nothing of the second one yet.
            17 => post(made, pending, vec![usd(self.remaining(pending)), usd(0)], flags & 1 == 0),
            18 => void(made, pending, vec![]),
            19 => void(made, pending, vec![money(part)]),
            20 => increase(made, pending, vec![money(part % 90 + 1)]),
            21 => increase(made, pending, vec![money(part % 90 + 1), money(0)]),
            22 => reverse(made, any),
            // A repeat.
            23 => {
                return pick(&self.sent, target)
                    .map_or_else(|| self.created(made, wish, WantedStatus::Posted), |(line, _)| line);
            }
            // The same id with different content.
            24 => {
                let other = self.created(made, wish, WantedStatus::Posted);
                let Some((sent, _)) = pick(&self.sent, target) else { return other };
                let mut tag = sent.tag;
                // A different command has a different digest.
                tag.scope.iter_mut().for_each(|scope| scope.command[15] ^= 1);
                return Line { tag, ..with_id(other, sent.operation.id()) };
            }
            25 => post(made, any, vec![], true),
            26..=29 => self.scheduled(made, wish),
            _ => cancel(made, if flags & 3 == 0 { any } else { pick(&self.scheduled, target).unwrap_or(999) }),
        };
        if flags & 6 == 6 {
            line.tag = keyed(made, flags, made as u8);
        }
        line
    }

    fn remaining(&self, pending: u128) -> i64 {
        let group = &self.book.state.group;
        let first = self.book.state.first_row(pending);
        first.and_then(|seq| group.holds.get(&seq)).map_or(1, |hold| hold.remaining)
    }

    /// Due within the second, within days, or exactly when a hold expires; sometimes in the past.
    fn scheduled(&self, made: u128, wish: &Wish) -> Line {
        let status = if wish.kind == 26 { WantedStatus::Pending } else { WantedStatus::Posted };
        let line = self.created(made, wish, status);
        let now = Timestamp::from_micros(self.book.now);
        let hold = || self.book.state.group.holds.values().map(|hold| hold.expires_at).find(|at| *at > self.book.now);
        let at = match wish.target % 4 {
            0 => hold().map_or(now, Timestamp::from_micros),
            1 => now.plus_seconds(i64::from(wish.part) * 3_600),
            _ => now.plus_micros(i64::from(wish.amount) * 2_000),
        };
        scheduled(line, at)
    }

    fn created(&self, made: u128, wish: &Wish, status: WantedStatus) -> Line {
        let Wish { from, to, amount, part, target, flags, .. } = *wish;
        // Two in three from or to the account without limits: otherwise most are refused.
        let name = |number: u8| NAMES[usize::from(number) % NAMES.len()];
        let (from, to) = if flags & 1 == 0 { (name(from), "world") } else { ("world", name(to)) };
        let (from, to) = if target % 3 == 0 { (name(wish.from), name(wish.to)) } else { (from, to) };
        let to = if from == to { "shop" } else { to };
        let from = if from == to { "ann" } else { from };
        let plain = Posting {
            up_to_available: part % 5 == 0,
            override_limit: (part % 11 == 0).then_some(Override::Floor),
            ..posting(from, to, usd(i64::from(amount)))
        };
        let mut postings = vec![plain.clone()];
        if part % 4 == 1 {
            postings.push(posting(to, from, usd(i64::from(part))));
        }
        if part % 7 == 2 {
            let share = |name: &str, percent: &str| Share { account: path(name), percent: percent.parse().unwrap() };
            let split = vec![share("ann", "33.3333"), share("shop", "0.0001"), share("bob", "66.6666")];
            let (debit, credit) =
                if flags & 8 == 0 { (Some(path("world")), None) } else { (None, Some(path("world"))) };
            postings.push(Posting { debit, credit, split, ..plain });
        }
        let now = Timestamp::from_micros(self.book.now);
        let expires = match (status, part % 3) {
            (WantedStatus::Pending, 0) => Some(now.plus_seconds(i64::from(part) * 3_600 - 3_600)),
            _ => None,
        };
        let condition = VersionCondition { account: path(from), version: u64::from(to.len() as u8 + flags % 4) };
        let reference = (flags & 48 == 48).then(|| format!("ref-{}", target % 9).parse::<Reference>().unwrap());
        let create = NewTransaction {
            id: Some(id(made)),
            status,
            postings,
            effective_at: (part % 13 == 0).then(|| now.plus_micros(i64::from(amount) - 300)),
            scheduled: false,
            expires_at: expires,
            reference,
            metadata: if flags & 64 == 0 {
                Default::default()
            } else {
                BTreeMap::from([("n".to_owned(), made.to_string())])
            },
            if_version: if part % 17 == 0 { vec![condition] } else { Vec::new() },
        };
        Line { tag: super::tag(made), operation: Operation::Create(create) }
    }

    fn change(&mut self, account: u8, what: u8, amount: i64) {
        let name = NAMES[usize::from(account) % NAMES.len()];
        let currency = |minor| if name == "euros" { super::eur(minor) } else { usd(minor) };
        let change = match what {
            0 => AccountChange::Freeze,
            1 | 2 => AccountChange::Unfreeze,
            3 => AccountChange::SetLimits(Limits { floor: Some(currency(-amount)), ..Limits::default() }),
            4 => AccountChange::SetLimits(Limits { ceiling: Some(currency(amount * 4)), ..super::no_floor() }),
            _ => AccountChange::Close,
        };
        let before = Picture::of(&self.book);
        if self.book.change(name, change).is_err() {
            before.assert_only_remembered(&Picture::of(&self.book));
        }
    }

    /// Every acknowledged command is found again, with its first reply.
    fn send_all_again(&mut self) {
        self.book.commit(1);
        self.book.forget();
        let rows = self.book.all_rows().count();
        for (line, first) in std::mem::take(&mut self.sent) {
            match (first, self.book.one(line)) {
                (Ok(first), Ok(again)) => {
                    assert!(again.replayed);
                    let mut again = view::transaction(again);
                    again.replayed = false;
                    assert_eq!(again, view::transaction(first));
                }
                (Err(first), Err(again)) => assert!(again.replayed && first.refusal == again.refusal, "{again:?}"),
                (first, again) => panic!("first {first:?}, then {again:?}"),
            }
        }
        assert_eq!(self.book.all_rows().count(), rows, "a repeat wrote something");
    }
}

/// What was requested is what moved, to the unit; less only if the request allowed it.
fn assert_whole(line: &Line, outcome: &Outcome<Recorded>) {
    let (Operation::Create(create), Ok(recorded)) = (&line.operation, outcome) else { return };
    if create.scheduled {
        assert!(recorded.legs.is_empty(), "something moved before its time");
        return;
    }
    let asked: i64 = create.postings.iter().map(|posting| posting.amount.minor()).sum();
    let moved: i64 = recorded.legs.iter().map(|leg| leg.row.amount).sum();
    let at_most = create.postings.iter().any(|posting| posting.up_to_available);
    assert!(moved == asked || (at_most && moved < asked), "{asked} were asked for, {moved} moved");
}

fn pick<T: Clone>(from: &[T], number: u8) -> Option<T> {
    from.get(usize::from(number) % from.len().max(1)).cloned()
}

fn with_id(mut line: Line, id: Option<ledger_api::TransactionId>) -> Line {
    if let Operation::Create(create) = &mut line.operation {
        create.id = id;
    }
    line
}

fn config() -> ProptestConfig {
    let cases = testkit::size("FLORIN_TEST_DECIDE_CASES", CASES) as u32;
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_random_history_keeps_the_invariants(steps in prop::collection::vec(step(), 1..24)) {
        let mut history = History::new();
        for step in &steps {
            history.run(step);
        }
        history.send_all_again();
        invariants::check(&history.book);
    }
}
