//! Writes pain.002.001.10, pacs.002.001.10, pacs.004.001.09, pacs.028.001.03, camt.056.001.08 and camt.029.001.09 as a stream.

use std::io::Write;

use super::{About, FollowUp, Head, Original, Reason};
use crate::detect::Kind;
use crate::iso::{Letters, out as part};
use crate::mistake::Problem;
use crate::payment::{Side, Tally};
use crate::statement::{WriteError, magnitude, unwritable};
use crate::xml::Out;
use kernel::Money;

pub struct FollowUpWriter<W: Write> {
    out: Out<W>,
    kind: Kind,
    head: Head,
    letters: Letters,
    outer: usize,
    lines: Tally,
}

/// Names of a message's own elements.
struct Words {
    version: &'static str,
    root: &'static str,
    line: &'static str,
    id: &'static str,
    status: &'static str,
    reason: &'static str,
}

fn words(kind: Kind) -> Result<Words, WriteError> {
    let word = |version, root, line, id, status, reason| Ok(Words { version, root, line, id, status, reason });
    match kind {
        Kind::Pain002 => word("pain.002.001.10", "CstmrPmtStsRpt", "TxInfAndSts", "StsId", "TxSts", "StsRsnInf"),
        Kind::Pacs002 => word("pacs.002.001.10", "FIToFIPmtStsRpt", "TxInfAndSts", "StsId", "TxSts", "StsRsnInf"),
        Kind::Pacs004 => word("pacs.004.001.09", "PmtRtr", "TxInf", "RtrId", "", "RtrRsnInf"),
        Kind::Pacs028 => word("pacs.028.001.03", "FIToFIPmtStsReq", "TxInf", "StsReqId", "", ""),
        Kind::Camt056 => word("camt.056.001.08", "FIToFIPmtCxlReq", "TxInf", "CxlId", "", "CxlRsnInf"),
        Kind::Camt029 => {
            word("camt.029.001.09", "RsltnOfInvstgtn", "TxInfAndSts", "CxlStsId", "TxCxlSts", "CxlStsRsnInf")
        }
        other => Err(unwritable("kind", Problem::value("a message about earlier payments", other.name()))),
    }
}

impl<W: Write> FollowUpWriter<W> {
    pub fn new(out: W, head: &Head, letters: Letters) -> Result<FollowUpWriter<W>, WriteError> {
        let words = words(head.kind)?;
        let mut out = part::document(out, words.version, head.header.as_ref())?;
        out.open(words.root)?;
        let (kind, lines) = (head.kind, Tally::default());
        let mut writer = FollowUpWriter { out, kind, head: head.clone(), letters, outer: 0, lines };
        writer.write_head(&words)?;
        writer.outer = writer.out.depth();
        Ok(writer)
    }

    fn write_head(&mut self, words: &Words) -> Result<(), WriteError> {
        let (kind, head, out) = (self.kind, &self.head, &mut self.out);
        let created = head.created_at.ok_or_else(|| unwritable("CreDtTm", Problem::Missing))?;
        let id = part::id("MsgId", head.id.as_deref())?;
        if matches!(kind, Kind::Camt029 | Kind::Camt056) {
            out.open("Assgnmt")?;
            out.leaf("Id", id)?;
            for (name, bank) in [("Assgnr", &head.settlement.instructing), ("Assgne", &head.settlement.instructed)] {
                out.open(name)?;
                part::bank(out, "Agt", Some(bank.as_deref().unwrap_or("NOTPROVIDED")))?;
                out.close()?;
            }
            out.leaf("CreDtTm", &created.to_string())?;
            out.close()?;
        } else {
            out.open("GrpHdr")?;
            out.leaf("MsgId", id)?;
            out.leaf("CreDtTm", &created.to_string())?;
            match kind {
                Kind::Pacs004 => {
                    let count = head.count.ok_or_else(|| unwritable("NbOfTxs", Problem::Missing))?;
                    out.leaf("NbOfTxs", &count.to_string())?;
                    out.maybe("CtrlSum", head.control_sum.map(|sum| sum.to_string()).as_deref())?;
                    part::settlement(out, &head.settlement)?;
                }
                Kind::Pain002 => out.maybe("InitgPty/Nm", head.initiator.as_deref())?,
                _ => {
                    part::bank(out, "InstgAgt", head.settlement.instructing.as_deref())?;
                    part::bank(out, "InstdAgt", head.settlement.instructed.as_deref())?;
                }
            }
            out.close()?;
        }
        self.write_about(words)
    }

    fn write_about(&mut self, words: &Words) -> Result<(), WriteError> {
        let (kind, about, out) = (self.kind, &self.head.about, &mut self.out);
        match kind {
            Kind::Pain002 | Kind::Pacs002 if kind == Kind::Pain002 || about.message.id.is_some() => {
                out.open("OrgnlGrpInfAndSts")?;
                original(out, &about.message)?;
                totals(out, about)?;
                out.maybe("GrpSts", about.status.as_deref())?;
                about.reasons.iter().try_for_each(|told| reason(out, words.reason, told, self.letters))?;
                out.close()?;
            }
            Kind::Pacs004 | Kind::Pacs028 if about.message.id.is_some() => {
                out.open("OrgnlGrpInf")?;
                original(out, &about.message)?;
                if kind == Kind::Pacs028 {
                    totals(out, about)?;
                }
                out.close()?;
            }
            Kind::Camt056 => {
                if let Some(count) = self.head.count {
                    out.open("CtrlData")?;
                    out.leaf("NbOfTxs", &count.to_string())?;
                    out.maybe("CtrlSum", self.head.control_sum.map(|sum| sum.to_string()).as_deref())?;
                    out.close()?;
                }
                out.open("Undrlyg")?;
            }
            Kind::Camt029 => {
                out.leaf("Sts/Conf", about.status.as_deref().unwrap_or("INFO"))?;
                out.open("CxlDtls")?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Begins a batch of pain.002; the one before ends.
    pub fn batch(&mut self, batch: &About) -> Result<(), WriteError> {
        if self.kind != Kind::Pain002 {
            return Err(unwritable("OrgnlPmtInfAndSts", Problem::value("lines only", "a batch")));
        }
        let out = &mut self.out;
        out.close_to(self.outer)?;
        out.line()?;
        out.open("OrgnlPmtInfAndSts")?;
        out.leaf("OrgnlPmtInfId", part::id("OrgnlPmtInfId", batch.payment_information.as_deref())?)?;
        totals(out, batch)?;
        out.maybe("PmtInfSts", batch.status.as_deref())?;
        batch.reasons.iter().try_for_each(|told| reason(out, "StsRsnInf", told, self.letters))
    }

    pub fn line(&mut self, line: &FollowUp) -> Result<(), WriteError> {
        if self.kind == Kind::Pain002 && self.out.depth() == self.outer {
            return Err(unwritable("OrgnlPmtInfAndSts", Problem::Missing));
        }
        match line.returned.or(line.original_amount) {
            Some(amount) => self.lines.add(amount),
            None => self.lines.count += 1,
        }
        let words = words(self.kind)?;
        let out = &mut self.out;
        out.line()?;
        out.open(words.line)?;
        part::maybe_id(out, words.id, line.id.as_deref())?;
        if line.message.id.is_some() && self.kind != Kind::Pain002 {
            out.open("OrgnlGrpInf")?;
            original(out, &line.message)?;
            out.close()?;
        }
        references(out, line, self.kind)?;
        if self.kind == Kind::Pacs004 {
            returned(out, line)?;
        }
        if !words.status.is_empty() {
            out.maybe(words.status, line.status.as_deref())?;
        }
        if !words.reason.is_empty() {
            line.reasons.iter().try_for_each(|told| reason(out, words.reason, told, self.letters))?;
        }
        if self.kind == Kind::Camt029 {
            settled(out, line)?;
        }
        if matches!(self.kind, Kind::Pain002 | Kind::Pacs002 | Kind::Pacs028) {
            out.maybe("AccptncDtTm", line.accepted_at.map(|at| at.to_string()).as_deref())?;
            out.maybe("ClrSysRef", line.clearing.as_deref())?;
        }
        copied(out, line, self.kind, self.letters)?;
        out.close()?;
        Ok(())
    }

    /// Ends the message; refused where a return's lines are not what its head states.
    pub fn finish(self) -> Result<W, WriteError> {
        if self.kind == Kind::Pacs004 {
            part::agrees(self.lines, self.head.count, self.head.control_sum)?;
        }
        Ok(self.out.finish()?)
    }
}

fn original<W: Write>(out: &mut Out<W>, message: &Original) -> Result<(), WriteError> {
    out.leaf("OrgnlMsgId", part::id("OrgnlMsgId", message.id.as_deref())?)?;
    out.leaf("OrgnlMsgNmId", part::id("OrgnlMsgNmId", message.name.as_deref())?)?;
    Ok(out.maybe("OrgnlCreDtTm", message.created_at.map(|at| at.to_string()).as_deref())?)
}

fn totals<W: Write>(out: &mut Out<W>, about: &About) -> Result<(), WriteError> {
    out.maybe("OrgnlNbOfTxs", about.count.map(|count| count.to_string()).as_deref())?;
    Ok(out.maybe("OrgnlCtrlSum", about.control_sum.map(|sum| sum.to_string()).as_deref())?)
}

fn reason<W: Write>(out: &mut Out<W>, name: &'static str, told: &Reason, letters: Letters) -> Result<(), WriteError> {
    out.open(name)?;
    if let Some(originator) = &told.originator {
        let is_bic = crate::check_digit::bic(originator).is_ok();
        out.leaf(if is_bic { "Orgtr/Id/OrgId/AnyBIC" } else { "Orgtr/Nm" }, originator)?;
    }
    match (&told.code, &told.proprietary) {
        (Some(code), _) => out.leaf("Rsn/Cd", code)?,
        (None, Some(word)) => out.leaf("Rsn/Prtry", word)?,
        (None, None) => {}
    }
    for info in &told.info {
        out.leaf("AddtlInf", &part::words(info, 105, letters))?;
    }
    out.close()?;
    Ok(())
}

/// In the order of the message at hand: camt.029 has the clearing reference before the UETR.
fn references<W: Write>(out: &mut Out<W>, line: &FollowUp, kind: Kind) -> Result<(), WriteError> {
    part::maybe_id(out, "OrgnlInstrId", line.instruction.as_deref())?;
    part::maybe_id(out, "OrgnlEndToEndId", line.end_to_end.as_deref())?;
    if kind != Kind::Pain002 {
        part::maybe_id(out, "OrgnlTxId", line.transaction.as_deref())?;
    }
    let clearing = line.clearing.as_deref().filter(|_| matches!(kind, Kind::Pacs004 | Kind::Camt056 | Kind::Camt029));
    if kind == Kind::Camt029 {
        out.maybe("OrgnlClrSysRef", clearing)?;
        return Ok(out.maybe("OrgnlUETR", line.uetr.as_deref())?);
    }
    out.maybe("OrgnlUETR", line.uetr.as_deref())?;
    out.maybe("OrgnlClrSysRef", clearing)?;
    if matches!(kind, Kind::Pacs004 | Kind::Camt056) {
        settled(out, line)?;
    }
    Ok(())
}

fn amount<W: Write>(out: &mut Out<W>, name: &'static str, amount: Money) -> Result<(), WriteError> {
    Ok(out.amount(name, &magnitude(amount), amount.currency().code())?)
}

fn settled<W: Write>(out: &mut Out<W>, line: &FollowUp) -> Result<(), WriteError> {
    line.original_amount.map_or(Ok(()), |money| amount(out, "OrgnlIntrBkSttlmAmt", money))?;
    Ok(out.maybe("OrgnlIntrBkSttlmDt", line.originally_settled_on.map(|day| day.to_string()).as_deref())?)
}

fn returned<W: Write>(out: &mut Out<W>, line: &FollowUp) -> Result<(), WriteError> {
    let money = line.returned.ok_or_else(|| unwritable("RtrdIntrBkSttlmAmt", Problem::Missing))?;
    amount(out, "RtrdIntrBkSttlmAmt", money)?;
    out.maybe("IntrBkSttlmDt", line.settled_on.map(|day| day.to_string()).as_deref())?;
    out.maybe("ChrgBr", line.charge_bearer.as_deref())?;
    for charge in &line.charges {
        out.open("ChrgsInf")?;
        amount(out, "Amt", *charge)?;
        part::agent(out, "Agt", &Side::default(), true)?;
        out.close()?;
    }
    Ok(())
}

/// `OrgnlTxRef`: the earlier payment in its own words.
fn copied<W: Write>(out: &mut Out<W>, line: &FollowUp, kind: Kind, letters: Letters) -> Result<(), WriteError> {
    let in_customers_words = matches!(kind, Kind::Pain002);
    let own_amount =
        matches!(kind, Kind::Pain002 | Kind::Pacs002 | Kind::Pacs028).then_some(line.original_amount).flatten();
    let nothing = FollowUp { debtor: line.debtor.clone(), creditor: line.creditor.clone(), ..FollowUp::default() };
    let sides = nothing.debtor != Side::default() || nothing.creditor != Side::default();
    let words =
        line.mandate.is_some() || line.creditor_id.is_some() || !line.text.is_empty() || line.structured.is_some();
    if !sides && !words && own_amount.is_none() {
        return Ok(());
    }
    out.open("OrgnlTxRef")?;
    if let Some(money) = own_amount {
        if in_customers_words {
            out.open("Amt")?;
            amount(out, "InstdAmt", money)?;
            out.close()?;
        } else {
            amount(out, "IntrBkSttlmAmt", money)?;
        }
    }
    if let Some(id) = &line.creditor_id {
        part::creditor_id(out, "CdtrSchmeId", None, id)?;
    }
    if let Some(mandate) = &line.mandate {
        part::mandate(out, mandate)?;
    }
    part::remittance(out, &line.text, line.structured.as_deref(), letters)?;
    person(out, part::DEBTOR.ultimate, line.debtor.ultimate.as_deref(), letters)?;
    side(out, &part::DEBTOR, &line.debtor, letters, true)?;
    side(out, &part::CREDITOR, &line.creditor, letters, false)?;
    person(out, part::CREDITOR.ultimate, line.creditor.ultimate.as_deref(), letters)?;
    out.close()?;
    Ok(())
}

fn person<W: Write>(
    out: &mut Out<W>,
    name: &'static str,
    text: Option<&str>,
    letters: Letters,
) -> Result<(), WriteError> {
    let Some(text) = text else { return Ok(()) };
    out.open(name)?;
    out.leaf("Pty/Nm", &part::words(text, 140, letters))?;
    out.close()?;
    Ok(())
}

/// The debtor's bank follows its account, the creditor's goes before its party.
fn side<W: Write>(
    out: &mut Out<W>,
    role: &part::Role,
    side: &Side,
    letters: Letters,
    first: bool,
) -> Result<(), WriteError> {
    if !first {
        part::agent(out, role.agent, side, false)?;
    }
    if side.name.is_some() || side.id.is_some() {
        out.open(role.party)?;
        out.open("Pty")?;
        part::party(out, side, letters)?;
        out.close()?;
        out.close()?;
    }
    part::account(out, role.account, side)?;
    if first {
        part::agent(out, role.agent, side, false)?;
    }
    Ok(())
}
