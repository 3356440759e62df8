//! What relays' answers mean, and which URLs are relays.

use super::*;

fn said(code: u16, text: &str) -> Trouble {
    Trouble::Said { code, enhanced: enhanced(text) }
}

#[test]
fn an_answer_is_about_the_address_about_us_or_passing() {
    for (step, trouble, expected) in [
        (Step::Before, said(421, "4.3.2 closing"), "passing"),
        (Step::Before, said(450, "4.2.1 greylisted"), "passing"),
        (Step::After, said(452, "4.2.2 full"), "passing"),
        (Step::Before, said(550, "5.1.1 no such user"), "address"),
        (Step::Before, said(550, "5.1.2 no such host"), "address"),
        (Step::Before, said(553, "5.1.3 bad syntax"), "address"),
        (Step::Before, said(550, "5.1.6 moved"), "address"),
        (Step::Before, said(556, "5.1.10 null MX"), "address"),
        (Step::Before, said(550, "5.1.8 bad sender"), "refused"),
        (Step::Before, said(550, "5.7.1 blocked"), "ours"),
        (Step::After, said(554, "5.7.26 no DKIM"), "ours"),
        (Step::First, said(530, "authenticate first"), "ours"),
        (Step::Before, said(552, "5.2.2 over quota"), "refused"),
        (Step::After, said(552, "5.3.4 too large"), "refused"),
        (Step::Before, said(550, "no such user"), "refused"),
        (Step::Before, Trouble::Lost("x".to_owned()), "passing"),
        (Step::After, Trouble::Lost("x".to_owned()), "unknown"),
    ] {
        assert_eq!(of_step(step, &trouble).name(), expected, "{step:?} {trouble:?}");
    }
}

#[test]
fn a_detail_repeats_codes_and_never_the_text() {
    let trouble = said(550, "5.1.1 <ann@example.com>: no such user");
    assert_eq!(of_step(Step::Before, &trouble).detail(), "550 5.1.1");
    for (text, found) in [
        ("5.1.1 x", Some([5, 1, 1])),
        ("4.7.0", Some([4, 7, 0])),
        ("3.1.1 x", None),
        ("5.1 x", None),
        ("5.1.1.1 x", None),
        ("", None),
        ("ann@example.com 5.1.1", None),
    ] {
        assert_eq!(enhanced(text), found, "{text}");
    }
}

#[test]
fn relays_are_encrypted_except_on_this_machine() {
    let terms = Terms { domain: "bank.example".to_owned(), line_max: Duration::from_secs(1), idle_max: 1, roots: None };
    let relay = |url: &str| Relay::of(url, None, &terms);
    for (url, port, is_plain) in [
        ("smtps://mail.example.com", 465, false),
        ("smtp://user@mail.example.com", 587, false),
        ("smtp://mail.example.com:2525", 2525, false),
        ("smtp://127.0.0.1", 25, true),
        ("smtp://[::1]:1025", 1025, true),
        ("smtp://localhost:1025", 1025, true),
    ] {
        let relay = relay(url).unwrap();
        assert_eq!((relay.port, matches!(relay.encryption, Encryption::Plain)), (port, is_plain), "{url}");
    }
    for url in ["mail.example.com", "https://mail.example.com", "smtp://user:password@mail.example.com", ""] {
        assert!(relay(url).is_err(), "{url}");
    }
}
