//! A proposal for a profile, from the first rows of a file. A person looks at it before it is kept.

use ::csv::ReaderBuilder;
use encoding_rs::WINDOWS_1252;

use super::cell;
use super::profile::{Column, Field, Profile};
use crate::amount::{self, DecimalMark};
use crate::check_digit;
use crate::date::{self, DateForm};

/// Rows that are looked at.
const ROWS_MAX: usize = 200;

type Rows = Vec<Vec<String>>;

/// Proposes how a file is laid out, from up to 64 KiB of its beginning. Nothing where no date or no amount is found.
pub fn guess(head: &[u8]) -> Option<Profile> {
    let (text, encoding) = match std::str::from_utf8(head) {
        Ok(text) => (text.into(), "utf-8"),
        Err(error) if head.len() - error.valid_up_to() < 4 => (String::from_utf8_lossy(head), "utf-8"),
        Err(_) => (WINDOWS_1252.decode_without_bom_handling(head).0, "windows-1252"),
    };
    let (separator, skip_lines, rows) = [';', '\t', ',', '|']
        .into_iter()
        .filter_map(|separator| table(&text, separator))
        .max_by_key(|(separator, _, rows)| {
            let width = rows.first().map_or(0, Vec::len);
            (width * rows.len(), *separator == ';')
        })?;
    let is_header = rows.first()?.iter().all(|cell| !is_day(cell) && !looks_like_amount(cell));
    let (names, body) = if is_header { rows.split_first()? } else { (rows.first()?, rows.as_slice()) };
    let date = date_form(body)?;
    let decimal = decimal_mark(body);
    let mut columns = if is_header { by_name(names) } else { Vec::new() };
    by_content(body, date, decimal, &mut columns);
    for column in columns.iter_mut().filter(|_| is_header) {
        column.name = names.get(column.index).map(|name| name.trim().to_owned());
    }
    let currency = currency(&text, &columns);
    let profile = Profile {
        separator,
        encoding: encoding.to_owned(),
        skip_lines,
        header: is_header,
        columns,
        date,
        decimal,
        negated: false,
        currency,
        account: None,
        quoted_formulas: false,
    };
    let named = Profile { currency: profile.currency.clone().or_else(|| Some("EUR".to_owned())), ..profile.clone() };
    named.check().is_ok().then_some(profile)
}

/// The rows as wide as most are, from the first of them, and the lines before it.
fn table(text: &str, separator: char) -> Option<(char, usize, Rows)> {
    let mut builder = ReaderBuilder::new();
    let separator_byte = u8::try_from(separator).ok()?;
    let mut reader = builder.delimiter(separator_byte).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut rows: Vec<(u64, Vec<String>)> = Vec::new();
    for row in reader.records().take(ROWS_MAX) {
        let Ok(row) = row else { break };
        let line = row.position().map_or(1, ::csv::Position::line);
        rows.push((line, row.iter().map(str::to_owned).collect()));
    }
    if !text.ends_with('\n') && rows.len() > 2 {
        rows.pop();
    }
    let mut widths: Vec<usize> = rows.iter().map(|(_, row)| row.len()).filter(|width| *width > 1).collect();
    widths.sort_unstable();
    let runs = widths.chunk_by(|a, b| a == b);
    let width = *runs.max_by_key(|run| run.len())?.first()?;
    let first = rows.iter().position(|(_, row)| row.len() == width)?;
    let skip = usize::try_from(rows.get(first)?.0.saturating_sub(1)).ok()?;
    let table = rows.into_iter().skip(first).map(|(_, row)| row).filter(|row| row.len() == width).collect();
    Some((separator, skip, table))
}

fn is_day(cell: &str) -> bool {
    let forms = [DateForm::YearMonthDay, DateForm::DayMonthYear, DateForm::MonthDayYear];
    (6..=25).contains(&cell.trim().len()) && forms.iter().any(|form| date::in_form(cell, *form).is_ok())
}

fn looks_like_amount(cell: &str) -> bool {
    let marks = [DecimalMark::Comma, DecimalMark::Point];
    cell.contains(|c: char| c.is_ascii_digit()) && marks.iter().any(|mark| cell::amount(cell, *mark, 9).is_ok())
}

/// The form in which every column of dates can be read; of two, day before month.
fn date_form(body: &[Vec<String>]) -> Option<DateForm> {
    let forms = [DateForm::YearMonthDay, DateForm::DayMonthYear, DateForm::MonthDayYear];
    let cells: Vec<&str> = body.iter().flatten().map(String::as_str).filter(|cell| is_date_shaped(cell)).collect();
    let fits = |form: &DateForm| cells.iter().filter(|cell| date::in_form(cell, *form).is_ok()).count();
    let best = forms.iter().map(fits).max().filter(|count| *count > 0)?;
    forms.into_iter().find(|form| fits(form) == best)
}

/// With separators, or eight digits that begin as a year does; amounts are not taken for dates.
fn is_date_shaped(cell: &str) -> bool {
    let cell = cell.trim();
    let separated = cell.matches(['-', '/', '.']).count() >= 2;
    is_day(cell) && (separated || (cell.len() == 8 && (cell.starts_with("20") || cell.starts_with("19"))))
}

fn decimal_mark(body: &[Vec<String>]) -> DecimalMark {
    let amounts = body.iter().flatten().filter(|cell| looks_like_amount(cell) && !is_date_shaped(cell));
    let (mut commas, mut points) = (0, 0);
    for cell in amounts {
        let digits = cell.trim_end_matches(['-', ')', ' ']);
        let fraction = |mark: char| digits.rsplit_once(mark).is_some_and(|(_, rest)| (1..=2).contains(&rest.len()));
        commas += usize::from(fraction(','));
        points += usize::from(fraction('.'));
    }
    if commas > points { DecimalMark::Comma } else { DecimalMark::Point }
}

/// Words in headers, the more particular first.
const WORDS: [(Field, &[&str]); 16] = [
    (Field::ValuedOn, &["value date", "valuta", "wertstellung", "valued_on", "date valeur", "rentedatum"]),
    (
        Field::BookedOn,
        &["booking", "buchung", "booked_on", "posting date", "transaction date", "date", "datum", "fecha", "data"],
    ),
    (Field::Balance, &["balance", "saldo", "solde", "kontostand"]),
    (Field::Credit, &["credit amount", "credit", "paid in", "money in", "haben", "crédit", "deposit"]),
    (Field::Debit, &["debit amount", "debit", "paid out", "money out", "soll", "débit", "withdrawal"]),
    (Field::Direction, &["direction", "dr/cr", "cr/dr", "soll/haben", "af bij", "debit/credit", "credit/debit"]),
    (Field::Amount, &["amount", "betrag", "bedrag", "montant", "importe", "importo", "umsatz", "value"]),
    (Field::Currency, &["currency", "währung", "waehrung", "devise", "munt", "valuta code", "ccy"]),
    (
        Field::CounterpartyAccount,
        &["counterparty_account", "counterparty account", "kontonummer/iban", "tegenrekening", "iban"],
    ),
    (Field::CounterpartyBank, &["counterparty_bank", "bic", "blz", "routing"]),
    (Field::Mandate, &["mandate", "mandatsreferenz"]),
    (Field::CreditorId, &["creditor id", "gläubiger", "glaeubiger"]),
    (Field::EndToEnd, &["end_to_end", "end-to-end", "end to end", "kundenreferenz"]),
    (
        Field::Counterparty,
        &["counterparty", "payee", "beguenstigter", "begünstigter", "auftraggeber", "empfänger", "name"],
    ),
    (
        Field::Text,
        &[
            "description",
            "purpose",
            "verwendungszweck",
            "omschrijving",
            "memo",
            "details",
            "text",
            "libellé",
            "narrative",
        ],
    ),
    (Field::BankReference, &["reference", "referenz", "transaction id", "fitid"]),
];

fn by_name(names: &[String]) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    let lower: Vec<String> = names.iter().map(|name| name.trim().to_lowercase()).collect();
    // "Debit/Credit" is neither debit nor credit, so directions are looked for first; a whole name counts before a part.
    let directions = WORDS.iter().filter(|(field, _)| *field == Field::Direction);
    let others = WORDS.iter().filter(|(field, _)| *field != Field::Direction);
    for (field, words) in directions.chain(others) {
        let free = |index: &usize| columns.iter().all(|column| column.index != *index);
        let whole = words.iter().find_map(|word| lower.iter().position(|name| name == word).filter(free));
        let part = || {
            words.iter().find_map(|word| {
                (0..lower.len()).filter(free).find(|index| lower.get(*index).is_some_and(|name| name.contains(word)))
            })
        };
        if let Some(index) = whole.or_else(part) {
            columns.push(Column { field: *field, index, name: None });
        }
    }
    let has = |columns: &[Column], field: Field| columns.iter().any(|column| column.field == field);
    if has(&columns, Field::Amount) {
        columns.retain(|column| !matches!(column.field, Field::Credit | Field::Debit));
    }
    columns
}

/// Drops columns whose content is not what their name says, and finds what is still missing.
fn by_content(body: &[Vec<String>], form: DateForm, mark: DecimalMark, columns: &mut Vec<Column>) {
    let width = body.first().map_or(0, Vec::len);
    let every = |index: usize, fits: &dyn Fn(&str) -> bool| {
        let mut cells = body
            .iter()
            .filter_map(|row| row.get(index))
            .map(|cell| cell.trim())
            .filter(|cell| !cell.is_empty())
            .peekable();
        cells.peek().is_some() && cells.all(fits)
    };
    let is_day = |index: usize| every(index, &|cell| date::in_form(cell, form).is_ok() && is_date_shaped(cell));
    let is_amount = |index: usize| every(index, &|cell| cell::amount(cell, mark, 9).is_ok()) && !is_day(index);
    columns.retain(|column| match column.field {
        Field::BookedOn | Field::ValuedOn => is_day(column.index),
        Field::Amount | Field::Balance => is_amount(column.index),
        _ => true,
    });
    let mut add = |field: Field, fits: &dyn Fn(usize) -> bool| {
        let free = |index: &usize| columns.iter().all(|column| column.index != *index);
        let missing = columns.iter().all(|column| column.field != field);
        if let Some(index) = (0..width).filter(free).find(|index| missing && fits(*index)) {
            columns.push(Column { field, index, name: None });
        }
    };
    add(Field::BookedOn, &is_day);
    add(Field::Currency, &|index| every(index, &|cell| amount::currency(cell).is_ok()));
    add(Field::CounterpartyAccount, &|index| every(index, &|cell| check_digit::iban(cell).is_ok()));
    let has_fraction = |index: usize| {
        is_amount(index) && body.iter().filter_map(|row| row.get(index)).any(|cell| cell.contains([',', '.']))
    };
    let two = columns.iter().filter(|column| matches!(column.field, Field::Credit | Field::Debit)).count() == 2;
    let mut add = |field: Field, fits: &dyn Fn(usize) -> bool| {
        let free = |index: &usize| columns.iter().all(|column| column.index != *index);
        let missing = columns.iter().all(|column| column.field != field);
        if let Some(index) = (0..width).filter(free).find(|index| missing && fits(*index)) {
            columns.push(Column { field, index, name: None });
        }
    };
    if !two {
        add(Field::Amount, &has_fraction);
    }
    add(Field::Text, &|index| !is_day(index) && !is_amount(index) && every(index, &|cell| cell.len() > 3));
    columns.sort_by_key(|column| column.index);
}

/// One code of the currencies that the file names, where no column does.
fn currency(text: &str, columns: &[Column]) -> Option<String> {
    if columns.iter().any(|column| column.field == Field::Currency) {
        return None;
    }
    let words = text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() == 3);
    let known = ["EUR", "USD", "GBP", "CHF", "JPY", "CAD", "AUD", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF"];
    words.into_iter().find(|word| known.contains(word)).map(str::to_owned)
}
