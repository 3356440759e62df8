//! pain.001.001.09, pain.008.001.08, pacs.003.001.08, pacs.008.001.08 and pacs.009.001.08 as a stream.

mod line;
pub(crate) mod part;

use std::io::Write;

use crate::detect::Kind;
use crate::mistake::Problem;
use crate::payment::{Batch, FileHead, Line, Tally};
use crate::statement::{WriteError, unwritable};
use crate::xml::Out;

/// What happens to letters that a rail does not carry.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Letters {
    #[default]
    AsTheyAre,
    /// Brought into SWIFT's and SEPA's set.
    Swift,
}

/// Writes one message. Its head states count and sum before its lines are known, so the caller says them, and the end is
/// refused where the lines make something else.
pub struct OrderWriter<W: Write> {
    out: Out<W>,
    head: FileHead,
    letters: Letters,
    batch: Option<Batch>,
    in_batch: Tally,
    all: Tally,
}

pub(super) fn version(kind: Kind) -> Result<(&'static str, &'static str), WriteError> {
    match kind {
        Kind::Pain001 => Ok(("pain.001.001.09", "CstmrCdtTrfInitn")),
        Kind::Pain008 => Ok(("pain.008.001.08", "CstmrDrctDbtInitn")),
        Kind::Pacs003 => Ok(("pacs.003.001.08", "FIToFICstmrDrctDbt")),
        Kind::Pacs008 => Ok(("pacs.008.001.08", "FIToFICstmrCdtTrf")),
        Kind::Pacs009 => Ok(("pacs.009.001.08", "FICdtTrf")),
        other => Err(unwritable("kind", Problem::value("a message of orders", other.name()))),
    }
}

impl<W: Write> OrderWriter<W> {
    pub fn new(out: W, head: &FileHead, letters: Letters) -> Result<OrderWriter<W>, WriteError> {
        let (version, root) = version(head.kind)?;
        let mut out = part::document(out, version, head.header.as_ref())?;
        out.open(root)?;
        let mut writer = OrderWriter {
            out,
            head: head.clone(),
            letters,
            batch: None,
            in_batch: Tally::default(),
            all: Tally::default(),
        };
        writer.write_head()?;
        Ok(writer)
    }

    fn between_banks(&self) -> bool {
        matches!(self.head.kind, Kind::Pacs003 | Kind::Pacs008 | Kind::Pacs009)
    }

    fn write_head(&mut self) -> Result<(), WriteError> {
        let between_banks = self.between_banks();
        let (out, head) = (&mut self.out, &self.head);
        out.open("GrpHdr")?;
        out.leaf("MsgId", part::id("MsgId", head.id.as_deref())?)?;
        let created = head.created_at.ok_or_else(|| unwritable("CreDtTm", Problem::Missing))?;
        out.leaf("CreDtTm", &created.to_string())?;
        let count = head.count.ok_or_else(|| unwritable("NbOfTxs", Problem::Missing))?;
        out.leaf("NbOfTxs", &count.to_string())?;
        out.maybe("CtrlSum", head.control_sum.map(|sum| sum.to_string()).as_deref())?;
        if between_banks {
            part::settlement(out, &head.settlement)?;
        } else {
            out.open("InitgPty")?;
            part::party(out, &head.initiator, self.letters)?;
            out.close()?;
        }
        out.close()?;
        Ok(())
    }

    /// Begins a batch; the one before ends.
    pub fn batch(&mut self, batch: &Batch) -> Result<(), WriteError> {
        if self.between_banks() {
            return Err(unwritable("PmtInf", Problem::value("lines only", "a batch")));
        }
        self.end_batch()?;
        let collects = self.head.kind == Kind::Pain008;
        let out = &mut self.out;
        out.line()?;
        out.open("PmtInf")?;
        out.leaf("PmtInfId", part::id("PmtInfId", batch.id.as_deref())?)?;
        out.leaf("PmtMtd", batch.method.as_deref().unwrap_or(if collects { "DD" } else { "TRF" }))?;
        out.maybe("BtchBookg", batch.as_one.map(|one| if one { "true" } else { "false" }))?;
        out.maybe("NbOfTxs", batch.count.map(|count| count.to_string()).as_deref())?;
        out.maybe("CtrlSum", batch.control_sum.map(|sum| sum.to_string()).as_deref())?;
        part::kind(out, &batch.kind)?;
        let day = batch.execute_on.ok_or_else(|| unwritable("requested date", Problem::Missing))?;
        match (collects, batch.execute_at) {
            (true, _) => out.leaf("ReqdColltnDt", &day.to_string())?,
            (false, Some(at)) => out.leaf("ReqdExctnDt/DtTm", &at.to_string())?,
            (false, None) => out.leaf("ReqdExctnDt/Dt", &day.to_string())?,
        }
        let role = if collects { part::CREDITOR } else { part::DEBTOR };
        out.open(role.party)?;
        part::party(out, &batch.own, self.letters)?;
        out.close()?;
        part::account(out, role.account, &batch.own)?;
        part::agent(out, role.agent, &batch.own, true)?;
        part::ultimate(out, role.ultimate, &batch.own, self.letters)?;
        out.maybe("ChrgBr", batch.charge_bearer.as_deref())?;
        if let Some(id) = batch.creditor_id.as_deref().filter(|_| collects) {
            part::creditor_id(out, "CdtrSchmeId", None, id)?;
        }
        (self.batch, self.in_batch) = (Some(batch.clone()), Tally::default());
        Ok(())
    }

    pub fn line(&mut self, line: &Line) -> Result<(), WriteError> {
        if !self.between_banks() && self.batch.is_none() {
            return Err(unwritable("PmtInf", Problem::Missing));
        }
        self.all.add(line.amount);
        self.in_batch.add(line.amount);
        self.out.line()?;
        line::write(&mut self.out, line, self.head.kind, self.letters)
    }

    fn end_batch(&mut self) -> Result<(), WriteError> {
        let Some(batch) = self.batch.take() else { return Ok(()) };
        part::agrees(self.in_batch, batch.count, batch.control_sum)?;
        self.out.close()?;
        Ok(())
    }

    /// Ends the message; refused where its lines are not what its head states.
    pub fn finish(mut self) -> Result<W, WriteError> {
        self.end_batch()?;
        part::agrees(self.all, self.head.count, self.head.control_sum)?;
        Ok(self.out.finish()?)
    }
}
