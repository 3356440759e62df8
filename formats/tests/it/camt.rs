//! camt.052, 053 and 054: each point of the format that readers get wrong.

use formats::statement::{BalanceKind, Coverage, EntryStatus, Scheme};

use super::{day, read, read_clean};

fn document(version: &str, root: &str, inner: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:{version}\"><{root}>\
         <GrpHdr><MsgId>M-1</MsgId><CreDtTm>2026-02-01T06:00:00+01:00</CreDtTm></GrpHdr>\n{inner}</{root}></Document>"
    )
}

fn statement(inner: &str) -> String {
    document(
        "camt.053.001.08",
        "BkToCstmrStmt",
        &format!(
            "<Stmt><Id>S-1</Id><ElctrncSeqNb>12</ElctrncSeqNb>\
             <FrToDt><FrDtTm>2026-01-31T00:00:00</FrDtTm><ToDtTm>2026-01-31T23:59:59</ToDtTm></FrToDt>\
             <Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy><Ownr><Nm>Acme GmbH</Nm></Ownr>\
             <Svcr><FinInstnId><BICFI>COBADEFFXXX</BICFI></FinInstnId></Svcr></Acct>{inner}</Stmt>"
        ),
    )
}

fn balance(code: &str, amount: &str, sign: &str) -> String {
    format!(
        "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">{amount}</Amt>\
         <CdtDbtInd>{sign}</CdtDbtInd><Dt><Dt>2026-01-31</Dt></Dt></Bal>"
    )
}

fn entry(amount: &str, sign: &str, more: &str) -> String {
    format!(
        "<Ntry><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\
         <BookgDt><Dt>2026-01-31</Dt></BookgDt><ValDt><Dt>2026-02-02</Dt></ValDt>{more}</Ntry>\n"
    )
}

#[test]
fn a_statement_is_read_with_account_balances_and_entries() {
    let details = "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn>\
        <Prtry><Cd>NTRF+166</Cd><Issr>DK</Issr></Prtry></BkTxCd><NtryDtls><TxDtls><Refs><EndToEndId>INV-7</EndToEndId>\
        <UETR>eb6305c9-1f7f-49de-aed0-16487c27b42d</UETR></Refs><Amt Ccy=\"EUR\">150.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>\
        <RltdPties><Dbtr><Pty><Nm>Bob &amp; Söhne</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>NL91ABNA0417164300</IBAN></Id></DbtrAcct>\
        <UltmtDbtr><Pty><Nm>Carol</Nm></Pty></UltmtDbtr></RltdPties><RltdAgts><DbtrAgt><FinInstnId><BICFI>ABNANL2A</BICFI>\
        </FinInstnId></DbtrAgt></RltdAgts><Purp><Cd>GDDS</Cd></Purp><RmtInf><Ustrd>Invoice 7</Ustrd><Ustrd>January</Ustrd>\
        <Strd><CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf></Strd></RmtInf></TxDtls></NtryDtls>\
        <AddtlNtryInf>SEPA credit</AddtlNtryInf>";
    let file = statement(&format!(
        "{}{}{}{}",
        balance("OPBD", "100", "CRDT"),
        balance("CLBD", "220.50", "CRDT"),
        entry("150.00", "CRDT", &format!("<AcctSvcrRef>B-1</AcctSvcrRef>{details}")),
        entry("29.5", "DBIT", ""),
    ));
    let read = read_clean(&file);
    let begin = read.begins()[0];
    assert_eq!(begin.id.as_deref(), Some("S-1"));
    assert_eq!(begin.message.as_deref(), Some("M-1"));
    assert_eq!(begin.sequence, Some(12));
    assert_eq!((begin.from, begin.to), (day("2026-01-31"), day("2026-01-31")));
    assert_eq!(begin.account.iban.as_deref(), Some("DE89370400440532013000"));
    assert_eq!(begin.account.bank.as_deref(), Some("COBADEFFXXX"));
    assert_eq!(begin.balances[1].kind, BalanceKind::ClosingBooked);
    assert_eq!(read.amounts(), ["150.00", "-29.50"]);
    let first = read.entries()[0];
    assert_eq!((first.booked_on, first.valued_on), (day("2026-01-31"), day("2026-02-02")));
    let told = &first.told;
    assert_eq!(told.codes[0].code, "PMNT-RCDT-ESCT");
    assert_eq!((told.codes[1].scheme, told.codes[1].issuer.as_deref()), (Scheme::Bank, Some("DK")));
    assert_eq!(told.references.bank.as_deref(), Some("B-1"));
    assert_eq!(told.references.end_to_end.as_deref(), Some("INV-7"));
    assert_eq!(told.counterparty.name.as_deref(), Some("Bob & Söhne"));
    assert_eq!(told.counterparty.iban.as_deref(), Some("NL91ABNA0417164300"));
    assert_eq!(told.counterparty.bank.as_deref(), Some("ABNANL2A"));
    assert_eq!(told.ultimate.as_deref(), Some("Carol"));
    assert_eq!(told.text, ["Invoice 7", "January"]);
    assert_eq!(told.structured.as_deref(), Some("RF18539007547034"));
    assert_eq!(told.additional.as_deref(), Some("SEPA credit"));
    let sums = &read.ends()[0].sums;
    assert_eq!((sums.credits.count, sums.credits.minor, sums.debits.minor), (1, 15_000, -2_950));
    assert_eq!(sums.difference.unwrap().minor, 0);
}

#[test]
fn details_divide_an_entry_and_never_add_to_it() {
    let detail = |amount: &str| format!("<TxDtls><Amt Ccy=\"EUR\">{amount}</Amt></TxDtls>");
    let batch = format!(
        "<NtryDtls><Btch><MsgId>M</MsgId><PmtInfId>P</PmtInfId></Btch>{}{}</NtryDtls>",
        detail("60"),
        detail("40")
    );
    let with_fee = format!("<NtryDtls>{}{}</NtryDtls>", detail("60"), detail("38.5"));
    let early = "<NtryDtls><TxDtls><AmtDtls><TxAmt><Amt Ccy=\"EUR\">100</Amt></TxAmt></AmtDtls></TxDtls></NtryDtls>";
    let file = statement(&[&batch, &with_fee, early, ""].map(|more| entry("100", "DBIT", more)).concat());
    let read = read_clean(&file);
    assert_eq!(read.amounts(), ["-100.00"; 4]);
    let entries = read.entries();
    let details: Vec<_> = entries[0].details.iter().map(|detail| detail.amount.unwrap().amount()).collect();
    assert_eq!(details, ["-60.00", "-40.00"]);
    assert_eq!(entries[0].told.references.payment_information.as_deref(), Some("P"));
    assert_eq!(entries[0].difference, None);
    assert_eq!(entries[1].difference.unwrap().amount(), "-1.50");
    assert!(entries[2].details.is_empty() && entries[2].difference.is_none());
    assert_eq!(read.ends()[0].sums.debits.minor, -40_000);
}

#[test]
fn a_batch_with_many_details_comes_in_pages() {
    let details = "<TxDtls><Amt Ccy=\"EUR\">1.00</Amt></TxDtls>".repeat(2_500);
    let file =
        statement(&entry("2501", "CRDT", &format!("<NtryDtls>{details}</NtryDtls><AddtlNtryInf>batch</AddtlNtryInf>")));
    let read = read_clean(&file);
    let pages: Vec<_> = read
        .items
        .iter()
        .filter_map(|item| match item {
            formats::Item::Entry(entry) => Some((entry.details.len(), None)),
            formats::Item::Details(more) => Some((more.details.len(), more.difference.map(|left| left.minor()))),
            _ => None,
        })
        .collect();
    assert_eq!(pages, [(1_000, None), (1_000, None), (500, Some(100))]);
}

#[test]
fn the_sign_is_the_indicators_and_a_reversal_does_not_turn_it() {
    let parties = "<NtryDtls><TxDtls><RltdPties><Dbtr><Nm>Payer</Nm></Dbtr><Cdtr><Nm>Payee</Nm></Cdtr></RltdPties></TxDtls></NtryDtls>";
    let reversal = format!("<RvslInd>true</RvslInd>{parties}");
    let file =
        statement(&[entry("5", "CRDT", parties), entry("5", "DBIT", parties), entry("5", "CRDT", &reversal)].concat());
    let read = read_clean(&file);
    assert_eq!(read.amounts(), ["5.00", "-5.00", "5.00"]);
    let names: Vec<_> = read.entries().iter().map(|entry| entry.told.counterparty.name.as_deref().unwrap()).collect();
    assert_eq!(names, ["Payer", "Payee", "Payee"]);
    assert!(read.entries()[2].reversal);
}

#[test]
fn a_status_is_text_or_a_code_and_only_booked_entries_count() {
    let with = |status: &str| entry("1", "CRDT", "").replace("<Sts><Cd>BOOK</Cd></Sts>", status);
    let file = statement(
        &["<Sts>BOOK</Sts>", "<Sts>PDNG</Sts>", "<Sts><Cd>FUTR</Cd></Sts>", "<Sts>INFO</Sts>", ""].map(with).concat(),
    );
    let read = read_clean(&file);
    let statuses: Vec<_> = read.entries().iter().map(|entry| entry.status).collect();
    use EntryStatus::{Booked, Future, Info, Pending};
    assert_eq!(statuses, [Booked, Pending, Future, Info, Booked]);
    let sums = &read.ends()[0].sums;
    assert_eq!((sums.credits.count, sums.not_booked.count), (2, 3));
}

#[test]
fn a_statement_that_does_not_add_up_says_by_how_much() {
    let file =
        statement(&[balance("PRCD", "10", "DBIT"), balance("CLBD", "95", "CRDT"), entry("100", "CRDT", "")].concat());
    let read = read(&file);
    assert_eq!(read.codes(), ["does_not_add_up"]);
    assert!(
        read.messages()[0].ends_with(
            "opening and entries make 90.00 EUR, the closing balance is 95.00 EUR, a difference of 5.00 EUR"
        )
    );
    assert!(!read.report.is_refused(false));
    assert_eq!(read.ends()[0].sums.difference.unwrap().minor, 500);
}

#[test]
fn an_entry_in_another_currency_stays_out_of_the_sum() {
    let other = entry("7", "CRDT", "").replace("Ccy=\"EUR\"", "Ccy=\"USD\"");
    let file = statement(
        &[balance("OPBD", "0", "CRDT"), balance("CLBD", "1", "CRDT"), entry("1", "CRDT", ""), other].concat(),
    );
    let read = read(&file);
    assert_eq!(read.codes(), ["other_currency"]);
    assert_eq!(read.ends()[0].sums.difference.unwrap().minor, 0);
}

#[test]
fn the_currency_comes_from_balances_or_entries_where_the_account_has_none() {
    let file = statement(&entry("1", "CRDT", "")).replace("<Ccy>EUR</Ccy>", "");
    assert_eq!(read_clean(&file).ends()[0].statement.currency.unwrap().code(), "EUR");
}

#[test]
fn a_true_fraction_is_rounded_half_to_even_and_named() {
    let read = read(&statement(
        &[entry("1.005", "CRDT", ""), entry("1.01500", "CRDT", ""), entry("1.0100", "CRDT", "")].concat(),
    ));
    assert_eq!(read.amounts(), ["1.00", "1.02", "1.01"]);
    assert_eq!(read.codes(), ["rounded", "rounded"]);
}

#[test]
fn unreadable_entries_are_left_out_with_element_and_field() {
    let wrong = [
        entry("1.2.3", "CRDT", ""),
        entry("", "CRDT", ""),
        entry("99999999999999999999", "CRDT", ""),
        entry("1", "PLUS", ""),
        entry("1", "CRDT", "").replace("2026-01-31", "2026-04-31"),
        entry("1", "CRDT", "").replace("EUR", "EU"),
        entry("-1", "CRDT", ""),
        entry("1", "CRDT", "").replace("BOOK", "DONE"),
    ];
    let read = read(&statement(&wrong.concat()));
    let codes = ["amount", "amount", "amount_too_large", "value", "date", "currency", "amount", "value"];
    assert_eq!(read.codes(), codes);
    assert_eq!(read.messages()[0], "line 3: Stmt[1]/Ntry[1]: Amt: \"1.2.3\" is not an amount");
    assert!(read.messages()[4].starts_with("line 7: Stmt[1]/Ntry[5]: BookgDt:"));
    assert!(read.entries().is_empty() && read.report.is_refused(false) && !read.report.is_refused(true));
}

#[test]
fn the_first_hundred_mistakes_are_listed_and_all_are_counted() {
    let read = read(&statement(&entry("x", "CRDT", "").repeat(250)));
    assert_eq!((read.report.lines.total, read.report.lines.first.len()), (250, 100));
}

#[test]
fn versions_prefixes_envelopes_and_pages_are_all_read() {
    let early = document(
        "camt.053.001.02",
        "BkToCstmrStmt",
        "<Stmt><Id>1</Id><StmtPgntn><PgNb>2</PgNb><LastPgInd>false</LastPgInd></StmtPgntn><Acct><Id><Othr><Id>4711</Id></Othr></Id><Ccy>CHF</Ccy></Acct>\
         <Ntry><Amt Ccy=\"CHF\">3</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><DtTm>2026-01-31T23:30:00-05:00</DtTm></BookgDt>\
         <NtryDtls><TxDtls><RltdPties><Dbtr><Nm>Old</Nm></Dbtr></RltdPties></TxDtls></NtryDtls></Ntry></Stmt>",
    );
    let read = read_clean(&early);
    assert_eq!(read.entries()[0].booked_on, day("2026-01-31"));
    assert_eq!(read.entries()[0].booked_at.unwrap().to_string(), "2026-02-01T04:30:00.000000Z");
    assert_eq!(read.entries()[0].told.counterparty.name.as_deref(), Some("Old"));
    assert_eq!((read.begins()[0].page.unwrap().number, read.begins()[0].page.unwrap().last), (2, Some(false)));
    let prefixed =
        early.replace("<", "<n:").replace("<n:/", "</n:").replace("<n:?", "<?").replace(" xmlns=", " xmlns:n=");
    assert_eq!(read_clean(&prefixed).amounts(), ["3.00"]);
    let body = early.split_once("?>").unwrap().1;
    let wrapped = format!("<Env><AppHdr><MsgDefIdr>camt.053</MsgDefIdr></AppHdr><Body>{body}</Body></Env>");
    assert_eq!(read_clean(&wrapped).amounts(), ["3.00"]);
}

#[test]
fn reports_and_notifications_say_how_much_they_tell() {
    let report = document(
        "camt.052.001.08",
        "BkToCstmrAcctRpt",
        &format!(
            "<Rpt><Id>1</Id><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>{}</Rpt>",
            entry("1", "CRDT", "")
        ),
    );
    assert_eq!(read_clean(&report).begins()[0].coverage, Coverage::Interim);
    let notification = report.replace("BkToCstmrAcctRpt", "BkToCstmrDbtCdtNtfctn").replace("Rpt>", "Ntfctn>");
    assert_eq!(read_clean(&notification).begins()[0].coverage, Coverage::News);
}

#[test]
fn several_statements_follow_one_another_and_none_is_refused() {
    let two = document(
        "camt.053.001.08",
        "BkToCstmrStmt",
        &"<Stmt><Id>1</Id><Acct><Id><Othr><Id>1</Id></Othr></Id></Acct></Stmt>".repeat(2),
    );
    assert_eq!(read_clean(&two).begins().len(), 2);
    let none = document("camt.053.001.08", "BkToCstmrStmt", "");
    assert_eq!(read(&none).codes(), ["no_statement"]);
}

#[test]
fn a_summary_that_is_not_the_entries_is_named() {
    let summary = "<TxsSummry><TtlCdtNtries><NbOfNtries>2</NbOfNtries><Sum>1</Sum></TtlCdtNtries></TxsSummry>";
    assert_eq!(read(&statement(&format!("{summary}{}", entry("1", "CRDT", "")))).codes(), ["count"]);
}

#[test]
fn other_character_sets_are_read_as_declared() {
    let file = statement(&entry("1", "CRDT", "<AddtlNtryInf>Grüße</AddtlNtryInf>")).replace("UTF-8", "ISO-8859-1");
    let latin: Vec<u8> = file.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let read = super::read_with(&latin, &formats::Options::default());
    assert_eq!(read.entries()[0].told.additional.as_deref(), Some("Grüße"));
    let lie: Vec<u8> = String::from_utf8_lossy(&latin).replace("ISO-8859-1", "UTF-8").into_bytes();
    assert!(super::read_with(&lie, &formats::Options::default()).report.refusals.total == 0);
    let mut broken = file.replace("ISO-8859-1", "UTF-8").into_bytes();
    let place = broken.len() - 60;
    broken[place] = 0xFC;
    assert_eq!(super::read_with(&broken, &formats::Options::default()).codes()[0], "character_set");
}
