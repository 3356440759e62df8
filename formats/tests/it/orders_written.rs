//! pain.001, pain.008, pacs.003, pacs.008 and pacs.009: what is written is read back as it was.

use formats::Kind;
use formats::Report;
use formats::iso::{Letters, OrderWriter};
use formats::payment::{
    Address, Amendment, Batch, BusinessHeader, FileHead, Line, Mandate, PaymentItem, PaymentKind, Settlement, Side,
    Tally,
};
use jiff::civil::Date;
use kernel::{Money, Timestamp};
use proptest::option::of;
use proptest::prelude::*;

use super::payment::read;

fn word() -> impl Strategy<Value = String> {
    "[A-Z0-9][A-Za-z0-9+?:().,' -]{0,20}[A-Z0-9]"
}

fn text() -> impl Strategy<Value = String> {
    "[^\\p{C}\\p{Z}]([^\\p{C}\\p{Z}]| ){0,40}[^\\p{C}\\p{Z}]"
}

pub(crate) fn side() -> impl Strategy<Value = Side> {
    let address = (of(text()), of(word()), of("[A-Z]{2}"), proptest::collection::vec(text(), 0..3))
        .prop_map(|(street, town, country, lines)| Address { street, town, country, lines, ..Address::default() });
    let account = prop_oneof![
        Just((Some("NL91ABNA0417164300".to_owned()), None)),
        "[0-9]{5,12}".prop_map(|number| (None, Some(number))),
    ];
    let bank = prop_oneof![
        "[A-Z]{4}NL[A-Z0-9]{2}".prop_map(|bic| (Some(bic), None)),
        Just((None, Some("021000021".to_owned()))),
    ];
    (text(), address, account, bank, of(text()), of((word(), any::<bool>()))).prop_map(
        |(name, address, (iban, number), (bic, clearing_number), ultimate, id)| Side {
            name: Some(name),
            address,
            iban,
            number,
            bic,
            clearing_system: clearing_number.as_ref().map(|_| "USABA".to_owned()),
            clearing_number,
            ultimate,
            is_person: id.as_ref().is_some_and(|(_, person)| *person),
            id: id.map(|(id, _)| id),
            ..Side::default()
        },
    )
}

pub(crate) fn mandate() -> impl Strategy<Value = Mandate> {
    (word(), of((of(word()), any::<bool>()))).prop_map(|(id, amended)| Mandate {
        id: Some(id),
        signed_on: Date::new(2025, 3, 1).ok(),
        amendment: amended.map(|(original_mandate, moved)| Amendment {
            original_mandate,
            original_account: moved.then(|| "SMNDA".to_owned()),
            ..Amendment::default()
        }),
    })
}

fn kind() -> impl Strategy<Value = PaymentKind> {
    (of("(NORM|HIGH)"), of("(SEPA|URGP)"), of("[A-Z]{4}")).prop_map(|(priority, service, category)| PaymentKind {
        priority,
        service,
        category,
        ..PaymentKind::default()
    })
}

fn line() -> impl Strategy<Value = Line> {
    let ids = (of(word()), word(), of(word()), any::<bool>());
    let words = (proptest::collection::vec(text(), 0..3), of("[A-Z0-9]{5,20}"), of("[A-Z]{4}"));
    (1_i64..1_000_000_000, ids, kind(), (side(), side()), words, (mandate(), of(word()))).prop_map(
        |(
            minor,
            (instruction, end_to_end, transaction, uetr),
            kind,
            (debtor, creditor),
            (text, structured, purpose),
            (mandate, creditor_id),
        )| Line {
            instruction,
            end_to_end: Some(end_to_end),
            transaction,
            uetr: uetr.then(|| "eb6305c9-1f7f-49de-aed0-16487c27b42d".to_owned()),
            kind,
            debtor,
            creditor,
            text,
            structured,
            purpose,
            mandate: Some(mandate),
            creditor_id,
            ..Line::new(Money::parse(&format!("{}.{:02}", minor / 100, minor % 100), "EUR").unwrap())
        },
    )
}

fn header(kind: Kind) -> BusinessHeader {
    let definition = match kind {
        Kind::Pain001 => "pain.001.001.09".to_owned(),
        kind => format!("{}.001.08", kind.name()),
    };
    BusinessHeader {
        from: Some("021000021".into()),
        to: Some("COBADEFF".into()),
        id: Some("B-1".into()),
        definition: Some(definition),
        service: Some("TEST".into()),
        created_at: Some("2026-01-30T10:00:00Z".parse::<Timestamp>().unwrap()),
    }
}

/// What a message of this kind can hold of a line.
fn fitted(line: &Line, kind: Kind) -> Line {
    let mut line = line.clone();
    let own = match kind {
        Kind::Pain001 => &mut line.debtor,
        Kind::Pain008 => &mut line.creditor,
        _ => &mut Side::default(),
    };
    *own = Side { ultimate: own.ultimate.take(), ..Side::default() };
    if matches!(kind, Kind::Pain001 | Kind::Pain008) {
        line.transaction = None;
    } else {
        line.settle_on = Date::new(2026, 2, 2).ok();
    }
    if !matches!(kind, Kind::Pain008 | Kind::Pacs003) {
        (line.mandate, line.creditor_id) = (None, None);
    }
    match kind {
        Kind::Pacs009 => {
            line.structured = None;
            line.uetr = Some("eb6305c9-1f7f-49de-aed0-16487c27b42d".to_owned());
            for side in [&mut line.debtor, &mut line.creditor] {
                let (iban, number) = (side.iban.take(), side.number.take());
                let (bic, clearing_number) = (side.bic.take(), side.clearing_number.take());
                *side = Side {
                    iban,
                    number,
                    bic,
                    clearing_number,
                    clearing_system: side.clearing_system.take(),
                    ..Side::default()
                };
            }
        }
        Kind::Pacs003 | Kind::Pacs008 => line.charge_bearer = Some("SHAR".to_owned()),
        _ => {}
    }
    line
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn orders_come_back(lines in proptest::collection::vec(line(), 1..4), own in side(), which in 0_usize..5, as_one in of(any::<bool>()), wired in any::<bool>()) {
        let kind = [Kind::Pain001, Kind::Pain008, Kind::Pacs003, Kind::Pacs008, Kind::Pacs009][which];
        let lines: Vec<Line> = lines.iter().map(|line| fitted(line, kind)).collect();
        let mut tally = Tally::default();
        lines.iter().for_each(|line| tally.add(line.amount));
        let banks = which >= 2;
        let head = FileHead {
            id: Some("M-1".to_owned()),
            created_at: Some("2026-01-30T10:00:00Z".parse::<Timestamp>().unwrap()),
            created_on: Date::new(2026, 1, 30).ok(),
            count: Some(tally.count),
            control_sum: Some(tally.sum),
            settlement: if banks { Settlement { method: Some("CLRG".into()), clearing_system: Some("ST2".into()), on: Date::new(2026, 2, 2).ok(), instructing: Some("COBADEFF".into()), instructed: None } } else { Settlement::default() },
            initiator: if banks { Side::default() } else { Side { name: Some("Acme".into()), ..Side::default() } },
            header: wired.then(|| header(kind)),
            ..FileHead::new(kind)
        };
        let own = Side { ultimate: None, ..own };
        let batch = Batch { id: Some("P-1".into()), method: Some(if which == 1 { "DD" } else { "TRF" }.into()), as_one, count: Some(tally.count), execute_on: Date::new(2026, 2, 3).ok(), own, creditor_id: (which == 1).then(|| "DE98ZZZ09999999999".to_owned()), ..Batch::default() };
        let mut writer = OrderWriter::new(Vec::new(), &head, Letters::AsTheyAre).unwrap();
        if !banks {
            writer.batch(&batch).unwrap();
        }
        lines.iter().for_each(|line| writer.line(line).unwrap());
        let file = String::from_utf8(writer.finish().unwrap()).unwrap();
        let (items, report) = read(&file);
        prop_assert_eq!(&report, &Report::default(), "{}", file);
        for item in &items {
            match item {
                PaymentItem::File(read) => prop_assert_eq!(&FileHead { version: None, ..*read.clone() }, &head),
                PaymentItem::Batch(read) => prop_assert_eq!(&Batch { line: 0, ..*read.clone() }, &batch),
                _ => {}
            }
        }
        let read: Vec<Line> = items.into_iter().filter_map(|item| if let PaymentItem::Line(line) = item { Some(Line { line: 0, number: 0, ..*line }) } else { None }).collect();
        prop_assert_eq!(read, lines);
    }
}

#[test]
fn a_writer_refuses_what_its_head_does_not_state() {
    let head = FileHead {
        id: Some("M".into()),
        created_at: Some(Timestamp::EPOCH),
        count: Some(2),
        ..FileHead::new(Kind::Pacs009)
    };
    let line = Line { end_to_end: Some("E".into()), ..Line::new(Money::parse("1.00", "EUR").unwrap()) };
    let mut writer = OrderWriter::new(Vec::new(), &head, Letters::Swift).unwrap();
    writer.line(&line).unwrap();
    assert_eq!(writer.finish().unwrap_err().to_string(), "NbOfTxs: a count of 2 is stated, and 1 were found");
    let mut writer = OrderWriter::new(Vec::new(), &head, Letters::Swift).unwrap();
    let zero = Line { amount: Money::parse("0.00", "EUR").unwrap(), ..line.clone() };
    assert!(writer.line(&zero).is_err());
    assert!(writer.line(&Line { end_to_end: Some("x".repeat(36)), ..line.clone() }).is_err());
    assert!(OrderWriter::new(Vec::new(), &FileHead { count: None, ..head.clone() }, Letters::Swift).is_err());
    assert!(OrderWriter::new(Vec::new(), &FileHead { kind: Kind::Nacha, ..head }, Letters::Swift).is_err());
}

#[test]
fn letters_outside_the_rails_set_are_transliterated_on_demand() {
    let head = FileHead {
        id: Some("M".into()),
        created_at: Some(Timestamp::EPOCH),
        count: Some(1),
        ..FileHead::new(Kind::Pacs008)
    };
    let creditor = Side { name: Some("Łódź & Söhne".into()), ..Side::default() };
    let line = Line {
        end_to_end: Some("E".into()),
        creditor,
        text: vec!["Grüße".into()],
        ..Line::new(Money::parse("1.00", "EUR").unwrap())
    };
    let mut writer = OrderWriter::new(Vec::new(), &head, Letters::Swift).unwrap();
    writer.line(&line).unwrap();
    let file = String::from_utf8(writer.finish().unwrap()).unwrap();
    assert!(file.contains("<Nm>Lodz + Sohne</Nm>") && file.contains("<Ustrd>Grusse</Ustrd>"), "{file}");
}
