//! A statement in one of its forms, a page at a time.

use accounts_api::{Statement, StatementLine};
use formats::camt::{CamtReport, CamtWriter};
use formats::check_digit;
use formats::csv::CsvWriter;
use formats::statement::{self as told, BalanceKind, Code, Entry, Scheme, StatementWriter, WriteError};
use maud::{Markup, PreEscaped, html};

use super::Form;
use crate::http::pipe::Pipe;

const STYLE: &str = "body{font:11pt sans-serif;margin:2cm}table{border-collapse:collapse;width:100%}\
td,th{border-bottom:1px solid #ccc;padding:2pt 6pt;text-align:left}.n{text-align:right;white-space:nowrap}";
/// Of names and ids in camt.
const NAME_CHARS_MAX: usize = 140;
const ID_CHARS_MAX: usize = 34;

pub(super) enum Sheet {
    Json { begun: bool },
    Html { begun: bool },
    File { writer: Box<dyn StatementWriter + Send>, pipe: Pipe, begun: bool },
}

impl Sheet {
    pub(super) fn new(form: Form, first: &Statement) -> Result<Sheet, WriteError> {
        let (pipe, begun) = (Pipe::default(), false);
        let writer: Box<dyn StatementWriter + Send> = match form {
            Form::Json => return Ok(Sheet::Json { begun }),
            Form::Page => return Ok(Sheet::Html { begun }),
            Form::Csv => Box::new(CsvWriter::new(pipe.clone())?),
            Form::Camt053 => {
                Box::new(CamtWriter::new(pipe.clone(), CamtReport::Statement, &id_of(first), first.created_at)?)
            }
        };
        Ok(Sheet::File { writer, pipe, begun })
    }

    /// The lines of one page; before the first the head, and after the last the end.
    pub(super) fn page(&mut self, page: &Statement) -> Result<Vec<u8>, WriteError> {
        match self {
            Sheet::Json { begun } => {
                json(page, std::mem::replace(begun, true)).map_err(|error| WriteError::Io(error.into()))
            }
            Sheet::Html { begun } => Ok(printed(page, std::mem::replace(begun, true)).into_string().into_bytes()),
            Sheet::File { writer, pipe, begun } => {
                if !std::mem::replace(begun, true) {
                    writer.begin(&head(page))?;
                }
                page.items.iter().try_for_each(|line| writer.entry(&entry(line)))?;
                if page.next.is_none() {
                    writer.end()?;
                    writer.finish()?;
                }
                Ok(pipe.taken())
            }
        }
    }
}

/// One object, whose lines come last.
fn json(page: &Statement, begun: bool) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = Vec::new();
    if !begun {
        let head = Statement { items: Vec::new(), next: None, ..page.clone() };
        serde_json::to_writer(&mut out, &head)?;
        out.truncate(out.len().saturating_sub("]}".len()));
    }
    for (place, line) in page.items.iter().enumerate() {
        if begun || place > 0 {
            out.push(b',');
        }
        serde_json::to_writer(&mut out, line)?;
    }
    if page.next.is_none() {
        out.extend_from_slice(b"]}");
    }
    Ok(out)
}

fn printed(page: &Statement, begun: bool) -> Markup {
    let Statement { account_number, number, from, to, opening, closing, .. } = page;
    let edge = |day: &jiff::civil::Date, text: &str, amount: &kernel::Money| {
        html! {
            tr { td { (day) } td { (text) } td.n { (amount) } }
        }
    };
    html! {
        @if !begun {
            (PreEscaped("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>"))
            "Statement " (number) " of " (account_number)
            (PreEscaped("</title><style>")) (PreEscaped(STYLE)) (PreEscaped("</style></head><body>"))
            h1 { "Statement " (number) " of " (account_number) }
            p { (from) " to " (to) }
            (PreEscaped("<table><thead><tr><th>Day</th><th>Text</th><th class=\"n\">Amount</th></tr></thead><tbody>"))
            (edge(from, "Opening balance", opening))
        }
        @for line in &page.items {
            tr { td { (line.booked_on) } td { (text(line)) } td.n { (line.amount) } }
        }
        @if page.next.is_none() {
            (edge(to, "Closing balance", closing))
            (PreEscaped("</tbody></table></body></html>"))
        }
    }
}

fn text(line: &StatementLine) -> String {
    let kind: &str = line.kind.into();
    let all = [line.name.as_deref(), line.text.as_deref(), line.account_number.as_deref(), Some(kind)];
    all.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// At most 35 characters, as in the standard.
fn id_of(statement: &Statement) -> String {
    let number: String = statement.account_number.chars().filter(char::is_ascii_alphanumeric).take(24).collect();
    format!("{number}-{}", statement.number)
}

fn head(statement: &Statement) -> told::Statement {
    let balance =
        |kind, code: &str, amount, on| told::Balance { kind, code: code.to_owned(), amount, on: Some(on), at: None };
    let (iban, number) = numbers(Some(&statement.account_number));
    told::Statement {
        id: Some(id_of(statement)),
        account: told::Account { iban, number, ..told::Account::default() },
        currency: Some(statement.currency),
        sequence: Some(u64::from(statement.number)),
        from: Some(statement.from),
        to: Some(statement.to),
        created_at: Some(statement.created_at),
        balances: vec![
            balance(BalanceKind::OpeningBooked, "OPBD", statement.opening, statement.from),
            balance(BalanceKind::ClosingBooked, "CLBD", statement.closing, statement.to),
        ],
        ..told::Statement::default()
    }
}

/// An IBAN, or another number.
fn numbers(number: Option<&String>) -> (Option<String>, Option<String>) {
    let Some(number) = number else { return (None, None) };
    match check_digit::iban(number) {
        Ok(iban) => (Some(iban), None),
        Err(_) => (None, Some(number.chars().take(ID_CHARS_MAX).collect())),
    }
}

fn entry(line: &StatementLine) -> Entry {
    let mut entry = Entry::new(line.amount);
    (entry.booked_on, entry.valued_on) = (Some(line.booked_on), Some(line.valued_on));
    let kind: &str = line.kind.into();
    entry.told.codes = vec![Code::new(Scheme::Bank, kind)];
    entry.told.references.bank = Some(line.transaction.clone());
    entry.told.counterparty.name = line.name.as_ref().map(|name| name.chars().take(NAME_CHARS_MAX).collect());
    (entry.told.counterparty.iban, entry.told.counterparty.number) = numbers(line.account_number.as_ref());
    entry.told.text = line.text.iter().cloned().collect();
    entry
}

#[cfg(test)]
mod tests;
