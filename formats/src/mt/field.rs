//! Fields of a message: a tag, and everything up to the next one.

use kernel::Money;

use crate::amount::{self, DecimalMark};
use crate::date;
use crate::input::Lines;
use crate::limits::FIELD_MAX_BYTES;
use crate::mistake::{Mistake, Problem, Report, shown};
use crate::statement::{Balance, BalanceKind, Total};

#[derive(Debug, Default)]
pub(super) struct Field {
    pub(super) line: u64,
    pub(super) tag: String,
    /// Its lines, joined by line feeds.
    pub(super) value: String,
}

pub(super) struct Fields<'a> {
    lines: Lines<'a>,
    /// A field that has begun.
    current: Option<Field>,
    spare: Field,
    /// Whether a block 4 is open.
    in_block: bool,
}

impl<'a> Fields<'a> {
    pub(super) fn new(lines: Lines<'a>) -> Fields<'a> {
        Fields { lines, current: None, spare: Field::default(), in_block: false }
    }

    pub(super) fn line(&self) -> u64 {
        self.lines.number()
    }

    pub(super) fn position(&self) -> (u64, u64) {
        (self.lines.input().read_bytes(), self.lines.number())
    }

    /// Whether a block was left open at the end.
    pub(super) fn is_cut(&self) -> bool {
        self.in_block
    }

    /// A field that is no longer needed; its memory is used again.
    pub(super) fn give_back(&mut self, field: Field) {
        self.spare = field;
    }

    pub(super) fn next(&mut self, report: &mut Report) -> Result<Option<Field>, Mistake> {
        while self.lines.next(report)? {
            let line = self.lines.text();
            let is_head = line.trim_start_matches('\u{1}').starts_with('{') || line.starts_with("-}");
            let line = match line.rfind("{4:").filter(|_| is_head) {
                Some(place) => {
                    self.in_block = true;
                    line.get(place + 3..).unwrap_or_default()
                }
                None => line,
            };
            let ends = line.starts_with("-}") || line.trim_end() == "-";
            if ends || line.starts_with('{') {
                self.in_block &= !ends;
                match self.current.take() {
                    Some(field) => return Ok(Some(field)),
                    None => continue,
                }
            }
            let Some((tag, value)) = tag(line) else {
                self.go_on()?;
                continue;
            };
            let mut field = std::mem::take(&mut self.spare);
            field.line = self.lines.number();
            tag.clone_into(&mut field.tag);
            value.clone_into(&mut field.value);
            if let Some(before) = self.current.replace(field) {
                return Ok(Some(before));
            }
        }
        Ok(self.current.take())
    }

    fn go_on(&mut self) -> Result<(), Mistake> {
        let Some(field) = &mut self.current else { return Ok(()) };
        let line = self.lines.text();
        if field.value.len() + line.len() > FIELD_MAX_BYTES {
            let problem = Problem::TooLong { limit: FIELD_MAX_BYTES };
            return Err(Mistake::new(field.line, format!(":{}:", field.tag), "", problem));
        }
        if !line.trim().is_empty() {
            field.value.push('\n');
            field.value.push_str(line);
        }
        Ok(())
    }
}

/// `:61:value`, `:60F:value`, and some banks' `:NS:value`.
fn tag(line: &str) -> Option<(&str, &str)> {
    let (tag, value) = line.strip_prefix(':')?.split_once(':')?;
    let known = match tag.as_bytes() {
        [a, b] | [a, b, b'A'..=b'Z'] => a.is_ascii_digit() && b.is_ascii_digit(),
        _ => false,
    };
    (known || tag == "NS").then_some((tag, value))
}

/// `C260131EUR1234,56`
pub(super) fn balance(field: &Field, kind: BalanceKind) -> Result<Balance, Problem> {
    let bad = || Problem::value("a balance such as C260131EUR1234,56", &field.value);
    let text = field.value.lines().next().unwrap_or_default().trim();
    let (mark, rest) = text.split_at_checked(1).ok_or_else(bad)?;
    let (day, rest) = rest.split_at_checked(6).ok_or_else(bad)?;
    let (code, digits) = rest.split_at_checked(3).ok_or_else(bad)?;
    let on = Some(date::yymmdd_of_30(day)?);
    let amount = money(mark, code, digits)?;
    Ok(Balance { kind, code: field.tag.clone(), amount, on, at: None })
}

/// `12EUR1234,56`: so many entries make so much.
pub(super) fn total(field: &Field) -> Result<Total, Problem> {
    let bad = || Problem::value("a total such as 12EUR1234,56", &field.value);
    let text = field.value.trim();
    let place = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
    let (count, rest) = text.split_at(place);
    let (code, digits) = rest.split_at_checked(3).ok_or_else(bad)?;
    let mark = field.tag.get(2..).unwrap_or_default();
    let amount = Some(money(mark, code, digits)?);
    Ok(Total { code: field.tag.clone(), amount, count: count.parse().ok() })
}

fn money(mark: &str, code: &str, digits: &str) -> Result<Money, Problem> {
    let currency = amount::currency(code)?;
    let decimal = amount::decimal(digits, DecimalMark::Either, currency.scale())?;
    let negative = match mark {
        "C" => false,
        "D" => true,
        other => return Err(Problem::value("C or D", other)),
    };
    if decimal.rounded {
        return Err(Problem::Amount { found: shown(digits) });
    }
    Ok(Money::new(if negative { -decimal.minor } else { decimal.minor }, currency))
}
