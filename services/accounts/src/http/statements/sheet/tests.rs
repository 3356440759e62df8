use accounts_api::Kind;
use kernel::{Currency, Id, Money};

use super::*;

fn euro(minor: i64) -> Money {
    Money::new(minor, Currency::iso("EUR").unwrap())
}

fn line(minor: i64, name: &str) -> StatementLine {
    let on = jiff::civil::date(2027, 1, 5);
    StatementLine {
        booked_on: on,
        valued_on: on,
        at: "2027-01-05T08:00:00Z".parse().unwrap(),
        amount: euro(minor),
        kind: Kind::Transfer,
        transaction: "txn_1".to_owned(),
        source: None,
        name: Some(name.to_owned()),
        account_number: Some("DE89370400440532013000".to_owned()),
        text: Some("rent".to_owned()),
    }
}

fn statement(items: Vec<StatementLine>, next: Option<u64>) -> Statement {
    Statement {
        account: Id::from_bits(1),
        account_number: "DE02500105170000000012".to_owned(),
        number: 1,
        from: jiff::civil::date(2027, 1, 1),
        to: jiff::civil::date(2027, 1, 31),
        created_at: "2027-02-01T00:00:00Z".parse().unwrap(),
        currency: euro(0).currency(),
        opening: euro(0),
        closing: euro(300),
        next,
        items,
    }
}

fn written(form: Form, pages: &[Statement]) -> String {
    let mut sheet = Sheet::new(form, &pages[0]).unwrap();
    let bytes: Vec<u8> = pages.iter().flat_map(|page| sheet.page(page).unwrap()).collect();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_statement_is_the_same_in_one_page_or_several() {
    let (one, other) = (line(100, "Ann"), line(200, "=1+1"));
    for form in [Form::Json, Form::Csv, Form::Page, Form::Camt053] {
        let whole = written(form, &[statement(vec![one.clone(), other.clone()], None)]);
        let parts = [statement(vec![one.clone()], Some(7)), statement(vec![other.clone()], None)];
        assert_eq!(written(form, &parts), whole, "{form:?}");
    }
}

#[test]
fn a_statement_as_json_is_one_object() {
    let whole = statement(vec![line(100, "Ann"), line(200, "Bob")], None);
    assert_eq!(serde_json::from_str::<Statement>(&written(Form::Json, std::slice::from_ref(&whole))).unwrap(), whole);
    let empty = statement(Vec::new(), None);
    assert_eq!(serde_json::from_str::<Statement>(&written(Form::Json, std::slice::from_ref(&empty))).unwrap(), empty);
}

#[test]
fn markup_and_formulas_in_texts_do_nothing() {
    let page = statement(vec![line(100, "<b onclick=\"x\">"), line(200, "=1+1")], None);
    assert!(written(Form::Page, std::slice::from_ref(&page)).contains("&lt;b onclick=&quot;x&quot;&gt;"));
    assert!(written(Form::Csv, std::slice::from_ref(&page)).contains(",'=1+1,"));
}

#[test]
fn a_statement_as_camt_is_read_back_with_its_balances() {
    let text = written(Form::Camt053, &[statement(vec![line(100, "Ann"), line(200, "Bob")], None)]);
    let read = formats::Statements::open(text.as_bytes(), &formats::Options::default());
    let entries = read.filter(|item| matches!(item, formats::Item::Entry(_))).count();
    assert_eq!(entries, 2, "{text}");
    assert!(text.contains("camt.053.001.08"), "{text}");
}
