//! Fields and what they mean.

use kernel::{Money, Timestamp};
use risk_api::Channel;

use super::*;

fn now() -> Timestamp {
    "2026-12-31T23:59:59Z".parse().unwrap()
}

fn message(mti: [u8; 4], fields: &[(u8, &str)]) -> Message {
    let mut message = Message::new(mti);
    fields.iter().for_each(|(field, value)| message.set(*field, *value));
    message
}

const PAYMENT: [(u8, &str); 10] = [
    (2, "4111111111111111"),
    (3, "000000"),
    (4, "000000001000"),
    (7, "1231235959"),
    (11, "000042"),
    (32, "12345"),
    (41, "TERM 1  "),
    (43, "THE BOOKSHOP             BERLIN       DE"),
    (49, "840"),
    (22, "051"),
];

fn with(mti: [u8; 4], field: u8, value: &str) -> Result<Asked, Unfit> {
    let mut changed = message(mti, &PAYMENT);
    changed.set(field, value);
    asked(&changed, now())
}

#[test]
fn a_payment_is_read_from_its_fields() {
    let Ok(Asked::Authorize(payment)) = asked(&message([0, 1, 0, 0], &PAYMENT), now()) else { panic!("no payment") };
    assert_eq!(payment.request_id, "iso:1:20261231235959:000042:12345:TERM_1");
    assert_eq!(payment.amount, Money::parse("10.00", "USD").unwrap());
    let at = &payment.at;
    assert_eq!((at.merchant_name.as_deref(), at.country.as_deref()), (Some("THE BOOKSHOP"), Some("DE")));
    assert_eq!(at.channel, Some(Channel::Present));
    // The last digit says that it is a repeat: the same request, also in the new year.
    let later = "2027-01-01T00:00:05Z".parse().unwrap();
    assert_eq!(asked(&message([0, 1, 0, 1], &PAYMENT), later), Ok(Asked::Authorize(payment)));
}

#[test]
fn the_same_stan_a_year_later_is_another_request() {
    let name = |now: &str| match asked(&message([0, 1, 0, 0], &PAYMENT), now.parse().unwrap()) {
        Ok(Asked::Authorize(payment)) => payment.request_id,
        other => panic!("{other:?}"),
    };
    assert_ne!(name("2026-12-31T23:59:59Z"), name("2027-12-31T23:59:59Z"));
}

#[test]
fn amounts_have_their_currencys_own_digits() {
    let amount = |code: &str| match with([0, 1, 0, 0], 49, code) {
        Ok(Asked::Authorize(payment)) => payment.amount.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!([amount("392"), amount("414"), amount("978")], ["1000 JPY", "1.000 KWD", "10.00 EUR"]);
}

#[test]
fn class_and_processing_code_say_what_is_asked() {
    assert!(matches!(with([0, 2, 0, 0], 3, "000000"), Ok(Asked::Purchase(_))));
    assert!(matches!(with([0, 2, 0, 0], 3, "200000"), Ok(Asked::Refund(_))));
    assert!(matches!(with([0, 1, 0, 0], 3, "310000"), Ok(Asked::Balance(_))));
    assert!(matches!(with([0, 1, 2, 0], 39, "00"), Ok(Asked::Advice { booked: false, .. })));
    assert!(matches!(with([0, 2, 2, 1], 39, "00"), Ok(Asked::Advice { booked: true, .. })));
    assert_eq!(with([0, 1, 2, 0], 39, "51"), Ok(Asked::DeclineAdvice));
    assert_eq!(asked(&message([0, 8, 0, 0], &[(70, "301")]), now()), Ok(Asked::Network));
    let Ok(Asked::Authorize(cash)) = with([0, 1, 0, 0], 3, "010000") else { panic!("no payment") };
    assert_eq!(cash.at.channel, Some(Channel::Atm));
}

#[test]
fn what_cannot_be_carried_out_has_its_code() {
    let of = |asked: Result<Asked, Unfit>| asked.unwrap_err().code;
    assert_eq!(of(with([0, 1, 0, 0], 4, "000000000000")), code::INVALID_AMOUNT);
    assert_eq!(of(with([0, 1, 0, 0], 49, "000")), code::INVALID_TRANSACTION);
    assert_eq!(of(with([0, 1, 0, 0], 3, "990000")), code::INVALID_TRANSACTION);
    assert_eq!(of(with([0, 1, 0, 0], 52, "0123456789abcdef")), code::NOT_PERMITTED);
    assert_eq!(of(with([0, 1, 0, 0], 2, "4111111111111112")), code::NO_SUCH_CARD);
    assert_eq!(of(with([0, 1, 0, 0], 14, "2813")), code::FORMAT_ERROR);
    assert_eq!(of(with([0, 1, 0, 0], 7, "1331235959")), code::FORMAT_ERROR);
    assert_eq!(of(with([0, 3, 0, 0], 14, "2812")), code::INVALID_TRANSACTION);
    assert_eq!(of(asked(&message([0, 1, 0, 0], &PAYMENT[..4]), now())), code::FORMAT_ERROR);
    assert_eq!(of(asked(&message([0, 4, 0, 0], &PAYMENT[..5]), now())), code::FORMAT_ERROR);
}

#[test]
fn a_card_is_read_from_its_track() {
    let mut fields: Vec<(u8, &str)> = PAYMENT.into_iter().filter(|(field, _)| *field != 2).collect();
    fields.push((35, "4111111111111111=2812101"));
    let Ok(Asked::Authorize(payment)) = asked(&message([0, 1, 0, 0], &fields), now()) else { panic!("no payment") };
    assert_eq!((payment.pan.expose(), payment.expiry), ("4111111111111111", Some("2812".parse().unwrap())));
}

#[test]
fn a_reversal_names_its_original() {
    let mut fields = PAYMENT.to_vec();
    let ninety = "010000004212312359590000001234500000000000";
    fields.extend([(90, ninety), (95, "000000000300000000000000C00000000C00000000")]);
    let Ok(Asked::Reversal(reversal)) = asked(&message([0, 4, 2, 0], &fields), now()) else { panic!("no reversal") };
    assert_eq!(reversal.original, Original::Named("iso:1:20261231235959:000042:12345:TERM_1".to_owned()));
    assert_eq!(reversal.remains, Some(Money::parse("3.00", "USD").unwrap()));
    let without = asked(&message([0, 4, 2, 0], &PAYMENT), now());
    let Ok(Asked::Reversal(Reversal { original: Original::Traced { pan, ending }, .. })) = without else {
        panic!("no trace")
    };
    assert_eq!((pan.expose(), ending.as_str()), ("4111111111111111", ":000042:12345:TERM_1"));
}

#[test]
fn an_answer_echoes_and_says_why() {
    let answer = answer(&message([0, 1, 0, 1], &PAYMENT), "51");
    assert_eq!((answer.mti_text().as_str(), answer.get(39), answer.get(11)), ("0110", Some("51"), Some("000042")));
    assert_eq!((answer.get(43), answer.get(22)), (None, None));
}
