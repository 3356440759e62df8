//! Labels and cases: what became known later, and who looked at it.

use kernel::{Clock, Timestamp};
use risk_api::*;
use testkit::{FakeClock, for_each_engine};

use super::harness::{Own, ctx, decide, live_rules, on_store, rule, subject};
use crate::{Settings, cases};

fn label(id: &str, verdict: Verdict, known_at: Option<Timestamp>) -> Label {
    Label { id: id.parse().unwrap(), verdict, source: LabelSource::Dispute, known_at, note: None }
}

async fn note(own: &Own, label: Label) -> Noted {
    own.service.feedback(&ctx(own, "ann"), Feedback { labels: vec![label] }).await.unwrap().remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_label_wins_and_the_history_stays() {
    for_each_engine(async |store| {
        let own = on_store(store, FakeClock::default(), Settings::default()).await;
        let (by, start) = (ctx(&own, "ann"), own.time.now());
        decide(&own.service, &by, subject("a", "c1", 1_000, start)).await;
        own.settle().await;
        let id: SubjectId = "a".parse().unwrap();
        let at = |day: i64| Some(start.plus_seconds(86_400 * day));
        assert_eq!(note(&own, label("a", Verdict::Fraud, at(2))).await, Noted::Holds { id: id.clone() });
        assert_eq!(note(&own, label("a", Verdict::Genuine, at(1))).await, Noted::Superseded { id: id.clone() });
        assert_eq!(note(&own, label("a", Verdict::Genuine, at(3))).await, Noted::Holds { id: id.clone() });
        // The same again is one label.
        assert_eq!(note(&own, label("a", Verdict::Genuine, at(3))).await, Noted::Holds { id: id.clone() });
        let told = own.service.decision(&by, id).await.unwrap().labels;
        let verdicts: Vec<_> = told.iter().map(|label| label.verdict).collect();
        assert_eq!(verdicts, [Verdict::Genuine, Verdict::Fraud, Verdict::Genuine]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_labels_at_once_are_both_kept() {
    for_each_engine(async |store| {
        let own = on_store(store, FakeClock::default(), Settings::default()).await;
        decide(&own.service, &ctx(&own, "ann"), subject("a", "c1", 1_000, own.time.now())).await;
        own.settle().await;
        let (one, other) =
            tokio::join!(note(&own, label("a", Verdict::Fraud, None)), note(&own, label("a", Verdict::Genuine, None)),);
        assert!(matches!((one, other), (Noted::Holds { .. }, Noted::Holds { .. })));
        let told = own.service.decision(&ctx(&own, "ann"), "a".parse().unwrap()).await.unwrap();
        assert_eq!(told.labels.len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_before_its_decision_waits_for_it() {
    for_each_engine(async |store| {
        let own = on_store(store, FakeClock::default(), Settings::default()).await;
        let waiting = note(&own, label("a", Verdict::Fraud, None)).await;
        assert_eq!(waiting, Noted::Waiting { id: "a".parse().unwrap() });
        decide(&own.service, &ctx(&own, "ann"), subject("a", "c1", 1_000, own.time.now())).await;
        let told = own.service.decision(&ctx(&own, "ann"), "a".parse().unwrap()).await.unwrap();
        assert_eq!(told.labels[0].verdict, Verdict::Fraud);
    })
    .await;
}

/// Shares of fraud see a label when it is known and its window has come, after a crash too, and once.
#[tokio::test(flavor = "multi_thread")]
async fn a_label_moves_shares_once_it_is_known() {
    for_each_engine(async |store| {
        let time = FakeClock::default();
        let own = on_store(store, time.clone(), Settings::default()).await;
        let (by, start) = (ctx(&own, "ann"), time.now());
        decide(&own.service, &by, subject("a", "c1", 1_000, start)).await;
        own.settle().await;
        note(&own, label("a", Verdict::Fraud, Some(start.plus_seconds(2 * 86_400)))).await;
        note(&own, label("nobody", Verdict::Fraud, None)).await;
        own.settle().await;
        let tx = own.inner().db.read().await.unwrap();
        let learned =
            async |tx| crate::store::labels::of(tx, &"a".parse().unwrap()).await.unwrap()[0].applied.is_some();
        assert!(!learned(&tx).await);
        drop(tx);
        time.advance_millis(8 * 86_400_000 + 3_600_000);
        let own = on_store(store, time.clone(), Settings::default()).await;
        own.settle().await;
        own.settle().await;
        // Killed, and begun again.
        let own = on_store(store, time.clone(), Settings::default()).await;
        live_rules(
            &own,
            vec![rule("share", "merchant_fraud_share_7d == 1.0 && merchant_fraud_known_7d == 1.0", Action::Decline)],
        )
        .await;
        let made = decide(&own.service, &by_now(&own), subject("b", "c2", 1_000, time.now())).await;
        assert_eq!(made.outcome, Outcome::Decline);
    })
    .await;
}

fn by_now(own: &Own) -> kernel::Ctx {
    ctx(own, "ann")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_that_says_otherwise_reopens_the_case() {
    for_each_engine(async |store| {
        let own = on_store(store, FakeClock::default(), Settings::default()).await;
        live_rules(&own, vec![rule("all", "true", Action::Review)]).await;
        let by = ctx(&own, "ann");
        decide(&own.service, &by, subject("a", "c1", 1_000, own.time.now())).await;
        own.settle().await;
        let found =
            own.service.cases(&by, CaseQuery { state: Some(CaseState::Open), ..CaseQuery::default() }).await.unwrap();
        let case = &found.cases[0];
        let resolve = CaseChange::Resolve { resolution: Resolution::Genuine, note: Some("called her".to_owned()) };
        let change = |version, change| ChangeCase { id: case.id, version, change };
        let case = own.service.change_case(&by, change(1, resolve)).await.unwrap();
        assert_eq!((case.state, case.version, case.notes.len()), (CaseState::Resolved, 2, 1));
        let told = own.service.decision(&by, "a".parse().unwrap()).await.unwrap();
        assert_eq!((told.labels[0].verdict, told.labels[0].source), (Verdict::Genuine, LabelSource::Review));
        own.time.advance_millis(1_000);
        note(&own, label("a", Verdict::Fraud, None)).await;
        let case = own.service.case(&by, case.id).await.unwrap();
        assert_eq!((case.state, case.resolution, case.version), (CaseState::Open, None, 3));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_case_is_escalated_by_age_once() {
    for_each_engine(async |store| {
        let own = on_store(store, FakeClock::default(), Settings::default()).await;
        live_rules(&own, vec![rule("all", "true", Action::Review)]).await;
        decide(&own.service, &ctx(&own, "ann"), subject("a", "c1", 1_000, own.time.now())).await;
        own.settle().await;
        cases::escalate(own.inner()).await.unwrap();
        let escalated = async || {
            let query = CaseQuery { escalated: Some(true), ..CaseQuery::default() };
            own.service.cases(&ctx(&own, "ann"), query).await.unwrap().cases
        };
        assert_eq!(escalated().await, []);
        own.time.advance_millis(25 * 3_600_000);
        for _ in 0..2 {
            cases::escalate(own.inner()).await.unwrap();
        }
        assert_eq!(escalated().await.iter().map(|case| case.version).collect::<Vec<_>>(), [2]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_of_a_file_are_in_force_or_wait() {
    for_each_engine(async |store| {
        let own = on_store(store, FakeClock::default(), Settings::default()).await;
        decide(&own.service, &ctx(&own, "ann"), subject("a", "c1", 1_000, own.time.now())).await;
        own.settle().await;
        let offline = crate::Offline::of(own.service.clone());
        let file = "id,verdict,known_at\na,fraud,\nlater,genuine,2026-01-31T12:00:00Z\n";
        let done = offline.label(file.as_bytes()).await.unwrap();
        assert_eq!(done, crate::Labelled { in_force: 1, superseded: 0, waiting: 1 });
        let told = own.service.decision(&ctx(&own, "ann"), "a".parse().unwrap()).await.unwrap();
        assert_eq!((told.labels[0].verdict, told.labels[0].source), (Verdict::Fraud, LabelSource::Import));
        let wrong = offline.label("id,verdict\na,perhaps\n".as_bytes()).await.unwrap_err();
        assert!(wrong.to_string().contains("line: 2"), "{wrong}");
    })
    .await;
}
