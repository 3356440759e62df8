//! Callers that move money through every member and the edge at once, and retry until they have an answer.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use hyper::Method;
use kernel::{Clock, Id, IdMaker, SystemClock};
use ledger_api::{TransactionId, TransactionTag};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use testkit::{Answer, Client};
use tokio::task::JoinSet;

use crate::failover::house::{House, MEMBERS};

pub(crate) const PATH: &str = "/v1/ledger/transactions";
const ACCOUNTS: usize = 12;
const FUNDS: &str = "100000.00";
const PER_DOOR: usize = 2;
const DEADLINE_MS: u64 = 4_000;
/// Allowance for a slow machine: an answer later than this after its deadline counts as none.
const SLACK_MS: u64 = 1_500;
/// How often one transfer is sent.
const INSIST: usize = 6;
/// Errors after which the same command may be sent again.
const RETRYABLE: [&str; 5] = ["unavailable", "overloaded", "outcome_unknown", "deadline_exceeded", "access_stale"];

#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) done: BTreeSet<u128>,
    /// Sent, and never acknowledged.
    unknown: BTreeSet<u128>,
    /// Retryable answers, by code.
    again: BTreeMap<String, usize>,
    /// Unanswered calls to a member that was hit.
    lost: usize,
    slowest_ms: u64,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (done, unknown) = (self.done.len(), self.unknown.len());
        write!(f, "{done} done, {unknown} given up, {:?} to try again, ", self.again)?;
        write!(f, "{} lost with a member, slowest answer {} ms", self.lost, self.slowest_ms)
    }
}

pub(crate) struct Callers {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    tasks: JoinSet<Told>,
}

impl Callers {
    /// At each member and at the edge.
    pub(crate) fn start(house: &Arc<House>, seed: u64) -> Callers {
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut tasks = JoinSet::new();
        for place in 0..(MEMBERS + 1) * PER_DOOR {
            let door = Some(place % (MEMBERS + 1)).filter(|door| *door < MEMBERS);
            let caller = Caller { house: Arc::clone(house), door, random: StdRng::seed_from_u64(seed + place as u64) };
            tasks.spawn(caller.call(Arc::clone(&stop), Arc::clone(&done)));
        }
        Callers { stop, done, tasks }
    }

    pub(crate) fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    pub(crate) async fn finish(mut self) -> Told {
        self.stop.store(true, Ordering::Relaxed);
        let mut told = Told::default();
        while let Some(one) = self.tasks.join_next().await {
            told.add(one.unwrap());
        }
        told
    }
}

impl Told {
    fn add(&mut self, other: Told) {
        self.done.extend(other.done);
        self.unknown.extend(other.unknown);
        other.again.into_iter().for_each(|(code, count)| *self.again.entry(code).or_default() += count);
        self.lost += other.lost;
        self.slowest_ms = self.slowest_ms.max(other.slowest_ms);
    }
}

struct Caller {
    house: Arc<House>,
    /// A member, or the edge.
    door: Option<usize>,
    random: StdRng,
}

impl Caller {
    async fn call(mut self, stop: Arc<AtomicBool>, done: Arc<AtomicUsize>) -> Told {
        let mut told = Told::default();
        while !stop.load(Ordering::Relaxed) {
            let id = new_id();
            let body = any_transfer(id);
            let mut acknowledged = false;
            for _ in 0..INSIST {
                acknowledged = self.send(&body, &mut told).await;
                if acknowledged {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(self.random.random_range(10..100))).await;
            }
            if acknowledged {
                told.done.insert(id.bits());
                done.fetch_add(1, Ordering::Relaxed);
            } else {
                told.unknown.insert(id.bits());
            }
            tokio::time::sleep(Duration::from_millis(self.random.random_range(1..20))).await;
        }
        told
    }

    /// Whether it was acknowledged. A caller whose member is down goes to another one.
    async fn send(&mut self, body: &Value, told: &mut Told) -> bool {
        let member = self.door.map(|door| self.house.member(door));
        let Some(client) = member.map_or_else(|| Some(self.house.edge()), |member| member.client()) else {
            self.turn();
            return false;
        };
        let asked = SystemClock.monotonic();
        let deadline = DEADLINE_MS.to_string();
        let headers = [("x-deadline-ms", deadline.as_str())];
        let asking = client.send(Method::POST, PATH, &headers, Some(body));
        let answer = tokio::time::timeout(Duration::from_millis(DEADLINE_MS + SLACK_MS), asking).await;
        match answer {
            Ok(Ok(answer)) => {
                told.slowest_ms = told.slowest_ms.max(SystemClock.monotonic().micros_since(asked) / 1_000);
                acknowledged(&answer, told)
            }
            unanswered => {
                let excused = member.is_some_and(|member| member.was_struck_since(asked));
                assert!(excused, "no answer at door {:?}: {unanswered:?}\n{}", self.door, self.house.output());
                told.lost += 1;
                self.turn();
                false
            }
        }
    }

    fn turn(&mut self) {
        self.door = self.door.map(|door| (door + 1) % MEMBERS);
    }
}

fn acknowledged(answer: &Answer, told: &mut Told) -> bool {
    let status = answer.status.as_u16();
    if status == 201 || status == 200 {
        return true;
    }
    let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
    assert!(RETRYABLE.contains(&code.as_str()), "{status}: {}", answer.text());
    *told.again.entry(code).or_default() += 1;
    false
}

fn account(place: usize) -> String {
    format!("bank:{place:02}")
}

pub(crate) fn new_id() -> TransactionId {
    IdMaker::new(Arc::new(SystemClock)).make::<TransactionTag>()
}

fn transfer(id: TransactionId, debit: &str, credit: &str, amount: &str) -> Value {
    let amount = json!({ "amount": amount, "currency": "USD" });
    json!({ "id": id, "postings": [{ "debit": debit, "credit": credit, "amount": amount }] })
}

pub(crate) fn any_transfer(id: TransactionId) -> Value {
    let mut random = rand::rng();
    let debit = random.random_range(0..ACCOUNTS);
    let credit = (debit + random.random_range(1..ACCOUNTS)) % ACCOUNTS;
    transfer(id, &account(debit), &account(credit), &format!("0.{:02}", random.random_range(1..=99)))
}

/// Each command through another door.
pub(crate) async fn prepare(house: &House) {
    let doors: Vec<Client> = (0..MEMBERS).map(|place| house.member(place).client().unwrap()).collect();
    let world = json!({ "path": "world", "currency": "USD", "normal": "debit" });
    assert!(house.edge().post("/v1/ledger/accounts", &world).await.status.is_success());
    for place in 0..ACCOUNTS {
        let open = json!({ "path": account(place), "currency": "USD", "normal": "credit" });
        let answer = doors[place % MEMBERS].post("/v1/ledger/accounts", &open).await;
        assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
        let fund = transfer(new_id(), "world", &account(place), FUNDS);
        let answer = doors[(place + 1) % MEMBERS].post(PATH, &fund).await;
        assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
    }
}

const SCHEDULED: i64 = 24;

/// Every half second, one scheduled transaction, executed by whichever process is the writer then.
pub(crate) async fn schedule(house: &House) -> Vec<TransactionId> {
    let now = SystemClock.now();
    let mut ids = Vec::new();
    for place in 0..SCHEDULED {
        let id = new_id();
        let mut body = any_transfer(id);
        body["scheduled"] = true.into();
        body["effective_at"] = json!(now.plus_micros(2_000_000 + place * 500_000));
        let answer = house.edge().post(PATH, &body).await;
        assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
        ids.push(id);
    }
    ids
}

/// Waits for an answer about the books. A member that has not heard of revocations for a while refuses, but not for
/// long.
async fn asked(client: &Client, path: &str) -> Answer {
    for _ in 0..100 {
        let answer = client.get(path).await;
        if answer.json()["code"] != "access_stale" {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("ten seconds after the storm it is still not known whether a token holds");
}

pub(crate) async fn check_scheduled(house: &House, ids: &[TransactionId]) {
    let client = house.member(0).client().unwrap();
    for id in ids {
        let found = asked(&client, &format!("{PATH}/{id}")).await.json();
        assert_eq!(found["status"], "posted", "{found}");
    }
}

/// All members have the same books: no money came or went, and acknowledged transfers are found, on standbys too.
pub(crate) async fn check(house: &House, told: &Told) {
    for place in 0..MEMBERS {
        let client = house.member(place).client().unwrap();
        let total = asked(&client, "/v1/ledger/balances?prefix=bank").await.json();
        let money = &total["currencies"][0]["net_debit"]["amount"];
        assert_eq!(money, &json!(format!("-{}.00", ACCOUNTS * 100_000)), "{total}");
        for id in told.done.iter().rev().skip(place).step_by(97).take(20) {
            let id: TransactionId = Id::from_bits(*id);
            let answer = asked(&client, &format!("{PATH}/{id}")).await;
            assert_eq!(answer.status.as_u16(), 200, "{id} was acknowledged: {}", answer.text());
        }
        for id in told.unknown.iter().take(20) {
            let id: TransactionId = Id::from_bits(*id);
            let answer = asked(&client, &format!("{PATH}/{id}")).await;
            assert!([200, 404].contains(&answer.status.as_u16()), "{id}: {}", answer.text());
        }
    }
}
