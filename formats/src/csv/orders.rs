//! Rows of a CSV file as payment orders. Rows of one payer and one day that follow one another are a batch.

use std::collections::VecDeque;

use kernel::Money;

use super::profile::{Field, Profile};
use super::table::Table;
use crate::amount;
use crate::check_digit;
use crate::date;
use crate::detect::Kind;
use crate::input::Input;
use crate::mistake::{Bad, Mistake, Of, Problem, Report};
use crate::payment::{Batch, FileHead, Line, Mandate, PaymentPiece, PaymentSource, Side};

pub(crate) struct Orders<'a> {
    table: Table<'a>,
    begun: bool,
    batch: Option<Batch>,
    ready: VecDeque<PaymentPiece>,
}

impl<'a> Orders<'a> {
    pub(crate) fn new(input: Input<'a>, profile: Profile) -> Orders<'a> {
        Orders {
            table: Table::new(input, profile, Profile::check_orders),
            begun: false,
            batch: None,
            ready: VecDeque::new(),
        }
    }

    fn row(&mut self, line: u64, report: &mut Report) {
        let (order, batch) = match read(&self.table, line) {
            Ok(read) => read,
            Err((bad, amount)) => {
                report.line(bad.at(line, "row"));
                return self.ready.push_back(PaymentPiece::Broken(amount));
            }
        };
        let same = |before: &Batch| Batch { line, ..before.clone() } == batch;
        if !self.batch.as_ref().is_some_and(same) {
            self.end_batch(line);
            self.ready.push_back(PaymentPiece::Batch(Box::new(batch.clone())));
            self.batch = Some(batch);
        }
        self.ready.push_back(PaymentPiece::Line(Box::new(order)));
    }

    fn end_batch(&mut self, line: u64) {
        if self.batch.take().is_some() {
            self.ready.push_back(PaymentPiece::EndBatch { line });
        }
    }
}

fn read(table: &Table<'_>, line: u64) -> Result<(Line, Batch), (Bad, Option<Money>)> {
    let money = || {
        let code = table.currency().of("currency")?;
        let currency = amount::currency(&code).of("currency")?;
        let text = table.cell(Field::Amount).of("amount")?;
        let decimal = super::cell::amount(&text, table.profile().decimal, currency.scale()).of("amount")?;
        if decimal.rounded || decimal.minor <= 0 {
            return Err(Bad::new("amount", Problem::value("an amount above zero with the currency's digits", &text)));
        }
        Ok(decimal.money(currency))
    };
    let amount = money().map_err(|bad| (bad, None))?;
    fill(table, line, amount).map_err(|bad| (bad, Some(amount)))
}

fn fill(table: &Table<'_>, line: u64, amount: Money) -> Result<(Line, Batch), Bad> {
    let form = table.profile().date;
    let day = table.cell(Field::BookedOn).map(|text| date::in_form(&text, form)).transpose().of("booked_on")?;
    let payee =
        account(table.owned(Field::CounterpartyAccount), table.owned(Field::CounterpartyBank), "counterparty_account")?;
    if payee.iban.is_none() && payee.number.is_none() {
        return Err(Bad::new("counterparty_account", Problem::Missing));
    }
    let payer = table.account();
    let mandate = table.owned(Field::Mandate).map(|id| Mandate { id: Some(id), ..Mandate::default() });
    let order = Line {
        line,
        end_to_end: table.owned(Field::EndToEnd),
        instruction: table.owned(Field::OwnReference),
        creditor: Side { name: Some(table.owned(Field::Counterparty).of("counterparty")?), ..payee },
        text: table.texts(),
        mandate,
        creditor_id: table.owned(Field::CreditorId),
        ..Line::new(amount)
    };
    let own = account(payer, None, "account")?;
    Ok((order, Batch { line, execute_on: day, own, ..Batch::default() }))
}

/// An IBAN with its check digit, or a number with the routing number of its bank.
fn account(number: Option<String>, bank: Option<String>, field: &'static str) -> Result<Side, Bad> {
    let mut side = Side::default();
    if let Some(number) = number {
        let plain: String = number.chars().filter(|c| *c != ' ').collect();
        match check_digit::looks_like_iban(&plain) {
            true => side.iban = Some(check_digit::iban(&plain).of(field)?),
            false => side.number = Some(number),
        }
    }
    match bank {
        Some(bank) if bank.bytes().all(|byte| byte.is_ascii_digit()) => {
            check_digit::aba(&bank).of("counterparty_bank")?;
            (side.clearing_number, side.clearing_system) = (Some(bank), Some("USABA".to_owned()));
        }
        Some(bank) => {
            check_digit::bic(&bank).of("counterparty_bank")?;
            side.bic = Some(bank);
        }
        None => {}
    }
    Ok(side)
}

impl PaymentSource for Orders<'_> {
    fn next(&mut self, report: &mut Report) -> Result<Option<PaymentPiece>, Mistake> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Ok(Some(piece));
            }
            if !std::mem::replace(&mut self.begun, true) {
                self.ready.push_back(PaymentPiece::File(Box::new(FileHead::new(Kind::Csv))));
                continue;
            }
            match self.table.advance()? {
                Some(line) => self.row(line, report),
                None if self.batch.is_some() => self.end_batch(0),
                None => return Ok(None),
            }
        }
    }

    fn position(&self) -> (u64, u64) {
        self.table.position()
    }
}
