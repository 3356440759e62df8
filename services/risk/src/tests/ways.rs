//! Risk by each way to it: in this process, over HTTP/2, and over a network that loses calls and answers.

use kernel::Clock;
use risk_api::*;
use testkit::on_each_way;

use super::harness::{open, rule, subject};

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_that_is_asked_twice_counts_once() {
    on_each_way(&FACE, open, async |risk, own| {
        let one = |id: &str| Decide { subjects: vec![subject(id, "c1", 1_000, own.time.now())] };
        for id in ["a", "b", "c"] {
            let first = risk.decide(&risk.keyed(), one(id)).await.unwrap();
            assert_eq!(risk.decide(&risk.keyed(), one(id)).await.unwrap(), first);
        }
        let entity = Entity { kind: EntityKind::Card, id: "c1".parse().unwrap() };
        let known = risk.entity(&risk.ctx(), entity).await.unwrap();
        let count = known.features.iter().find(|feature| feature.name == "card_count_1h").unwrap();
        assert_eq!(count.value, 3.0);
        assert_eq!(risk.decision(&risk.ctx(), "a".parse().unwrap()).await.unwrap().assessment.id.as_str(), "a");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_that_is_sent_twice_has_one_effect() {
    on_each_way(&FACE, open, async |risk, own| {
        let draft = DraftRuleSet {
            replaces: None,
            kinds: vec![SubjectKind::CardAuthorization],
            note: "once".to_owned(),
            rules: vec![rule("all", "true", Action::Review)],
        };
        let set = risk.draft_rule_set(&risk.keyed(), draft).await.unwrap();
        let page = risk.rule_sets(&risk.ctx(), RuleSetQuery::default()).await.unwrap();
        assert_eq!(page.rule_sets.len(), 2);
        let change = ChangeRuleSet { id: set.id, change: RuleSetChange::Validate };
        assert_eq!(risk.change_rule_set(&risk.keyed(), change).await.unwrap().state, RuleSetState::Validated);
        let entities = vec![Entity { kind: EntityKind::Card, id: "c9".parse().unwrap() }];
        let put = PutEntries { list: ListName::Deny, entities, reason: "stolen".to_owned(), expires_at: None };
        assert_eq!(risk.put_entries(&risk.keyed(), put).await.unwrap().entries, 1);
        let denied =
            risk.decide(&risk.keyed(), Decide { subjects: vec![subject("d", "c9", 100, own.time.now())] }).await;
        assert!(matches!(&denied.unwrap()[0], Decided::Assessed(one) if one.outcome == Outcome::Decline));
        let label = Label {
            id: "d".parse().unwrap(),
            verdict: Verdict::Fraud,
            source: LabelSource::Customer,
            known_at: None,
            note: None,
        };
        own.settle().await;
        risk.feedback(&risk.keyed(), Feedback { labels: vec![label] }).await.unwrap();
        assert_eq!(risk.decision(&risk.ctx(), "d".parse().unwrap()).await.unwrap().labels.len(), 1);
    })
    .await;
}
