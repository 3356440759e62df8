//! Field 61: one line of a statement.

use kernel::{Currency, Money};

use super::field::Field;
use crate::amount::{self, DecimalMark};
use crate::date;
use crate::mistake::{Bad, Mistake, Of, Problem, Report, shown};
use crate::statement::{Code, Entry, EntryStatus, References, Scheme};

/// What the letters before the amount say.
struct Mark {
    credit: bool,
    reversal: bool,
    expected: bool,
}

/// `2601310131CR123,45NTRFreference//bank's reference`, further details in the next line.
pub(super) fn read(field: &Field, currency: Option<Currency>, report: &mut Report) -> Result<Entry, Bad> {
    let (first, further) = field.value.split_once('\n').unwrap_or((&field.value, ""));
    let (day, rest) = first.trim_start().split_at_checked(6).of("value date")?;
    let valued = date::yymmdd_of_30(day).of("value date")?;
    let (booked, rest) = match rest.split_at_checked(4) {
        Some((day, rest)) if day.bytes().all(|byte| byte.is_ascii_digit()) => {
            (date::mmdd_near(day, valued).of("entry date")?, rest)
        }
        Some(("    ", rest)) => (valued, rest),
        _ => (valued, rest),
    };
    let (mark, rest) = mark(rest).of("mark")?;
    // The funds code: the third letter of the currency.
    let rest = rest.strip_prefix(|c: char| c.is_ascii_uppercase()).unwrap_or(rest);
    let place = rest.find(|c: char| !c.is_ascii_digit() && c != ',' && c != '.').unwrap_or(rest.len());
    let (digits, rest) = rest.split_at(place);
    let currency = currency.of("currency")?;
    let decimal = amount::decimal(digits, DecimalMark::Either, currency.scale()).of("amount")?;
    let amount = Money::new(if mark.credit { decimal.minor } else { -decimal.minor }, currency);
    if decimal.rounded {
        let problem = Problem::Rounded { found: shown(digits), rounded: amount.amount() };
        report.warn(Mistake::new(field.line, ":61:", "amount", problem));
    }
    let mut entry = Entry {
        line: field.line,
        status: if mark.expected { EntryStatus::Pending } else { EntryStatus::Booked },
        reversal: mark.reversal,
        booked_on: Some(booked),
        valued_on: Some(valued),
        ..Entry::new(amount)
    };
    let (kind, rest) = rest.split_at_checked(4).unwrap_or((rest, ""));
    if !kind.trim().is_empty() {
        entry.told.codes.push(Code::new(Scheme::Mt, kind.trim()));
    }
    references(rest, &mut entry.told.references);
    if !further.trim().is_empty() {
        entry.told.additional = Some(further.trim().to_owned());
    }
    Ok(entry)
}

/// RC takes a credit back, so it is a debit; RD the other way round. EC and ED are expected.
fn mark(text: &str) -> Result<(Mark, &str), Problem> {
    let marks =
        [("RC", false, true, false), ("RD", true, true, false), ("EC", true, false, true), ("ED", false, false, true)];
    let marks = marks.into_iter().chain([("C", true, false, false), ("D", false, false, false)]);
    for (letters, credit, reversal, expected) in marks {
        if let Some(rest) = text.strip_prefix(letters) {
            return Ok((Mark { credit, reversal, expected }, rest));
        }
    }
    Err(Problem::value("C, D, RC, RD, EC or ED", text.get(..2).unwrap_or(text)))
}

fn references(text: &str, references: &mut References) {
    let (own, bank) = text.split_once("//").unwrap_or((text, ""));
    let said = |text: &str| Some(text.trim()).filter(|text| !text.is_empty() && *text != "NONREF").map(str::to_owned);
    references.own = said(own);
    references.bank = said(bank);
}
