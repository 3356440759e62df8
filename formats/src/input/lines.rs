//! Lines that end with LF, CR LF or CR, each bounded, as text: UTF-8, or windows-1252 where it is not.

use std::io::BufRead;

use encoding_rs::WINDOWS_1252;
use memchr::memchr2;

use super::Input;
use crate::mistake::{Mistake, Problem, Report};

pub(crate) struct Lines<'a> {
    input: Input<'a>,
    bytes: Vec<u8>,
    text: String,
    number: u64,
    after_cr: bool,
    said_fallback: bool,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(input: Input<'a>) -> Lines<'a> {
        Lines { input, bytes: Vec::new(), text: String::new(), number: 0, after_cr: false, said_fallback: false }
    }

    /// The number of the line that was read last, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn input(&self) -> &Input<'a> {
        &self.input
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Reads the next line into [`Lines::text`], without its end; false after the last one.
    pub(crate) fn next(&mut self, report: &mut Report) -> Result<bool, Mistake> {
        let found = self.next_raw()?;
        if found {
            self.decode(report);
        }
        Ok(found)
    }

    /// The bytes of the line that was read last.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads the next line into [`Lines::bytes`] as it is.
    pub(crate) fn next_raw(&mut self) -> Result<bool, Mistake> {
        self.bytes.clear();
        self.input.mark();
        let mut found = false;
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) => return Err(self.failed(&error)),
            };
            let Some(first) = chunk.first() else { break };
            if std::mem::take(&mut self.after_cr) && *first == b'\n' {
                self.input.consume(1);
                continue;
            }
            found = true;
            let end = memchr2(b'\n', b'\r', chunk);
            self.bytes.extend_from_slice(chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default());
            let whole = end.is_some();
            self.after_cr = end.and_then(|end| chunk.get(end)) == Some(&b'\r');
            let used = end.map_or(chunk.len(), |end| end + 1);
            self.input.consume(used);
            if whole {
                break;
            }
        }
        self.number += u64::from(found);
        Ok(found)
    }

    /// Reads so many bytes into [`Lines::bytes`], fewer at the end of the file, as if they were a line.
    pub(crate) fn next_fixed(&mut self, length: usize) -> Result<bool, Mistake> {
        self.bytes.clear();
        self.input.mark();
        while self.bytes.len() < length {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) => return Err(self.failed(&error)),
            };
            let used = chunk.len().min(length - self.bytes.len());
            if used == 0 {
                break;
            }
            self.bytes.extend_from_slice(chunk.get(..used).unwrap_or_default());
            self.input.consume(used);
        }
        self.number += u64::from(!self.bytes.is_empty());
        Ok(!self.bytes.is_empty())
    }

    fn failed(&mut self, error: &std::io::Error) -> Mistake {
        let problem = self.input.fault(error);
        Mistake::new(self.number + 1, "", "", problem)
    }

    fn decode(&mut self, report: &mut Report) {
        self.text.clear();
        if let Ok(text) = std::str::from_utf8(&self.bytes) {
            self.text.push_str(text);
            return;
        }
        self.text.push_str(&WINDOWS_1252.decode_without_bom_handling(&self.bytes).0);
        if !std::mem::replace(&mut self.said_fallback, true) {
            report.warn(Mistake::new(self.number, "", "", Problem::ReadAsWindows1252 { expected: "UTF-8" }));
        }
    }
}
