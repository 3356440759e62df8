//! Reads messages about earlier payments as a stream.

use std::collections::VecDeque;
use std::io::Read;

use jiff::civil::Date;
use kernel::{Money, Timestamp};

use super::{About, FollowUp, FollowUpItem, Head, Original, Reason};
use crate::amount::{self, DecimalMark};
use crate::date;
use crate::detect::{self, Format, Kind};
use crate::input::Input;
use crate::iso;
use crate::mistake::{Bad, Mistake, Of, Problem, Report};
use crate::payment::{ControlSum, Settlement, Tally};
use crate::xml::{At, Step, Xml};

const WALK: [&str; 3] = ["OrgnlPmtInfAndSts", "Undrlyg", "CxlDtls"];

/// Reads one message. Take items until there are none, then look at the report.
pub struct FollowUps<'a> {
    xml: Option<Xml<'a>>,
    format: Option<Format>,
    report: Report,
    head: Option<Box<Head>>,
    batch: Option<Box<About>>,
    told_head: bool,
    lines: Tally,
    /// What a return states of itself.
    stated: (Option<u64>, Option<ControlSum>),
    position: (u64, u64),
    ready: VecDeque<FollowUpItem>,
}

impl<'a> FollowUps<'a> {
    /// Detects the message by content. What is none is refused in the report, and there are no items.
    pub fn open(source: impl Read + Send + 'a) -> FollowUps<'a> {
        FollowUps::from_input(Input::new(source))
    }

    pub(crate) fn from_input(mut input: Input<'a>) -> FollowUps<'a> {
        let mut reader = FollowUps {
            xml: None,
            format: None,
            report: Report::default(),
            head: None,
            batch: None,
            told_head: false,
            lines: Tally::default(),
            stated: (None, None),
            position: (input.read_bytes(), 0),
            ready: VecDeque::new(),
        };
        match detect::prepare(&mut input) {
            Ok(format) if is_follow_up(format.kind) => {
                let (version, kind) = (format.version.clone(), format.kind);
                reader.head = Some(Box::new(Head { version, ..Head::new(kind) }));
                reader.xml = Some(Xml::new(input, &WALK));
                reader.format = Some(format);
            }
            Ok(format) => {
                let expected = "a status report, return or recall";
                let problem = Problem::OtherFormat { expected, found: format.to_string() };
                reader.report.refuse(Mistake::whole(problem));
            }
            Err(problem) => reader.report.refuse(Mistake::whole(problem)),
        }
        reader
    }

    pub fn format(&self) -> Option<&Format> {
        self.format.as_ref()
    }

    pub fn report(&self) -> &Report {
        &self.report
    }

    pub fn into_report(self) -> Report {
        self.report
    }

    /// Bytes and lines that were read so far.
    pub fn position(&self) -> (u64, u64) {
        self.position
    }

    fn advance(&mut self) -> Result<bool, Mistake> {
        let Some(xml) = &mut self.xml else { return Ok(false) };
        let step = xml.step()?;
        self.position = xml.position();
        match step {
            Step::Open if xml.name() == "OrgnlPmtInfAndSts" => {
                self.batch = Some(Box::default());
                self.tell_head();
            }
            Step::Close if xml.name() == "OrgnlPmtInfAndSts" => self.tell_batch(),
            Step::Open | Step::Close => {}
            Step::Branch => self.branch()?,
            Step::End => {
                self.tell_head();
                for (field, problem) in self.lines.compare(self.stated.0, self.stated.1) {
                    self.report.refuse(Mistake::new(0, "GrpHdr", field, problem));
                }
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn tell_head(&mut self) {
        if let Some(head) = self.head.take() {
            self.told_head = true;
            self.ready.push_back(FollowUpItem::Head(head));
        }
    }

    fn tell_batch(&mut self) {
        if let Some(batch) = self.batch.take() {
            self.ready.push_back(FollowUpItem::Batch(batch));
        }
    }

    fn branch(&mut self) -> Result<(), Mistake> {
        let Some(xml) = &self.xml else { return Ok(()) };
        let at = xml.branch();
        if matches!(at.name(), "TxInfAndSts" | "TxInf") {
            let told = line(at).map_err(|bad| bad.at(at.line(), xml.branch_path()));
            self.tell_head();
            self.tell_batch();
            match told {
                Ok(line) => {
                    match line.returned.or(line.original_amount) {
                        Some(amount) => self.lines.add(amount),
                        None => self.lines.count += 1,
                    }
                    self.ready.push_back(FollowUpItem::Line(Box::new(line)));
                }
                Err(mistake) => {
                    self.lines.count += 1;
                    self.stated.1 = None;
                    self.report.line(mistake);
                }
            }
            return Ok(());
        }
        let wrong = |bad: Bad| bad.at(at.line(), at.name());
        if let Some(batch) = &mut self.batch {
            return of_message(at, batch).map_err(wrong);
        }
        let Some(head) = &mut self.head else { return Ok(()) };
        match at.name() {
            "AppHdr" => head.header = Some(iso::header(at)),
            "GrpHdr" | "Assgnmt" => {
                read_head(at, head).map_err(wrong)?;
                if head.kind == Kind::Pacs004 {
                    self.stated = (head.count, head.control_sum);
                }
            }
            "CtrlData" => {
                head.count = at.get("NbOfTxs").and_then(|count| count.parse().ok());
                head.control_sum = at.get("CtrlSum").map(ControlSum::parse).transpose().of("CtrlSum").map_err(wrong)?;
            }
            "OrgnlGrpInfAndSts" | "OrgnlGrpInf" | "OrgnlGrpInfAndCxl" => {
                for child in at.children() {
                    of_message(child, &mut head.about).map_err(wrong)?;
                }
            }
            "Sts" => head.about.status = at.owned("Conf"),
            _ => {}
        }
        Ok(())
    }
}

fn is_follow_up(kind: Kind) -> bool {
    use Kind::{Camt029, Camt056, Pacs002, Pacs004, Pacs028, Pain002};
    matches!(kind, Camt029 | Camt056 | Pacs002 | Pacs004 | Pacs028 | Pain002)
}

impl Iterator for FollowUps<'_> {
    type Item = FollowUpItem;

    fn next(&mut self) -> Option<FollowUpItem> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some(item);
            }
            match self.advance() {
                Ok(true) => {}
                Ok(false) => {
                    self.xml = None;
                    return self.ready.pop_front();
                }
                Err(mistake) => {
                    self.xml = None;
                    self.report.refuse(mistake);
                    return None;
                }
            }
        }
    }
}

fn read_head(at: At<'_>, head: &mut Head) -> Result<(), Bad> {
    head.id = iso::maximum(at.get("MsgId").or_else(|| at.get("Id")), 35, "MsgId")?;
    (head.created_on, head.created_at) = moment(at.get("CreDtTm")).of("CreDtTm")?;
    head.count = at.get("NbOfTxs").and_then(|count| count.parse().ok());
    head.control_sum = at.get("CtrlSum").map(ControlSum::parse).transpose().of("CtrlSum")?;
    head.initiator = at.owned("InitgPty/Nm").or_else(|| at.owned("InitgPty/Id/OrgId/AnyBIC"));
    let assigned = |name: &str| at.at(name).and_then(|party| iso::agent_of(party, "Agt"));
    head.settlement = Settlement {
        method: at.owned("SttlmInf/SttlmMtd"),
        clearing_system: at.owned("SttlmInf/ClrSys/Cd").or_else(|| at.owned("SttlmInf/ClrSys/Prtry")),
        on: at.get("IntrBkSttlmDt").map(date::iso).transpose().of("IntrBkSttlmDt")?,
        instructing: iso::agent_of(at, "InstgAgt").or_else(|| assigned("Assgnr")),
        instructed: iso::agent_of(at, "InstdAgt").or_else(|| assigned("Assgne")),
    };
    Ok(())
}

fn moment(text: Option<&str>) -> Result<(Option<Date>, Option<Timestamp>), Problem> {
    let Some(text) = text else { return Ok((None, None)) };
    date::iso_time(text).map(|(day, at)| (Some(day), at))
}

/// An element that speaks of an earlier message or batch as a whole.
fn of_message(at: At<'_>, about: &mut About) -> Result<(), Bad> {
    let text = || Some(at.value().to_owned());
    match at.name() {
        "OrgnlMsgId" => about.message.id = text(),
        "OrgnlMsgNmId" => about.message.name = text(),
        "OrgnlCreDtTm" => {
            (about.message.created_on, about.message.created_at) = moment(Some(at.value())).of("OrgnlCreDtTm")?;
        }
        "OrgnlPmtInfId" => about.payment_information = text(),
        "GrpSts" | "PmtInfSts" | "GrpCxlSts" | "PmtInfCxlSts" => about.status = text(),
        "OrgnlNbOfTxs" => about.count = at.value().parse().ok(),
        "OrgnlCtrlSum" => about.control_sum = Some(ControlSum::parse(at.value()).of("OrgnlCtrlSum")?),
        "StsRsnInf" | "RtrRsnInf" | "CxlRsnInf" | "CxlStsRsnInf" => about.reasons.push(reason(at)),
        "OrgnlGrpInf" => about.message = original(at)?,
        _ => {}
    }
    Ok(())
}

fn original(at: At<'_>) -> Result<Original, Bad> {
    let (created_on, created_at) = moment(at.get("OrgnlCreDtTm")).of("OrgnlCreDtTm")?;
    Ok(Original { id: at.owned("OrgnlMsgId"), name: at.owned("OrgnlMsgNmId"), created_on, created_at })
}

fn reason(at: At<'_>) -> Reason {
    let by = ["Orgtr/Nm", "Orgtr/Id/OrgId/AnyBIC", "Orgtr/Id/OrgId/BICOrBEI"];
    Reason {
        code: at.owned("Rsn/Cd"),
        proprietary: at.owned("Rsn/Prtry"),
        originator: by.iter().find_map(|path| at.owned(path)),
        info: at.all("AddtlInf").map(|info| info.value().to_owned()).collect(),
    }
}

/// An amount as an earlier payment had it: not checked for being above zero.
fn money(at: At<'_>) -> Result<Money, Problem> {
    let currency = amount::currency(at.currency())?;
    let decimal = amount::decimal(at.value(), DecimalMark::Point, currency.scale())?;
    match decimal.rounded {
        true => Err(Problem::value(format!("at most {} digits after the point", currency.scale()), at.value())),
        false => Ok(decimal.money(currency)),
    }
}

fn line(at: At<'_>) -> Result<FollowUp, Bad> {
    let own = ["StsId", "RtrId", "StsReqId", "CxlId", "CxlStsId"];
    let mut told = FollowUp { line: at.line(), id: own.iter().find_map(|name| at.owned(name)), ..FollowUp::default() };
    for child in at.children() {
        let text = || Some(child.value().to_owned());
        match child.name() {
            "OrgnlGrpInf" => told.message = original(child)?,
            "OrgnlInstrId" => told.instruction = text(),
            "OrgnlEndToEndId" => told.end_to_end = text(),
            "OrgnlTxId" => told.transaction = text(),
            "OrgnlUETR" => told.uetr = text(),
            "OrgnlClrSysRef" | "ClrSysRef" => told.clearing = text(),
            "TxSts" | "TxCxlSts" => told.status = text(),
            "StsRsnInf" | "RtrRsnInf" | "CxlRsnInf" | "CxlStsRsnInf" => told.reasons.push(reason(child)),
            "AccptncDtTm" => told.accepted_at = moment(Some(child.value())).of("AccptncDtTm")?.1,
            "OrgnlIntrBkSttlmAmt" => told.original_amount = Some(money(child).of("OrgnlIntrBkSttlmAmt")?),
            "OrgnlIntrBkSttlmDt" => {
                told.originally_settled_on = Some(date::iso(child.value()).of("OrgnlIntrBkSttlmDt")?)
            }
            "RtrdIntrBkSttlmAmt" => told.returned = Some(money(child).of("RtrdIntrBkSttlmAmt")?),
            "IntrBkSttlmDt" => told.settled_on = Some(date::iso(child.value()).of("IntrBkSttlmDt")?),
            "ChrgBr" => told.charge_bearer = text(),
            "ChrgsInf" => told.charges.push(money(child.at("Amt").of("ChrgsInf/Amt")?).of("ChrgsInf/Amt")?),
            "OrgnlTxRef" => copied(child, &mut told)?,
            _ => {}
        }
    }
    Ok(told)
}

/// The earlier payment's own words. What is wrong in them is not this message's mistake, so sides are read as they are.
fn copied(at: At<'_>, told: &mut FollowUp) -> Result<(), Bad> {
    let amounts = ["IntrBkSttlmAmt", "Amt/InstdAmt", "Amt/EqvtAmt/Amt"];
    let amount = amounts.iter().find_map(|path| at.at(path)).map(money).transpose().of("OrgnlTxRef/Amt")?;
    told.original_amount = told.original_amount.or(amount);
    told.debtor = iso::side(at, true).unwrap_or_default();
    told.creditor = iso::side(at, false).unwrap_or_default();
    let mandate = at.at("MndtRltdInf").map(|at| at.at("DrctDbtMndt").unwrap_or(at));
    told.mandate = mandate.map(iso::mandate).transpose()?;
    told.creditor_id =
        at.owned("CdtrSchmeId/Id/PrvtId/Othr/Id").or_else(|| at.owned("CdtrSchmeId/Pty/Id/PrvtId/Othr/Id"));
    if let Some(remittance) = at.at("RmtInf") {
        told.text = remittance.all("Ustrd").map(|text| text.value().to_owned()).collect();
        told.structured = remittance.owned("Strd/CdtrRefInf/Ref");
    }
    Ok(())
}
