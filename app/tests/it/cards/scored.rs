//! Risk takes part: its outcomes decide, and without it, or when it is late, the programme does. Disputes tell it labels.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cards::{Cards, Reason, StepKind, TakeStep};
use kernel::{Clock, Ctx};
use platform::error::Failure;
use platform::rpc::{Methods, RpcClient, Served};
use risk_api::{Assessment, Decide, Decided, FACE, Feedback, Label, Noted, Outcome, Risk, RiskError, Verdict};
use testkit::{AsSaid, FakeClock, InProcess, for_each_engine};

use crate::cards::stage::{Till, VISA, take, usd};

/// What a scripted risk answers.
#[derive(Debug, Clone, Copy)]
enum Says {
    Outcome(Outcome),
    Failed,
    Away,
    Late,
    /// About another subject.
    Other,
}

#[derive(Clone)]
struct Script {
    says: Arc<Mutex<Says>>,
    labels: Arc<Mutex<Vec<Label>>>,
}

impl Script {
    fn new() -> Script {
        Script { says: Arc::new(Mutex::new(Says::Outcome(Outcome::Approve))), labels: Arc::default() }
    }

    fn say(&self, says: Says) {
        *self.says.lock().unwrap() = says;
    }

    fn risk(&self, clock: &FakeClock) -> Arc<dyn Risk> {
        let clock: Arc<dyn Clock> = Arc::new(clock.clone());
        let (deciding, hearing) = (self.clone(), self.clone());
        let methods = Methods::new(FACE.name)
            .on("decide", move |_: Ctx, command: Decide| {
                let script = deciding.clone();
                async move { script.decide(command).await }
            })
            .on("feedback", move |_: Ctx, command: Feedback| {
                let script = hearing.clone();
                async move { script.note(command) }
            });
        let served = Served::new([methods], Arc::new(AsSaid), Arc::clone(&clock)).unwrap();
        (FACE.remote)(RpcClient::new(FACE.name, Arc::new(InProcess(served)), clock).asking_once())
    }

    async fn decide(&self, command: Decide) -> Result<Vec<Decided>, RiskError> {
        let says = *self.says.lock().unwrap();
        match says {
            Says::Away => return Err(Failure::Unavailable.into()),
            Says::Late => tokio::time::sleep(Duration::from_millis(1_000)).await,
            _ => {}
        }
        Ok(command.subjects.into_iter().map(|subject| answer(says, subject.id)).collect())
    }

    fn note(&self, command: Feedback) -> Result<Vec<Noted>, RiskError> {
        if matches!(*self.says.lock().unwrap(), Says::Away) {
            return Err(Failure::Unavailable.into());
        }
        let noted = command.labels.iter().map(|label| Noted::Holds { id: label.id.clone() }).collect();
        self.labels.lock().unwrap().extend(command.labels);
        Ok(noted)
    }
}

fn answer(says: Says, id: risk_api::SubjectId) -> Decided {
    let outcome = match says {
        Says::Failed => return Decided::Failed { id, error: Failure::Internal.into() },
        Says::Outcome(outcome) => outcome,
        Says::Away | Says::Late | Says::Other => Outcome::Approve,
    };
    let id = if matches!(says, Says::Other) { "auth_other".parse().unwrap() } else { id };
    let (reasons, degraded) = (Vec::new(), Vec::new());
    Decided::Assessed(Assessment { id, score: 0, outcome, reasons, rule_set: None, model: None, micros: 1, degraded })
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_of_risk_has_its_own_reason() {
    for_each_engine(async |store| {
        let (script, clock) = (Script::new(), FakeClock::default());
        let till = Till::open_scored(store, clock.clone(), script.risk(&clock)).await;
        let limit = cards::StandIn { approve_up_to: Some(kernel::Money::new(500, usd())) };
        till.card_with(VISA, |terms| terms.stand_in = limit, Default::default()).await;
        let cases = [
            (Says::Outcome(Outcome::Approve), "6.00", Reason::Approved, "00"),
            (Says::Outcome(Outcome::Review), "6.00", Reason::Approved, "00"),
            (Says::Outcome(Outcome::Challenge), "6.00", Reason::AuthenticationNeeded, "1A"),
            (Says::Outcome(Outcome::Decline), "6.00", Reason::SuspectedFraud, "59"),
            (Says::Outcome(Outcome::DeclineReview), "6.00", Reason::SuspectedFraud, "59"),
            (Says::Failed, "6.00", Reason::RiskAway, "91"),
            (Says::Away, "5.00", Reason::ApprovedWithoutRisk, "00"),
            (Says::Away, "5.01", Reason::RiskAway, "91"),
            (Says::Late, "5.00", Reason::ApprovedWithoutRisk, "00"),
            (Says::Late, "5.01", Reason::RiskAway, "91"),
            (Says::Other, "5.00", Reason::RiskMalformed, "96"),
        ];
        let mut held = 0;
        for (place, (says, amount, reason, code)) in cases.into_iter().enumerate() {
            script.say(says);
            let paid = till.pay(&format!("r{place}"), amount).await;
            assert_eq!((paid.reason, paid.response_code.as_deref()), (Some(reason), Some(code)), "{says:?} {amount}");
            held += if paid.is_approved() { paid.amounts.unwrap().cardholder.minor() } else { 0 };
            assert_eq!(till.held().await, held, "{says:?}");
        }
    })
    .await;
}

/// Groups of cards with a change, and rows of the ledger's log.
async fn commits(till: &Till) -> (i64, u64) {
    let tx = till.db.read().await.unwrap();
    let rows = tx.query("select coalesce(max(number), 0) from card_group", &[]).await.unwrap();
    let account = "customers:ann".parse().unwrap();
    let rows_of_ledger = till.ledger.account(&till.ctx(), &account).await.unwrap().as_of_seq.unwrap();
    (rows[0].int(0).unwrap(), rows_of_ledger)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_waits_for_no_more_commits_than_it_needs() {
    for_each_engine(async |store| {
        let (script, clock) = (Script::new(), FakeClock::default());
        let till = Till::open_scored(store, clock.clone(), script.risk(&clock)).await;
        let once =
            cards::Limit { per: cards::Per::Transaction, amount: Some(kernel::Money::new(900, usd())), count: None };
        let controls = cards::Controls { limits: vec![once], ..Default::default() };
        till.card_with(VISA, |_| {}, controls).await;
        let (approve, decline) = (Says::Outcome(Outcome::Approve), Says::Outcome(Outcome::Decline));
        for (request, says, amount, own, ledgers) in [
            ("approved", approve, "6.00", 2, 1),
            ("approved", approve, "6.00", 0, 0),
            ("by risk", decline, "6.00", 2, 0),
            ("by risk", decline, "6.00", 0, 0),
            ("by the card", approve, "9.01", 1, 0),
            ("by the card", approve, "9.01", 0, 0),
        ] {
            script.say(says);
            let before = commits(&till).await;
            let answer = till.pay(&request.replace(' ', "-"), amount).await;
            let after = commits(&till).await;
            assert_eq!((after.0 - before.0, after.1 - before.1), (own, ledgers), "{request}: {:?}", answer.reason);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn disputes_tell_risk_until_it_has_heard() {
    for_each_engine(async |store| {
        let (script, clock) = (Script::new(), FakeClock::default());
        let till = Till::open_scored(store, clock.clone(), script.risk(&clock)).await;
        till.card(VISA).await;
        let paid = till.pay("a", "10.00").await;
        till.step(&paid, StepKind::Clearing, None).await;
        let dispute = take("d", &paid, StepKind::Dispute, None);
        script.say(Says::Away);
        till.cards.take_step(&till.ctx(), TakeStep { is_fraud: true, ..dispute }).await.unwrap();
        till.cards.sweep().await.unwrap();
        assert!(script.labels.lock().unwrap().is_empty());
        script.say(Says::Outcome(Outcome::Approve));
        till.cards.sweep().await.unwrap();
        till.step(&paid, StepKind::DisputeLost, None).await;
        till.cards.sweep().await.unwrap();
        till.cards.sweep().await.unwrap();
        let labels = script.labels.lock().unwrap().clone();
        let told: Vec<_> = labels.iter().map(|label| (label.id.to_string(), label.verdict)).collect();
        let id = paid.id.to_string();
        assert_eq!(told, [(id.clone(), Verdict::Fraud), (id, Verdict::Genuine)]);
    })
    .await;
}
