//! A table of answers, and the pauses between attempts.

use kernel::Id;
use notifications_api::Channel;

use super::*;

fn row(attempts: i64, id: u128) -> Delivery {
    Delivery {
        seq: 1,
        id: Id::from_bits(id),
        message: 1,
        subject: None,
        channel: Channel::Email,
        state: DeliveryState::Sending,
        reason: None,
        urgent: false,
        optional: true,
        due_at: Timestamp::EPOCH,
        attempts,
        address_key: None,
        holder: None,
        sealed: None,
        expires_at: Timestamp::from_micros(i64::MAX),
        sent_at: None,
        ended_at: None,
    }
}

#[test]
fn each_answer_has_its_state() {
    let detail = || "x".to_owned();
    for (outcome, doubles, state, ended) in [
        (Outcome::Taken { detail: detail() }, false, DeliveryState::Sent, false),
        (Outcome::passing("x"), false, DeliveryState::Queued, false),
        (Outcome::Address { detail: detail() }, false, DeliveryState::Bounced, true),
        (Outcome::Refused { detail: detail() }, false, DeliveryState::Undelivered, true),
        (Outcome::Ours { detail: detail() }, false, DeliveryState::Dead, true),
        (Outcome::Unknown { detail: detail() }, false, DeliveryState::Unknown, false),
        (Outcome::Unknown { detail: detail() }, true, DeliveryState::Queued, false),
    ] {
        let found = after(row(1, 7), &outcome, doubles, Timestamp::EPOCH);
        assert_eq!((found.state, found.ended_at.is_some()), (state, ended), "{outcome:?}");
    }
}

#[test]
fn pauses_grow_spread_and_end() {
    for (attempts, pause_s) in (1..).zip(PAUSES_S) {
        let mut seen = std::collections::BTreeSet::new();
        for id in 0..200_u128 {
            let id = id.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
            let found = after(row(attempts, id), &Outcome::passing("x"), false, Timestamp::EPOCH);
            assert_eq!(found.state, DeliveryState::Queued);
            let pause_ms = found.due_at.millis();
            assert!((pause_s * 800..=pause_s * 1_200).contains(&pause_ms), "{attempts}: {pause_ms}");
            seen.insert(pause_ms);
        }
        assert!(seen.len() > 50, "attempt {attempts} is not spread: {}", seen.len());
    }
    let over = after(row(9, 7), &Outcome::passing("x"), false, Timestamp::EPOCH);
    assert_eq!((over.state, over.reason.as_deref()), (DeliveryState::Dead, Some("attempts_over")));
}

#[test]
fn a_provider_may_ask_for_a_longer_pause() {
    let outcome = Outcome::Passing { detail: "x".to_owned(), retry_after_s: Some(90) };
    let found = after(row(1, 7), &outcome, false, Timestamp::EPOCH);
    assert_eq!(found.due_at, Timestamp::EPOCH.plus_seconds(90));
}
