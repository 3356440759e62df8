//! pain.001 and CSV orders: what is read and what is refused.

use formats::csv::{Column, Field, Profile};
use formats::payment::PaymentItem;
use formats::{PaymentOptions, Payments, Report};

pub(crate) fn read(file: &str) -> (Vec<PaymentItem>, Report) {
    let mut payments = Payments::open(file.as_bytes(), &PaymentOptions::default());
    let items = payments.by_ref().collect();
    (items, payments.into_report())
}

fn codes(report: &Report) -> Vec<&'static str> {
    let all = report.refusals.first.iter().chain(&report.lines.first).chain(&report.warnings.first);
    all.map(|mistake| mistake.problem.code()).collect()
}

pub(crate) fn transfer(count: &str, sum: &str, lines: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.001.001.09\"><CstmrCdtTrfInitn>\
         <GrpHdr><MsgId>M-1</MsgId><CreDtTm>2026-01-30T10:00:00Z</CreDtTm><NbOfTxs>{count}</NbOfTxs><CtrlSum>{sum}</CtrlSum>\
         <InitgPty><Nm>Acme</Nm></InitgPty></GrpHdr>\n<PmtInf><PmtInfId>P-1</PmtInfId><PmtMtd>TRF</PmtMtd><BtchBookg>true</BtchBookg>\
         <PmtTpInf><SvcLvl><Cd>SEPA</Cd></SvcLvl></PmtTpInf><ReqdExctnDt><Dt>2026-02-02</Dt></ReqdExctnDt>\
         <Dbtr><Nm>Acme</Nm></Dbtr><DbtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></DbtrAcct>\
         <DbtrAgt><FinInstnId><BICFI>COBADEFFXXX</BICFI></FinInstnId></DbtrAgt><ChrgBr>SLEV</ChrgBr>\n{lines}</PmtInf></CstmrCdtTrfInitn></Document>"
    )
}

pub(crate) fn order(amount: &str) -> String {
    format!(
        "<CdtTrfTxInf><PmtId><EndToEndId>E-1</EndToEndId></PmtId><Amt><InstdAmt Ccy=\"EUR\">{amount}</InstdAmt></Amt>\
         <CdtrAgt><FinInstnId><BICFI>ABNANL2A</BICFI></FinInstnId></CdtrAgt><Cdtr><Nm>Bob</Nm></Cdtr>\
         <CdtrAcct><Id><IBAN>NL91ABNA0417164300</IBAN></Id></CdtrAcct><RmtInf><Ustrd>Invoice 7</Ustrd></RmtInf></CdtTrfTxInf>\n"
    )
}

#[test]
fn a_file_of_transfers_is_read_with_batch_and_lines() {
    let (items, report) = read(&transfer("2", "85.00", &[order("75"), order("10.00000")].concat()));
    assert_eq!(report, Report::default());
    let [
        PaymentItem::File(head),
        PaymentItem::Batch(batch),
        PaymentItem::Line(first),
        PaymentItem::Line(second),
        PaymentItem::EndBatch(tally),
        PaymentItem::End(_),
    ] = items.as_slice()
    else {
        panic!("{items:?}")
    };
    assert_eq!((head.id.as_deref(), head.count, head.initiator.name.as_deref()), (Some("M-1"), Some(2), Some("Acme")));
    assert_eq!(batch.own.iban.as_deref(), Some("DE89370400440532013000"));
    assert_eq!((batch.kind.service.as_deref(), batch.as_one), (Some("SEPA"), Some(true)));
    assert_eq!(batch.execute_on, super::day("2026-02-02"));
    assert_eq!((first.amount.to_string().as_str(), first.number, second.number), ("75.00 EUR", 1, 2));
    assert_eq!(first.creditor.iban.as_deref(), Some("NL91ABNA0417164300"));
    assert_eq!((first.text.as_slice(), tally.sum.to_string()), (&["Invoice 7".to_owned()][..], "85.00".to_owned()));
}

#[test]
fn wrong_counts_and_control_sums_refuse_the_file() {
    for (count, sum, expected) in
        [("3", "20", "count"), ("2", "20.01", "total"), ("x", "20", "value"), ("2", "x", "amount")]
    {
        let (_, report) = read(&transfer(count, sum, &order("10").repeat(2)));
        assert_eq!((report.refusals.total, codes(&report)), (1, vec![expected]));
    }
    let own = transfer("1", "10", &order("10"))
        .replace("<BtchBookg>", "<NbOfTxs>2</NbOfTxs><CtrlSum>11</CtrlSum><BtchBookg>");
    let (_, report) = read(&own);
    assert_eq!(codes(&report), ["count", "total"]);
    assert_eq!(
        report.refusals.first[0].to_string(),
        "line 5: PmtInf: NbOfTxs: a count of 2 is stated, and 1 were found"
    );
    let none = read(&transfer("0", "0", "")).1;
    assert_eq!(codes(&none), ["no_payment"]);
}

#[test]
fn unreadable_lines_are_named_by_element_and_field_and_left_out() {
    let wrong = [
        (order("0"), "value"),
        (order("-1"), "value"),
        (order("1.001"), "value"),
        (order("1,00"), "amount"),
        (order("1").replace("NL91", "NL92"), "check_digit"),
        (order("1").replace("ABNANL2A", "ABNA"), "value"),
        (order("1").replace("E-1", "/E-1"), "value"),
        (order("1").replace("E-1", "E//1"), "value"),
        (order("1").replace("E-1", &"E".repeat(36)), "too_long"),
        (order("1").replace("<EndToEndId>E-1</EndToEndId>", ""), "missing"),
        (order("1").replace("Ccy=\"EUR\"", "Ccy=\"EUX\""), "currency"),
        (order("1").replace("Invoice 7", &"x".repeat(141)), "too_long"),
        (
            order("1").replace("</EndToEndId>", "</EndToEndId><UETR>eb6305c9-1f7f-19de-aed0-16487c27b42d</UETR>"),
            "value",
        ),
    ];
    let lines: String = wrong.iter().map(|(line, _)| line.as_str()).collect();
    let (items, report) = read(&transfer("14", "20", &(lines + &order("10"))));
    assert_eq!(codes(&report), wrong.iter().map(|(_, code)| *code).collect::<Vec<_>>());
    assert_eq!(
        report.lines.first[2].to_string(),
        "line 6: PmtInf[1]/CdtTrfTxInf[3]: Amt/InstdAmt: expected at most 2 digits after the point, found \"1.001\""
    );
    assert_eq!(items.iter().filter(|item| matches!(item, PaymentItem::Line(_))).count(), 1);
    assert!(report.is_refused(false) && !report.is_refused(true));
}

#[test]
fn a_wrong_own_side_refuses_the_file() {
    let file = transfer("1", "10", &order("10"));
    for (right, wrong, code) in
        [("DE89", "DE88", "check_digit"), ("2026-02-02", "2026-02-30", "date"), ("COBADEFFXXX", "C", "value")]
    {
        assert_eq!(codes(&read(&file.replace(right, wrong)).1), [code]);
    }
}

#[test]
fn statements_are_no_orders_and_orders_no_statements() {
    assert_eq!(codes(&read(super::hostile::CAMT).1), ["other_format"]);
    assert_eq!(super::read(&transfer("1", "10", &order("10"))).codes(), ["other_format"]);
}

#[test]
fn rows_of_a_declared_csv_are_orders() {
    let column = |field, name: &str| Column { field, index: 0, name: Some(name.to_owned()) };
    let profile = Profile {
        columns: vec![
            column(Field::Counterparty, "payee"),
            column(Field::CounterpartyAccount, "account"),
            column(Field::CounterpartyBank, "bank"),
            column(Field::Amount, "amount"),
            column(Field::EndToEnd, "reference"),
            column(Field::BookedOn, "date"),
        ],
        currency: Some("USD".into()),
        account: Some("DE89370400440532013000".into()),
        ..Profile::own()
    };
    let file = "payee,account,bank,amount,reference,date\nBob,NL91ABNA0417164300,,10.00,R-1,2026-02-02\nAnn,4711,021000021,5,R-2,2026-02-03\n\
        Eve,4711,021000022,5,R-3,2026-02-03\nEve,NL92ABNA0417164300,,5,R-4,2026-02-03\nEve,1,,0,R-5,2026-02-03\n,1,,1,R-6,\n";
    let mut payments = Payments::open(file.as_bytes(), &PaymentOptions { csv: Some(profile) });
    let items: Vec<_> = payments.by_ref().collect();
    assert_eq!(codes(payments.report()), ["check_digit", "check_digit", "value", "missing"]);
    assert_eq!(
        payments.report().lines.first[0].to_string(),
        "line 4: row: counterparty_bank: the check digit of \"021000022\" is wrong"
    );
    let batches = items.iter().filter(|item| matches!(item, PaymentItem::Batch(_))).count();
    let lines: Vec<_> =
        items.iter().filter_map(|item| if let PaymentItem::Line(line) = item { Some(line) } else { None }).collect();
    assert_eq!((batches, lines.len()), (2, 2));
    assert_eq!(lines[1].creditor.clearing_number.as_deref(), Some("021000021"));
    let undeclared = Payments::open(file.as_bytes(), &PaymentOptions::default());
    assert_eq!(undeclared.report().refusals.total, 1);
}
