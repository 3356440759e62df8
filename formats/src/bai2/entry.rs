//! Record 16: one transaction, and when its amount becomes available.

use jiff::civil::Date;
use kernel::{Currency, Money};

use super::code::{self, Class};
use super::record::Record;
use crate::date;
use crate::limits::AMOUNT_MAX_DIGITS;
use crate::mistake::{Bad, Of, Problem, shown};
use crate::statement::{Available, Code, Entry, EntryStatus, Scheme};

/// What a funds type and the fields after it say.
#[derive(Default)]
pub(super) struct Funds {
    /// Fields after the type.
    pub(super) fields: usize,
    available: Vec<Available>,
    /// 0, 1 or 2: the whole amount, in so many days.
    days: Option<u16>,
    valued: Option<Date>,
}

/// The entry, and the amount as control totals add it: without a sign.
pub(super) fn read(record: &Record, currency: Currency, as_of: Option<Date>) -> Result<(Entry, i64), Bad> {
    let kind = record.get(0).of("type")?;
    if kind.len() != 3 || !kind.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Bad::new("type", Problem::value("three digits", kind)));
    }
    let class = code::class(kind);
    let summed = match record.get(1) {
        Some(digits) => minor(digits).of("amount")?,
        None if class == Class::Other => 0,
        None => return Err(Bad::new("amount", Problem::Missing)),
    };
    let funds = funds(record, 2, currency)?;
    let amount = Money::new(if class == Class::Debit { -summed } else { summed }, currency);
    let counted = matches!(class, Class::Credit | Class::Debit);
    let mut entry = Entry {
        line: record.line,
        status: if counted { EntryStatus::Booked } else { EntryStatus::Info },
        booked_on: as_of,
        valued_on: funds.valued,
        available: funds.available,
        ..Entry::new(amount)
    };
    if let Some(days) = funds.days {
        entry.available.push(Available { days: Some(days), on: None, amount });
    }
    let (bank, own) = (record.get(3 + funds.fields), record.get(4 + funds.fields));
    let told = &mut entry.told;
    told.codes.push(Code::new(Scheme::Bai2, kind));
    told.references.bank = bank.map(str::to_owned);
    // Of a cheque paid, the customer's reference is its number.
    let place = if kind == "475" { &mut told.references.cheque } else { &mut told.references.own };
    *place = own.map(str::to_owned);
    let lines = record.text.as_deref().unwrap_or_default().lines().map(str::trim);
    told.text = lines.filter(|line| !line.is_empty()).map(str::to_owned).collect();
    Ok((entry, summed))
}

pub(super) fn funds(record: &Record, place: usize, currency: Currency) -> Result<Funds, Bad> {
    let amount =
        |place: usize| record.get(place).map_or(Ok(0), minor).of("funds").map(|minor| Money::new(minor, currency));
    let mut funds = Funds::default();
    match record.get(place).unwrap_or_default() {
        "" | "Z" | "z" => {}
        "0" => funds.days = Some(0),
        "1" => funds.days = Some(1),
        "2" => funds.days = Some(2),
        "S" | "s" => {
            funds.fields = 3;
            for days in 0..3_u16 {
                let amount = amount(place + 1 + usize::from(days))?;
                funds.available.push(Available { days: Some(days), on: None, amount });
            }
        }
        "V" | "v" => {
            funds.fields = 2;
            funds.valued = record.get(place + 1).map(date::yymmdd).transpose().of("value date")?;
        }
        "D" | "d" => {
            let count: usize = record.get(place + 1).unwrap_or("0").parse().unwrap_or(usize::MAX);
            if count > record.fields.len() {
                return Err(Bad::new(
                    "funds",
                    Problem::value("a number of pairs", record.get(place + 1).unwrap_or_default()),
                ));
            }
            funds.fields = 1 + 2 * count;
            for pair in 0..count {
                let days = record.get(place + 2 + 2 * pair).unwrap_or_default();
                let days = days.parse().map_err(|_| Bad::new("funds", Problem::value("a number of days", days)))?;
                funds.available.push(Available { days: Some(days), on: None, amount: amount(place + 3 + 2 * pair)? });
            }
        }
        other => return Err(Bad::new("funds", Problem::value("Z, 0, 1, 2, S, V or D", other))),
    }
    Ok(funds)
}

/// Digits with or without a sign: smallest units.
pub(super) fn minor(digits: &str) -> Result<i64, Problem> {
    let plain = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    if plain.is_empty() || !plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Problem::Amount { found: shown(digits) });
    }
    let significant = plain.trim_start_matches('0');
    if significant.len() > AMOUNT_MAX_DIGITS {
        return Err(Problem::AmountTooLarge { found: shown(digits) });
    }
    let value: i64 = if significant.is_empty() {
        0
    } else {
        significant.parse().map_err(|_| Problem::Amount { found: shown(digits) })?
    };
    Ok(if digits.starts_with('-') { -value } else { value })
}
