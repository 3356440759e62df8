//! Statements as CSV, in the layout of [`Profile::own`](super::Profile::own).

use std::io::Write;

use super::export::{Cell, Export};
use super::profile::OWN;
use crate::statement::{BalanceKind, Entry, EntryStatus, Statement, StatementWriter, WriteError};
use kernel::Money;

pub struct CsvWriter<W: Write> {
    export: Export<W>,
    account: Option<String>,
    /// After the last entry, while the opening balance is known.
    balance: Option<Money>,
}

impl<W: Write> CsvWriter<W> {
    pub fn new(out: W) -> Result<CsvWriter<W>, WriteError> {
        let names: Vec<&str> = OWN.iter().map(|(_, name)| *name).collect();
        Ok(CsvWriter { export: Export::new(out, &names)?, account: None, balance: None })
    }
}

impl<W: Write> StatementWriter for CsvWriter<W> {
    fn begin(&mut self, statement: &Statement) -> Result<(), WriteError> {
        self.account = statement.account.number().map(str::to_owned);
        let opening = statement.balances.iter().find(|balance| balance.kind == BalanceKind::OpeningBooked);
        self.balance = opening.map(|balance| balance.amount);
        Ok(())
    }

    fn entry(&mut self, entry: &Entry) -> Result<(), WriteError> {
        let booked = entry.status == EntryStatus::Booked;
        if booked {
            self.balance = self.balance.and_then(|balance| balance.plus(entry.amount).ok());
        }
        let balance = entry.balance.or(self.balance).filter(|_| booked);
        let status = match entry.status {
            EntryStatus::Booked => "booked",
            EntryStatus::Pending => "pending",
            EntryStatus::Future => "future",
            EntryStatus::Info => "info",
        };
        let (told, party) = (&entry.told, &entry.told.counterparty);
        let text = told.text.join("\n");
        let code = told.codes.first().map(|code| code.code.as_str());
        self.export.row([
            self.account.as_deref().into(),
            entry.booked_on.map_or(Cell::Empty, Cell::Day),
            entry.valued_on.map_or(Cell::Empty, Cell::Day),
            Cell::Amount(entry.amount),
            Cell::Text(entry.amount.currency().code()),
            balance.map_or(Cell::Empty, Cell::Amount),
            Cell::Text(status),
            party.name.as_deref().into(),
            party.iban.as_deref().or(party.number.as_deref()).into(),
            party.bank.as_deref().into(),
            Cell::Text(&text),
            told.references.own.as_deref().into(),
            told.references.bank.as_deref().into(),
            told.references.end_to_end.as_deref().into(),
            told.references.mandate.as_deref().into(),
            told.references.creditor_id.as_deref().into(),
            code.into(),
        ])
    }

    fn end(&mut self) -> Result<(), WriteError> {
        self.balance = None;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), WriteError> {
        self.export.flush()
    }
}
