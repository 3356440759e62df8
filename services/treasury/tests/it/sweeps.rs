//! Sweeps: proposed by rules or a plan, approved by a second person, made once.

use treasury::*;

use crate::harness::{CHASE, Desk, code, on_a_desk, open_on, usd};
use testkit::{Stage, for_each_engine};

fn member(account: AccountId, rule: Rule) -> Member {
    Member { account, rule, direction: Direction::Both, minimum: None, multiple: None, priority: 1 }
}

/// A header with 1,000.00 and two members, all in the ledger.
async fn pool(desk: &Desk) -> [AccountId; 3] {
    desk.entity("acme", "USD").await;
    let header = desk.cash("cash:header", 100_000).await;
    let rich = desk.cash("cash:rich", 50_000).await;
    let poor = desk.cash("cash:poor", 1_000).await;
    let members = vec![member(rich, Rule::Zero), member(poor, Rule::Target(usd(5_000)))];
    let put = PutPool { name: "acme".to_owned(), terms: PoolTerms { header, members } };
    desk.face.put_pool(&desk.ctx(), put).await.unwrap();
    [header, rich, poor]
}

async fn propose(desk: &Desk, days: Option<u32>) -> Sweep {
    desk.face.propose(&desk.ctx(), ProposeSweep { pool: "acme".to_owned(), days }).await.unwrap()
}

fn verdict(sweep: SweepId, verdict: Verdict) -> DecideSweep {
    DecideSweep { sweep, verdict }
}

fn posted(desk: &Desk) -> [i64; 3] {
    ["cash:header", "cash:rich", "cash:poor"].map(|path| desk.shelf.posted(path))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_sweep_is_one_batch_in_the_ledger() {
    on_a_desk(async |desk| {
        let [header, rich, poor] = pool(desk).await;
        let sweep = propose(desk, None).await;
        assert_eq!((sweep.state, sweep.by_ledger, sweep.way), (SweepState::Proposed, true, Way::Rules));
        let moves: Vec<_> = sweep.moves.iter().map(|one| (one.from, one.to, one.amount)).collect();
        assert_eq!(moves, [(rich, header, usd(50_000)), (header, poor, usd(4_000))]);
        assert_eq!(posted(desk), [100_000, 50_000, 1_000], "nothing moves before it is approved");
        let done = desk.face.decide(&desk.second(), verdict(sweep.id, Verdict::Approve)).await.unwrap();
        assert_eq!((done.state, done.decided_by.as_deref()), (SweepState::Done, Some("second")));
        assert_eq!(posted(desk), [146_000, 0, 5_000]);
        let kinds = desk.kinds("treasury.sweep").await;
        assert_eq!(kinds, ["treasury.sweep.proposed", "treasury.sweep.approved", "treasury.sweep.done"]);
        desk.caught_up().await;
        assert_eq!(propose(desk, None).await.state, SweepState::Nothing);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_approves_what_they_proposed() {
    on_a_desk(async |desk| {
        pool(desk).await;
        let sweep = propose(desk, None).await;
        assert_eq!(code(desk.face.decide(&desk.ctx(), verdict(sweep.id, Verdict::Approve)).await), "own_work");
        assert_eq!(posted(desk), [100_000, 50_000, 1_000]);
    })
    .await;
}

/// The answer of the ledger is lost, and the process ends: the batch is sent again under its ids.
#[tokio::test(flavor = "multi_thread")]
async fn killed_after_the_ledger_moved_nothing_moves_twice() {
    for_each_engine(async |store| {
        let stage = Stage::new(store);
        let desk = crate::harness::open(&stage).await;
        pool(&desk).await;
        let sweep = propose(&desk, None).await;
        desk.shelf.lose_next_answer();
        let left = desk.face.decide(&desk.second(), verdict(sweep.id, Verdict::Approve)).await.unwrap();
        assert_eq!((left.state, posted(&desk)), (SweepState::Executing, [146_000, 0, 5_000]));
        let shelf = desk.shelf.clone();
        drop(desk);
        let desk = open_on(&stage, shelf).await;
        for _ in 0..2 {
            desk.work("treasury_refresh").await;
            assert_eq!(desk.face.sweep(&desk.ctx(), sweep.id).await.unwrap().state, SweepState::Done);
            assert_eq!(posted(&desk), [146_000, 0, 5_000]);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_are_checked_again_before_a_sweep() {
    on_a_desk(async |desk| {
        pool(desk).await;
        let sweep = propose(desk, None).await;
        // Treasury has not heard of it, and reads it because of the approval.
        desk.shelf.pay("cash:rich", -10_000);
        let refused = desk.face.decide(&desk.second(), verdict(sweep.id, Verdict::Approve)).await;
        assert_eq!(code(refused), "positions_changed");
        assert_eq!(desk.face.sweep(&desk.ctx(), sweep.id).await.unwrap().state, SweepState::Proposed);
        let rejected = desk.face.decide(&desk.second(), verdict(sweep.id, Verdict::Reject)).await.unwrap();
        assert_eq!(rejected.state, SweepState::Rejected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn moves_between_banks_are_a_list_until_a_person_finishes_it() {
    on_a_desk(async |desk| {
        let [header, ..] = pool(desk).await;
        desk.shelf.bank(CHASE, "USD", None);
        desk.shelf.tell(CHASE, "2026-01-30", 7_000, 7_000, &[]);
        let bank = desk.link("acme", Source::Bank(CHASE.to_owned())).await;
        let terms = PoolTerms { header, members: vec![member(bank, Rule::Zero)] };
        desk.face.put_pool(&desk.ctx(), PutPool { name: "acme".to_owned(), terms }).await.unwrap();
        let sweep = propose(desk, None).await;
        assert!(!sweep.by_ledger);
        let early = desk.face.decide(&desk.second(), verdict(sweep.id, Verdict::Done)).await;
        assert_eq!(code(early), "sweep_state");
        let approved = desk.face.decide(&desk.second(), verdict(sweep.id, Verdict::Approve)).await.unwrap();
        assert_eq!(approved.state, SweepState::Executing);
        desk.work("treasury_refresh").await;
        assert_eq!(posted(desk)[0], 100_000, "the ledger moves nothing");
        let done = desk.face.decide(&desk.second(), verdict(sweep.id, Verdict::Done)).await.unwrap();
        assert_eq!(done.state, SweepState::Done);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_expires_with_its_day() {
    on_a_desk(async |desk| {
        pool(desk).await;
        let sweep = propose(desk, None).await;
        desk.pass_days(1);
        let late = desk.face.decide(&desk.second(), verdict(sweep.id, Verdict::Approve)).await;
        assert_eq!(code(late), "sweep_state");
        desk.work("treasury_daily").await;
        assert_eq!(desk.face.sweep(&desk.ctx(), sweep.id).await.unwrap().state, SweepState::Expired);
    })
    .await;
}

/// The header pays 12 % on its overdraft, and a member has what covers it.
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_earns_no_less_than_the_rules() {
    on_a_desk(async |desk| {
        desk.pass_days(2);
        let [header, rich, _] = pool(desk).await;
        let terms = |credit: &str, debit: &str| AccountTerms {
            credit_rate: credit.parse().ok(),
            debit_rate: debit.parse().ok(),
            ..crate::harness::terms("rates")
        };
        for (id, terms) in [(header, terms("4", "12")), (rich, terms("0.5", "12"))] {
            desk.face.change_account(&desk.ctx(), ChangeAccount { id, terms }).await.unwrap();
        }
        let sweep = propose(desk, Some(5)).await;
        let plan = sweep.plan.unwrap();
        assert!(plan.beside_nothing.unwrap().minor() > 0, "{plan:?}");
        assert!(plan.beside_rules.is_none_or(|more| more.minor() >= 0), "{plan:?}");
        assert_eq!((sweep.moves[0].day, sweep.moves[0].from, sweep.moves[0].to), (0, rich, header));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_under_its_floor_is_named() {
    on_a_desk(async |desk| {
        let [_, rich, poor] = pool(desk).await;
        let floor = Some(usd(90_000));
        for id in [rich, poor] {
            let terms = AccountTerms { floor, ..crate::harness::terms("floor") };
            desk.face.change_account(&desk.ctx(), ChangeAccount { id, terms }).await.unwrap();
        }
        let refused = desk.face.propose(&desk.ctx(), ProposeSweep { pool: "acme".to_owned(), days: Some(3) }).await;
        let refused = refused.unwrap_err();
        assert!(matches!(refused.refusal(), Some(Refusal::Infeasible { .. })), "{refused}");
    })
    .await;
}
