//! A bank's JSON as entries: the fields that its dialect points to. Amounts never pass through a float.

use formats::statement::{Code, Entry, EntryStatus, Scheme};
use jiff::civil::Date;
use kernel::{Currency, Money};
use serde_json::Value;

use crate::dialect::Fields;

/// More digits in a JSON number are not exact.
const DIGITS_MAX: usize = 15;

/// The text at a pointer, whether it is written as a text or as a number.
pub(crate) fn text(item: &Value, pointer: &str) -> Option<String> {
    match item.pointer(pointer)? {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

pub(crate) fn money(item: &Value, pointer: &str, currency: Currency) -> Result<Money, String> {
    let found = item.pointer(pointer).ok_or_else(|| format!("{pointer}: expected an amount, found nothing"))?;
    let text = text(item, pointer).unwrap_or_default();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if found.is_number() && (digits > DIGITS_MAX || text.contains(['e', 'E'])) {
        return Err(format!("{pointer}: expected an amount of at most {DIGITS_MAX} digits"));
    }
    padded(&text, currency).ok_or_else(|| format!("{pointer}: expected an amount in {currency}"))
}

/// An amount that may have more digits than its currency; rounded half to even.
pub(crate) fn rounded(item: &Value, pointer: &str, currency: Currency) -> Option<Money> {
    let text = text(item, pointer)?;
    let scale = usize::from(currency.scale());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let (kept, lost) = fraction.split_at_checked(scale).unwrap_or((fraction, ""));
    let cut = padded(&format!("{whole}.{kept}"), currency)?.minor();
    let is_negative = whole.starts_with('-');
    let half = format!("5{}", "0".repeat(lost.len().saturating_sub(1)));
    let up = match lost.cmp(half.as_str()) {
        _ if lost.is_empty() => false,
        std::cmp::Ordering::Equal => cut % 2 != 0,
        order => order.is_gt(),
    };
    let step = if is_negative { -1 } else { 1 };
    Some(Money::new(if up { cut.checked_add(step)? } else { cut }, currency))
}

/// With exactly the digits that the currency has; further ones must be zeros.
fn padded(text: &str, currency: Currency) -> Option<Money> {
    let scale = usize::from(currency.scale());
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let (kept, lost) = fraction.split_at_checked(scale).unwrap_or((fraction, ""));
    if !lost.bytes().all(|digit| digit == b'0') {
        return None;
    }
    let zeros = "0".repeat(scale.saturating_sub(kept.len()));
    let point = if scale > 0 { "." } else { "" };
    let whole = whole.strip_prefix('+').unwrap_or(whole);
    Money::parse(&format!("{whole}{point}{kept}{zeros}"), currency.code()).ok()
}

pub(crate) fn date(item: &Value, pointer: &str) -> Result<Date, String> {
    let found = text(item, pointer).ok_or_else(|| format!("{pointer}: expected a date, found nothing"))?;
    let day = found.get(..10).unwrap_or(&found);
    day.parse().map_err(|_| format!("{pointer}: expected a date such as 2026-01-31"))
}

/// One transaction.
pub(crate) fn entry(item: &Value, fields: &Fields, currency: Currency) -> Result<Entry, String> {
    let amount = money(item, &fields.amount, currency)?;
    let word = |pointer: &Option<String>| pointer.as_deref().and_then(|pointer| text(item, pointer));
    let says = |words: &[String], found: &Option<String>| {
        found.as_ref().is_some_and(|found| words.iter().any(|word| word.eq_ignore_ascii_case(found)))
    };
    let minor = match word(&fields.direction) {
        Some(direction) if says(&fields.debit, &Some(direction.clone())) => -amount.minor().abs(),
        Some(_) => amount.minor().abs(),
        None if fields.negated => -amount.minor(),
        None => amount.minor(),
    };
    let mut entry = Entry::new(Money::new(minor, currency));
    entry.booked_on = Some(date(item, &fields.booked_on)?);
    entry.valued_on = fields
        .valued_on
        .as_deref()
        .filter(|pointer| text(item, pointer).is_some())
        .map(|pointer| date(item, pointer))
        .transpose()?;
    if says(&fields.pending, &word(&fields.status)) {
        entry.status = EntryStatus::Pending;
    }
    entry.told.codes = word(&fields.code).map(|code| Code::new(Scheme::Bai2, code)).into_iter().collect();
    entry.told.references.bank = word(&fields.id);
    entry.told.references.end_to_end = word(&fields.end_to_end);
    entry.told.counterparty.name = word(&fields.counterparty);
    entry.told.text = fields.text.iter().filter_map(|pointer| text(item, pointer)).collect();
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::dialect;

    #[test]
    fn amounts_are_exact_whether_text_or_number() {
        let read = |value: Value| money(&json!({ "a": value }), "/a", Currency::iso("USD").unwrap());
        for (value, minor) in [
            (json!("12.50"), 1_250),
            (json!(12.5), 1_250),
            (json!(-3), -300),
            (json!("+0.1"), 10),
            (json!("7.5000"), 750),
            (json!(1234567890123.45), 123_456_789_012_345),
        ] {
            assert_eq!(read(value.clone()).map(|money| money.minor()), Ok(minor), "{value}");
        }
        for bad in [
            json!("1.2.3"),
            json!("€5"),
            json!(""),
            json!(0.125),
            json!(1e300),
            json!(12345678901234567.0),
            json!(null),
        ] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn amounts_with_more_digits_are_rounded_half_to_even() {
        let read = |value: Value| rounded(&json!({ "a": value }), "/a", Currency::iso("USD").unwrap());
        for (value, minor) in
            [("1.005", 100), ("1.015", 102), ("-1.015", -102), ("1.0051", 101), ("7", 700), ("7.5", 750)]
        {
            assert_eq!(read(json!(value)).map(|money| money.minor()), Some(minor), "{value}");
        }
        assert_eq!(read(json!("1e9")), None);
    }

    #[test]
    fn a_transaction_is_read_by_its_banks_fields() {
        let all = dialect::load(None).unwrap();
        let fields = &all["chase"].transactions.as_ref().unwrap().fields;
        let item = json!({
            "transactionId": "T1", "postedDate": "2026-01-05T00:00:00Z", "amount": 40.5, "debitCreditCode": "DEBIT",
            "status": "PENDING", "baiTypeCode": "475", "description": "RENT", "counterpartyName": "Harbour"
        });
        let entry = entry(&item, fields, Currency::iso("USD").unwrap()).unwrap();
        assert_eq!((entry.amount.minor(), entry.status), (-4_050, EntryStatus::Pending));
        assert_eq!((entry.told.text, entry.told.references.bank.as_deref()), (vec!["RENT".to_owned()], Some("T1")));
    }
}
