//! CSV by a declared profile, and by a guessed one.

use formats::csv::{Cell, Column, Export, Field, Profile, guess};
use formats::{DateForm, DecimalMark, Options, Statements};

use super::{Read, day, read, read_with};

fn with(file: &str, profile: Profile) -> Read {
    read_with(file.as_bytes(), &Options { csv: Some(profile), ..Options::default() })
}

fn column(field: Field, index: usize) -> Column {
    Column { field, index, name: None }
}

fn german() -> Profile {
    Profile {
        separator: ';',
        encoding: "utf-8".into(),
        skip_lines: 1,
        header: true,
        columns: vec![
            column(Field::BookedOn, 0),
            column(Field::Text, 1),
            Column { field: Field::Amount, index: 9, name: Some("Betrag".into()) },
            column(Field::Balance, 3),
        ],
        date: DateForm::DayMonthYear,
        decimal: DecimalMark::Comma,
        currency: Some("EUR".into()),
        account: Some("DE89370400440532013000".into()),
        ..Profile::own()
    }
}

#[test]
fn rows_are_read_by_the_declared_profile() {
    let file = "Konto 532013000\r\nTag;Zweck;Betrag;Saldo\r\n31.01.2026;\"Miete; Januar\";-1.250,00;750,00\r\n\r\n01.02.26;Lohn;2000;2.750,00\r\n";
    let read = with(file, Profile { quoted_formulas: false, ..german() });
    assert_eq!(read.codes(), Vec::<&str>::new());
    assert_eq!(read.amounts(), ["-1250.00", "2000.00"]);
    assert_eq!(read.entries()[0].told.text, ["Miete; Januar"]);
    assert_eq!(read.entries()[1].booked_on, day("2026-02-01"));
    assert_eq!(read.entries()[1].line, 5);
    let end = read.ends()[0];
    assert_eq!(end.statement.account.iban.as_deref(), Some("DE89370400440532013000"));
    let balances: Vec<_> = end.statement.balances.iter().map(|balance| balance.amount.amount()).collect();
    assert_eq!(balances, ["2000.00", "2750.00"]);
    assert_eq!(end.sums.difference.unwrap().minor, 0);
}

#[test]
fn a_profile_names_the_encoding() {
    let profile = Profile { encoding: "windows-1252".into(), ..german() };
    let file = b"x\nTag;Zweck;Betrag;Saldo\n31.01.2026;Stra\xDFe;1;1\n";
    let read = read_with(file, &Options { csv: Some(profile.clone()), ..Options::default() });
    assert_eq!(read.entries()[0].told.text, ["Straße"]);
    assert!(Profile { encoding: "utf-16le".into(), ..profile }.check().is_err());
}

#[test]
fn newest_first_is_noticed_and_a_missing_row_does_not_add_up() {
    let head = "x\nTag;Zweck;Betrag;Saldo\n";
    let rows = ["03.01.2026;c;3;16", "02.01.2026;b;2;13", "01.01.2026;a;1;11"];
    let whole = with(&format!("{head}{}\n", rows.join("\n")), german());
    assert_eq!(whole.codes(), Vec::<&str>::new());
    assert_eq!(whole.ends()[0].statement.balances[0].amount.amount(), "10.00");
    let missing = with(&format!("{head}{}\n{}\n", rows[0], rows[2]), german());
    assert_eq!(missing.codes(), ["does_not_add_up"]);
}

#[test]
fn wrong_rows_name_line_and_field() {
    let file =
        "x\nTag;Zweck;Betrag;Saldo\n31.04.2026;a;1;1\n01.01.2026;b;€5;1\n01.01.2026;c;;1\n;d;1;1\n01.01.2026;e;1;x\n";
    let read = with(file, german());
    assert_eq!(read.codes(), ["no_statement", "date", "amount", "missing", "missing", "amount"]);
    assert_eq!(read.messages()[2], "line 4: row: amount: \"€5\" is not an amount");
    let other = with("x\nTag;Zweck;Summe;Saldo\n", german());
    assert!(other.messages()[0].contains("expected a column \"Betrag\", found \"tag, zweck, summe, saldo\""));
}

#[test]
fn two_columns_or_a_direction_give_the_sign() {
    let base = Profile { header: false, skip_lines: 0, separator: ',', decimal: DecimalMark::Point, ..german() };
    let two = Profile {
        columns: vec![column(Field::BookedOn, 0), column(Field::Credit, 1), column(Field::Debit, 2)],
        ..base.clone()
    };
    let read = with("1.1.26,5.00,\n1.1.26,,7.00\n1.1.26,0.00,-8.00\n1.1.26,1,1\n", two);
    assert_eq!((read.amounts(), read.codes()), (vec!["5.00".into(), "-7.00".into(), "-8.00".into()], vec!["value"]));
    let direction = Profile {
        columns: vec![column(Field::BookedOn, 0), column(Field::Amount, 1), column(Field::Direction, 2)],
        ..base.clone()
    };
    assert_eq!(with("1.1.26,5,Bij\n1.1.26,5,Af\n", direction).amounts(), ["5.00", "-5.00"]);
    let negated =
        Profile { negated: true, columns: vec![column(Field::BookedOn, 0), column(Field::Amount, 1)], ..base };
    assert_eq!(with("1.1.26,5\n", negated).amounts(), ["-5.00"]);
}

#[test]
fn a_profile_is_guessed_from_names_and_content() {
    let german = "Buchungstag;Valuta;Auftraggeber;Verwendungszweck;Betrag;Währung;Saldo\n\
        31.01.2026;02.02.2026;Bob;Rechnung 7;-1.234,56;EUR;100,00\n30.01.2026;30.01.2026;Carol;Lohn;12,00;EUR;1.334,56\n";
    let read = read(german);
    assert_eq!(read.codes(), Vec::<&str>::new());
    assert_eq!(read.amounts(), ["-1234.56", "12.00"]);
    assert_eq!(read.entries()[0].valued_on, day("2026-02-02"));
    assert_eq!(read.entries()[0].told.counterparty.name.as_deref(), Some("Bob"));
    let profile = Statements::open(german.as_bytes(), &Options::default()).profile().cloned().unwrap();
    assert_eq!((profile.separator, profile.date, profile.decimal), (';', DateForm::DayMonthYear, DecimalMark::Comma));
    let american = "Export of 01/31/2026 in USD\nDate,Description,Debit,Credit,Balance\n01/31/2026,Rent,1200.00,,800.00\n02/13/2026,\"Pay, Jan\",,50.25,850.25\n";
    let profile = guess(american.as_bytes()).unwrap();
    assert_eq!(
        (profile.skip_lines, profile.date, profile.currency.as_deref()),
        (1, DateForm::MonthDayYear, Some("USD"))
    );
    assert_eq!(super::read_clean(american).amounts(), ["-1200.00", "50.25"]);
    let bare = "2026-01-31\tEUR\t5.00\tRent\n2026-01-30\tEUR\t-7.10\tCoffee\n";
    assert_eq!(super::read_clean(bare).amounts(), ["5.00", "-7.10"]);
}

#[test]
fn what_has_no_dates_or_amounts_is_no_statement() {
    for file in ["a,b\nc,d\n", "name;age\nbob;5\n"] {
        assert_eq!(read(file).report.refusals.total, 1, "{file}");
    }
}

#[test]
fn an_unclosed_quote_is_refused_before_it_fills_the_memory() {
    let file = format!("x\nTag;Zweck;Betrag;Saldo\n01.01.2026;\"{}", "a".repeat(2_000_000));
    assert_eq!(with(&file, german()).codes()[0], "too_long");
}

#[test]
fn spreadsheets_find_no_formulas_in_an_export() {
    let mut out = Vec::new();
    let mut export = Export::new(&mut out, &["text", "amount"]).unwrap();
    let amount = kernel::Money::parse("-5.00", "EUR").unwrap();
    for text in ["=cmd|' /C calc'!A0", "+1", "-1", "@x", "plain"] {
        export.row([Cell::Text(text), Cell::Amount(amount)]).unwrap();
    }
    export.flush().unwrap();
    drop(export);
    let text = String::from_utf8(out).unwrap();
    let expected = "text,amount\r\n'=cmd|' /C calc'!A0,-5.00\r\n'+1,-5.00\r\n'-1,-5.00\r\n'@x,-5.00\r\nplain,-5.00\r\n";
    assert_eq!(text, expected);
}
