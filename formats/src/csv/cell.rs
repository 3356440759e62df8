//! Single cells: formulas that are none, amounts as people and spreadsheets write them.

use std::borrow::Cow;

use crate::amount::{self, Decimal, DecimalMark};
use crate::mistake::{Problem, shown};

/// A spreadsheet takes a cell that begins with one of these for a formula.
fn begins_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// Puts an apostrophe before text that a spreadsheet would calculate.
pub fn quote_formula(text: &str) -> Cow<'_, str> {
    if begins_formula(text) { format!("'{text}").into() } else { text.into() }
}

/// Takes the apostrophe of [`quote_formula`] away again.
pub fn unquote_formula(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| begins_formula(rest)).unwrap_or(text)
}

/// An amount with a sign before or after it, in parentheses, or with its thousands grouped.
pub(super) fn amount(text: &str, mark: DecimalMark, scale: u8) -> Result<Decimal, Problem> {
    let bad = || Problem::Amount { found: shown(text) };
    let trimmed = text.trim();
    let (negative, bare) = match trimmed.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inside) => (true, inside),
        None => match trimmed.strip_suffix('-') {
            Some(front) => (true, front.trim_end()),
            None => match trimmed.strip_prefix(['-', '\u{2212}']) {
                Some(rest) => (true, rest.trim_start()),
                None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
            },
        },
    };
    let plain = ungrouped(bare, mark).ok_or_else(bad)?;
    if plain.starts_with(['-', '+']) {
        return Err(bad());
    }
    let read = amount::decimal(&plain, mark, scale)?;
    Ok(Decimal { minor: if negative { -read.minor } else { read.minor }, ..read })
}

/// Without the marks between groups of three digits; nothing where the groups are not of three.
fn ungrouped(text: &str, mark: DecimalMark) -> Option<Cow<'_, str>> {
    let group = |c: char| match c {
        ' ' | '\u{a0}' | '\u{202f}' | '\'' | '’' => true,
        '.' => mark == DecimalMark::Comma,
        ',' => mark == DecimalMark::Point,
        _ => false,
    };
    if !text.contains(group) {
        return Some(text.into());
    }
    let end = match mark {
        DecimalMark::Comma => text.find(','),
        DecimalMark::Point => text.find('.'),
        DecimalMark::Either => text.rfind([',', '.']),
    };
    let (whole, fraction) = text.split_at(end.unwrap_or(text.len()));
    let mut groups = whole.split(group);
    let first = groups.next().filter(|first| (1..=3).contains(&first.len()))?;
    let rest: Vec<&str> = groups.collect();
    let of_three = rest.iter().all(|part| part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_digit()));
    (of_three && !fraction.contains(group)).then(|| format!("{first}{}{fraction}", rest.concat()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_spreadsheets_are_read() {
        use DecimalMark::{Comma, Point};
        for (text, mark, expected) in [
            ("1.234,56", Comma, 123_456),
            ("1,234.56", Point, 123_456),
            ("1 234 567,8", Comma, 123_456_780),
            ("1'234.50", Point, 123_450),
            ("(12.00)", Point, -1_200),
            ("12,00-", Comma, -1_200),
            ("\u{2212}12,00", Comma, -1_200),
            (" + 12", Point, 1_200),
        ] {
            let read = amount(&text.replace("+ ", "+"), mark, 2).map(|decimal| decimal.minor);
            assert_eq!(read, Ok(expected), "{text}");
        }
        for bad in ["1.23.4", "€5", "5 EUR", "12.34,5.6", "1,2,3", "--5", "-(5)", "", "1234.567,0.0"] {
            assert!(amount(bad, Comma, 2).is_err(), "{bad}");
        }
    }

    #[test]
    fn no_cell_begins_a_formula_and_each_comes_back() {
        for text in ["=1+1", "+1", "-1", "@A1", "\tx", "\rx", "'=1", "''@", "plain", "'quoted'", ""] {
            let quoted = quote_formula(text);
            assert!(!quoted.starts_with(['=', '+', '-', '@', '\t', '\r']), "{quoted}");
            assert_eq!(unquote_formula(&quoted), text);
        }
    }
}
