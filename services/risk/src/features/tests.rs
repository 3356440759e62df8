use jiff::tz::TimeZone;
use kernel::{Currency, Money, Timestamp};
use proptest::prelude::*;
use risk_api::{Assess, Channel, EntityKind, Place, SubjectKind};

use super::slow::{Slow, in_catalogue};
use super::window::{DAY_US, HOUR_US, MINUTE_US};
use super::*;

const START: i64 = 1_790_000_000_000_000;

fn assess(number: usize, at: i64, card: &str, merchant: &str, minor: i64) -> Assess {
    let id = format!("s{number}").parse().unwrap();
    let mut assess = Assess::new(id, SubjectKind::CardAuthorization, Timestamp::from_micros(at));
    assess.card = Some(card.parse().unwrap());
    assess.merchant = Some(merchant.parse().unwrap());
    assess.terminal = Some(format!("t-{merchant}").parse().unwrap());
    assess.amount = Some(Money::new(minor, Currency::iso("USD").unwrap()));
    assess
}

fn subject(assess: &Assess) -> Subject {
    Subject::of(assess, &Rates::default(), &TimeZone::UTC)
}

fn value(row: &Row, name: &str) -> Option<f64> {
    row.get(feature_index(name).unwrap_or_else(|| panic!("{name} is no feature")))
}

/// One step: how long after the last one (below zero: late), which card, merchant, country, amount, and what becomes of it.
#[derive(Debug, Clone)]
struct Step {
    gap_us: i64,
    card: usize,
    merchant: usize,
    country: Option<usize>,
    minor: i64,
    declined: bool,
    fraud: bool,
}

fn gap() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => 0..MINUTE_US,
        2 => Just(0),
        2 => 0..HOUR_US,
        2 => 0..2 * DAY_US,
        1 => 0..40 * DAY_US,
        2 => -HOUR_US..0,
        1 => -35 * DAY_US..0,
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let whom = (0..3_usize, 0..4_usize, proptest::option::of(0..3_usize));
    (gap(), whom, 0..100_000_i64, any::<bool>(), any::<bool>()).prop_map(
        |(gap_us, (card, merchant, country), minor, declined, fraud)| Step {
            gap_us,
            card,
            merchant,
            country,
            minor,
            declined,
            fraud,
        },
    )
}

fn compare(row: &Row, slow: slow::Expected) -> Result<(), TestCaseError> {
    for (place, name, expected) in in_catalogue(slow) {
        let found = row.get(place);
        let same = match (found, expected) {
            (Some(found), Some(expected)) => (found - expected).abs() <= 1e-6 * expected.abs().max(1.0),
            (found, expected) => found == expected,
        };
        prop_assert!(same, "{name}: expected {expected:?}, found {found:?}");
    }
    Ok(())
}

fn equals_slow(steps: &[Step], forgetful: bool) -> Result<(), TestCaseError> {
    let (mut fast, mut slow) = (Features::new(1_000, 7), Slow::default());
    let mut at = START;
    for (number, step) in steps.iter().enumerate() {
        at = (at + step.gap_us).max(START);
        let mut assess = assess(number, at, &format!("c{}", step.card), &format!("m{}", step.merchant), step.minor);
        assess.country = step.country.and_then(|country| ["DE", "FR", "US"][country].parse().ok());
        let subject = subject(&assess);
        let seq = 2 * number as i64;
        compare(&fast.observe(&subject, seq + 1), slow.observe(&subject))?;
        if step.declined {
            fast.declined(&subject);
            slow.decline_last();
        }
        if step.fraud {
            fast.labelled(&subject, Turned::IntoFraud, seq + 2);
            slow.fraud(&subject);
        }
        if forgetful {
            fast = through_the_store(&fast);
        }
    }
    Ok(())
}

/// As a process finds its entities that starts again.
fn through_the_store(features: &Features) -> Features {
    let mut again = Features::new(1_000, 7);
    for (key, held) in features.entities.iter() {
        let read = EntityState::unpack(&held.state.pack()).unwrap();
        assert_eq!(read, held.state);
        again.restore(key, read, held.seq);
    }
    again
}

/// Every entity, by its key.
fn states(features: &Features) -> Vec<(EntityKey, EntityState)> {
    let mut states: Vec<_> = features.entities.iter().map(|(key, held)| (key, held.state.clone())).collect();
    states.sort_by_key(|(key, _)| *key);
    states
}

/// Steps from the first on; each entity is stored as it was after a step of its own, and what followed is done again.
fn after_a_crash(steps: &[Step], stored_at: &[usize]) -> (Features, Features) {
    let (mut whole, mut stored, mut at) = (Features::new(1_000, 7), Features::new(1_000, 7), START);
    let mut log = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        at = (at + step.gap_us).max(START);
        let subject =
            subject(&assess(number, at, &format!("c{}", step.card), &format!("m{}", step.merchant), step.minor));
        let seq = 2 * number as i64;
        whole.observe(&subject, seq + 1);
        if step.declined {
            whole.declined(&subject);
        }
        if step.fraud {
            whole.labelled(&subject, Turned::IntoFraud, seq + 2);
        }
        log.push((subject, seq, step));
        for (place, (key, held)) in whole.entities.iter().enumerate() {
            if stored_at.get(place % stored_at.len()) == Some(&number) {
                stored.entities.insert_oldest(key, Held { state: held.state.clone(), seq: held.seq, is_stored: true });
            }
        }
    }
    for (subject, seq, step) in log {
        stored.replay(&subject, seq + 1, step.declined);
        if step.fraud {
            stored.labelled(&subject, Turned::IntoFraud, seq + 2);
        }
    }
    (whole, stored)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn features_equal_a_slow_recomputation(steps in proptest::collection::vec(step(), 1..120)) {
        equals_slow(&steps, false)?;
    }

    #[test]
    fn a_restart_between_events_changes_nothing(steps in proptest::collection::vec(step(), 1..40)) {
        equals_slow(&steps, true)?;
    }

    #[test]
    fn a_crash_and_a_replay_make_the_same_counters(
        steps in proptest::collection::vec(step(), 1..80),
        stored_at in proptest::collection::vec(0..80_usize, 1..6),
    ) {
        let (whole, again) = after_a_crash(&steps, &stored_at);
        prop_assert_eq!(states(&whole), states(&again));
    }

    #[test]
    fn a_row_survives_its_bytes(values in proptest::collection::vec(prop_oneof![
        Just(f64::NAN), (0..300_u32).prop_map(f64::from), -1e9..1e9_f64,
    ], catalogue::FEATURES)) {
        let mut row = Row::empty();
        values.iter().enumerate().for_each(|(place, value)| row.set(place, *value));
        let read = unpack_row(&pack_row(&row)).unwrap();
        let same = |(one, other): (&f64, &f64)| one == other || (one.is_nan() && other.is_nan());
        prop_assert!(row.values().iter().zip(read.values()).all(same));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, ..ProptestConfig::default() })]

    #[test]
    fn a_busy_entity_equals_it_through_its_buckets(steps in proptest::collection::vec(step(), 300..400)) {
        let busy: Vec<_> = steps.into_iter().map(|step| Step { card: 0, gap_us: step.gap_us / 8, ..step }).collect();
        equals_slow(&busy, false)?;
    }
}

#[test]
fn a_window_ends_at_the_event_and_begins_after_its_length() {
    let mut features = Features::new(10, 7);
    features.observe(&subject(&assess(1, START, "c", "m", 1_000)), 1);
    let row = features.observe(&subject(&assess(2, START + MINUTE_US, "c", "m", 500)), 1);
    assert_eq!((value(&row, "card_count_1m"), value(&row, "card_count_10m")), (Some(1.0), Some(2.0)));
    assert_eq!((value(&row, "card_sum_10m"), value(&row, "card_max_10m")), (Some(15.0), Some(10.0)));
    assert_eq!(value(&row, "card_since_last_s"), Some(60.0));
}

#[test]
fn a_late_event_counts_at_its_own_time() {
    let mut features = Features::new(10, 7);
    features.observe(&subject(&assess(1, START + HOUR_US, "c", "m", 100)), 1);
    let late = features.observe(&subject(&assess(2, START, "c", "m", 100)), 1);
    assert_eq!((value(&late, "card_count_1d"), value(&late, "card_since_last_s")), (Some(1.0), None));
    let next = features.observe(&subject(&assess(3, START + HOUR_US, "c", "m", 100)), 1);
    assert_eq!(value(&next, "card_count_1d"), Some(3.0));
}

#[test]
fn one_subject_counts_once() {
    let mut features = Features::new(10, 7);
    let once = subject(&assess(1, START, "c", "m", 100));
    let first = features.observe(&once, 1);
    features.observe(&subject(&assess(2, START, "c", "m", 100)), 2);
    let again = features.observe(&once, 3);
    assert_eq!(value(&again, "card_count_1h"), value(&first, "card_count_1h"));
    let next = features.observe(&subject(&assess(3, START, "c", "m", 100)), 4);
    assert_eq!(value(&next, "card_count_1h"), Some(3.0));
}

#[test]
fn only_the_first_time_at_a_merchant_is_one() {
    let mut features = Features::new(10, 7);
    let mut first = |number, merchant| {
        let row = features.observe(&subject(&assess(number, START, "c", merchant, 100)), 1);
        value(&row, "first_merchant")
    };
    assert_eq!([first(1, "a"), first(2, "b"), first(3, "a")], [Some(1.0), Some(1.0), Some(0.0)]);
}

#[test]
fn nobody_is_in_two_places_at_once() {
    let mut features = Features::new(10, 7);
    let mut at_place = |number, at, latitude, longitude, channel| {
        let mut assess = assess(number, at, "c", "m", 100);
        (assess.place, assess.channel) = (Some(Place { latitude, longitude }), Some(channel));
        value(&features.observe(&subject(&assess), 1), "card_speed_kmh")
    };
    assert_eq!(at_place(1, START, 52.52, 13.40, Channel::Present), None);
    assert_eq!(at_place(2, START + 1, 40.0, 10.0, Channel::Ecommerce), None);
    let speed = at_place(3, START + HOUR_US, 48.86, 2.35, Channel::Atm).unwrap();
    assert!((speed - 878.0).abs() < 5.0, "{speed}");
}

#[test]
fn hours_are_those_of_the_holder() {
    let mut one = assess(1, "2026-01-31T23:30:00Z".parse::<Timestamp>().unwrap().micros(), "c", "m", 100);
    one.zone = Some("Asia/Tokyo".to_owned());
    let tokyo = Subject::of(&one, &Rates::default(), &TimeZone::get("Asia/Tokyo").unwrap());
    let row = Features::new(10, 7).observe(&tokyo, 1);
    // A Sunday morning there.
    let found = ["hour", "weekday", "night", "weekend"].map(|name| value(&row, name));
    assert_eq!(found, [Some(8.0), Some(6.0), Some(0.0), Some(1.0)]);
}

#[test]
fn a_fraud_label_is_not_seen_before_its_delay() {
    let mut features = Features::new(10, 7);
    let fraud = subject(&assess(1, START, "c", "m", 100));
    features.observe(&fraud, 1);
    features.labelled(&fraud, Turned::IntoFraud, 2);
    let mut share = |days: i64| {
        let row = features.observe(&subject(&assess(2, START + days * DAY_US, "d", "m", 100)), 1);
        (value(&row, "merchant_fraud_known_7d"), value(&row, "merchant_fraud_share_7d"))
    };
    assert_eq!(share(6), (Some(0.0), None));
    assert_eq!(share(8), (Some(1.0), Some(1.0)));
    features.labelled(&fraud, Turned::OutOfFraud, 3);
    let row = features.observe(&subject(&assess(3, START + 9 * DAY_US, "d", "m", 100)), 1);
    assert_eq!(value(&row, "merchant_fraud_share_7d"), Some(0.0));
}

#[test]
fn a_storm_of_new_entities_takes_no_more_than_its_bound() {
    let mut features = Features::new(100, 7);
    let regular = subject(&assess(0, START, "regular", "m", 100));
    for number in 0..5_000 {
        features.observe(&subject(&assess(number, START + number as i64, &format!("c{number}"), "m", 100)), 1);
        if number % 20 == 0 {
            features.observe(&regular, 1);
        }
    }
    assert_eq!(features.len(), 100);
    assert!(features.knows(regular.key(EntityKind::Card).unwrap()));
    assert!(features.bytes() < 100 * 8_000, "{}", features.bytes());
    assert!(features.take_evicted().len() > 4_000);
}

#[test]
fn an_entity_has_a_largest_size() {
    let mut features = Features::new(10, 7);
    // A month of steady events, and then a burst.
    let steady = (0..10_000_i64).map(|number| number * 260_000_000);
    let burst = (1..5_000_i64).map(|number| 2_600_000_000_000 + number * 2_000_000);
    for (number, at) in steady.chain(burst).enumerate() {
        features.observe(&subject(&assess(number, START + at, "c", &format!("m{}", number % 500), 100)), 1);
    }
    let card = features.entity(EntityKey::of(EntityKind::Card, "c")).unwrap();
    assert!(card.bytes() < 20_000, "{}", card.bytes());
}

#[test]
fn amounts_are_counted_in_one_currency() {
    let rates = Rates::parse("EUR=1.5, JPY=0.01").unwrap();
    let hundredths = |minor, code| {
        let mut one = assess(1, START, "c", "m", 0);
        one.amount = Some(Money::new(minor, Currency::iso(code).unwrap()));
        Subject::of(&one, &rates, &TimeZone::UTC).hundredths
    };
    assert_eq!(
        [hundredths(1_000, "EUR"), hundredths(1_000, "JPY"), hundredths(1_000, "USD")].map(Option::unwrap),
        [1_500, 1_000, 1_000]
    );
    assert!(Rates::parse("EUR=0").is_err() && Rates::parse("EUR").is_err() && Rates::parse("EUR=NaN").is_err());
}
