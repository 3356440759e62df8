//! A random life of a few accounts.

use kernel::{Clock, Deadline, Timestamp};
use ledger::LedgerConfig;
use ledger_api::{NewTransaction, Operation, Side, WantedStatus};
use rand::RngExt;
use rand::rngs::StdRng;
use testkit::{FakeClock, TestStore};

use crate::service::harness::{Desk, create, hold, increase, may_go_negative, pay, post, posting, reverse, void};

pub(super) const NAMES: [&str; 4] = ["world", "home:ann", "home:bob", "shop"];
const HOUR_MS: u64 = 3_600_000;

pub(super) async fn open(store: &TestStore) -> Desk {
    let mut desk = Desk::open_at(store, FakeClock::default(), LedgerConfig::default()).await;
    // These lives are long.
    desk.ctx.deadline = Deadline::after_millis(&desk.clock, 1_000_000_000_000);
    for name in NAMES {
        let normal = if name == "world" { Side::Debit } else { Side::Credit };
        desk.account(name, normal, may_go_negative()).await.unwrap();
        desk.clock.advance_millis(10);
    }
    desk.clock.advance_millis(HOUR_MS);
    desk
}

/// Sometimes several commands share a commit, and with it a record time; refusals occur too.
pub(super) async fn commands(desk: &Desk, random: &mut StdRng, first: u128, count: usize) {
    // A minute after the opening of the accounts: late rows reach back to everything queried before.
    let begin = FakeClock::default().now().plus_seconds(60);
    let mut past = Past { known: vec![begin, desk.clock.now()], holds: vec![first] };
    let mut bits = first;
    while bits < first + count as u128 {
        desk.clock.advance_millis(match random.random_range(0..12) {
            0 => 0,
            1 => random.random_range(0..50),
            2..=5 => random.random_range(0..HOUR_MS),
            6..=10 => random.random_range(0..9 * HOUR_MS),
            _ => random.random_range(0..60 * HOUR_MS),
        });
        past.known.push(desk.clock.now());
        let together = if random.random_range(0..4) == 0 { random.random_range(2..6) } else { 1 };
        let lines: Vec<Operation> = (0..together).map(|more| operation(desk, random, bits + more, &mut past)).collect();
        bits += together;
        for done in desk.batch(false, lines).await.into_iter().flatten() {
            past.known.push(done.recorded_at);
        }
    }
    // A commit that began before the clock was moved may have left something due; one more leaves nothing.
    desk.run(pay((1 << 64) + bits, "world", "shop", 1)).await.unwrap();
}

/// Instants at which something happened, and the open holds.
struct Past {
    known: Vec<Timestamp>,
    holds: Vec<u128>,
}

fn operation(desk: &Desk, random: &mut StdRng, bits: u128, past: &mut Past) -> Operation {
    let (from, to) = pair(random);
    let amount = random.random_range(1..1_000);
    let recent = past.holds.len().saturating_sub(6);
    let held = past.holds[random.random_range(recent..past.holds.len())];
    let any = u128::from(random.random_range(bits.saturating_sub(20).max(1) as u64..=bits as u64));
    let known = &past.known;
    match random.random_range(0..14) {
        0..=2 => pay(bits, from, to, amount),
        3..=5 => late(desk, random, pay(bits, from, to, amount), known),
        6 => several(random, bits),
        7..=9 => {
            past.holds.push(bits);
            let held = late(desk, random, hold(bits, from, to, amount), known);
            expiring(desk, random, held)
        }
        10 => post(bits, held, &[amount / 4 + 1], random.random()),
        11 => void(bits, held, &[amount / 4 + 1]),
        12 => increase(bits, held, &[amount / 4 + 1]),
        _ if random.random_range(0..3) == 0 => post(bits, held, &[], true),
        _ => reverse(bits, any),
    }
}

fn pair(random: &mut StdRng) -> (&'static str, &'static str) {
    let from = random.random_range(0..NAMES.len());
    (NAMES[from], NAMES[(from + random.random_range(1..NAMES.len())) % NAMES.len()])
}

fn several(random: &mut StdRng, bits: u128) -> Operation {
    let postings = (0..3).map(|_| pair(random)).map(|(from, to)| posting(from, to, 7)).collect();
    Operation::Create(create(bits, postings))
}

/// An instant at which something else happened, or next to it, or any since the accounts were opened.
fn late(desk: &Desk, random: &mut StdRng, operation: Operation, known: &[Timestamp]) -> Operation {
    let Operation::Create(create) = operation else { return operation };
    let now = desk.clock.now();
    let start = known[0].micros();
    let instant = match random.random_range(0..3) {
        // Some are not late at all.
        _ if random.random_range(0..4) == 0 => return Operation::Create(create),
        0 => known[random.random_range(0..known.len())].micros(),
        1 => known[random.random_range(0..known.len())].micros() + random.random_range(-2..3),
        _ => random.random_range(start - 1_000..=now.micros().max(start)),
    };
    let effective_at = Some(Timestamp::from_micros(instant.min(now.micros())));
    Operation::Create(NewTransaction { effective_at, ..create })
}

fn expiring(desk: &Desk, random: &mut StdRng, operation: Operation) -> Operation {
    let Operation::Create(create) = operation else { return operation };
    let seconds = random.random_range(1..1_000_000);
    let expires_at = Some(desk.clock.now().plus_seconds(seconds));
    assert_eq!(create.status, WantedStatus::Pending);
    Operation::Create(NewTransaction { expires_at, ..create })
}
