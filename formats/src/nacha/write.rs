//! Writes a NACHA file as a stream; controls and filling are worked out on the way.

use std::io::Write;

use jiff::civil::{Date, Time};

use super::build::EntryDraft;
use super::field;
use super::record::{Field, Record};
use super::sec::Sec;
use super::sums::AchSums;
use super::{AchItem, Entry};
use crate::mistake::Problem;
use crate::statement::{WriteError, unwritable};

const BLOCKING: u64 = 10;
const TYPE: Field = Field::new("record type", 1, 1);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDraft {
    /// Ten characters: a blank and nine digits.
    pub destination: String,
    pub origin: String,
    pub created_on: Date,
    pub created_at: Time,
    /// `A` to `Z`, `0` to `9`: one of several files of a day.
    pub modifier: char,
    pub destination_name: String,
    pub origin_name: String,
    pub reference: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchDraft {
    /// 200, 220 or 225.
    pub class: u16,
    pub company_name: String,
    pub discretionary: String,
    pub company_id: String,
    pub sec: Sec,
    /// `PAYROLL`; `REVERSAL` takes earlier entries back.
    pub description: String,
    pub descriptive_date: String,
    pub effective_on: Date,
    /// First eight digits of our bank.
    pub odfi: String,
}

pub struct AchWriter<W: Write> {
    out: W,
    records: u64,
    batch: Option<(BatchDraft, AchSums)>,
    file: AchSums,
    sequence: u64,
}

impl<W: Write> AchWriter<W> {
    pub fn new(out: W, file: &FileDraft) -> Result<AchWriter<W>, WriteError> {
        let mut record = Record::blank();
        record.set(TYPE, "1")?;
        record.set(field::FILE_PRIORITY, "01")?;
        record.set(field::FILE_DESTINATION, &format!("{:>10}", file.destination))?;
        record.set(field::FILE_ORIGIN, &format!("{:>10}", file.origin))?;
        record.set_digits(field::FILE_DATE, &file.created_on.strftime("%y%m%d").to_string())?;
        record.set_digits(field::FILE_TIME, &file.created_at.strftime("%H%M").to_string())?;
        if !file.modifier.is_ascii_uppercase() && !file.modifier.is_ascii_digit() {
            let found = file.modifier.to_string();
            return Err(unwritable(field::FILE_MODIFIER.name, Problem::value("A to Z or 0 to 9", &found)));
        }
        record.set(field::FILE_MODIFIER, &file.modifier.to_string())?;
        record.set(field::FILE_SIZES, "094101")?;
        record.set_cut(field::FILE_DESTINATION_NAME, &file.destination_name);
        record.set_cut(field::FILE_ORIGIN_NAME, &file.origin_name);
        record.set(field::FILE_REFERENCE, &file.reference)?;
        let mut writer = AchWriter { out, records: 0, batch: None, file: AchSums::default(), sequence: 0 };
        writer.record(&record)?;
        Ok(writer)
    }

    fn record(&mut self, record: &Record) -> Result<(), WriteError> {
        self.records += 1;
        self.out.write_all(record.as_bytes())?;
        self.out.write_all(b"\n")?;
        Ok(())
    }

    /// Begins a batch; the one before ends.
    pub fn batch(&mut self, batch: &BatchDraft) -> Result<(), WriteError> {
        self.end_batch()?;
        if !matches!(batch.class, 200 | 220 | 225) {
            let found = batch.class.to_string();
            return Err(unwritable(field::BATCH_CLASS.name, Problem::value("200, 220 or 225", &found)));
        }
        let mut record = Record::blank();
        record.set(TYPE, "5")?;
        record.set_number(field::BATCH_CLASS, u64::from(batch.class))?;
        record.set_cut(field::BATCH_COMPANY_NAME, &batch.company_name);
        record.set(field::BATCH_DISCRETIONARY, &batch.discretionary)?;
        record.set(field::BATCH_COMPANY_ID, &batch.company_id)?;
        record.set(field::BATCH_SEC, batch.sec.code())?;
        record.set(field::BATCH_DESCRIPTION, &batch.description)?;
        record.set(field::BATCH_DESCRIPTIVE_DATE, &batch.descriptive_date)?;
        record.set_digits(field::BATCH_EFFECTIVE, &batch.effective_on.strftime("%y%m%d").to_string())?;
        record.set(field::BATCH_STATUS, "1")?;
        record.set_digits(field::BATCH_ODFI, &batch.odfi)?;
        record.set_number(field::BATCH_NUMBER, self.file.batches + 1)?;
        self.batch = Some((batch.clone(), AchSums::default()));
        self.record(&record)
    }

    /// An entry of our own under the next trace number, which is answered.
    pub fn originate(&mut self, draft: &EntryDraft) -> Result<String, WriteError> {
        let (batch, _) = self.batch.as_ref().ok_or_else(|| unwritable("batch", Problem::Missing))?;
        self.sequence += 1;
        let entry = draft.entry(batch.sec, &batch.odfi, self.sequence)?;
        self.entry(&entry)?;
        Ok(entry.trace())
    }

    /// A made entry: a return, a notification, or one from another file.
    pub fn entry(&mut self, entry: &Entry) -> Result<(), WriteError> {
        let (batch, sums) = self.batch.as_mut().ok_or_else(|| unwritable("batch", Problem::Missing))?;
        let credit = entry.is_credit().ok_or_else(|| unwritable(field::ENTRY_CODE.name, Problem::Missing))?;
        if (batch.class == 220 && !credit) || (batch.class == 225 && credit) {
            let expected = "an entry of the batch's service class";
            return Err(unwritable(field::ENTRY_CODE.name, Problem::value(expected, &batch.class.to_string())));
        }
        let rdfi =
            entry.record.number(field::ENTRY_RDFI).map_err(|problem| unwritable(field::ENTRY_RDFI.name, problem))?;
        let cents = entry.cents().map_err(|problem| unwritable(field::ENTRY_AMOUNT.name, problem))?;
        sums.add_entry(rdfi, cents, credit, entry.addenda.len());
        self.record(&entry.record)?;
        entry.addenda.iter().try_for_each(|addenda| self.record(addenda))
    }

    fn end_batch(&mut self) -> Result<(), WriteError> {
        let Some((batch, sums)) = self.batch.take() else { return Ok(()) };
        self.file.add_batch(&sums);
        let mut record = Record::blank();
        record.set(TYPE, "8")?;
        record.set_number(field::CONTROL_CLASS, u64::from(batch.class))?;
        record.set_number(field::CONTROL_COUNT, sums.records)?;
        record.set_number(field::CONTROL_HASH, sums.hash)?;
        record.set_number(field::CONTROL_DEBITS, sums.debit_cents)?;
        record.set_number(field::CONTROL_CREDITS, sums.credit_cents)?;
        record.set(field::CONTROL_COMPANY_ID, &batch.company_id)?;
        record.set_digits(field::CONTROL_ODFI, &batch.odfi)?;
        record.set_number(field::CONTROL_NUMBER, self.file.batches)?;
        self.record(&record)
    }

    /// Ends the file: its control, and 9s up to a full block. What its entries make.
    pub fn finish(mut self) -> Result<(W, AchSums), WriteError> {
        self.end_batch()?;
        let sums = self.file;
        let mut record = Record::blank();
        record.set(TYPE, "9")?;
        record.set_number(field::FILE_BATCHES, sums.batches)?;
        record.set_number(field::FILE_BLOCKS, (self.records + 1).div_ceil(BLOCKING))?;
        record.set_number(field::FILE_COUNT, sums.records)?;
        record.set_number(field::FILE_HASH, sums.hash)?;
        record.set_number(field::FILE_DEBITS, sums.debit_cents)?;
        record.set_number(field::FILE_CREDITS, sums.credit_cents)?;
        self.record(&record)?;
        while !self.records.is_multiple_of(BLOCKING) {
            self.record(&Record::filler())?;
        }
        self.out.flush()?;
        Ok((self.out, sums))
    }
}

impl AchItem {
    /// Writes the item's records as they were read, each on a line.
    pub fn write(&self, mut out: impl Write) -> Result<(), WriteError> {
        for record in self.records() {
            out.write_all(record.as_bytes())?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}
