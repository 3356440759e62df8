//! Statement pages and CSV.

use kernel::{Money, Timestamp};
use ledger_api::{
    Movement, Side, Statement, StatementBalance, StatementCursor, StatementOrder, TimeBasis, TransactionKind,
};

use super::*;

fn usd(minor: i64) -> Money {
    Money::new(minor, "USD".parse().unwrap())
}

fn balance(minor: i64) -> StatementBalance {
    StatementBalance { posted: usd(minor), pending_in: usd(0), pending_out: usd(0) }
}

fn movement(reference: &str, minor: i64) -> Movement {
    Movement {
        seq: 7,
        transaction: "txn_01kppyy0k0f4g8n1vpdkpr5g3a".parse().unwrap(),
        kind: TransactionKind::Posted,
        direction: Side::Debit,
        counterpart: "-shop".parse().unwrap(),
        amount: usd(minor),
        reference: reference.parse().ok(),
        recorded_at: Timestamp::from_micros(1_769_860_800_000_000),
        effective_at: Timestamp::from_micros(1_769_774_400_000_000),
        balance: balance(-minor),
    }
}

fn statement(movements: Vec<Movement>, next: Option<StatementCursor>) -> Statement {
    Statement {
        path: "customers:ann".parse().unwrap(),
        currency: "USD".parse().unwrap(),
        normal: Side::Credit,
        from: None,
        to: Some(Timestamp::from_micros(1_769_860_900_000_000)),
        by: TimeBasis::Record,
        order: StatementOrder::OldestFirst,
        as_of_seq: 7,
        opening: balance(0),
        closing: balance(-500),
        movements,
        next,
        previous: None,
    }
}

fn asked(query: &str) -> Asked {
    let uri: http::Uri = format!("/?{query}").parse().unwrap();
    axum::extract::Query::try_from_uri(&uri).unwrap().0
}

#[test]
fn user_text_is_neither_a_formula_nor_markup() {
    for (text, expected) in [
        ("inv-7", "inv-7"),
        ("=1+1", "\"'=1+1\""),
        ("+1", "\"'+1\""),
        ("-1", "\"'-1\""),
        ("@sum", "\"'@sum\""),
        ("a,b", "\"a,b\""),
        ("a\"b", "\"a\"\"b\""),
        ("", ""),
    ] {
        assert_eq!(csv::cell(text), expected);
    }
    let hostile = "<script>alert(1)</script>";
    let page = page::render(&statement(vec![movement(hostile, 500)], None), &asked("")).into_string();
    assert!(!page.contains(hostile) && page.contains("&lt;script&gt;alert(1)"), "{page}");
}

#[test]
fn a_page_links_to_the_next_one_of_the_same_statement() {
    let cursor = StatementCursor { as_of_seq: 7, time: 0, seq: 7, backward: false };
    let asked = asked("by=record&to=2026-01-31T12:01:40Z&limit=1&holds=true");
    let page = page::render(&statement(vec![movement("inv-7", 500)], Some(cursor)), &asked).into_string();
    let (_, link) = page.split_once("rel=\"next\" href=\"").unwrap();
    let (link, _) = link.split_once('"').unwrap();
    let again = self::asked(&link.trim_start_matches('?').replace("&amp;", "&"));
    let query = again.query("customers:ann".parse().unwrap()).unwrap();
    assert_eq!((query.after, query.limit, query.holds, query.to), (Some(cursor), Some(1), true, asked.to));
    assert_eq!(again.format, Some(Format::Page));
    let other = again.query("customers:bob".parse().unwrap()).unwrap_err();
    assert_eq!(other.refusal().code, "cursor_invalid", "another account's cursor");
    let other = Asked { holds: false, ..again };
    assert!(other.query("customers:ann".parse().unwrap()).is_err(), "another statement's cursor");
}

#[test]
fn the_accept_header_selects_the_format() {
    for (accept, format) in [
        ("text/html,application/xhtml+xml,*/*;q=0.8", Format::Page),
        ("*/*", Format::Json),
        ("text/csv", Format::Csv),
        ("application/json, text/html", Format::Json),
        ("image/png", Format::Json),
    ] {
        let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
        assert_eq!(accepted(&headers), format, "{accept}");
    }
    assert_eq!(accepted(&HeaderMap::new()), Format::Json);
}
