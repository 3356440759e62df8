//! One line of an export: a JSON object, identified by its first member, and ended by a checksum of its own bytes, so
//! that a damaged line shows by itself and not only by the hash of its group.

use std::fmt;

use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// The version of the lines that this version writes and reads.
pub(super) const VERSION: u32 = 1;

const SUM_BYTES: usize = 4;
/// `,"sum":"` and `"}` around eight digits.
const SUM_MEMBER: &[u8] = b",\"sum\":\"";
const CLOSING: &[u8] = b"\"}";
const DIGITS: &[u8; 16] = b"0123456789abcdef";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeaderLine {
    pub(super) florin_export: u32,
    pub(super) book: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupLine {
    pub(super) group: u64,
    pub(super) at: i64,
    pub(super) first_seq: u64,
    pub(super) last_seq: u64,
    pub(super) hash: Hex,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RowLine {
    pub(super) seq: u64,
    pub(super) body: Hex,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) metadata: Option<TextPart>,
}

/// The metadata of which the row has the hash; absent if it was erased.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TextPart {
    pub(super) salt: Hex,
    pub(super) body: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SecretLine {
    pub(super) secret: Hex,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyLine {
    pub(super) key: Hex,
    pub(super) command: Hex,
    pub(super) seq: u64,
    pub(super) day: i64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndLine {
    /// The head of the log.
    pub(super) end: String,
    pub(super) groups: u64,
    pub(super) rows: u64,
    /// Rows with metadata.
    pub(super) metadata: u64,
    /// Digests of idempotency keys; null if they were not exported.
    pub(super) keys: Option<u64>,
}

#[derive(Debug)]
pub(super) enum Line {
    Header(HeaderLine),
    Group(GroupLine),
    Row(RowLine),
    Secret(SecretLine),
    Key(KeyLine),
    End(EndLine),
}

/// Appends the line with its checksum and a line break.
pub(super) fn write(out: &mut Vec<u8>, line: &impl Serialize) {
    let start = out.len();
    // Plain numbers and texts always have a JSON form, and a vector takes all of it.
    if serde_json::to_writer(&mut *out, line).is_err() {
        out.truncate(start);
        return;
    }
    out.pop();
    let sum = sum(out.split_at(start).1);
    out.extend_from_slice(SUM_MEMBER);
    out.extend_from_slice(&sum);
    out.extend_from_slice(CLOSING);
    out.push(b'\n');
}

/// Parses a line without its line break; the error says what is wrong.
pub(super) fn parse(line: &[u8]) -> Result<Line, String> {
    let tail = SUM_MEMBER.len() + 2 * SUM_BYTES + CLOSING.len();
    let (text, found) = line.len().checked_sub(tail).map(|place| line.split_at(place)).ok_or("it has no sum")?;
    if found != [SUM_MEMBER, &sum(text), CLOSING].concat() {
        return Err("its sum does not match its bytes".to_owned());
    }
    let mut json = Vec::with_capacity(text.len() + 1);
    json.extend_from_slice(text);
    json.push(b'}');
    let name = text.split(|byte| *byte == b'"').nth(1).unwrap_or_default();
    let line = match name {
        b"florin_export" => serde_json::from_slice(&json).map(Line::Header),
        b"group" => serde_json::from_slice(&json).map(Line::Group),
        b"seq" => serde_json::from_slice(&json).map(Line::Row),
        b"secret" => serde_json::from_slice(&json).map(Line::Secret),
        b"key" => serde_json::from_slice(&json).map(Line::Key),
        b"end" => serde_json::from_slice(&json).map(Line::End),
        _ => return Err("its kind is unknown to this version".to_owned()),
    };
    line.map_err(|error| format!("it cannot be read: {error}"))
}

impl Line {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Line::Header(_) => "a first line",
            Line::Group(_) => "a group",
            Line::Row(_) => "a row",
            Line::Secret(_) => "the secret of the keys",
            Line::Key(_) => "an idempotency key",
            Line::End(_) => "the last line",
        }
    }
}

fn sum(text: &[u8]) -> [u8; 2 * SUM_BYTES] {
    let mut digits = [0; 2 * SUM_BYTES];
    let hash = Sha256::digest(text);
    for (pair, byte) in digits.chunks_exact_mut(2).zip(hash) {
        pair.copy_from_slice(&two_digits(byte));
    }
    digits
}

fn two_digits(byte: u8) -> [u8; 2] {
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or(b'0');
    [digit(byte >> 4), digit(byte & 15)]
}

/// Bytes as lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hex(pub(super) Vec<u8>);

impl Hex {
    pub(super) fn array<const N: usize>(&self) -> Option<[u8; N]> {
        self.0.as_slice().try_into().ok()
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digits: Vec<u8> = self.0.iter().flat_map(|byte| two_digits(*byte)).collect();
        serializer.serialize_str(std::str::from_utf8(&digits).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Hex, D::Error> {
        struct Digits;
        impl Visitor<'_> for Digits {
            type Value = Hex;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("pairs of lower-case hexadecimal digits")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Hex, E> {
                from_digits(text.as_bytes()).map(Hex).ok_or_else(|| E::custom("not pairs of hexadecimal digits"))
            }
        }
        deserializer.deserialize_str(Digits).map_err(D::Error::custom)
    }
}

fn from_digits(text: &[u8]) -> Option<Vec<u8>> {
    let value = |digit: &u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.chunks_exact(2).map(|pair| Some(value(pair.first()?)? << 4 | value(pair.last()?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_survives_a_round_trip_and_any_change_is_detected() {
        let row = RowLine {
            seq: 7,
            body: Hex(vec![0, 0x1f, 0xff]),
            metadata: Some(TextPart { salt: Hex(vec![7; 16]), body: "{\"a\":\"\\\"\"}".to_owned() }),
        };
        let mut line = Vec::new();
        write(&mut line, &row);
        assert_eq!(line.pop(), Some(b'\n'));
        let Ok(Line::Row(again)) = parse(&line) else { panic!("{}", String::from_utf8_lossy(&line)) };
        assert_eq!((again.seq, &again.body), (7, &row.body));
        assert_eq!(again.metadata.unwrap().body, row.metadata.unwrap().body);
        for place in 0..line.len() {
            for bit in 0..8 {
                let mut changed = line.clone();
                changed[place] ^= 1 << bit;
                parse(&changed).unwrap_err();
            }
        }
        for length in 0..line.len() {
            parse(&line[..length]).unwrap_err();
        }
    }

    #[test]
    fn the_documents_example_lines_can_be_parsed() {
        let page = include_str!("../../../../docs/ledger-format.md");
        let lines: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("    {")).collect();
        assert_eq!(lines.len(), 4);
        for line in lines {
            parse(format!("{{{line}").as_bytes()).unwrap_or_else(|said| panic!("{line}: {said}"));
        }
    }

    #[test]
    fn unknown_members_kinds_and_digits_are_refused() {
        for (text, words) in [
            ("{\"seq\":1,\"body\":\"00\",\"more\":1}", "unknown field"),
            ("{\"row\":1}", "its kind is unknown"),
            ("{\"seq\":1,\"body\":\"0\"}", "hexadecimal digits"),
            ("{\"seq\":1,\"body\":\"0G\"}", "hexadecimal digits"),
            ("{\"seq\":-1,\"body\":\"00\"}", "invalid value"),
        ] {
            let text = text.strip_suffix('}').unwrap();
            let digits = sum(text.as_bytes());
            let line = [text.as_bytes(), SUM_MEMBER, &digits, CLOSING].concat();
            let said = parse(&line).unwrap_err();
            assert!(said.contains(words), "{said}");
        }
    }
}
