//! BAI2: each point of the format that readers get wrong.

use formats::Options;
use formats::statement::{BalanceKind, Coverage, Effect, EntryStatus};

use super::{day, read, read_clean, read_with};

fn file(records: &str, total: i64, count: u64) -> String {
    format!(
        "01,021000021,ACME,260131,0600,F-1,80,,2/\n02,ACME,021000021,1,260130,2400,USD,2/\n{records}49,{total},{}/\n98,{total},1,{}/\n99,{total},1,{}/\n",
        count + 1,
        count + 3,
        count + 5
    )
}

#[test]
fn a_file_is_read_with_balances_totals_and_transactions() {
    let records = "03,4711,,010,10000,,,015,25000,,,045,20000,,,100,15000,1,/\n16,195,15000,0,BANK-1,CUST-1,WIRE FROM BOB/BUILDER, REF 7/\n88,SECOND LINE\n";
    let read = read_clean(&file(records, 85_000, 3));
    let begin = read.begins()[0];
    assert_eq!((begin.account.number.as_deref(), begin.account.bank.as_deref()), (Some("4711"), Some("021000021")));
    assert_eq!((begin.coverage, begin.effect, begin.to), (Coverage::Full, Effect::Tells, day("2026-01-30")));
    let kinds: Vec<_> = begin.balances.iter().map(|balance| (balance.kind, balance.amount.amount())).collect();
    use BalanceKind::{ClosingAvailable, ClosingBooked, OpeningBooked};
    assert_eq!(
        kinds,
        [(OpeningBooked, "100.00".into()), (ClosingBooked, "250.00".into()), (ClosingAvailable, "200.00".into())]
    );
    assert_eq!((begin.totals[0].code.as_str(), begin.totals[0].count), ("100", Some(1)));
    let entry = read.entries()[0];
    assert_eq!((entry.amount.amount().as_str(), entry.booked_on), ("150.00", day("2026-01-30")));
    assert_eq!(entry.told.text, ["WIRE FROM BOB/BUILDER, REF 7", "SECOND LINE"]);
    assert_eq!(
        (entry.told.references.bank.as_deref(), entry.told.references.own.as_deref()),
        (Some("BANK-1"), Some("CUST-1"))
    );
    assert_eq!(entry.available[0].days, Some(0));
    assert_eq!(read.ends()[0].sums.difference.unwrap().minor, 0);
}

#[test]
fn records_share_lines_and_go_on_over_many() {
    let together = "03,4711,USD,010,100,,/16,399,50,Z,B,C/16,699,20,,,,/16,399,5,,,,text, with / slash\n";
    assert_eq!(read(&file(together, 175, 4)).amounts(), ["0.50", "-0.20", "0.05"]);
    assert_eq!(read_clean(&file(together, 175, 4)).entries()[2].told.text, ["text, with / slash"]);
    for broken in [
        "03,4711,USD,010,100\n88,,,015,170,,/\n",
        "03,4711,USD,010,100,\n88,,,015,170,,/\n",
        "03,4711,USD,010,100,,/\n88,015,170,,/\n",
        "03,4711,USD\n88,010,100,,,015,170,,/\n",
    ] {
        let records = format!("{broken}16,399,70\n88,V,260202\n88,,BANK,\n88,CUST,the text\n");
        let read = read_clean(&file(&records, 340, 6));
        let balances: Vec<_> = read.begins()[0].balances.iter().map(|balance| balance.amount.minor()).collect();
        assert_eq!(balances, [100, 170], "{broken}");
        let entry = read.entries()[0];
        assert_eq!((entry.valued_on, entry.told.text.as_slice()), (day("2026-02-02"), &["the text".to_owned()][..]));
    }
}

#[test]
fn funds_types_are_read_with_all_their_fields() {
    for (funds, days) in [
        ("Z", vec![]),
        ("", vec![]),
        ("0", vec![(Some(0), 900)]),
        ("1", vec![(Some(1), 900)]),
        ("2", vec![(Some(2), 900)]),
        ("S,300,500,100", vec![(Some(0), 300), (Some(1), 500), (Some(2), 100)]),
        ("V,260202,", vec![]),
        ("D,2,0,400,5,500", vec![(Some(0), 400), (Some(5), 500)]),
        ("D,0", vec![]),
    ] {
        let read = read_clean(&file(&format!("03,1,USD,,,,/\n16,399,900,{funds},BANK,CUST,TEXT/\n"), 900, 2));
        let entry = read.entries()[0];
        let available: Vec<_> = entry.available.iter().map(|part| (part.days, part.amount.minor())).collect();
        assert_eq!((available, entry.told.references.bank.as_deref()), (days, Some("BANK")), "{funds}");
        assert_eq!(entry.valued_on, if funds.starts_with('V') { day("2026-02-02") } else { None });
    }
}

#[test]
fn amounts_have_the_digits_of_the_accounts_currency() {
    for (currency, amount) in [("JPY", "1234"), ("KWD", "1.234"), ("", "12.34"), ("EUR", "12.34")] {
        let read = read_clean(&file(&format!("03,1,{currency},,,,/\n16,399,1234,,,,/\n"), 1_234, 2));
        assert_eq!(read.amounts(), [amount], "{currency}");
    }
    let read = read(&file("03,1,USD,,,,/\n16,399,12.34,,,,/\n", 0, 2));
    assert_eq!(read.codes(), ["amount"]);
}

#[test]
fn types_give_the_direction() {
    let types = ["108", "399", "400", "699", "930", "975", "890"];
    let records = types.map(|kind| format!("16,{kind},1,,,,/\n")).concat();
    let read = read_clean(&file(&format!("03,1,USD,,,,/\n{records}"), 7, 8));
    assert_eq!(read.amounts(), ["0.01", "0.01", "-0.01", "-0.01", "0.01", "-0.01", "0.01"]);
    assert_eq!(read.entries()[6].status, EntryStatus::Info);
}

#[test]
fn a_group_may_delete_correct_or_test() {
    for (status, effect) in [("1", Effect::Tells), ("2", Effect::Deletes), ("3", Effect::Corrects), ("4", Effect::Test)]
    {
        let text = file("03,1,USD,,,,/\n", 0, 1).replace("021000021,1,260130", &format!("021000021,{status},260130"));
        assert_eq!(read_clean(&text).begins()[0].effect, effect);
    }
    let interim = file("03,1,USD,,,,/\n", 0, 1).replace("USD,2/", "USD,3/");
    assert_eq!(read_clean(&interim).begins()[0].coverage, Coverage::Interim);
}

#[test]
fn a_wrong_total_refuses_and_a_wrong_count_warns() {
    let right = file("03,1,USD,,,,/\n16,399,5,,,,/\n", 5, 2);
    for (trailer, wrong, refusals) in [("\n49,5,", "\n49,6,", 2), ("\n98,5,", "\n98,6,", 2), ("\n99,5,", "\n99,6,", 1)]
    {
        let text = right.replace(trailer, wrong);
        let strict = read(&text);
        assert_eq!((strict.report.refusals.total, strict.codes()[0]), (refusals, "total"), "{wrong}");
        let lenient = read_with(text.as_bytes(), &Options { lenient_totals: true, ..Options::default() });
        assert!(!lenient.report.is_refused(false) && lenient.report.warnings.total == refusals);
    }
    let read = read(&right.replace("49,5,3/", "49,5,9/"));
    assert_eq!(read.codes(), ["count"]);
    assert!(!read.report.is_refused(false));
}

#[test]
fn records_out_of_order_and_unknown_ones_are_named() {
    let right = file("03,1,USD,,,,/\n", 0, 1);
    for (found, expected) in [
        (right.replace("49,0,2/\n", ""), "49 before 98"),
        (right.replace("98,0,1,4/\n", ""), "98 before 99"),
        (right.replace("03,1,USD,,,,/\n", "16,399,1,,,,/\n"), "03 before 16"),
        (right.replace("02,ACME,021000021,1,260130,2400,USD,2/\n", ""), "02 before 03"),
        (right.replace("01,0", "88,0"), "a record"),
        (right.clone() + "49,0,1/\n", "nothing after 99"),
    ] {
        let read = read_with(found.replacen("88,0", "01,0", 0).as_bytes(), &Options::default());
        assert!(!read.codes().is_empty(), "{expected}");
        if read.codes()[0] == "order" {
            assert!(read.messages()[0].contains(expected), "{:?}", read.messages());
        }
    }
    assert_eq!(read(&right.replace("49,0", "55,x/\n49,0")).codes(), ["unknown"]);
    assert_eq!(read(&right.replace("49,0", "what\n49,0")).codes(), ["value"]);
}

#[test]
fn unreadable_transactions_name_record_and_field() {
    let wrong =
        ["16,39,5,,,,/", "16,399,,,,,/", "16,399,5,Q,,,/", "16,399,5,D,x,,,/", "16,399,99999999999999999999,,,,/"];
    let records = format!("03,1,USD,,,,/\n{}\n", wrong.join("\n"));
    let read = read(&file(&records, 0, 6));
    assert_eq!(read.codes(), ["value", "missing", "value", "value", "amount_too_large"]);
    assert!(
        read.messages()[0].starts_with("line 4: 16: type: expected three digits, found \"39\""),
        "{:?}",
        read.messages()
    );
}
