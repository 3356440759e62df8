//! Tags and the values after them. A value ends where the next tag begins, closed or not.

use std::io::BufRead;

use encoding_rs::WINDOWS_1252;
use memchr::memchr;

use crate::input::Input;
use crate::limits::FIELD_MAX_BYTES;
use crate::mistake::{Mistake, Problem, Report};

#[derive(Debug, Default)]
pub(super) struct Tag {
    pub(super) line: u64,
    /// In capitals.
    pub(super) name: String,
    pub(super) closes: bool,
    pub(super) value: String,
}

pub(super) struct Tags<'a> {
    input: Input<'a>,
    bytes: Vec<u8>,
    spare: Tag,
    /// A `<` was read.
    inside: bool,
    said_fallback: bool,
}

impl<'a> Tags<'a> {
    pub(super) fn new(input: Input<'a>) -> Tags<'a> {
        Tags { input, bytes: Vec::new(), spare: Tag::default(), inside: false, said_fallback: false }
    }

    pub(super) fn position(&self) -> (u64, u64) {
        (self.input.read_bytes(), self.input.line())
    }

    pub(super) fn give_back(&mut self, tag: Tag) {
        self.spare = tag;
    }

    /// The next tag with its value; nothing at the end of the file.
    pub(super) fn next(&mut self, report: &mut Report) -> Result<Option<Tag>, Mistake> {
        loop {
            if !self.inside {
                // The header, and blanks after the last tag.
                self.bytes.clear();
                if !self.read_to(b'<')? {
                    return Ok(None);
                }
            }
            self.inside = false;
            self.bytes.clear();
            let line = self.input.line();
            if !self.read_to(b'>')? {
                return Err(self.mistake(Problem::cut("a tag")));
            }
            if self.bytes.starts_with(b"!DOCTYPE") || self.bytes.starts_with(b"!doctype") {
                return Err(self.mistake(Problem::Dtd));
            }
            if self.bytes.starts_with(b"!--") {
                self.read_past(b"--")?;
                continue;
            }
            if self.bytes.starts_with(b"?") {
                continue;
            }
            let mut tag = std::mem::take(&mut self.spare);
            tag.line = line;
            self.name(&mut tag);
            self.value(&mut tag, report)?;
            return Ok(Some(tag));
        }
    }

    fn name(&self, tag: &mut Tag) {
        let name = self.bytes.trim_ascii();
        tag.closes = name.starts_with(b"/");
        let name = name.strip_prefix(b"/").unwrap_or(name);
        let name = name.split(|byte| byte.is_ascii_whitespace() || *byte == b'/').next().unwrap_or_default();
        tag.name.clear();
        tag.name.extend(name.iter().take(64).map(|byte| char::from(byte.to_ascii_uppercase())));
    }

    fn value(&mut self, tag: &mut Tag, report: &mut Report) -> Result<(), Mistake> {
        tag.value.clear();
        loop {
            self.bytes.clear();
            self.inside = self.read_to(b'<')?;
            let text = self.text(report);
            tag.value.push_str(text.trim_matches(|c: char| c.is_ascii_whitespace()));
            if !self.inside || !self.begins(b"![CDATA[")? {
                return Ok(());
            }
            self.bytes.clear();
            if !self.read_to(b'>')? {
                return Err(self.mistake(Problem::cut("CDATA")));
            }
            self.read_past(b"]]")?;
            let literal =
                self.bytes.strip_prefix(b"![CDATA[").and_then(|text| text.strip_suffix(b"]]")).unwrap_or_default();
            tag.value.push_str(&String::from_utf8_lossy(literal));
        }
    }

    fn text(&mut self, report: &mut Report) -> String {
        let text = match std::str::from_utf8(&self.bytes) {
            Ok(text) => text.into(),
            Err(_) => {
                if !std::mem::replace(&mut self.said_fallback, true) {
                    let problem = Problem::ReadAsWindows1252 { expected: "UTF-8" };
                    report.warn(Mistake::new(self.input.line(), "", "", problem));
                }
                WINDOWS_1252.decode_without_bom_handling(&self.bytes).0
            }
        };
        unescaped(&text)
    }

    /// Whether what follows begins so. What a buffer's end cuts is read as it is.
    fn begins(&mut self, front: &[u8]) -> Result<bool, Mistake> {
        match self.input.fill_buf() {
            Ok(chunk) => Ok(chunk.starts_with(front)),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Goes on to the first `>` after these bytes.
    fn read_past(&mut self, last: &[u8]) -> Result<(), Mistake> {
        while !self.bytes.ends_with(last) || self.bytes.len() < last.len() + 3 {
            self.bytes.push(b'>');
            if !self.read_to(b'>')? {
                return Err(self.mistake(Problem::cut("a comment or CDATA")));
            }
        }
        Ok(())
    }

    /// Appends up to a byte and consumes it; false at the end of the file.
    fn read_to(&mut self, end: u8) -> Result<bool, Mistake> {
        self.input.mark();
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) => return Err(self.failed(&error)),
            };
            if chunk.is_empty() {
                return Ok(false);
            }
            let found = memchr(end, chunk);
            self.bytes.extend_from_slice(chunk.get(..found.unwrap_or(chunk.len())).unwrap_or_default());
            let used = found.map_or(chunk.len(), |place| place + 1);
            self.input.consume(used);
            if self.bytes.len() > FIELD_MAX_BYTES {
                return Err(self.mistake(Problem::TooLong { limit: FIELD_MAX_BYTES }));
            }
            if found.is_some() {
                return Ok(true);
            }
        }
    }

    fn failed(&mut self, error: &std::io::Error) -> Mistake {
        let problem = self.input.fault(error);
        self.mistake(problem)
    }

    fn mistake(&self, problem: Problem) -> Mistake {
        Mistake::new(self.input.line(), "", "", problem)
    }
}

/// The entities that OFX knows and characters by number; any other `&` is itself.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find('&') {
        let (before, after) = rest.split_at(place);
        plain.push_str(before);
        let name =
            after.get(1..).and_then(|name| name.find(';').filter(|end| *end <= 8).and_then(|end| name.get(..end)));
        match name.and_then(|name| Some((character(name)?, name.len() + 2))) {
            Some((character, length)) => {
                plain.push(character);
                rest = after.get(length..).unwrap_or_default();
            }
            None => {
                plain.push('&');
                rest = after.get(1..).unwrap_or_default();
            }
        }
    }
    plain.push_str(rest);
    plain
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => {
            let number = name.strip_prefix('#')?;
            let number = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(number).filter(|character| *character != '\0')
        }
    }
}
