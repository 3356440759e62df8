//! Reads a NACHA file as a stream of headers, entries and controls.

use std::collections::VecDeque;
use std::io::Read;

use super::field;
use super::record::{LENGTH, Record};
use super::sec::Sec;
use super::sums::AchSums;
use super::{AchItem, BatchHeader, Control, Entry, FileHeader};
use crate::detect::{self, Format, Kind};
use crate::input::{Input, Lines};
use crate::mistake::{Bad, Mistake, Problem, Report};

const BLOCKING: u64 = 10;
const ADDENDA_MAX: usize = 9_999;

/// Reads one file. Take items until there are none, then look at the report.
pub struct AchFile<'a> {
    lines: Option<Lines<'a>>,
    format: Option<Format>,
    /// Without line breaks, records stand one after the other.
    fixed: bool,
    report: Report,
    begun: bool,
    ended: bool,
    batch: Option<(BatchHeader, AchSums)>,
    entry: Option<Entry>,
    file: AchSums,
    /// An amount could not be read, so totals say little.
    broken: (bool, bool),
    last_trace: String,
    records: u64,
    position: (u64, u64),
    ready: VecDeque<AchItem>,
}

impl<'a> AchFile<'a> {
    /// Detects the format by content. What is no NACHA file is refused in the report, and there are no items.
    pub fn open(source: impl Read + Send + 'a) -> AchFile<'a> {
        AchFile::from_input(Input::new(source))
    }

    pub(crate) fn from_input(mut input: Input<'a>) -> AchFile<'a> {
        let mut reader = AchFile {
            lines: None,
            format: None,
            fixed: false,
            report: Report::default(),
            begun: false,
            ended: false,
            batch: None,
            entry: None,
            file: AchSums::default(),
            broken: (false, false),
            last_trace: String::new(),
            records: 0,
            position: (input.read_bytes(), 0),
            ready: VecDeque::new(),
        };
        match detect::prepare(&mut input) {
            Ok(format) if format.kind == Kind::Nacha => {
                let head = input.head().trim_ascii_start();
                let first = head.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
                reader.fixed = first.is_none_or(|place| place > LENGTH + 2);
                reader.lines = Some(Lines::new(input));
                reader.format = Some(format);
            }
            Ok(format) => {
                let problem = Problem::OtherFormat { expected: "a NACHA file", found: format.to_string() };
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
        let Some(lines) = &mut self.lines else { return Ok(false) };
        let more = if self.fixed { lines.next_fixed(LENGTH)? } else { lines.next_raw()? };
        self.position = (lines.input().read_bytes(), lines.number());
        if !more {
            if self.ended {
                return Ok(false);
            }
            return Err(Mistake::new(lines.number(), "9", "", Problem::cut("the file, before its control record")));
        }
        let (line, bytes) = (lines.number(), lines.bytes().trim_ascii_end());
        if bytes.is_empty() {
            return Ok(true);
        }
        let length_ok = may_be_short(bytes).is_some_and(|least| (least..=LENGTH).contains(&bytes.len()));
        if !length_ok {
            let problem = Problem::Length { expected: LENGTH, found: bytes.len() };
            return Err(Mistake::new(line, kind_of(bytes), "record", problem));
        }
        let record = Record::from_bytes(bytes);
        self.take(line, record)?;
        Ok(true)
    }

    fn take(&mut self, line: u64, record: Record) -> Result<(), Mistake> {
        let found = || char::from(record.kind()).to_string();
        let order = |expected| Err(Mistake::new(line, found(), "record", Problem::Order { expected, found: found() }));
        if self.ended {
            let filler = record.as_bytes().iter().all(|byte| *byte == b'9');
            return if filler { Ok(()) } else { order("nothing but filling 9s") };
        }
        self.records += 1;
        match (record.kind(), self.begun, self.batch.is_some()) {
            (b'1', false, _) => self.begin(line, record),
            (_, false, _) => order("a file header, 1"),
            (b'5', _, false) => self.begin_batch(line, record),
            (b'6', _, true) => {
                self.flush();
                if let Some((header, _)) = &self.batch {
                    self.entry = Some(Entry { line, sec: header.sec, record, addenda: Vec::new() });
                }
                Ok(())
            }
            (b'7', _, true) => match &mut self.entry {
                Some(entry) if entry.addenda.len() < ADDENDA_MAX => {
                    entry.addenda.push(record);
                    Ok(())
                }
                Some(_) => Err(Mistake::new(line, "7", "record", Problem::TooMany { limit: ADDENDA_MAX })),
                None => order("an entry, 6, before its addenda"),
            },
            (b'8', _, true) => {
                self.end_batch(line, record);
                Ok(())
            }
            (b'9', _, false) => {
                self.end(line, record);
                Ok(())
            }
            (_, _, true) => order("6, 7 or 8 within a batch"),
            (_, _, false) => order("5 or 9 between batches"),
        }
    }

    fn begin(&mut self, line: u64, record: Record) -> Result<(), Mistake> {
        self.begun = true;
        if record.raw(field::FILE_SIZES) != b"094101" {
            let problem = Problem::value("094101", &record.text(field::FILE_SIZES));
            return Err(Mistake::new(line, "1", field::FILE_SIZES.name, problem));
        }
        let header = FileHeader { line, record };
        if let Err(problem) = header.created_on() {
            self.report.warn(Mistake::new(line, "1", field::FILE_DATE.name, problem));
        }
        self.ready.push_back(AchItem::File(header));
        Ok(())
    }

    fn begin_batch(&mut self, line: u64, record: Record) -> Result<(), Mistake> {
        let code = record.text(field::BATCH_SEC);
        let wrong = |field: &'static str, problem| Mistake::new(line, "5", field, problem);
        let sec = Sec::from_code(&code);
        let sec = sec.ok_or_else(|| wrong(field::BATCH_SEC.name, Problem::value("a standard entry class", &code)))?;
        let class = record.text(field::BATCH_CLASS);
        if !matches!(class.as_str(), "200" | "220" | "225" | "280") {
            return Err(wrong(field::BATCH_CLASS.name, Problem::value("200, 220, 225 or 280", &class)));
        }
        record.number(field::BATCH_ODFI).map_err(|problem| wrong(field::BATCH_ODFI.name, problem))?;
        let header = BatchHeader { line, sec, record };
        self.last_trace.clear();
        self.broken.0 = false;
        self.ready.push_back(AchItem::Batch(header.clone()));
        self.batch = Some((header, AchSums::default()));
        Ok(())
    }

    /// Hands the entry before out, once its addenda are known.
    fn flush(&mut self) {
        let Some(entry) = self.entry.take() else { return };
        let Some((header, sums)) = &mut self.batch else { return };
        let rdfi = entry.record.number(field::ENTRY_RDFI).unwrap_or(0);
        let credit = entry.is_credit();
        let cents = entry.cents();
        if credit.is_none() || cents.is_err() {
            self.broken = (true, true);
        }
        sums.add_entry(rdfi, cents.unwrap_or(0), credit.unwrap_or(true), entry.addenda.len());
        let class = header.record.raw(field::BATCH_CLASS);
        let against = matches!((class, credit), (b"220", Some(false)) | (b"225", Some(true)));
        let checked = match entry.check() {
            Ok(()) if against => {
                let problem = Problem::value("an entry of the batch's service class", &header.service_class());
                Err(Bad::new(field::ENTRY_CODE.name, problem))
            }
            checked => checked,
        };
        let trace = entry.trace();
        if trace <= self.last_trace && entry.sec != Sec::Adv {
            let problem = Problem::value(format!("more than {}", self.last_trace), &trace);
            self.report.warn(Mistake::new(entry.line, "6", field::ENTRY_TRACE.name, problem));
        }
        self.last_trace = trace;
        match checked {
            Ok(()) => self.ready.push_back(AchItem::Entry(entry)),
            Err(bad) => self.report.line(bad.at(entry.line, "6")),
        }
    }

    fn end_batch(&mut self, line: u64, record: Record) {
        self.flush();
        let Some((header, sums)) = self.batch.take() else { return };
        let adv = header.sec == Sec::Adv;
        let (debits, credits) = match adv {
            true => (field::ADV_CONTROL_DEBITS, field::ADV_CONTROL_CREDITS),
            false => (field::CONTROL_DEBITS, field::CONTROL_CREDITS),
        };
        let fields = [field::CONTROL_COUNT, field::CONTROL_HASH, debits, credits];
        for (field, problem) in sums.compare(&record, fields, !self.broken.0) {
            self.report.refuse(Mistake::new(line, "8", field, problem));
        }
        for (of_header, of_control) in [
            (field::BATCH_CLASS, field::CONTROL_CLASS),
            (field::BATCH_ODFI, field::CONTROL_ODFI),
            (field::BATCH_NUMBER, field::CONTROL_NUMBER),
            (field::BATCH_COMPANY_ID, field::CONTROL_COMPANY_ID),
        ] {
            // An advice has other data in place of the company.
            let same = header.record.raw(of_header) == record.raw(of_control);
            let absent = adv && of_header == field::BATCH_COMPANY_ID;
            if !same && !absent {
                let problem = Problem::value(header.record.text(of_header), &record.text(of_control));
                self.report.warn(Mistake::new(line, "8", of_control.name, problem));
            }
        }
        self.file.add_batch(&sums);
        self.ready.push_back(AchItem::EndBatch(Control { line, record, sums }));
    }

    fn end(&mut self, line: u64, record: Record) {
        self.ended = true;
        let mut wide = false;
        if record.number(field::ADV_FILE_CREDITS).is_ok() {
            wide = record.number(field::FILE_CREDITS).is_ok() && record.raw(field::ADV_FILE_CREDITS) != [b' '; 20];
        }
        let (debits, credits) = match wide {
            true => (field::ADV_FILE_DEBITS, field::ADV_FILE_CREDITS),
            false => (field::FILE_DEBITS, field::FILE_CREDITS),
        };
        let fields = [field::FILE_COUNT, field::FILE_HASH, debits, credits];
        let mut wrong = self.file.compare(&record, fields, !self.broken.1);
        if record.number(field::FILE_BATCHES) != Ok(self.file.batches) {
            let (expected, found) = (record.text(field::FILE_BATCHES), self.file.batches);
            wrong.push((field::FILE_BATCHES.name, Problem::Count { expected, found }));
        }
        for (field, problem) in wrong {
            self.report.refuse(Mistake::new(line, "9", field, problem));
        }
        let blocks = self.records.div_ceil(BLOCKING);
        if record.number(field::FILE_BLOCKS) != Ok(blocks) {
            let problem = Problem::Count { expected: record.text(field::FILE_BLOCKS), found: blocks };
            self.report.warn(Mistake::new(line, "9", field::FILE_BLOCKS.name, problem));
        }
        if self.file.entries == 0 {
            self.report.refuse(Mistake::whole(Problem::NoPayment));
        }
        self.ready.push_back(AchItem::End(Control { line, record, sums: self.file }));
    }
}

/// The least length of a record whose last fields may be blank and whose blanks may be gone.
fn may_be_short(bytes: &[u8]) -> Option<usize> {
    match bytes.first()? {
        b'1' => Some(field::FILE_SIZES.to),
        b'9' => Some(field::FILE_CREDITS.to),
        _ => Some(LENGTH),
    }
}

fn kind_of(bytes: &[u8]) -> String {
    bytes.first().map(|byte| char::from(*byte)).filter(char::is_ascii_graphic).map(String::from).unwrap_or_default()
}

impl Iterator for AchFile<'_> {
    type Item = AchItem;

    fn next(&mut self) -> Option<AchItem> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some(item);
            }
            match self.advance() {
                Ok(true) => {}
                Ok(false) => {
                    self.lines = None;
                    return None;
                }
                Err(mistake) => {
                    self.lines = None;
                    self.report.refuse(mistake);
                    return None;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::nacha::{is_credit, is_prenote};

    #[test]
    fn transaction_codes_tell_the_direction() {
        for (codes, credit) in [(&[21, 22, 32, 42, 52, 81, 87][..], true), (&[26, 27, 37, 47, 55, 82, 88], false)] {
            assert!(codes.iter().all(|code| is_credit(*code) == Some(credit)));
        }
        assert!([0, 20, 25, 30, 57, 80, 89, 99].iter().all(|code| is_credit(*code).is_none()));
        assert!(is_prenote(23) && is_prenote(38) && !is_prenote(22));
    }
}
