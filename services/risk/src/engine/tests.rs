use std::sync::Arc;

use kernel::{Clock, Currency, Money, Timestamp};
use platform::error::ServiceError;
use risk_api::{Action, Degraded, Outcome, Rule, SubjectKind};
use testkit::FakeClock;

use super::*;
use crate::features::Row;
use crate::model::file::ModelFile;
use crate::model::forest::Forest;
use crate::model::{Scored, Scorer};
use crate::rules::compile;

fn config() -> EngineConfig {
    EngineConfig {
        entities_max: 1_000,
        label_delay_days: 7,
        queue_max: 100,
        remembered_max: 50,
        rates: Rates::default(),
        thresholds: Thresholds { review_from: 500, decline_from: 800 },
    }
}

fn engine() -> (Engine, FakeClock) {
    let clock = FakeClock::default();
    let engine = Engine::new(config(), Arc::new(clock.clone()));
    engine.core().warmed();
    engine.core().remembers_from(i64::MIN);
    (engine, clock)
}

fn assess(clock: &FakeClock, id: &str, minor: i64) -> Assess {
    let mut assess = Assess::new(id.parse().unwrap(), SubjectKind::CardAuthorization, clock.now());
    assess.card = "c1".parse().ok();
    assess.amount = Some(Money::new(minor, Currency::iso("EUR").unwrap()));
    assess
}

fn decide(engine: &Engine, assess: Assess) -> Result<Assessment, RiskError> {
    let ready = engine.ready(assess)?;
    match engine.decide(ready) {
        Decided::Assessed(assessment) => Ok(assessment),
        Decided::Failed { error, .. } => Err(error),
    }
}

fn rules_live(engine: &Engine, when: &str, action: Action) {
    let rule = Rule {
        id: "one".to_owned(),
        text: "a rule".to_owned(),
        when: when.to_owned(),
        action,
        reason: None,
        kinds: Vec::new(),
        snoozed: Vec::new(),
    };
    let mut live = (*engine.live()).clone();
    let rules = LiveRules { id: kernel::Id::from_bits(1), book: compile(&[rule]).unwrap() };
    live.of_mut(SubjectKind::CardAuthorization).unwrap().rules = Some(Arc::new(rules));
    engine.set_live(live);
}

/// Says what the test wants, after as long as it wants.
#[derive(Debug)]
struct Says {
    probability: f64,
    takes_ms: u64,
    panics: bool,
    clock: FakeClock,
}

impl Scorer for Says {
    fn score(&self, _: &Row) -> Scored {
        assert!(!self.panics, "the model fails");
        self.clock.advance_millis(self.takes_ms);
        Scored { probability: self.probability, contributions: Vec::new() }
    }
}

fn champion(engine: &Engine, says: Says) {
    let mut live = (*engine.live()).clone();
    let forest = Forest { places: Vec::new(), base: 0.0, trees: Vec::new() };
    let model = LiveModel {
        id: kernel::Id::from_bits(2),
        guarded: Guarded::new(Arc::new(says), 2_000),
        thresholds: Thresholds { review_from: 300, decline_from: 600 },
        file: Arc::new(ModelFile { forest, baseline: Default::default() }),
    };
    live.of_mut(SubjectKind::CardAuthorization).unwrap().champion = Some(Arc::new(model));
    engine.set_live(live);
}

#[test]
fn a_repeat_gets_the_first_answer_and_counts_once() {
    let (engine, clock) = engine();
    rules_live(&engine, "card_count_1h >= 2", Action::Decline);
    let first = decide(&engine, assess(&clock, "a", 100)).unwrap();
    assert_eq!(decide(&engine, assess(&clock, "a", 100)), Ok(first.clone()));
    assert_eq!(first.outcome, Outcome::Approve);
    assert_eq!(decide(&engine, assess(&clock, "b", 100)).unwrap().outcome, Outcome::Decline);
    assert_eq!(engine.core().take().records.len(), 2);
}

#[test]
fn subject_taken() {
    let (engine, clock) = engine();
    decide(&engine, assess(&clock, "a", 100)).unwrap();
    assert_eq!(decide(&engine, assess(&clock, "a", 101)), Err(Refusal::SubjectTaken.into()));
}

#[test]
fn subject_ahead() {
    let (engine, clock) = engine();
    let mut ahead = assess(&clock, "a", 100);
    ahead.at = ahead.at.plus_seconds(301);
    assert_eq!(decide(&engine, ahead), Err(Refusal::SubjectAhead { max_s: 300 }.into()));
}

#[test]
fn field_invalid() {
    let (engine, clock) = engine();
    let refused = |change: &dyn Fn(&mut Assess)| {
        let mut one = assess(&clock, "a", 100);
        change(&mut one);
        match decide(&engine, one) {
            Err(ServiceError::Refused { refusal: Refusal::FieldInvalid { field, .. }, .. }) => field,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(&|one| one.zone = Some("Mars/Base".to_owned())), "zone");
    assert_eq!(refused(&|one| one.entry_mode = Some("x".repeat(17))), "entry_mode");
    assert_eq!(refused(&|one| one.place = Some(risk_api::Place { latitude: 91.0, longitude: 0.0 })), "place");
    let many = |one: &mut Assess| {
        one.extra = (0..17).map(|number| (format!("n{number}"), risk_api::Extra::Number(1.0))).collect();
    };
    assert_eq!(refused(&many), "extra");
}

#[test]
fn a_full_queue_refuses_and_counts_nothing() {
    let (engine, clock) = engine();
    for number in 0..100 {
        decide(&engine, assess(&clock, &format!("s{number}"), 100)).unwrap();
    }
    assert_eq!(decide(&engine, assess(&clock, "more", 100)), Err(Failure::Overloaded.into()));
    engine.core().take();
    rules_live(&engine, "card_count_1h == 101", Action::Decline);
    assert_eq!(decide(&engine, assess(&clock, "more", 100)).unwrap().outcome, Outcome::Decline);
}

#[test]
fn a_clock_that_goes_back_makes_a_late_subject_and_no_harm() {
    let (engine, clock) = engine();
    rules_live(&engine, "card_count_1d >= 2", Action::Decline);
    decide(&engine, assess(&clock, "a", 100)).unwrap();
    let mut late = assess(&clock, "b", 100);
    late.at = Timestamp::from_micros(late.at.micros() - 3_600_000_000);
    assert_eq!(decide(&engine, late).unwrap().outcome, Outcome::Approve);
}

#[test]
fn without_a_model_rules_decide() {
    let (engine, clock) = engine();
    assert_eq!(
        decide(&engine, assess(&clock, "a", 100)).unwrap().degraded,
        [Degraded::ModelMissing, Degraded::RulesMissing]
    );
    rules_live(&engine, "true", Action::Review);
    let found = decide(&engine, assess(&clock, "b", 100)).unwrap();
    assert_eq!((found.outcome, found.degraded), (Outcome::Review, vec![Degraded::ModelMissing]));
}

#[test]
fn a_slow_or_failing_model_is_left_out_for_a_moment() {
    let (engine, clock) = engine();
    rules_live(&engine, "false", Action::Review);
    let says = |probability, takes_ms, panics| Says { probability, takes_ms, panics, clock: clock.clone() };
    let mut number = 0;
    let mut degraded = || {
        number += 1;
        decide(&engine, assess(&clock, &format!("s{number}"), 100)).unwrap().degraded
    };
    for (model, why) in [
        (says(0.9, 3, false), Degraded::ModelSlow),
        (says(f64::NAN, 0, false), Degraded::ModelFailed),
        (says(0.9, 0, true), Degraded::ModelFailed),
    ] {
        champion(&engine, model);
        assert_eq!(degraded(), [why]);
        // Not asked again at once.
        assert_eq!(degraded(), [why]);
        clock.advance_millis(1_100);
    }
    champion(&engine, says(0.9, 1, false));
    assert_eq!(degraded(), []);
}

#[test]
fn an_entity_is_stored_with_all_records_that_it_has_seen() {
    let (engine, clock) = engine();
    decide(&engine, assess(&clock, "a", 100)).unwrap();
    let ready = engine.ready(assess(&clock, "b", 100)).unwrap();
    let begun = engine.core().begin(&ready.assess, &ready.subject, ready.content);
    let mut flush = engine.core().take();
    engine.core().take_entities(&mut flush, 100);
    assert_eq!((flush.records.len(), flush.entities.len(), flush.stored_seq), (1, 0, 0));
    let record = engine.work_out(ready, begun.seq, begun.row, clock.monotonic());
    engine.core().end(record);
    let mut flush = engine.core().take();
    engine.core().take_entities(&mut flush, 100);
    assert_eq!((flush.records.len(), flush.entities.len(), flush.stored_seq), (1, 1, 2));
}

#[test]
fn what_memory_has_forgotten_is_looked_for_in_the_store() {
    let (engine, clock) = engine();
    let first = assess(&clock, "first", 100);
    decide(&engine, first.clone()).unwrap();
    clock.advance_millis(1);
    for number in 0..60 {
        decide(&engine, assess(&clock, &format!("s{number}"), 100)).unwrap();
        clock.advance_millis(1);
    }
    let doubtful = |assess: &Assess| engine.core().is_doubtful(assess);
    assert!(doubtful(&first));
    assert!(!doubtful(&assess(&clock, "new", 100)));
}
