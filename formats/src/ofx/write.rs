//! OFX 2.2 as a stream: bank statements, and card statements where the account is a card's.

use std::io::{self, Write};

use jiff::civil::Date;
use kernel::Timestamp;

use crate::mistake::Problem;
use crate::statement::{
    AccountKind, Balance, BalanceKind, Correction, Entry, EntryStatus, Scheme, Statement, StatementWriter, WriteError,
    unwritable,
};
use crate::xml::Out;

pub struct OfxWriter<W: Write> {
    out: Option<Out<W>>,
    outer: usize,
    statement: Statement,
    /// Pending transactions stand in a list of their own, after the booked ones.
    pending: bool,
}

impl<W: Write> OfxWriter<W> {
    pub fn new(out: W, now: Timestamp) -> Result<OfxWriter<W>, WriteError> {
        let mut out = Out::bare(out)?;
        out.instruction(
            "OFX OFXHEADER=\"200\" VERSION=\"220\" SECURITY=\"NONE\" OLDFILEUID=\"NONE\" NEWFILEUID=\"NONE\"",
        )?;
        out.open("OFX")?;
        out.open_all("SIGNONMSGSRSV1/SONRS")?;
        status(&mut out)?;
        out.leaf("DTSERVER", &instant(now))?;
        out.leaf("LANGUAGE", "ENG")?;
        out.close()?;
        out.close()?;
        let outer = out.depth();
        Ok(OfxWriter { out: Some(out), outer, statement: Statement::default(), pending: false })
    }

    fn out(&mut self) -> io::Result<&mut Out<W>> {
        self.out.as_mut().ok_or_else(|| io::Error::other("the file has been finished"))
    }
}

impl<W: Write> StatementWriter for OfxWriter<W> {
    fn begin(&mut self, statement: &Statement) -> Result<(), WriteError> {
        (self.statement, self.pending) = (statement.clone(), false);
        let currency = statement.currency.ok_or_else(|| unwritable("currency", Problem::Missing))?;
        let account = &statement.account;
        let number = account.number().ok_or_else(|| unwritable("account", Problem::Missing))?.to_owned();
        let (card, bank) = (account.kind == AccountKind::Card, account.bank.clone());
        let kind = if account.kind == AccountKind::Savings { "SAVINGS" } else { "CHECKING" };
        let period = [("DTSTART", statement.from), ("DTEND", statement.to)];
        let out = self.out()?;
        out.line()?;
        out.open_all(if card { "CREDITCARDMSGSRSV1/CCSTMTTRNRS" } else { "BANKMSGSRSV1/STMTTRNRS" })?;
        out.leaf("TRNUID", "0")?;
        status(out)?;
        out.open(if card { "CCSTMTRS" } else { "STMTRS" })?;
        out.leaf("CURDEF", currency.code())?;
        out.open(if card { "CCACCTFROM" } else { "BANKACCTFROM" })?;
        if !card {
            out.leaf("BANKID", bank.as_deref().unwrap_or("0"))?;
        }
        out.leaf("ACCTID", &number)?;
        if !card {
            out.leaf("ACCTTYPE", kind)?;
        }
        out.close()?;
        out.open("BANKTRANLIST")?;
        for (name, date) in period {
            out.maybe(name, date.map(day).as_deref())?;
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry) -> Result<(), WriteError> {
        let posted = entry.booked_on.ok_or_else(|| unwritable("booked_on", Problem::Missing))?;
        let pending = entry.status == EntryStatus::Pending;
        let (was_pending, list) = (std::mem::replace(&mut self.pending, pending), self.outer + 3);
        if was_pending != pending {
            let out = self.out()?;
            out.close_to(list)?;
            out.open(if pending { "BANKTRANLISTP" } else { "BANKTRANLIST" })?;
        }
        let out = self.out()?;
        out.line()?;
        out.open(if pending { "STMTTRNP" } else { "STMTTRN" })?;
        let kind = entry.told.codes.iter().find(|code| code.scheme == Scheme::Ofx).map(|code| code.code.as_str());
        out.leaf("TRNTYPE", kind.unwrap_or(if entry.amount.minor() < 0 { "DEBIT" } else { "CREDIT" }))?;
        let posted = entry.booked_at.map_or_else(|| day(posted), instant);
        out.leaf(if pending { "DTTRAN" } else { "DTPOSTED" }, &posted)?;
        out.maybe("DTAVAIL", entry.valued_on.map(day).as_deref())?;
        out.leaf("TRNAMT", &entry.amount.amount())?;
        let told = &entry.told;
        out.maybe("FITID", told.references.bank.as_deref())?;
        match &entry.correction {
            Some(Correction::Replaces { bank }) => {
                out.leaf("CORRECTFITID", bank)?;
                out.leaf("CORRECTACTION", "REPLACE")?;
            }
            Some(Correction::Deletes { bank }) => {
                out.leaf("CORRECTFITID", bank)?;
                out.leaf("CORRECTACTION", "DELETE")?;
            }
            None => {}
        }
        out.maybe("CHECKNUM", told.references.cheque.as_deref())?;
        out.maybe("REFNUM", told.references.own.as_deref())?;
        out.maybe("NAME", told.counterparty.name.as_deref())?;
        let party = &told.counterparty;
        if let Some(number) = party.iban.as_deref().or(party.number.as_deref()) {
            out.open("BANKACCTTO")?;
            out.maybe("BANKID", party.bank.as_deref())?;
            out.leaf("ACCTID", number)?;
            out.leaf("ACCTTYPE", "CHECKING")?;
            out.close()?;
        }
        out.maybe("MEMO", Some(told.text.join("\n")).filter(|text| !text.is_empty()).as_deref())?;
        out.close()?;
        Ok(())
    }

    fn end(&mut self) -> Result<(), WriteError> {
        let (outer, statement) = (self.outer, std::mem::take(&mut self.statement));
        let out = self.out()?;
        out.close_to(outer + 3)?;
        let booked =
            |balance: &&Balance| matches!(balance.kind, BalanceKind::ClosingBooked | BalanceKind::InterimBooked);
        let available =
            |balance: &&Balance| matches!(balance.kind, BalanceKind::ClosingAvailable | BalanceKind::InterimAvailable);
        let told = [
            ("LEDGERBAL", statement.balances.iter().rfind(booked)),
            ("AVAILBAL", statement.balances.iter().rfind(available)),
        ];
        for (name, balance) in told {
            let Some(balance) = balance else { continue };
            out.open(name)?;
            out.leaf("BALAMT", &balance.amount.amount())?;
            let as_of = balance.at.map(instant).or(balance.on.map(day));
            out.maybe("DTASOF", as_of.as_deref())?;
            out.close()?;
        }
        out.close_to(outer)?;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), WriteError> {
        if let Some(out) = self.out.take() {
            out.finish()?;
        }
        Ok(())
    }
}

fn status<W: Write>(out: &mut Out<W>) -> io::Result<()> {
    out.open("STATUS")?;
    out.leaf("CODE", "0")?;
    out.leaf("SEVERITY", "INFO")?;
    out.close()
}

fn day(day: Date) -> String {
    day.strftime("%Y%m%d").to_string()
}

fn instant(at: Timestamp) -> String {
    let digits: String = at.to_string().chars().filter(char::is_ascii_digit).take(14).collect();
    digits + "[0:GMT]"
}
