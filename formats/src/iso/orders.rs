//! Orders, message by message: a head, batches where the message has them, and lines.

use std::collections::VecDeque;

use super::{line, part};
use crate::check_digit;
use crate::date;
use crate::detect::{Format, Kind};
use crate::input::Input;
use crate::mistake::{Bad, Mistake, Of, Problem, Report};
use crate::payment::{Batch, BusinessHeader, ControlSum, FileHead, PaymentPiece, PaymentSource, Settlement};
use crate::xml::{At, Step, Xml};

pub(crate) struct Orders<'a> {
    xml: Xml<'a>,
    kind: Kind,
    version: Option<String>,
    seen_head: bool,
    header: Option<BusinessHeader>,
    /// A batch until its first line hands it out.
    batch: Option<Box<Batch>>,
    in_batch: bool,
    ready: VecDeque<PaymentPiece>,
}

impl<'a> Orders<'a> {
    pub(crate) fn new(input: Input<'a>, format: &Format) -> Orders<'a> {
        Orders {
            xml: Xml::new(input, &["PmtInf"]),
            kind: format.kind,
            version: format.version.clone(),
            seen_head: false,
            header: None,
            batch: None,
            in_batch: false,
            ready: VecDeque::new(),
        }
    }

    fn branch(&mut self, report: &mut Report) -> Result<(), Mistake> {
        let at = self.xml.branch();
        match at.name() {
            "AppHdr" => self.header = Some(part::header(at)),
            "GrpHdr" => {
                if std::mem::replace(&mut self.seen_head, true) {
                    let problem = Problem::TooMany { limit: 1 };
                    return Err(Mistake::new(at.line(), "GrpHdr", "", problem));
                }
                match head(at, self.kind, self.version.clone()) {
                    Ok(head) => {
                        let header = self.header.take();
                        self.ready.push_back(PaymentPiece::File(Box::new(FileHead { header, ..head })));
                    }
                    Err(bad) => return Err(bad.at(at.line(), "GrpHdr")),
                }
            }
            "CdtTrfTxInf" | "DrctDbtTxInf" => {
                let order = line::read(at, self.kind);
                let line = at.line();
                self.hand_out();
                match order {
                    Ok(line) => self.ready.push_back(PaymentPiece::Line(Box::new(line))),
                    Err((bad, amount)) => {
                        report.line(bad.at(line, self.xml.branch_path()));
                        self.ready.push_back(PaymentPiece::Broken(amount));
                    }
                }
            }
            _ => {
                if let Some(batch) = &mut self.batch {
                    of_batch(at, batch).map_err(|bad| bad.at(at.line(), self.xml.path()))?;
                }
            }
        }
        Ok(())
    }

    fn hand_out(&mut self) {
        if let Some(batch) = self.batch.take() {
            self.in_batch = true;
            self.ready.push_back(PaymentPiece::Batch(batch));
        }
    }
}

impl PaymentSource for Orders<'_> {
    fn next(&mut self, report: &mut Report) -> Result<Option<PaymentPiece>, Mistake> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Ok(Some(piece));
            }
            match self.xml.step()? {
                Step::Open if self.xml.name() == "PmtInf" => {
                    self.batch = Some(Box::new(Batch { line: self.xml.line(), ..Batch::default() }));
                }
                Step::Close if self.xml.name() == "PmtInf" => {
                    self.hand_out();
                    if std::mem::take(&mut self.in_batch) {
                        self.ready.push_back(PaymentPiece::EndBatch { line: self.xml.line() });
                    }
                }
                Step::Branch => self.branch(report)?,
                Step::Open | Step::Close => {}
                Step::End => return Ok(None),
            }
        }
    }

    fn position(&self) -> (u64, u64) {
        self.xml.position()
    }
}

fn head(at: At<'_>, kind: Kind, version: Option<String>) -> Result<FileHead, Bad> {
    let created = at.get("CreDtTm").map(date::iso_time).transpose().of("CreDtTm")?;
    let settlement = Settlement {
        method: at.owned("SttlmInf/SttlmMtd"),
        clearing_system: at.owned("SttlmInf/ClrSys/Cd").or_else(|| at.owned("SttlmInf/ClrSys/Prtry")),
        on: at.get("IntrBkSttlmDt").map(date::iso).transpose().of("IntrBkSttlmDt")?,
        instructing: part::agent_of(at, "InstgAgt"),
        instructed: part::agent_of(at, "InstdAgt"),
    };
    let id = part::maximum(at.get("MsgId"), 35, "MsgId")?;
    Ok(FileHead {
        version,
        id: Some(id.of("MsgId")?),
        created_on: created.map(|(day, _)| day),
        created_at: created.and_then(|(_, at)| at),
        count: Some(count(at.get("NbOfTxs").of("NbOfTxs")?).of("NbOfTxs")?),
        control_sum: at.get("CtrlSum").map(ControlSum::parse).transpose().of("CtrlSum")?,
        initiator: at.at("InitgPty").map(part::party).unwrap_or_default(),
        settlement,
        ..FileHead::new(kind)
    })
}

fn count(text: &str) -> Result<u64, Problem> {
    text.parse().map_err(|_| Problem::value("a number", text))
}

/// An element of `PmtInf` before its lines. A wrong one concerns every line, so it refuses the file.
fn of_batch(at: At<'_>, batch: &mut Batch) -> Result<(), Bad> {
    let text = || Some(at.value().to_owned());
    match at.name() {
        "PmtInfId" => batch.id = part::maximum(Some(at.value()), 35, "PmtInfId")?,
        "PmtMtd" => batch.method = text(),
        "BtchBookg" => batch.as_one = Some(matches!(at.value(), "true" | "1")),
        "NbOfTxs" => batch.count = Some(count(at.value()).of("NbOfTxs")?),
        "CtrlSum" => batch.control_sum = Some(ControlSum::parse(at.value()).of("CtrlSum")?),
        "PmtTpInf" => batch.kind = part::kind(at),
        "ReqdExctnDt" | "ReqdColltnDt" => {
            let value = at.get("Dt").or_else(|| at.get("DtTm")).unwrap_or(at.value());
            batch.execute_on = Some(date::iso(value).of("requested date")?);
            if value.contains('T') {
                batch.execute_at = date::iso_time(value).of("requested date")?.1;
            }
        }
        "Dbtr" | "Cdtr" => {
            let party = part::party(at);
            let own = &mut batch.own;
            (own.name, own.address, own.id, own.is_person) = (party.name, party.address, party.id, party.is_person);
        }
        "DbtrAcct" | "CdtrAcct" => {
            batch.own.iban = at.get("Id/IBAN").map(check_digit::iban).transpose().of("account")?;
            batch.own.number = part::maximum(at.get("Id/Othr/Id"), 34, "account")?;
            batch.own.currency = at.owned("Ccy");
        }
        "DbtrAgt" | "CdtrAgt" => {
            batch.own.bic = at.owned("FinInstnId/BICFI").or_else(|| at.owned("FinInstnId/BIC"));
            batch.own.bic.as_deref().map(check_digit::bic).transpose().of("agent")?;
            batch.own.clearing_number = at.owned("FinInstnId/ClrSysMmbId/MmbId");
            batch.own.clearing_system = at.owned("FinInstnId/ClrSysMmbId/ClrSysId/Cd");
        }
        "UltmtDbtr" | "UltmtCdtr" => batch.own.ultimate = at.owned("Nm"),
        "ChrgBr" => batch.charge_bearer = text(),
        "CdtrSchmeId" => batch.creditor_id = at.owned("Id/PrvtId/Othr/Id").or_else(|| at.owned("Id/OrgId/Othr/Id")),
        _ => {}
    }
    Ok(())
}
