//! The service against a model of a few lines: balances in a map, holds in a map, no log, no undo, no store. Over
//! random histories both must accept the same commands and end with the same balances.
//!
//! `FLORIN_TEST_MODEL_HISTORIES` sets the number of histories; a failure prints its seed.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger_api::{Limits, Operation, Side};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::service::harness::{Desk, hold, increase, may_go_negative, pay, post, reverse, usd, void};
use crate::service::way::for_each_way_on_sqlite;

const HISTORIES: u64 = 60;
const COMMANDS: u64 = 40;
const WORKERS: usize = 12;
const NAMES: [&str; 4] = ["world", "ann", "bob", "cap"];

#[derive(Debug, Clone, Default)]
struct Model {
    posted: BTreeMap<&'static str, i64>,
    /// What remains of each hold: from, to, amount.
    holds: BTreeMap<u128, (&'static str, &'static str, i64)>,
    /// What can be reversed: from, to, amount.
    moves: BTreeMap<u128, (&'static str, &'static str, i64)>,
}

/// A command in the model's terms.
#[derive(Debug, Clone, Copy)]
enum Wish {
    Pay(&'static str, &'static str, i64),
    Hold(&'static str, &'static str, i64),
    Post(u128, i64, bool),
    Void(u128, i64),
    Increase(u128, i64),
    Reverse(u128),
}

impl Model {
    fn out(&self, name: &str) -> i64 {
        self.holds.values().filter(|(from, _, _)| *from == name).map(|(_, _, amount)| amount).sum()
    }

    fn coming(&self, name: &str) -> i64 {
        self.holds.values().filter(|(_, to, _)| *to == name).map(|(_, _, amount)| amount).sum()
    }

    fn stands(&self, name: &str) -> i64 {
        self.posted.get(name).copied().unwrap_or(0)
    }

    fn can_leave(&self, from: &str, amount: i64) -> bool {
        from == "world" || self.stands(from) - self.out(from) - amount >= 0
    }

    fn can_arrive(&self, to: &str, amount: i64) -> bool {
        to != "cap" || self.stands(to) + self.coming(to) + amount <= 400
    }

    fn book(&mut self, from: &'static str, to: &'static str, amount: i64) {
        *self.posted.entry(from).or_default() -= amount;
        *self.posted.entry(to).or_default() += amount;
    }

    /// Whether the command is accepted.
    fn grant(&mut self, id: u128, wish: Wish) -> bool {
        match wish {
            Wish::Pay(from, to, amount) => {
                let granted = self.can_leave(from, amount) && self.can_arrive(to, amount);
                if granted {
                    self.book(from, to, amount);
                    self.moves.insert(id, (from, to, amount));
                }
                granted
            }
            Wish::Hold(from, to, amount) => {
                let granted = self.can_leave(from, amount) && self.can_arrive(to, amount);
                if granted {
                    self.holds.insert(id, (from, to, amount));
                }
                granted
            }
            Wish::Post(target, amount, is_final) => {
                let Some((from, to, left)) = self.holds.get(&target).copied() else { return false };
                if left == 0 || amount > left {
                    return false;
                }
                self.book(from, to, amount);
                self.holds.insert(target, (from, to, if is_final { 0 } else { left - amount }));
                self.moves.insert(id, (from, to, amount));
                true
            }
            Wish::Void(target, amount) => {
                let Some((from, to, left)) = self.holds.get(&target).copied() else { return false };
                if left == 0 || amount > left {
                    return false;
                }
                self.holds.insert(target, (from, to, left - amount));
                true
            }
            Wish::Increase(target, amount) => {
                let Some((from, to, left)) = self.holds.get(&target).copied() else { return false };
                let granted = left > 0 && self.can_leave(from, amount) && self.can_arrive(to, amount);
                if granted {
                    self.holds.insert(target, (from, to, left + amount));
                }
                granted
            }
            Wish::Reverse(target) => {
                let Some((from, to, amount)) = self.moves.get(&target).copied() else { return false };
                let granted = self.can_leave(to, amount) && self.can_arrive(from, amount);
                if granted {
                    self.book(to, from, amount);
                    self.moves.remove(&target);
                }
                granted
            }
        }
    }
}

fn wish(random: &mut StdRng, made: u128) -> Wish {
    let amount = random.random_range(1..200);
    let from = random.random_range(0..NAMES.len());
    let to = (from + random.random_range(1..NAMES.len())) % NAMES.len();
    let target = u128::from(random.random_range(0..made as u64)) + 1;
    match random.random_range(0..10) {
        0..=3 => Wish::Pay(NAMES[from], NAMES[to], amount),
        4 | 5 => Wish::Hold(NAMES[from], NAMES[to], amount),
        6 => Wish::Post(target, amount / 2 + 1, random.random()),
        7 => Wish::Void(target, amount / 2 + 1),
        8 => Wish::Increase(target, amount / 2 + 1),
        _ => Wish::Reverse(target),
    }
}

fn operation(bits: u128, wish: Wish) -> Operation {
    match wish {
        // All accounts are credit accounts.
        Wish::Pay(from, to, amount) => pay(bits, from, to, amount),
        Wish::Hold(from, to, amount) => hold(bits, from, to, amount),
        Wish::Post(target, amount, is_final) => post(bits, target, &[amount], is_final),
        Wish::Void(target, amount) => void(bits, target, &[amount]),
        Wish::Increase(target, amount) => increase(bits, target, &[amount]),
        Wish::Reverse(target) => reverse(bits, target),
    }
}

/// Runs one history on its own accounts; ids of histories do not collide.
async fn history(desk: &Desk, seed: u64) {
    let (mut random, mut model) = (StdRng::seed_from_u64(seed), Model::default());
    let base = u128::from(seed + 1) << 64;
    let own = |wish: Wish| rename(wish, base);
    for name in NAMES {
        let limits = match name {
            "world" => may_go_negative(),
            "cap" => Limits { ceiling: Some(usd(400)), ..Limits::default() },
            _ => Limits::default(),
        };
        desk.account(&format!("h{seed}:{name}"), Side::Credit, limits).await.unwrap();
    }
    let mut done = 0;
    while done < COMMANDS {
        let batch = if random.random_range(0..4) == 0 { random.random_range(2..5) } else { 1 };
        let wishes: Vec<(u128, Wish)> = (1..=batch)
            .map(|place| (base + u128::from(done + place), own(wish(&mut random, u128::from(done + place)))))
            .collect();
        let atomic = random.random();
        let mut trial = model.clone();
        let granted: Vec<bool> = wishes.iter().map(|(id, wish)| trial.grant(*id, *wish)).collect();
        let all = granted.iter().all(|granted| *granted);
        let lines = wishes.iter().map(|(id, wish)| placed(operation(*id, *wish), seed)).collect();
        let answers = desk.batch(atomic, lines).await;
        let expected: Vec<bool> = if atomic { vec![all; granted.len()] } else { granted };
        let given: Vec<bool> = answers.iter().map(Result::is_ok).collect();
        assert_eq!(given, expected, "seed {seed}: {wishes:?} got {answers:?} from {model:?}");
        if all || !atomic {
            model = trial;
        }
        done += batch;
    }
    for name in NAMES {
        assert_eq!(desk.posted(&format!("h{seed}:{name}")).await, model.stands(name), "seed {seed}: {name}");
    }
}

fn rename(wish: Wish, base: u128) -> Wish {
    match wish {
        Wish::Post(target, amount, is_final) => Wish::Post(base + target, amount, is_final),
        Wish::Void(target, amount) => Wish::Void(base + target, amount),
        Wish::Increase(target, amount) => Wish::Increase(base + target, amount),
        Wish::Reverse(target) => Wish::Reverse(base + target),
        other => other,
    }
}

/// The same operation between the accounts of one history.
fn placed(operation: Operation, seed: u64) -> Operation {
    let Operation::Create(mut create) = operation else { return operation };
    for posting in &mut create.postings {
        for side in [&mut posting.debit, &mut posting.credit] {
            *side = side.take().map(|path| format!("h{seed}:{path}").parse().unwrap());
        }
    }
    Operation::Create(create)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_agrees_with_a_model_of_a_few_lines() {
    let histories = testkit::size("FLORIN_TEST_MODEL_HISTORIES", HISTORIES);
    for_each_way_on_sqlite(async |store| {
        let desk = Arc::new(Desk::open(store).await);
        // Concurrently, so that commands of different histories share groups.
        let worker = |number: u64| {
            let desk = Arc::clone(&desk);
            tokio::spawn(async move {
                for seed in (number..histories).step_by(WORKERS) {
                    history(&desk, seed).await;
                }
            })
        };
        let workers: Vec<_> = (0..WORKERS as u64).map(worker).collect();
        for worker in workers {
            worker.await.unwrap();
        }
        desk.ledger.close().await.unwrap();
    })
    .await;
}
