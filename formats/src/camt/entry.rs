//! One `Ntry`, collected element by element, with its details a page at a time.

use jiff::civil::Date;
use kernel::{Currency, Money, Timestamp};

use super::{is_credit, money, rounded, signed};
use crate::date;
use crate::limits::DETAILS_MAX;
use crate::mistake::{Bad, Of, Problem};
use crate::statement::{Detail, Details, Entry, EntryStatus, Piece, Told};
use crate::xml::At;

pub(super) struct Draft {
    pub(super) line: u64,
    pub(super) broken: Option<Bad>,
    currency: Option<Currency>,
    amount: Option<Money>,
    rounded: Option<Bad>,
    credit: Option<bool>,
    pub(super) reversal: bool,
    status: EntryStatus,
    booked: (Option<Date>, Option<Timestamp>),
    valued: Option<Date>,
    told: Told,
    details: Vec<Detail>,
    /// Sum of the details that were seen, while all of them said their amount.
    divided: Option<i128>,
    handed_out: bool,
}

impl Draft {
    pub(super) fn new(line: u64, currency: Option<Currency>) -> Draft {
        Draft {
            line,
            broken: None,
            currency,
            amount: None,
            rounded: None,
            credit: None,
            reversal: false,
            status: EntryStatus::Booked,
            booked: (None, None),
            valued: None,
            told: Told::default(),
            details: Vec::new(),
            divided: Some(0),
            handed_out: false,
        }
    }

    pub(super) fn currency(&self) -> Option<Currency> {
        self.amount.map(|amount| amount.currency()).or(self.currency)
    }

    pub(super) fn is_credit(&self) -> Option<bool> {
        self.credit
    }

    /// An element directly below `Ntry` or `NtryDtls`.
    pub(super) fn take(&mut self, at: At<'_>) -> Result<(), Bad> {
        match at.name() {
            "Amt" => {
                let (amount, was_rounded) = money(at, self.currency).of("Amt")?;
                self.amount = Some(amount);
                self.rounded = was_rounded.then(|| Bad::new("Amt", rounded(at, amount)));
            }
            "CdtDbtInd" => self.credit = Some(is_credit(at).of("CdtDbtInd")?),
            "RvslInd" => self.reversal = matches!(at.value(), "true" | "1"),
            "Sts" => self.status = status(at.get("Cd").or_else(|| at.get("Prtry")).unwrap_or(at.value())).of("Sts")?,
            "BookgDt" => self.booked = moment(at).of("BookgDt")?,
            "ValDt" => self.valued = moment(at).of("ValDt")?.0,
            "AddtlNtryInf" => self.told.additional = Some(at.value().to_owned()),
            "NtryRef" => self.told.references.own = Some(at.value().to_owned()),
            "AcctSvcrRef" => self.told.references.bank = Some(at.value().to_owned()),
            // Of a batch.
            "MsgId" => self.told.references.message = Some(at.value().to_owned()),
            "PmtInfId" => self.told.references.payment_information = Some(at.value().to_owned()),
            _ => {
                let currency = self.currency();
                super::detail::shared(at, &mut self.told, currency);
            }
        }
        Ok(())
    }

    pub(super) fn push(&mut self, detail: Detail) {
        let minor =
            detail.amount.filter(|amount| Some(amount.currency()) == self.currency()).map(|amount| amount.minor());
        self.divided = self.divided.zip(minor).map(|(sum, minor)| sum + i128::from(minor));
        self.details.push(detail);
    }

    /// A page of details, when there are as many; the first page comes with the entry itself.
    pub(super) fn full_page(&mut self) -> Option<Piece> {
        if self.details.len() < DETAILS_MAX || self.broken.is_some() {
            return None;
        }
        if std::mem::replace(&mut self.handed_out, true) {
            let details = std::mem::take(&mut self.details);
            return Some(Piece::Details(Details { details, ..Details::default() }));
        }
        match self.entry() {
            Ok(entry) => Some(Piece::Entry(Box::new(entry))),
            Err(bad) => {
                self.broken = Some(bad);
                self.details.clear();
                None
            }
        }
    }

    fn entry(&mut self) -> Result<Entry, Bad> {
        let amount = self.amount.of("Amt")?;
        let credit = self.credit.of("CdtDbtInd")?;
        let (booked_on, booked_at) = self.booked;
        Ok(Entry {
            line: self.line,
            status: self.status,
            reversal: self.reversal,
            booked_on,
            booked_at,
            valued_on: self.valued,
            told: std::mem::take(&mut self.told),
            details: std::mem::take(&mut self.details),
            ..Entry::new(signed(amount, credit))
        })
    }

    /// The amount less the details', where there are any and all say theirs.
    fn difference(&self) -> Option<Money> {
        let any = self.handed_out || !self.details.is_empty();
        let amount = signed(self.amount.filter(|_| any)?, self.credit?);
        let minor = i64::try_from(i128::from(amount.minor()) - self.divided?).ok()?;
        (minor != 0).then(|| Money::new(minor, amount.currency()))
    }

    /// What is left of the entry when its element ends, and a warning where its amount was rounded.
    pub(super) fn finish(mut self) -> Result<(Vec<Piece>, Option<Bad>), Bad> {
        if let Some(bad) = self.broken.take() {
            return Err(bad);
        }
        let rounded = self.rounded.take();
        let difference = self.difference();
        if self.handed_out {
            let (details, additional) = (std::mem::take(&mut self.details), self.told.additional.take());
            return Ok((vec![Piece::Details(Details { details, difference, additional })], rounded));
        }
        let mut entry = Entry { difference, ..self.entry()? };
        if entry.details.len() == 1 {
            let only = entry.details.pop();
            only.into_iter().for_each(|detail| fold(&mut entry.told, detail.told));
        }
        Ok((vec![Piece::Entry(Box::new(entry))], rounded))
    }
}

/// What the only detail says, completed by what the entry says itself.
fn fold(entry: &mut Told, detail: Told) {
    let own = std::mem::replace(entry, detail);
    let codes = std::mem::take(&mut entry.codes);
    entry.codes = own.codes;
    entry.codes.extend(codes);
    let (new, old) = (&mut entry.references, own.references);
    let from_entry = [
        (&mut new.bank, old.bank),
        (&mut new.own, old.own),
        (&mut new.message, old.message),
        (&mut new.payment_information, old.payment_information),
    ];
    for (kept, said) in from_entry {
        if kept.is_none() {
            *kept = said;
        }
    }
    match (&mut entry.additional, own.additional) {
        (Some(text), Some(said)) if *text != said => *text = format!("{said}\n{text}"),
        (Some(_), _) => {}
        (text, said) => *text = said,
    }
    if entry.charges.is_empty() {
        entry.charges = own.charges;
    }
    if entry.original.is_none() {
        entry.original = own.original;
    }
}

fn status(text: &str) -> Result<EntryStatus, Problem> {
    match text {
        "BOOK" => Ok(EntryStatus::Booked),
        "PDNG" => Ok(EntryStatus::Pending),
        "FUTR" => Ok(EntryStatus::Future),
        "INFO" => Ok(EntryStatus::Info),
        other => Err(Problem::value("BOOK, PDNG, FUTR or INFO", other)),
    }
}

/// `Dt`, `DtTm`, or in early versions the text itself.
fn moment(at: At<'_>) -> Result<(Option<Date>, Option<Timestamp>), Problem> {
    let text = at.get("Dt").or_else(|| at.get("DtTm")).unwrap_or(at.value());
    if text.contains('T') {
        return date::iso_time(text).map(|(day, at)| (Some(day), at));
    }
    date::iso(text).map(|day| (Some(day), None))
}
