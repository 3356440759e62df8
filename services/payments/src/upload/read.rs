//! Reads a file of payments. Pure.

use formats::csv::Profile;
use formats::payment::{Line, Side as FileSide};
use formats::{Kind, Mistake, PaymentItem, PaymentOptions, Payments};
use jiff::civil::Date;
use kernel::Money;
use serde::{Deserialize, Serialize};

use crate::face::{LineMistake, Side, limits};

/// What is looked at of a header.
const HEADER_BYTES_MAX: usize = 4_096;

/// A file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileRead {
    pub(crate) kind: Kind,
    pub(crate) message: Option<String>,
    /// Every line, whether or not it could be read.
    pub(crate) count: u64,
    pub(crate) lines: Vec<OrderLine>,
    /// These refuse the whole file.
    pub(crate) refusals: Vec<LineMistake>,
    /// These refuse their lines.
    pub(crate) broken: Vec<LineMistake>,
    pub(crate) wrong: u64,
}

/// What a line asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OrderLine {
    /// From 1.
    pub(crate) number: u64,
    pub(crate) end_to_end: Option<String>,
    pub(crate) amount: Money,
    pub(crate) to: Side,
    pub(crate) text: Option<String>,
    /// A day that has not come.
    pub(crate) on: Option<Date>,
}

/// Nothing, with a sentence, for what is no file of payments.
pub(crate) fn read(content: &[u8], today: Date) -> Result<FileRead, String> {
    let options = PaymentOptions { csv: Some(profile(content)) };
    let mut items = Payments::open(content, &options);
    let kind = items.format().map(|format| format.kind);
    let Some(kind) = kind.filter(|kind| matches!(kind, Kind::Pain001 | Kind::Csv)) else {
        let first = items.report().refusals.first.first().map(ToString::to_string);
        return Err(first.unwrap_or_else(|| "expected pain.001 or CSV".to_owned()));
    };
    let (mut message, mut lines, mut day, mut broken, mut count) = (None, Vec::new(), None, Vec::new(), 0_u64);
    for item in items.by_ref() {
        match item {
            PaymentItem::File(head) => message = head.id.clone(),
            PaymentItem::Batch(batch) => day = batch.execute_on.filter(|day| *day > today),
            PaymentItem::Line(line) => {
                count = count.max(line.number);
                if lines.len() >= limits::UPLOAD_LINES_MAX {
                    return Err(format!("expected at most {} lines", limits::UPLOAD_LINES_MAX));
                }
                match order(&line, day) {
                    Ok(order) => lines.push(order),
                    Err(mistake) => broken.push(mistake),
                }
            }
            PaymentItem::EndBatch(_) => {}
            PaymentItem::End(tally) => count = tally.count,
        }
    }
    let report = items.into_report();
    let wrong = report.refusals.total + report.lines.total + broken.len() as u64;
    broken.splice(0..0, report.lines.first.iter().map(told));
    let refusals = report.refusals.first.iter().map(told).collect();
    Ok(FileRead { kind, message, count, lines, refusals, broken, wrong })
}

/// Our own layout, with the columns that the header has.
fn profile(content: &[u8]) -> Profile {
    let header = content.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let header = String::from_utf8_lossy(header.get(..HEADER_BYTES_MAX).unwrap_or(header)).into_owned();
    let names: Vec<&str> = header.split(',').map(|name| name.trim_matches(['\u{feff}', '"', ' ', '\r'])).collect();
    let mut profile = Profile::own();
    profile.columns.retain(|column| column.name.as_deref().is_some_and(|name| names.contains(&name)));
    profile
}

fn order(line: &Line, on: Option<Date>) -> Result<OrderLine, LineMistake> {
    let mistake = |field: &str, code: &str, message: &str| LineMistake {
        line: line.line,
        element: format!("line {}", line.number),
        field: field.to_owned(),
        code: code.to_owned(),
        message: message.to_owned(),
    };
    let to = side(&line.creditor)
        .ok_or_else(|| mistake("creditor", "value", "expected an IBAN with a name, or the path of an account"))?;
    let text = line.text.join(" ");
    let text: String = text.chars().filter(|letter| !letter.is_control()).take(limits::TEXT_CHARS_MAX).collect();
    Ok(OrderLine {
        number: line.number,
        end_to_end: line.end_to_end.clone(),
        amount: line.amount,
        to,
        text: Some(text).filter(|text| !text.trim().is_empty()),
        on: line.settle_on.or(on),
    })
}

/// A number without a bank is the path of an account in the ledger.
fn side(creditor: &FileSide) -> Option<Side> {
    if let Some(iban) = &creditor.iban {
        let name: String = creditor.name.as_deref()?.chars().take(limits::NAME_CHARS_MAX).collect();
        return Some(Side { bic: creditor.bic.clone(), ..Side::iban(iban, name) });
    }
    let is_elsewhere = creditor.bic.is_some() || creditor.clearing_number.is_some();
    creditor.number.as_deref().filter(|_| !is_elsewhere)?.parse().ok().map(Side::path)
}

fn told(mistake: &Mistake) -> LineMistake {
    LineMistake {
        line: mistake.line,
        element: mistake.element.clone(),
        field: mistake.field.to_owned(),
        code: mistake.problem.code().to_owned(),
        message: mistake.problem.to_string(),
    }
}
