//! Records: several in a line, or one over many lines, each of two digits and a list of fields.

use crate::input::Lines;
use crate::limits::RECORD_MAX_BYTES;
use crate::mistake::{Mistake, Problem, Report};

#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) line: u64,
    pub(super) code: String,
    /// Without the code; of a 16 without its text.
    pub(super) fields: Vec<String>,
    /// Of a 16, where it has begun.
    pub(super) text: Option<String>,
    /// The record's own line and its 88s.
    pub(super) physical: u64,
    bytes: usize,
}

impl Record {
    /// A field by its place after the code, where it is not empty.
    pub(super) fn get(&self, place: usize) -> Option<&str> {
        self.fields.get(place).map(|field| field.trim()).filter(|field| !field.is_empty())
    }

    /// Fields before a 16's text, once its funds type tells.
    fn head_fields(&self) -> Option<usize> {
        let more = match self.fields.get(2)?.trim() {
            "S" | "s" => 3,
            "V" | "v" => 2,
            "D" | "d" => {
                let count: usize = self.fields.get(3)?.trim().parse().unwrap_or(0);
                count.saturating_mul(2).saturating_add(1)
            }
            _ => 0,
        };
        Some(more.saturating_add(5))
    }

    /// Takes fields from one line's content; what follows the slash that ended them.
    fn take<'l>(&mut self, content: &'l str) -> &'l str {
        self.bytes += content.len();
        let mut rest = content;
        loop {
            if self.code == "16" && self.head_fields().is_some_and(|count| self.fields.len() >= count) {
                return self.take_text(rest);
            }
            match rest.find([',', '/']) {
                Some(place) => {
                    let (field, after) = rest.split_at(place);
                    self.fields.push(field.to_owned());
                    let ends = after.starts_with('/');
                    rest = after.get(1..).unwrap_or_default();
                    if ends {
                        return rest;
                    }
                }
                None => {
                    // After a comma at the end of a line the list goes on in the next.
                    if !rest.is_empty() {
                        self.fields.push(rest.to_owned());
                    }
                    return "";
                }
            }
        }
    }

    /// A slash belongs to a text, unless it is the last character, or another record follows at once.
    fn take_text<'l>(&mut self, rest: &'l str) -> &'l str {
        let ends = |after: &&str| after.trim().is_empty() || split(after.trim_start()).is_some();
        if let Some(after) = rest.strip_prefix('/').filter(ends).filter(|_| self.text.is_none()) {
            return after;
        }
        let text = rest.strip_suffix('/').unwrap_or(rest);
        match &mut self.text {
            Some(before) => {
                before.push('\n');
                before.push_str(text);
            }
            None => self.text = Some(text.to_owned()),
        }
        ""
    }
}

pub(super) struct Records<'a> {
    lines: Lines<'a>,
    current: Option<Record>,
    spare: Record,
    /// What is left of a line with several records.
    rest: String,
}

impl<'a> Records<'a> {
    pub(super) fn new(lines: Lines<'a>) -> Records<'a> {
        Records { lines, current: None, spare: Record::default(), rest: String::new() }
    }

    pub(super) fn position(&self) -> (u64, u64) {
        (self.lines.input().read_bytes(), self.lines.number())
    }

    /// A record that is no longer needed; its memory is used again.
    pub(super) fn give_back(&mut self, record: Record) {
        self.spare = record;
    }

    pub(super) fn next(&mut self, report: &mut Report) -> Result<Option<Record>, Mistake> {
        loop {
            if self.rest.is_empty() {
                if !self.lines.next(report)? {
                    return Ok(self.current.take());
                }
                let text = self.lines.text().trim();
                self.rest.push_str(text);
            }
            if self.rest.is_empty() {
                continue;
            }
            if let Some(record) = self.physical()? {
                return Ok(Some(record));
            }
        }
    }

    /// One record out of the line: an 88 goes on with the one before, any other hands that out.
    fn physical(&mut self) -> Result<Option<Record>, Mistake> {
        let line = self.lines.number();
        let Some((code, content)) = split(&self.rest) else {
            let problem = Problem::value("a record such as 16,", &self.rest);
            return Err(Mistake::new(line, "", "record", problem));
        };
        let mut done = None;
        if code == "88" {
            let record = self.current.as_mut();
            let record = record.ok_or_else(|| {
                let problem = Problem::Order { expected: "a record to go on with", found: "88".to_owned() };
                Mistake::new(line, "88", "", problem)
            })?;
            record.physical += 1;
        } else {
            let mut record = std::mem::take(&mut self.spare);
            code.clone_into(&mut record.code);
            record.fields.clear();
            record.text = None;
            (record.line, record.physical, record.bytes) = (line, 1, 0);
            done = self.current.replace(record);
        }
        let mut left = 0..0;
        if let Some(record) = &mut self.current {
            let after = record.take(content).trim_start();
            if after.get(..3).is_some_and(|front| split(front).is_some()) {
                left = self.rest.len() - after.len()..self.rest.len();
            }
            if record.bytes > RECORD_MAX_BYTES {
                let problem = Problem::TooLong { limit: RECORD_MAX_BYTES };
                return Err(Mistake::new(record.line, record.code.clone(), "", problem));
            }
        }
        self.rest.drain(..if left.is_empty() { self.rest.len() } else { left.start });
        Ok(done)
    }
}

/// Two digits and what follows the comma, or the slash of a record without fields.
fn split(text: &str) -> Option<(&str, &str)> {
    let (code, rest) = text.split_at_checked(2)?;
    let content = rest.strip_prefix(',').or_else(|| rest.starts_with('/').then_some(rest))?;
    code.bytes().all(|byte| byte.is_ascii_digit()).then_some((code, content))
}
