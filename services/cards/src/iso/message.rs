//! A message of ISO 8583:1987, and its coding in a dialect. Table-driven, and pure: no field has code of its own here.
//!
//! Invariants: whatever bytes arrive, reading ends with a message or an error and never panics; what is read and written
//! again has the same bytes; a card number, a track and a PIN block never print.

use std::collections::BTreeMap;
use std::fmt;

use super::dialect::{Bitmap, Dialect, Digits, Field, Kind, Length, Pad, Text};
use super::ebcdic;

/// Four digits: version, class, function, origin.
pub(crate) type Mti = [u8; 4];

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) mti: Mti,
    /// Values as text; binary ones as hexadecimal digits.
    pub(crate) fields: BTreeMap<u8, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CodecError {
    #[error("the message ends in {0}")]
    Short(&'static str),
    #[error("the message type is not four digits")]
    Mti,
    #[error("the bitmap is malformed, or announces a third one")]
    BitmapMalformed,
    #[error("field {0} is not known to the dialect")]
    Unknown(u8),
    #[error("field {field} is malformed: expected {expected}")]
    Malformed { field: u8, expected: &'static str },
    #[error("{0} bytes follow the last field")]
    Trailing(usize),
}

/// What could be read before an error: enough to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unread {
    pub(crate) error: CodecError,
    pub(crate) read: Message,
}

impl Message {
    pub(crate) fn new(mti: Mti) -> Message {
        Message { mti, fields: BTreeMap::new() }
    }

    pub(crate) fn get(&self, field: u8) -> Option<&str> {
        self.fields.get(&field).map(String::as_str)
    }

    pub(crate) fn set(&mut self, field: u8, value: impl Into<String>) {
        self.fields.insert(field, value.into());
    }

    pub(crate) fn mti_text(&self) -> String {
        self.mti.iter().map(|digit| char::from(b'0' + digit)).collect()
    }

    /// # Errors
    /// With everything that was read before.
    pub(crate) fn read(bytes: &[u8], dialect: &Dialect) -> Result<Message, Box<Unread>> {
        let mut message = Message::new([0; 4]);
        match message.fill(bytes, dialect) {
            Ok(()) => Ok(message),
            Err(error) => Err(Box::new(Unread { error, read: message })),
        }
    }

    fn fill(&mut self, bytes: &[u8], dialect: &Dialect) -> Result<(), CodecError> {
        let mut reader = Reader { bytes, dialect };
        let mti = reader.digits(4, "the message type")?;
        let digit = |place: usize| mti.as_bytes().get(place).map(|byte| byte.wrapping_sub(b'0'));
        for (place, target) in self.mti.iter_mut().enumerate() {
            *target = digit(place).filter(|digit| *digit <= 9).ok_or(CodecError::Mti)?;
        }
        let mut bits = u128::from(reader.bitmap()?) << 64;
        if bits >> 127 == 1 {
            bits |= u128::from(reader.bitmap()?);
        }
        // Bit 65 announces a third bitmap, which the standard of 1987 does not have.
        if bits >> 63 & 1 == 1 {
            return Err(CodecError::BitmapMalformed);
        }
        for field in (2..=128_u8).filter(|field| bits >> (128 - u32::from(*field)) & 1 == 1) {
            let form = dialect.field(field).ok_or(CodecError::Unknown(field))?;
            let value = reader.field(field, form)?;
            self.fields.insert(field, value);
        }
        match reader.bytes.len() {
            0 => Ok(()),
            left => Err(CodecError::Trailing(left)),
        }
    }

    /// # Errors
    /// A field does not fit the dialect.
    pub(crate) fn write(&self, dialect: &Dialect) -> Result<Vec<u8>, CodecError> {
        let mut writer = Writer { bytes: Vec::with_capacity(256), dialect };
        writer.digits(&self.mti_text());
        let mut bits: u128 = self.fields.keys().map(|field| 1_u128 << (128 - u32::from(*field))).sum();
        let second = bits & u128::from(u64::MAX) != 0;
        bits |= u128::from(second) << 127;
        writer.bitmap((bits >> 64) as u64);
        if second {
            writer.bitmap(bits as u64);
        }
        for (field, value) in &self.fields {
            let form = dialect.field(*field).ok_or(CodecError::Unknown(*field))?;
            writer.field(*field, form, value)?;
        }
        Ok(writer.bytes)
    }
}

/// Names of fields that never print.
fn is_secret(field: u8) -> bool {
    matches!(field, 35 | 36 | 45 | 52)
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.mti_text())?;
        for (field, value) in &self.fields {
            match field {
                2 => write!(f, " 2={}", masked(value))?,
                field if is_secret(*field) => write!(f, " {field}=***")?,
                field => write!(f, " {field}={value}")?,
            }
        }
        Ok(())
    }
}

/// The first six and last four digits.
pub(crate) fn masked(pan: &str) -> String {
    match (pan.get(..6), pan.len().checked_sub(4).and_then(|start| pan.get(start..))) {
        (Some(first), Some(last)) if pan.len() >= 12 => format!("{first}{}{last}", "*".repeat(pan.len() - 10)),
        _ => "*".repeat(pan.len()),
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    dialect: &'a Dialect,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize, what: &'static str) -> Result<&'a [u8], CodecError> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or(CodecError::Short(what))?;
        self.bytes = rest;
        Ok(taken)
    }

    fn bitmap(&mut self) -> Result<u64, CodecError> {
        match self.dialect.coding.bitmap {
            Bitmap::Binary => {
                let bytes = self.take(8, "the bitmap")?;
                Ok(bytes.first_chunk().copied().map_or(0, u64::from_be_bytes))
            }
            Bitmap::Hex => {
                let text = self.text(16, "the bitmap")?;
                let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
                let bits = u64::from_str_radix(&text, 16).ok().filter(|_| hex);
                bits.ok_or(CodecError::BitmapMalformed)
            }
        }
    }

    fn text(&mut self, count: usize, what: &'static str) -> Result<String, CodecError> {
        let bytes = self.take(count, what)?;
        let decode = |byte: &u8| match self.dialect.coding.text {
            Text::Ascii => char::from(*byte),
            Text::Ebcdic => char::from(ebcdic::to_ascii(*byte)),
        };
        Ok(bytes.iter().map(decode).collect())
    }

    /// Digits as text; anything else is kept for the check of the field.
    fn digits(&mut self, count: usize, what: &'static str) -> Result<String, CodecError> {
        if self.dialect.coding.digits == Digits::Text {
            return self.text(count, what);
        }
        let packed = self.take(count.div_ceil(2), what)?;
        let halves = packed.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let text: String = halves.map(|half| char::from_digit(u32::from(half), 16).unwrap_or('?')).collect();
        let odd = count % 2 == 1;
        Ok(match self.dialect.coding.pad {
            Pad::Left if odd => text.get(1..).unwrap_or_default().to_owned(),
            Pad::Right if odd => text.get(..count).unwrap_or_default().to_owned(),
            Pad::Left | Pad::Right => text,
        })
    }

    fn length(&mut self, field: u8, form: Field) -> Result<usize, CodecError> {
        let malformed = CodecError::Malformed { field, expected: "a length within the field's maximum" };
        if form.length_digits == 0 {
            return Ok(form.max.into());
        }
        let length = match self.dialect.coding.length {
            Length::Digits => {
                let digits = self.digits(form.length_digits.into(), "a length")?;
                let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
                digits.parse::<usize>().ok().filter(|_| plain)
            }
            Length::Bytes => {
                let count = if form.length_digits == 2 { 1 } else { 2 };
                Some(self.take(count, "a length")?.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
            }
        };
        length.filter(|length| *length <= form.max.into()).ok_or(malformed)
    }

    fn field(&mut self, field: u8, form: Field) -> Result<String, CodecError> {
        let length = self.length(field, form)?;
        let value = match form.kind {
            Kind::Number => self.digits(length, "a number")?,
            Kind::Signed => self.text(1, "a sign")? + &self.digits(length, "an amount")?,
            Kind::Text => self.text(length, "a text")?,
            Kind::Track => self.digits(length, "a track")?,
            Kind::Binary => hex(self.take(length, "bytes")?),
        };
        check(field, form, &value)?;
        Ok(value)
    }
}

/// Every value has the form of its field, before it is written and after it is read.
fn check(field: u8, form: Field, value: &str) -> Result<(), CodecError> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let count = match form.kind {
        Kind::Binary => value.len() / 2,
        Kind::Signed => value.len().saturating_sub(1),
        Kind::Number | Kind::Text | Kind::Track => value.chars().count(),
    };
    let max = usize::from(form.max);
    let fits = if form.length_digits == 0 { count == max } else { count <= max };
    let (formed, expected) = match form.kind {
        Kind::Number => (digits(value), "digits"),
        Kind::Signed => {
            let signed = value.strip_prefix(['C', 'D']).is_some_and(digits);
            (signed, "C or D and digits")
        }
        Kind::Text => (value.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "printable text"),
        Kind::Track => {
            let track = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'=' | b'd' | b'D' | b'f');
            (value.bytes().all(track), "digits and a separator")
        }
        Kind::Binary => (value.len().is_multiple_of(2) && value.bytes().all(|byte| byte.is_ascii_hexdigit()), "bytes"),
    };
    if formed && fits { Ok(()) } else { Err(CodecError::Malformed { field, expected }) }
}

struct Writer<'a> {
    bytes: Vec<u8>,
    dialect: &'a Dialect,
}

impl Writer<'_> {
    fn bitmap(&mut self, bits: u64) {
        match self.dialect.coding.bitmap {
            Bitmap::Binary => self.bytes.extend_from_slice(&bits.to_be_bytes()),
            Bitmap::Hex => self.text(&format!("{bits:016X}")),
        }
    }

    fn text(&mut self, text: &str) {
        let encode = |byte: u8| match self.dialect.coding.text {
            Text::Ascii => byte,
            Text::Ebcdic => ebcdic::of_ascii(byte),
        };
        self.bytes.extend(text.bytes().map(encode));
    }

    fn digits(&mut self, text: &str) {
        if self.dialect.coding.digits == Digits::Text {
            return self.text(text);
        }
        let odd = text.len() % 2 == 1;
        let padded = match self.dialect.coding.pad {
            Pad::Left if odd => format!("0{text}"),
            Pad::Right if odd => format!("{text}0"),
            Pad::Left | Pad::Right => text.to_owned(),
        };
        let half = |byte: u8| match byte {
            b'=' => 13,
            other => char::from(other).to_digit(16).and_then(|half| u8::try_from(half).ok()).unwrap_or(0),
        };
        let pairs = padded.as_bytes().chunks(2);
        self.bytes.extend(pairs.map(|pair| pair.iter().fold(0, |sum, byte| sum << 4 | half(*byte))));
    }

    fn field(&mut self, field: u8, form: Field, value: &str) -> Result<(), CodecError> {
        check(field, form, value)?;
        let length = if form.kind == Kind::Binary { value.len() / 2 } else { value.len() };
        match (form.length_digits, self.dialect.coding.length) {
            (0, _) => {}
            (digits, Length::Digits) => self.digits(&format!("{length:0width$}", width = usize::from(digits))),
            (2, Length::Bytes) => self.bytes.push(u8::try_from(length).unwrap_or(u8::MAX)),
            (_, Length::Bytes) => self.bytes.extend(u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes()),
        }
        match form.kind {
            Kind::Number | Kind::Track => self.digits(value),
            Kind::Signed => {
                let (sign, digits) = value.split_at_checked(1).unwrap_or((value, ""));
                self.text(sign);
                self.digits(digits);
            }
            Kind::Text => self.text(value),
            Kind::Binary => {
                let pairs = value.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap_or_default());
                self.bytes.extend(pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap_or(0)));
            }
        }
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
