//! What a writer wrote is read back as it was, for random statements.

use formats::bai2::BaiWriter;
use formats::camt::{CamtReport, CamtWriter};
use formats::csv::CsvWriter;
use formats::mt::MtWriter;
use formats::ofx::OfxWriter;
use formats::statement::{
    Account, Available, Balance, BalanceKind, Charge, Code, Detail, Entry, EntryStatus, Original, Party, References,
    Scheme, Statement, StatementWriter, Told,
};
use formats::{Item, Options, Statements};
use jiff::civil::Date;
use kernel::{Currency, Money, Timestamp};
use proptest::option::of;
use proptest::prelude::*;

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::iso("EUR").unwrap())
}

fn word() -> impl Strategy<Value = String> {
    "[A-Z][A-Za-z0-9]{0,14}"
}

fn line() -> impl Strategy<Value = String> {
    "[A-Za-z][A-Za-z0-9 .,:()-]{0,50}[A-Za-z0-9]"
}

fn any_line() -> impl Strategy<Value = String> {
    "[^\\p{C}\\p{Z}]([^\\p{C}\\p{Z}]| ){0,40}[^\\p{C}\\p{Z}]"
}

fn day() -> impl Strategy<Value = Date> {
    (2001_i16..2079, 1_i8..=12, 1_i8..=28).prop_map(|(year, month, day)| Date::new(year, month, day).unwrap())
}

fn status() -> impl Strategy<Value = EntryStatus> {
    prop_oneof![
        Just(EntryStatus::Booked),
        Just(EntryStatus::Pending),
        Just(EntryStatus::Future),
        Just(EntryStatus::Info)
    ]
}

fn party(name: BoxedStrategy<String>) -> impl Strategy<Value = Party> {
    let account = prop_oneof![
        Just((None, None)),
        Just((Some("NL91ABNA0417164300".to_owned()), None)),
        "[0-9]{5,12}".prop_map(|number| (None, Some(number))),
    ];
    (of(name), account, of("[A-Z]{4}DE[A-Z0-9]{2}")).prop_map(|(name, (iban, number), bank)| Party {
        name,
        iban,
        number,
        bank,
        id: None,
    })
}

fn references() -> impl Strategy<Value = References> {
    proptest::collection::vec(of(word()), 10).prop_map(|words| {
        let mut words = words.into_iter();
        let mut next = || words.next().flatten();
        References {
            end_to_end: next(),
            instruction: next(),
            transaction: next(),
            uetr: next(),
            clearing: next(),
            message: next(),
            payment_information: next(),
            mandate: next(),
            cheque: next(),
            ..References::default()
        }
    })
}

fn told() -> impl Strategy<Value = Told> {
    let texts = (proptest::collection::vec(any_line(), 0..4), of(word()), of(word()), of(any_line()));
    let money = (of((1_i64..1_000, any::<bool>())), of((1_i64..1_000_000, of("1\\.[0-9]{1,4}"))));
    (references(), party(any_line().boxed()), texts, money, of("[A-Z]{4}")).prop_map(
        |(references, counterparty, (text, structured, ultimate, additional), (charge, original), purpose)| Told {
            codes: Vec::new(),
            references,
            counterparty,
            ultimate,
            text,
            structured,
            additional,
            return_reason: purpose.clone().filter(|code| code.starts_with(|c: char| c < 'M')),
            purpose,
            charges: charge
                .into_iter()
                .map(|(minor, included)| Charge { amount: eur(-minor), included, kind: None })
                .collect(),
            original: original
                .map(|(minor, rate)| Original { amount: Some(Money::new(minor, Currency::iso("USD").unwrap())), rate }),
        },
    )
}

fn camt_entry() -> impl Strategy<Value = Entry> {
    let batch = proptest::collection::vec((1_i64..1_000_000, told()), 0..4);
    let codes = (of("[A-Z]{4}-[A-Z]{4}-[A-Z]{4}"), of((word(), of(word()))));
    let heads = (any::<i32>(), any::<bool>(), status(), of(day()), of(day()));
    (heads, told(), of(word()), of(word()), codes, batch).prop_map(
        |((minor, reversal, status, booked_on, valued_on), mut told, bank, own, (iso, other), batch)| {
            told.codes.extend(iso.map(|code| Code::new(Scheme::Iso, code)));
            told.codes.extend(other.map(|(code, issuer)| Code { issuer, ..Code::new(Scheme::Bank, code) }));
            let mut entry = Entry { reversal, status, booked_on, valued_on, ..Entry::new(eur(i64::from(minor))) };
            if batch.len() > 1 {
                let sign = if minor < 0 { -1 } else { 1 };
                let sum: i64 = batch.iter().map(|(minor, _)| minor).sum();
                entry.amount = eur(sign * sum);
                let detail = |(minor, told): (i64, Told)| Detail { amount: Some(eur(sign * minor)), told };
                entry.details = batch.into_iter().map(detail).collect();
                let kept = References {
                    message: told.references.message.take(),
                    payment_information: told.references.payment_information.take(),
                    ..References::default()
                };
                told = Told { codes: told.codes, references: kept, additional: told.additional, ..Told::default() };
            }
            (told.references.bank, told.references.own) = (bank, own);
            Entry { told, ..entry }
        },
    )
}

fn statement(sums: i64) -> Statement {
    let balance = |kind, code: &str, minor| Balance {
        kind,
        code: code.to_owned(),
        amount: eur(minor),
        on: Date::new(2026, 1, 31).ok(),
        at: None,
    };
    Statement {
        id: Some("S-1".to_owned()),
        account: Account { iban: Some("DE89370400440532013000".to_owned()), ..Account::default() },
        currency: Currency::iso("EUR").ok(),
        sequence: Some(7),
        balances: vec![
            balance(BalanceKind::OpeningBooked, "OPBD", 100),
            balance(BalanceKind::ClosingBooked, "CLBD", 100 + sums),
        ],
        ..Statement::default()
    }
}

fn written(writer: &mut dyn StatementWriter, statement: &Statement, entries: &[Entry]) {
    writer.begin(statement).unwrap();
    entries.iter().for_each(|entry| writer.entry(entry).unwrap());
    writer.end().unwrap();
    writer.finish().unwrap();
}

/// Entries as they are read back, without their lines; the file has no mistakes and adds up.
fn read_back(file: &[u8], options: &Options) -> Vec<Entry> {
    let mut statements = Statements::open(file, options);
    let mut entries = Vec::new();
    let mut difference = None;
    for item in statements.by_ref() {
        match item {
            Item::Entry(entry) => entries.push(Entry { line: 0, ..*entry }),
            Item::End(end) => difference = end.sums.difference,
            _ => {}
        }
    }
    let report = statements.into_report();
    assert!(!report.is_refused(false), "{report:?}\n{}", String::from_utf8_lossy(file));
    assert_eq!(report.warnings.total, 0, "{report:?}\n{}", String::from_utf8_lossy(file));
    assert!(difference.is_none_or(|difference| difference.minor == 0));
    entries
}

fn booked(entries: &[Entry]) -> i64 {
    entries.iter().filter(|entry| entry.status == EntryStatus::Booked).map(|entry| entry.amount.minor()).sum()
}

fn mt_entry() -> impl Strategy<Value = Entry> {
    let texts = (proptest::collection::vec(line(), 0..2), of(word()), of(line()), of(word()), of(word()));
    let heads = (any::<i32>(), any::<bool>(), day(), of(word()), of(word()));
    (heads, texts, party(line().boxed())).prop_map(
        |((minor, reversal, booked, own, bank), (text, end_to_end, additional, mandate, purpose), counterparty)| {
            let mut entry = Entry {
                reversal,
                booked_on: Some(booked),
                valued_on: Some(booked),
                ..Entry::new(eur(i64::from(minor)))
            };
            let references = References { own, bank, end_to_end, mandate, ..References::default() };
            entry.told = Told { references, counterparty, text, additional, purpose, ..Told::default() };
            entry.told.codes.push(Code::new(Scheme::Mt, "NTRF"));
            let more = Told { codes: Vec::new(), references: References::default(), ..entry.told.clone() };
            if more != Told::default()
                || entry.told.references.end_to_end.is_some()
                || entry.told.references.mandate.is_some()
            {
                entry.told.codes.push(Code::new(Scheme::Gvc, "166"));
            }
            entry
        },
    )
}

fn csv_entry() -> impl Strategy<Value = Entry> {
    let texts = (proptest::collection::vec(any_line(), 0..3), of("[=+@'-][A-Za-z0-9]{1,9}"), of(word()), of(word()));
    (any::<i32>(), status(), day(), of(day()), texts, party(any_line().boxed())).prop_map(
        |(minor, status, booked, valued_on, (text, own, bank, code), counterparty)| {
            let mut entry = Entry { status, booked_on: Some(booked), valued_on, ..Entry::new(eur(i64::from(minor))) };
            let references = References { own, bank, ..References::default() };
            entry.told = Told { references, counterparty, text, ..Told::default() };
            entry.told.codes.extend(code.map(|code| Code::new(Scheme::Csv, code)));
            entry
        },
    )
}

fn bai_entry() -> impl Strategy<Value = Entry> {
    let funds = prop_oneof![
        Just(None),
        day().prop_map(|day| Some(Err(day))),
        proptest::collection::vec((0_u16..30, 1_i64..1_000), 2..4).prop_map(|parts| Some(Ok(parts))),
    ];
    (any::<i32>(), of(word()), of(word()), proptest::collection::vec(any_line(), 0..4), funds).prop_map(
        |(minor, bank, own, text, funds)| {
            let mut entry = Entry { booked_on: Date::new(2026, 1, 31).ok(), ..Entry::new(eur(i64::from(minor))) };
            entry.told.codes.push(Code::new(Scheme::Bai2, if minor < 0 { "475" } else { "165" }));
            entry.told.text = text;
            entry.told.references.bank = bank;
            let place = if minor < 0 { &mut entry.told.references.cheque } else { &mut entry.told.references.own };
            *place = own;
            match funds {
                Some(Err(day)) => entry.valued_on = Some(day),
                Some(Ok(parts)) => {
                    let part = |(days, minor)| Available { days: Some(days), on: None, amount: eur(minor) };
                    entry.available = parts.into_iter().map(part).collect();
                }
                None => {}
            }
            entry
        },
    )
}

fn ofx_entry() -> impl Strategy<Value = Entry> {
    let references = (of(word()), of(word()), of(word()));
    let texts = (
        proptest::collection::vec(any_line(), 0..3),
        party(any_line().boxed()),
        any::<bool>(),
        of(1_600_000_000_i64..1_900_000_000),
    );
    (any::<i32>(), day(), of(day()), references, texts).prop_map(
        |(minor, posted, valued_on, (bank, own, cheque), (text, mut party, pending, at))| {
            let mut entry = Entry { booked_on: Some(posted), valued_on, ..Entry::new(eur(i64::from(minor))) };
            if let Some(at) = at {
                entry.booked_at = Some(Timestamp::from_micros(at * 1_000_000));
                entry.booked_on = Some(entry.booked_at.unwrap().to_string()[..10].parse().unwrap());
            }
            entry.status = if pending { EntryStatus::Pending } else { EntryStatus::Booked };
            if party.iban.is_none() && party.number.is_none() {
                party.bank = None;
            }
            entry.told.counterparty = party;
            entry.told.text = text;
            entry.told.codes.push(Code::new(Scheme::Ofx, if minor < 0 { "DEBIT" } else { "CREDIT" }));
            (entry.told.references.bank, entry.told.references.own, entry.told.references.cheque) = (bank, own, cheque);
            entry
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn camt_comes_back(entries in proptest::collection::vec(camt_entry(), 0..6)) {
        let mut out = Vec::new();
        let mut writer = CamtWriter::new(&mut out, CamtReport::Statement, "M-1", Timestamp::EPOCH).unwrap();
        written(&mut writer, &statement(booked(&entries)), &entries);
        drop(writer);
        prop_assert_eq!(read_back(&out, &Options::default()), entries);
    }

    #[test]
    fn mt940_comes_back(entries in proptest::collection::vec(mt_entry(), 0..6)) {
        let mut out = Vec::new();
        let mut writer = MtWriter::new(&mut out);
        written(&mut writer, &statement(booked(&entries)), &entries);
        drop(writer);
        prop_assert_eq!(read_back(&out, &Options::default()), entries);
    }

    #[test]
    fn bai2_comes_back(entries in proptest::collection::vec(bai_entry(), 0..6)) {
        let mut out = Vec::new();
        let mut writer = BaiWriter::new(&mut out, "BANK", "ACME", Date::new(2026, 2, 1).unwrap(), "1").unwrap();
        let statement = Statement { to: Date::new(2026, 1, 31).ok(), ..statement(booked(&entries)) };
        written(&mut writer, &statement, &entries);
        drop(writer);
        prop_assert_eq!(read_back(&out, &Options::default()), entries);
    }

    #[test]
    fn ofx_comes_back(entries in proptest::collection::vec(ofx_entry(), 0..6)) {
        let mut out = Vec::new();
        let mut writer = OfxWriter::new(&mut out, Timestamp::from_micros(1_769_900_000_000_000)).unwrap();
        written(&mut writer, &statement(booked(&entries)), &entries);
        drop(writer);
        prop_assert_eq!(read_back(&out, &Options::default()), entries);
    }

    #[test]
    fn csv_comes_back(entries in proptest::collection::vec(csv_entry(), 1..6)) {
        let mut out = Vec::new();
        let mut writer = CsvWriter::new(&mut out).unwrap();
        written(&mut writer, &statement(booked(&entries)), &entries);
        drop(writer);
        let options = Options { csv: Some(formats::csv::Profile::own()), ..Options::default() };
        let read: Vec<Entry> = read_back(&out, &options).into_iter().map(|entry| Entry { balance: None, ..entry }).collect();
        prop_assert_eq!(read, entries);
    }
}
