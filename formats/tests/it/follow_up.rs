//! Status reports, returns, recalls and their answers: what is read, written and read back.

use formats::follow_up::{About, FollowUp, FollowUpItem, FollowUpWriter, FollowUps, Head, Original, Reason};
use formats::iso::Letters;
use formats::payment::{Settlement, Side, Tally};
use formats::{Kind, Report};
use jiff::civil::Date;
use kernel::{Money, Timestamp};
use proptest::option::of;
use proptest::prelude::*;

use super::orders_written::{mandate, side};

fn read(file: &str) -> (Vec<FollowUpItem>, Report) {
    let mut messages = FollowUps::open(file.as_bytes());
    let items = messages.by_ref().collect();
    (items, messages.into_report())
}

pub(crate) const STATUS: &str = "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.10\"><CstmrPmtStsRpt><GrpHdr><MsgId>R-1</MsgId>\
        <CreDtTm>2026-02-01T10:00:00Z</CreDtTm></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>M-1</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>\
        <OrgnlNbOfTxs>2</OrgnlNbOfTxs><GrpSts>PART</GrpSts></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>P-1</OrgnlPmtInfId>\
        <TxInfAndSts><OrgnlEndToEndId>E-1</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Orgtr><Id><OrgId><AnyBIC>COBADEFF</AnyBIC></OrgId></Id></Orgtr>\
        <Rsn><Cd>AC04</Cd></Rsn><AddtlInf>closed</AddtlInf></StsRsnInf><OrgnlTxRef><Amt><InstdAmt Ccy=\"EUR\">10</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>\
        </OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>";

#[test]
fn a_status_report_is_read_with_group_batch_and_lines() {
    let file = STATUS;
    let (items, report) = read(file);
    assert_eq!(report, Report::default());
    let [FollowUpItem::Head(head), FollowUpItem::Batch(batch), FollowUpItem::Line(line)] = items.as_slice() else {
        panic!("{items:?}")
    };
    assert_eq!(
        (head.about.message.id.as_deref(), head.about.status.as_deref(), head.about.count),
        (Some("M-1"), Some("PART"), Some(2))
    );
    assert_eq!(batch.payment_information.as_deref(), Some("P-1"));
    assert_eq!((line.end_to_end.as_deref(), line.status.as_deref()), (Some("E-1"), Some("RJCT")));
    assert_eq!(
        (line.reasons[0].code.as_deref(), line.reasons[0].originator.as_deref()),
        (Some("AC04"), Some("COBADEFF"))
    );
    assert_eq!(line.original_amount.unwrap().to_string(), "10.00 EUR");
    let cut = &file[..file.len() - 40];
    assert_eq!(read(cut).1.refusals.first[0].problem.code(), "cut");
    assert_eq!(read(super::hostile::CAMT).1.refusals.first[0].problem.code(), "other_format");
}

#[test]
fn a_return_whose_sum_is_wrong_is_refused() {
    let file = "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pacs.004.001.09\"><PmtRtr><GrpHdr><MsgId>R</MsgId><CreDtTm>2026-02-01T10:00:00Z</CreDtTm>\
        <NbOfTxs>2</NbOfTxs><CtrlSum>11</CtrlSum><SttlmInf><SttlmMtd>CLRG</SttlmMtd></SttlmInf></GrpHdr><TxInf><RtrId>1</RtrId>\
        <RtrdIntrBkSttlmAmt Ccy=\"EUR\">10</RtrdIntrBkSttlmAmt></TxInf></PmtRtr></Document>";
    let codes: Vec<_> = read(file).1.refusals.first.iter().map(|mistake| mistake.problem.code()).collect();
    assert_eq!(codes, ["count", "total"]);
}

fn word() -> impl Strategy<Value = String> {
    "[A-Z0-9][A-Za-z0-9-]{0,20}"
}

fn reason() -> impl Strategy<Value = Reason> {
    let code = prop_oneof![
        "[A-Z]{2}[0-9]{2}".prop_map(|code| (Some(code), None)),
        word().prop_map(|word| (None, Some(word))),
    ];
    (code, of("[A-Z]{4}DEFF"), proptest::collection::vec(word(), 0..2))
        .prop_map(|((code, proprietary), originator, info)| Reason { code, proprietary, originator, info })
}

fn follow_up() -> impl Strategy<Value = FollowUp> {
    let ids = (of(word()), of(word()), of(word()), of(word()), any::<bool>());
    let copied = (of(side()), of(side()), of(mandate()), proptest::collection::vec(word(), 0..2));
    (ids, of("(ACCP|RJCT|PDNG)"), proptest::collection::vec(reason(), 0..3), 1_i64..1_000_000, copied).prop_map(
        |(
            (id, instruction, end_to_end, transaction, uetr),
            status,
            reasons,
            minor,
            (debtor, creditor, mandate, text),
        )| FollowUp {
            id,
            instruction,
            end_to_end,
            transaction,
            uetr: uetr.then(|| "eb6305c9-1f7f-49de-aed0-16487c27b42d".to_owned()),
            status,
            reasons,
            original_amount: Some(Money::parse(&format!("{}.{:02}", minor / 100, minor % 100), "EUR").unwrap()),
            debtor: debtor.unwrap_or_default(),
            creditor: creditor.unwrap_or_default(),
            mandate,
            text,
            ..FollowUp::default()
        },
    )
}

/// What a message of this kind can hold of a line.
fn fitted(line: &FollowUp, kind: Kind) -> FollowUp {
    let mut line = line.clone();
    if kind == Kind::Pain002 {
        line.transaction = None;
    }
    if !matches!(kind, Kind::Pain002 | Kind::Pacs002 | Kind::Camt029) {
        line.status = None;
    }
    if kind == Kind::Pacs028 {
        line.reasons.clear();
    }
    if kind == Kind::Pacs004 {
        (line.returned, line.settled_on, line.originally_settled_on) =
            (line.original_amount, Date::new(2026, 2, 3).ok(), Date::new(2026, 2, 1).ok());
    }
    line
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn follow_ups_come_back(lines in proptest::collection::vec(follow_up(), 1..4), which in 0_usize..6, status in of("(ACCP|PART)")) {
        let kind = [Kind::Pain002, Kind::Pacs002, Kind::Pacs004, Kind::Pacs028, Kind::Camt056, Kind::Camt029][which];
        let lines: Vec<FollowUp> = lines.iter().map(|line| fitted(line, kind)).collect();
        let mut tally = Tally::default();
        lines.iter().filter_map(|line| line.original_amount).for_each(|amount| tally.add(amount));
        let message = Original { id: Some("M-1".into()), name: Some("pain.001.001.09".into()), created_on: None, created_at: None };
        let about = match kind {
            Kind::Pain002 | Kind::Pacs002 => About { message, status, count: Some(3), ..About::default() },
            Kind::Pacs004 | Kind::Pacs028 => About { message, ..About::default() },
            Kind::Camt029 => About { status: Some("CNCL".into()), ..About::default() },
            _ => About::default(),
        };
        let banks = Settlement { instructing: Some("COBADEFF".into()), instructed: Some("ABNANL2A".into()), ..Settlement::default() };
        let head = Head {
            id: Some("R-1".into()),
            created_at: Some("2026-01-30T10:00:00Z".parse::<Timestamp>().unwrap()),
            created_on: Date::new(2026, 1, 30).ok(),
            settlement: match kind {
                Kind::Pain002 => Settlement::default(),
                Kind::Pacs004 => Settlement { method: Some("CLRG".into()), on: Date::new(2026, 2, 3).ok(), ..banks },
                _ => banks,
            },
            count: matches!(kind, Kind::Pacs004 | Kind::Camt056).then_some(tally.count),
            control_sum: matches!(kind, Kind::Pacs004).then_some(tally.sum),
            about,
            ..Head::new(kind)
        };
        let mut writer = FollowUpWriter::new(Vec::new(), &head, Letters::AsTheyAre).unwrap();
        if kind == Kind::Pain002 {
            writer.batch(&About { payment_information: Some("P-1".into()), ..About::default() }).unwrap();
        }
        lines.iter().for_each(|line| writer.line(line).unwrap());
        let file = String::from_utf8(writer.finish().unwrap()).unwrap();
        let (items, report) = read(&file);
        prop_assert_eq!(&report, &Report::default(), "{}", file);
        let mut read_lines = Vec::new();
        for item in items {
            match item {
                FollowUpItem::Head(read) => prop_assert_eq!(&Head { version: None, ..*read }, &head),
                FollowUpItem::Batch(read) => prop_assert_eq!(read.payment_information.as_deref(), Some("P-1")),
                FollowUpItem::Line(line) => read_lines.push(FollowUp { line: 0, ..*line }),
            }
        }
        let expected: Vec<FollowUp> = lines.into_iter().map(|line| FollowUp { debtor: kept(line.debtor), creditor: kept(line.creditor), ..line }).collect();
        prop_assert_eq!(read_lines, expected);
    }
}

fn kept(side: Side) -> Side {
    side
}
