//! camt.052.001.08, camt.053.001.08 and camt.054.001.08 as a stream.

mod detail;

use std::io::{self, Write};

use kernel::{Money, Timestamp};

use crate::statement::{
    Balance, BalanceKind, Code, Entry, EntryStatus, Scheme, Statement, StatementWriter, Total, WriteError, magnitude,
};
use crate::xml::Out;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CamtReport {
    /// camt.052
    Report,
    /// camt.053
    Statement,
    /// camt.054, which has no balances.
    Notification,
}

impl CamtReport {
    fn words(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            CamtReport::Report => ("camt.052.001.08", "BkToCstmrAcctRpt", "Rpt", "AddtlRptInf"),
            CamtReport::Statement => ("camt.053.001.08", "BkToCstmrStmt", "Stmt", "AddtlStmtInf"),
            CamtReport::Notification => ("camt.054.001.08", "BkToCstmrDbtCdtNtfctn", "Ntfctn", "AddtlNtfctnInf"),
        }
    }
}

pub struct CamtWriter<W: Write> {
    out: Option<Out<W>>,
    report: CamtReport,
    text: Option<String>,
    outer: usize,
}

impl<W: Write> CamtWriter<W> {
    pub fn new(out: W, report: CamtReport, message: &str, created: Timestamp) -> Result<CamtWriter<W>, WriteError> {
        let (version, root, ..) = report.words();
        let mut out = Out::document(out, version)?;
        out.open(root)?;
        out.open("GrpHdr")?;
        out.leaf("MsgId", message)?;
        out.leaf("CreDtTm", &created.to_string())?;
        out.close()?;
        let outer = out.depth();
        Ok(CamtWriter { out: Some(out), report, text: None, outer })
    }

    fn out(&mut self) -> io::Result<&mut Out<W>> {
        self.out.as_mut().ok_or_else(|| io::Error::other("the file has been finished"))
    }
}

impl<W: Write> StatementWriter for CamtWriter<W> {
    fn begin(&mut self, statement: &Statement) -> Result<(), WriteError> {
        let report = self.report;
        self.text = statement.text.clone();
        let out = self.out()?;
        out.line()?;
        out.open(report.words().2)?;
        head(out, statement)?;
        if report != CamtReport::Notification {
            let of_lines = |balance: &&Balance| balance.kind != BalanceKind::Limit;
            statement.balances.iter().filter(of_lines).try_for_each(|told| balance(out, told))?;
        }
        totals(out, &statement.totals)?;
        Ok(())
    }

    fn entry(&mut self, entry: &Entry) -> Result<(), WriteError> {
        let out = self.out()?;
        out.line()?;
        out.open("Ntry")?;
        out.maybe("NtryRef", entry.told.references.own.as_deref())?;
        signed(out, entry.amount)?;
        if entry.reversal {
            out.leaf("RvslInd", "true")?;
        }
        let status = match entry.status {
            EntryStatus::Booked => "BOOK",
            EntryStatus::Pending => "PDNG",
            EntryStatus::Future => "FUTR",
            EntryStatus::Info => "INFO",
        };
        out.leaf("Sts/Cd", status)?;
        match (entry.booked_at, entry.booked_on) {
            (Some(at), _) => out.leaf("BookgDt/DtTm", &at.to_string())?,
            (None, Some(day)) => out.leaf("BookgDt/Dt", &day.to_string())?,
            (None, None) => {}
        }
        if let Some(day) = entry.valued_on {
            out.leaf("ValDt/Dt", &day.to_string())?;
        }
        out.maybe("AcctSvcrRef", entry.told.references.bank.as_deref())?;
        codes(out, &entry.told.codes)?;
        detail::details(out, entry)?;
        out.maybe("AddtlNtryInf", entry.told.additional.as_deref())?;
        out.close()?;
        Ok(())
    }

    fn end(&mut self) -> Result<(), WriteError> {
        let (text, outer, name) = (self.text.take(), self.outer, self.report.words().3);
        let out = self.out()?;
        out.maybe(name, text.as_deref())?;
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

fn head<W: Write>(out: &mut Out<W>, statement: &Statement) -> io::Result<()> {
    out.leaf("Id", statement.id.as_deref().unwrap_or("NOTPROVIDED"))?;
    if let Some(page) = statement.page {
        out.open("StmtPgntn")?;
        out.leaf("PgNb", &page.number.to_string())?;
        out.leaf("LastPgInd", if page.last == Some(false) { "false" } else { "true" })?;
        out.close()?;
    }
    if let Some(sequence) = statement.sequence {
        out.leaf("ElctrncSeqNb", &sequence.to_string())?;
    }
    if let Some(at) = statement.created_at {
        out.leaf("CreDtTm", &at.to_string())?;
    }
    if let (Some(from), Some(to)) = (statement.from, statement.to) {
        out.open("FrToDt")?;
        out.leaf("FrDtTm", &format!("{from}T00:00:00"))?;
        out.leaf("ToDtTm", &format!("{to}T23:59:59"))?;
        out.close()?;
    }
    out.open("Acct")?;
    let account = &statement.account;
    match &account.iban {
        Some(iban) => out.leaf("Id/IBAN", iban)?,
        None => out.leaf("Id/Othr/Id", account.number.as_deref().unwrap_or("NOTPROVIDED"))?,
    }
    out.maybe("Ccy", statement.currency.as_ref().map(|currency| currency.code()))?;
    out.maybe("Nm", account.name.as_deref())?;
    out.maybe("Ownr/Nm", account.owner.as_deref())?;
    if let Some(bank) = &account.bank {
        out.open("Svcr")?;
        agent(out, bank)?;
        out.close()?;
    }
    out.close()
}

/// A BIC as such, any other code as a member of a clearing system.
fn agent<W: Write>(out: &mut Out<W>, bank: &str) -> io::Result<()> {
    match crate::check_digit::bic(bank) {
        Ok(()) => out.leaf("FinInstnId/BICFI", bank),
        Err(_) => out.leaf("FinInstnId/ClrSysMmbId/MmbId", bank),
    }
}

fn balance<W: Write>(out: &mut Out<W>, balance: &Balance) -> io::Result<()> {
    let code = match balance.kind {
        BalanceKind::OpeningBooked if balance.code == "PRCD" => "PRCD",
        BalanceKind::OpeningBooked => "OPBD",
        BalanceKind::ClosingBooked => "CLBD",
        BalanceKind::InterimBooked => "ITBD",
        BalanceKind::OpeningAvailable => "OPAV",
        BalanceKind::ClosingAvailable => "CLAV",
        BalanceKind::InterimAvailable => "ITAV",
        BalanceKind::ForwardAvailable => "FWAV",
        BalanceKind::Expected => "XPCD",
        BalanceKind::Limit | BalanceKind::Other => "",
    };
    out.open("Bal")?;
    match code {
        "" => out.leaf("Tp/CdOrPrtry/Prtry", &balance.code)?,
        code => out.leaf("Tp/CdOrPrtry/Cd", code)?,
    }
    signed(out, balance.amount)?;
    match (balance.at, balance.on) {
        (Some(at), _) => out.leaf("Dt/DtTm", &at.to_string())?,
        (None, Some(day)) => out.leaf("Dt/Dt", &day.to_string())?,
        (None, None) => {}
    }
    out.close()
}

fn totals<W: Write>(out: &mut Out<W>, totals: &[Total]) -> io::Result<()> {
    let mut known = ["TtlNtries", "TtlCdtNtries", "TtlDbtNtries"]
        .into_iter()
        .filter_map(|name| totals.iter().find(|total| total.code == name).map(|total| (name, total)))
        .peekable();
    if known.peek().is_none() {
        return Ok(());
    }
    out.open("TxsSummry")?;
    for (name, total) in known {
        out.open(name)?;
        out.maybe("NbOfNtries", total.count.map(|count| count.to_string()).as_deref())?;
        out.maybe("Sum", total.amount.map(magnitude).as_deref())?;
        out.close()?;
    }
    out.close()
}

fn signed<W: Write>(out: &mut Out<W>, amount: Money) -> io::Result<()> {
    out.amount("Amt", &magnitude(amount), amount.currency().code())?;
    out.leaf("CdtDbtInd", if amount.minor() < 0 { "DBIT" } else { "CRDT" })
}

fn codes<W: Write>(out: &mut Out<W>, codes: &[Code]) -> io::Result<()> {
    out.open("BkTxCd")?;
    if let Some(code) = codes.iter().find(|code| code.scheme == Scheme::Iso) {
        let mut parts = code.code.splitn(3, '-');
        out.open("Domn")?;
        out.leaf("Cd", parts.next().unwrap_or_default())?;
        out.open("Fmly")?;
        out.leaf("Cd", parts.next().unwrap_or("NTAV"))?;
        out.leaf("SubFmlyCd", parts.next().unwrap_or("NTAV"))?;
        out.close()?;
        out.close()?;
    }
    if let Some(code) = codes.iter().find(|code| code.scheme != Scheme::Iso) {
        out.open("Prtry")?;
        out.leaf("Cd", &code.code)?;
        out.maybe("Issr", code.issuer.as_deref())?;
        out.close()?;
    }
    out.close()
}
