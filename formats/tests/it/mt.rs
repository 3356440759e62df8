//! MT940 and MT942: each point of the format that readers get wrong.

use formats::statement::{BalanceKind, Coverage, EntryStatus, Scheme};

use super::{day, read, read_clean};

fn statement(inner: &str) -> String {
    format!(
        ":20:STMT-1\r\n:25:COBADEFF/532013000\r\n:28C:12/1\r\n:60F:C260130EUR100,00\r\n{inner}:62F:C260131EUR100,\r\n-\r\n"
    )
}

#[test]
fn a_statement_is_read_with_balances_entries_and_texts() {
    let file = format!(
        "{{1:F01COBADEFFAXXX0000000000}}{{2:O9401200260131COBADEFFAXXX00000000002601311200N}}{{4:\r\n{}-}}",
        ":20:STMT-1\r\n:25:DE89370400440532013000\r\n:28C:12/1\r\n:60F:C260130EUR100,00\r\n\
         :61:2601310131CR150,50NTRFINV-7//B-1\r\nfurther\r\n:86:166?00SEPA-Gutschrift?10931?20EREF+INV-7?21SVWZ+Invoice 7 of Jan\r\n\
         ?22uary?30ABNANL2A?31NL91ABNA0417164300?32Bob Builder and So?33ns?34000\r\n\
         :61:260131D50,5NMSCNONREF\r\n:86:Account fee\r\n  January  \r\n:62F:C260131EUR200,\r\n:64:C260131EUR180,00\r\n:65:C260202EUR190,00\r\n:86:Thank you\r\n"
    );
    let read = read_clean(&file);
    let begin = read.begins()[0];
    assert_eq!((begin.id.as_deref(), begin.sequence, begin.coverage), (Some("STMT-1"), Some(12), Coverage::Full));
    assert_eq!(begin.account.iban.as_deref(), Some("DE89370400440532013000"));
    assert_eq!(read.amounts(), ["150.50", "-50.50"]);
    let told = &read.entries()[0].told;
    assert_eq!((told.references.own.as_deref(), told.references.bank.as_deref()), (Some("INV-7"), Some("B-1")));
    assert_eq!(told.references.end_to_end.as_deref(), Some("INV-7"));
    assert_eq!(told.text, ["Invoice 7 of January"]);
    assert_eq!(told.counterparty.name.as_deref(), Some("Bob Builder and Sons"));
    assert_eq!(told.counterparty.iban.as_deref(), Some("NL91ABNA0417164300"));
    assert_eq!(told.additional.as_deref(), Some("further SEPA-Gutschrift"));
    let codes: Vec<_> = told.codes.iter().map(|code| (code.scheme, code.code.as_str())).collect();
    assert_eq!(codes, [(Scheme::Mt, "NTRF"), (Scheme::Gvc, "166")]);
    assert_eq!(read.entries()[1].told.text, ["Account fee", "January"]);
    assert_eq!(read.entries()[1].told.references.own, None);
    let end = read.ends()[0];
    let kinds: Vec<_> = end.statement.balances.iter().map(|balance| balance.kind).collect();
    use BalanceKind::{ClosingAvailable, ClosingBooked, ForwardAvailable, OpeningBooked};
    assert_eq!(kinds, [OpeningBooked, ClosingBooked, ClosingAvailable, ForwardAvailable]);
    assert_eq!(end.statement.text.as_deref(), Some("Thank you"));
    assert_eq!(end.sums.difference.unwrap().minor, 0);
}

#[test]
fn the_entry_date_is_blank_or_in_the_year_nearest_to_the_value_date() {
    for (line, booked, valued) in [
        (":61:2601021231C1,NMSCNONREF", "2025-12-31", "2026-01-02"),
        (":61:2512310102C1,NMSCNONREF", "2026-01-02", "2025-12-31"),
        (":61:260131C1,NMSCNONREF", "2026-01-31", "2026-01-31"),
        (":61:260131    C1,NMSCNONREF", "2026-01-31", "2026-01-31"),
        (":61:2602300230C1,NMSCNONREF", "2026-02-28", "2026-02-28"),
        (":61:2802300301C1,NMSCNONREF", "2028-03-01", "2028-02-29"),
    ] {
        let read = read(&statement(&format!("{line}\r\n")));
        assert_eq!((read.entries()[0].booked_on, read.entries()[0].valued_on), (day(booked), day(valued)), "{line}");
    }
}

#[test]
fn marks_give_sign_reversal_and_expectation() {
    use EntryStatus::{Booked, Pending};
    for (mark, amount, reversal, status) in [
        ("C", "12.34", false, Booked),
        ("D", "-12.34", false, Booked),
        ("CR", "12.34", false, Booked),
        ("DR", "-12.34", false, Booked),
        ("RC", "-12.34", true, Booked),
        ("RD", "12.34", true, Booked),
        ("RCR", "-12.34", true, Booked),
        ("EC", "12.34", false, Pending),
        ("ED", "-12.34", false, Pending),
    ] {
        let read = read(&statement(&format!(":61:2601310131{mark}12,34NMSCNONREF\r\n")));
        let entry = read.entries()[0];
        assert_eq!(
            (entry.amount.amount().as_str(), entry.reversal, entry.status),
            (amount, reversal, status),
            "{mark}"
        );
    }
}

#[test]
fn a_comma_without_digits_and_a_fraction_are_read() {
    let file = statement(":61:260131C12,NMSCNONREF\r\n:61:260131D12,005NMSCNONREF\r\n:61:260131D,5NMSCNONREF\r\n");
    let read = read(&file);
    assert_eq!(read.amounts(), ["12.00", "-12.00", "-0.50"]);
    assert_eq!(read.codes(), ["rounded", "does_not_add_up"]);
}

#[test]
fn pages_are_one_statement_and_their_interim_balances_none() {
    let page = |number: u32, opening: &str, amount: &str, closing: &str| {
        format!(":20:S\n:25:4711\n:28C:7/{number}\n:60{opening}\n:61:260131C{amount},NMSCNONREF\n:62{closing}\n-\n")
    };
    let file = [page(1, "F:C260130EUR0,", "10", "M:C260131EUR10,"), page(2, "M:C260131EUR10,", "5", "F:C260131EUR15,")]
        .concat();
    let read = read_clean(&file);
    assert_eq!((read.begins().len(), read.entries().len()), (1, 2));
    assert_eq!(read.ends()[0].statement.balances.len(), 2);
    assert_eq!(read.ends()[0].sums.difference.unwrap().minor, 0);
    let other = file.replacen("4711", "4712", 1);
    assert_eq!(read_with_begins(&other), 2);
}

fn read_with_begins(file: &str) -> usize {
    read(file).begins().len()
}

#[test]
fn texts_come_in_four_shapes() {
    let told = |text: &str| {
        let read = read(&statement(&format!(":61:260131C1,NMSCNONREF\n:86:{text}\n:61:260131D1,NMSCNONREF\n")));
        assert_eq!(read.codes(), Vec::<&str>::new(), "{text}");
        read.entries()[0].told.clone()
    };
    assert_eq!(told("Rent\nJanuary").text, ["Rent", "January"]);
    let dutch = told(
        "/TRTP/SEPA OVERBOEKING/IBAN/NL91ABNA0417164300/BIC/ABNANL2A/NAME/B BUILDER/REMI/Invoice\n 7/2026/EREF/INV-7",
    );
    assert_eq!(dutch.counterparty.name.as_deref(), Some("B BUILDER"));
    assert_eq!(dutch.counterparty.iban.as_deref(), Some("NL91ABNA0417164300"));
    assert_eq!(
        (dutch.text, dutch.references.end_to_end.as_deref()),
        (vec!["Invoice 7/2026".to_owned()], Some("INV-7"))
    );
    assert_eq!(dutch.additional.as_deref(), Some("SEPA OVERBOEKING"));
    let party = told("/EREF/E-1//CNTP/NL91ABNA0417164300/ABNANL2A/B BUILDER/ASSEN//REMI/USTD//Rent/");
    assert_eq!((party.counterparty.name.as_deref(), party.text), (Some("B BUILDER"), vec!["Rent".to_owned()]));
    let odd = told("105?20EREF+E-1?21MREF+M-1?22CRED+DE98ZZZ09999999999?23SVWZ+a question? ?24yes?32Shop");
    assert_eq!(odd.text, ["a question? yes"]);
    assert_eq!(odd.references.mandate.as_deref(), Some("M-1"));
    assert_eq!(odd.references.creditor_id.as_deref(), Some("DE98ZZZ09999999999"));
    let read = read(&statement(
        ":61:260131C1,NMSCNONREF\n:NS:01Rent\n02January\n15Bob\n17Transfer\n:61:260131D1,NMSCNONREF\n",
    ));
    let told = &read.entries()[0].told;
    assert_eq!(
        (told.text.as_slice(), told.counterparty.name.as_deref()),
        (&["Rent".to_owned(), "January".to_owned()][..], Some("Bob"))
    );
}

#[test]
fn a_report_of_news_has_limits_and_totals() {
    let file = ":20:R\n:25:532013000EUR\n:28C:1/1\n:34F:EURD0,\n:13D:2601311200+0100\n:61:260131C5,NMSCNONREF\n:90D:0EUR0,\n:90C:1EUR5,\n-\n";
    let read = read_clean(file);
    assert_eq!(read.begins()[0].coverage, Coverage::News);
    assert_eq!(read.begins()[0].account.number.as_deref(), Some("532013000"));
    let totals = &read.ends()[0].statement.totals;
    assert_eq!((totals[1].code.as_str(), totals[1].count, totals[1].amount.unwrap().minor()), ("90C", Some(1), 500));
}

#[test]
fn totals_that_are_not_the_entries_are_named() {
    let report =
        ":20:R\n:25:532013000EUR\n:28C:1/1\n:34F:EURD0,\n:61:260131C5,NMSCNONREF\n:90D:0EUR0,\n:90C:2EUR6,\n-\n";
    let read = read(report);
    assert_eq!(read.codes(), ["count", "total"]);
    assert_eq!(
        read.messages()[1],
        "line 8: statement: total of credits: a total of 6.00 EUR is stated, and the parts add up to 5.00 EUR"
    );
    assert!(!read.report.is_refused(false));
}

#[test]
fn unreadable_lines_name_the_tag_and_the_field() {
    let wrong = [
        ":61:2604310401C1,NMSC",
        ":61:260131X1,NMSC",
        ":61:260131C€5NMSC",
        ":61:26",
        ":61:260131C1.2.3NMSC",
        ":61:260131C99999999999999999999,NMSC",
        ":60F:E260131EUR1,",
        ":64:C260131EU",
    ];
    let read = read(&statement(&wrong.map(|line| format!("{line}\n")).concat()));
    assert_eq!(read.codes(), ["date", "value", "amount", "missing", "amount", "amount_too_large", "value", "value"]);
    assert_eq!(read.messages()[0], "line 5: :61:: value date: \"260431\" is not a date");
}

#[test]
fn a_file_cut_before_its_closing_balance_is_refused() {
    let file = statement(":61:260131C1,NMSCNONREF\r\n");
    let cut = &file[..file.find(":62F:").unwrap()];
    assert_eq!(read(cut).codes(), ["cut"]);
}

#[test]
fn latin_letters_and_foreign_heads_are_read() {
    let mut file = b"ABNANL2A\r940\rABNANL2A\r".to_vec();
    file.extend(statement(":61:260131C1,NMSCNONREF\r:86:Gr").bytes().take_while(|_| true));
    let place = file.windows(2).position(|pair| pair == b"Gr").unwrap() + 2;
    file.splice(place..place, b"\xFC\xDFe\r".iter().copied());
    let read = super::read_with(&file, &formats::Options::default());
    assert_eq!(read.entries()[0].told.text, ["Grüße"]);
    assert_eq!(read.codes(), ["read_as_windows_1252", "does_not_add_up"]);
}
