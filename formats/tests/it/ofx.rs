//! OFX and QFX, SGML and XML: each point of the format that readers get wrong.

use formats::statement::{AccountKind, BalanceKind, Correction, EntryStatus, Item};

use super::{day, read, read_clean};

const HEAD: &str = "OFXHEADER:100\nDATA:OFXSGML\nVERSION:151\nSECURITY:NONE\nENCODING:USASCII\nCHARSET:1252\n\n";

fn sgml(transactions: &str) -> String {
    format!(
        "{HEAD}<OFX>\n<SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS><DTSERVER>20260201<LANGUAGE>ENG</SONRS></SIGNONMSGSRSV1>\n\
         <BANKMSGSRSV1><STMTTRNRS><TRNUID>1<STATUS><CODE>0<SEVERITY>INFO</STATUS><STMTRS><CURDEF>USD\n\
         <BANKACCTFROM><BANKID>021000021<ACCTID>4711<ACCTTYPE>SAVINGS</BANKACCTFROM>\n\
         <BANKTRANLIST><DTSTART>20260101<DTEND>20260131\n{transactions}</BANKTRANLIST>\n\
         <LEDGERBAL><BALAMT>100.5<DTASOF>20260131120000[-5:EST]</LEDGERBAL><AVAILBAL><BALAMT>90,50<DTASOF>20260131</AVAILBAL>\n\
         </STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n"
    )
}

fn transaction(fields: &str) -> String {
    format!("<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260131<TRNAMT>-5.00<FITID>F-1{fields}</STMTTRN>\n")
}

#[test]
fn open_tags_and_closed_ones_are_read_alike() {
    let file = sgml(&transaction("<CHECKNUM>77<REFNUM>R-1<NAME>AT&T <MEMO>Rent &amp; heat &#233; & more"));
    let check = |file: &str| {
        let read = read_clean(file);
        let begin = read.begins()[0];
        assert_eq!((begin.account.number.as_deref(), begin.account.kind), (Some("4711"), AccountKind::Savings));
        assert_eq!((begin.from, begin.to), (day("2026-01-01"), day("2026-01-31")));
        let entry = read.entries()[0];
        assert_eq!(
            (entry.amount.amount().as_str(), entry.booked_on, entry.booked_at),
            ("-5.00", day("2026-01-31"), None)
        );
        assert_eq!(entry.told.counterparty.name.as_deref(), Some("AT&T"));
        assert_eq!(entry.told.text, ["Rent & heat é & more"]);
        assert_eq!(entry.told.references.cheque.as_deref(), Some("77"));
        let balances = &read.ends()[0].statement.balances;
        assert_eq!((balances[0].kind, balances[0].amount.amount().as_str()), (BalanceKind::InterimBooked, "100.50"));
        assert_eq!(balances[0].at.unwrap().to_string(), "2026-01-31T17:00:00.000000Z");
        assert_eq!((balances[1].kind, balances[1].amount.amount().as_str()), (BalanceKind::InterimAvailable, "90.50"));
    };
    check(&file);
    let closed =
        regex_close(&file).replace(HEAD, "<?xml version=\"1.0\"?>\n<?OFX OFXHEADER=\"200\" VERSION=\"211\"?>\n");
    check(&closed);
    check(&file.replace('\n', "\r\n"));
    check(&file.replace("Rent &amp; heat &#233; & more", "<![CDATA[Rent & heat é & more]]>"));
    check(&file.replace("<STMTTRN>", "<!-- a > b --><STMTTRN>"));
    check(
        &file
            .to_lowercase()
            .replace("at&t", "AT&T")
            .replace("rent &amp;", "Rent &amp;")
            .replace("usd", "USD")
            .replace("savings", "SAVINGS"),
    );
}

/// Closes every tag that has a value.
fn regex_close(file: &str) -> String {
    let mut closed = String::new();
    for part in file.split_inclusive('<') {
        let (tag, rest) = part.split_once('>').unwrap_or(("", ""));
        let value = rest.trim_end_matches('<');
        closed.push_str(part.trim_end_matches('<'));
        if !value.trim().is_empty() && !tag.starts_with('/') {
            closed.push_str(&format!("</{tag}>"));
        }
        if part.ends_with('<') {
            closed.push('<');
        }
    }
    closed
}

#[test]
fn times_have_zones_or_are_in_greenwich() {
    for (text, on, at) in [
        ("20260131", "2026-01-31", None),
        ("20260131233000[-5:EST]", "2026-01-31", Some("2026-02-01T04:30:00.000000Z")),
        ("20260131233000.123", "2026-01-31", Some("2026-01-31T23:30:00.000000Z")),
        ("202601312330", "2026-01-31", Some("2026-01-31T23:30:00.000000Z")),
        ("20260131003000[+5.30:IST]", "2026-01-31", Some("2026-01-30T19:00:00.000000Z")),
        ("20260131003000[-3.5]", "2026-01-31", Some("2026-01-31T04:00:00.000000Z")),
    ] {
        let file = sgml(&transaction("").replace("<DTPOSTED>20260131", &format!("<DTPOSTED>{text}")));
        let read = read_clean(&file);
        let entry = read.entries()[0];
        assert_eq!(
            (entry.booked_on, entry.booked_at.map(|at| at.to_string())),
            (day(on), at.map(str::to_owned)),
            "{text}"
        );
    }
}

#[test]
fn amounts_have_a_comma_or_a_point_and_perhaps_another_currency() {
    let with = |amount: &str, more: &str| transaction(more).replace("-5.00", amount);
    let file = sgml(
        &[
            with("+7,5", ""),
            with("1.005", ""),
            with("-10", "<CURRENCY><CURRATE>1.1<CURSYM>EUR</CURRENCY>"),
            with("-11", "<ORIGCURRENCY><CURRATE>1.1<CURSYM>EUR</ORIGCURRENCY>"),
        ]
        .concat(),
    );
    let read = read(&file);
    let amounts: Vec<_> = read.entries().iter().map(|entry| entry.amount.to_string()).collect();
    assert_eq!(amounts, ["7.50 USD", "1.00 USD", "-10.00 EUR", "-11.00 USD"]);
    assert_eq!(read.entries()[3].told.original.as_ref().unwrap().rate.as_deref(), Some("1.1"));
    assert_eq!(read.codes(), ["rounded", "other_currency"]);
}

#[test]
fn corrections_replace_or_delete() {
    let file = sgml(
        &[
            transaction("<CORRECTFITID>F-0<CORRECTACTION>REPLACE"),
            transaction("<CORRECTFITID>F-0<CORRECTACTION>DELETE"),
        ]
        .concat(),
    );
    let read = read_clean(&file);
    assert_eq!(read.entries()[0].correction, Some(Correction::Replaces { bank: "F-0".into() }));
    assert_eq!(read.entries()[1].correction, Some(Correction::Deletes { bank: "F-0".into() }));
}

#[test]
fn cards_pendings_and_holdings_are_read() {
    let card = sgml(&transaction("<PAYEE><NAME>Shop<CITY>X</PAYEE><BANKACCTTO><BANKID>1<ACCTID>22<ACCTTYPE>CHECKING</BANKACCTTO>"))
        .replace("STMTTRNRS", "CCSTMTTRNRS").replace("STMTRS", "CCSTMTRS").replace("BANKACCTFROM", "CCACCTFROM")
        .replace("</BANKTRANLIST>", "</BANKTRANLIST><BANKTRANLISTP><STMTTRNP><TRNTYPE>DEBIT<DTTRAN>20260130<TRNAMT>-1<NAME>x</STMTTRNP></BANKTRANLISTP>");
    let read = read_clean(&card);
    assert_eq!(read.begins()[0].account.kind, AccountKind::Card);
    assert_eq!(read.entries()[0].told.counterparty.name.as_deref(), Some("Shop"));
    assert_eq!(read.entries()[0].told.counterparty.number.as_deref(), Some("22"));
    assert_eq!((read.entries()[1].status, read.entries()[1].booked_on), (EntryStatus::Pending, day("2026-01-30")));
    let investment = format!(
        "{HEAD}<OFX><INVSTMTMSGSRSV1><INVSTMTTRNRS><INVSTMTRS><DTASOF>20260131<CURDEF>USD<INVACCTFROM><BROKERID>b.com<ACCTID>9</INVACCTFROM>\
         <INVTRANLIST><BUYSTOCK><INVBUY><UNITS>1</INVBUY></BUYSTOCK><INVBANKTRAN>{}<SUBACCTFUND>CASH</INVBANKTRAN></INVTRANLIST>\
         <INVPOSLIST><POSSTOCK><INVPOS><SECID><UNIQUEID>037833100<UNIQUEIDTYPE>CUSIP</SECID><HELDINACCT>CASH<POSTYPE>LONG<UNITS>12.5\
         <UNITPRICE>200.1<MKTVAL>2501.25<DTPRICEASOF>20260131</INVPOS></POSSTOCK></INVPOSLIST><INVBAL><AVAILCASH>7.00</INVBAL></INVSTMTRS>\
         </INVSTMTTRNRS></INVSTMTMSGSRSV1></OFX>",
        transaction("")
    );
    let read = super::read(&investment);
    assert_eq!(read.codes(), ["unknown"]);
    assert_eq!(read.amounts(), ["-5.00"]);
    let holding = read
        .items
        .iter()
        .find_map(|item| if let Item::Holding(holding) = item { Some(holding) } else { None })
        .unwrap();
    assert_eq!((holding.security.as_str(), holding.quantity.as_str()), ("037833100", "12.5"));
    assert_eq!(holding.value.unwrap().amount(), "2501.25");
    assert_eq!(read.ends()[0].statement.balances[0].amount.amount(), "7.00");
}

#[test]
fn a_status_other_than_zero_is_the_banks_refusal() {
    let file = sgml("").replacen("<CODE>0<SEVERITY>INFO", "<CODE>15500<SEVERITY>ERROR<MESSAGE>Signon invalid", 1);
    let refused = read(&file);
    assert_eq!(refused.codes(), ["bank_refused"]);
    assert!(refused.messages()[0].ends_with("the bank refused the request with status 15500: Signon invalid"));
    let warned = read(&file.replace("ERROR", "WARN"));
    assert!(!warned.report.is_refused(false));
}

#[test]
fn unreadable_transactions_name_the_field() {
    let wrong = [
        transaction("").replace("-5.00", "1.2.3"),
        transaction("").replace("-5.00", ""),
        transaction("").replace("<TRNAMT>-5.00", ""),
        transaction("").replace("20260131", "20260431"),
        transaction("").replace("20260131", "20260131120000[-99]"),
        transaction("").replace("<DTPOSTED>20260131", ""),
        transaction("<CURRENCY><CURSYM>EU</CURRENCY>"),
    ];
    let read = read(&sgml(&wrong.concat()));
    assert_eq!(read.codes(), ["amount", "missing", "missing", "date", "date", "missing", "currency"]);
    assert!(read.messages()[0].starts_with("line 13: STMTTRN: TRNAMT: \"1.2.3\""), "{:?}", read.messages()[0]);
}

#[test]
fn windows_letters_are_read_whatever_the_header_says() {
    let mut file = sgml(&transaction("<MEMO>Caf_")).into_bytes();
    let place = file.iter().position(|byte| *byte == b'_').unwrap();
    file[place] = 0xE9;
    let read = super::read_with(&file, &formats::Options::default());
    assert_eq!(read.entries()[0].told.text, ["Café"]);
    assert_eq!(read.codes(), ["read_as_windows_1252"]);
}
