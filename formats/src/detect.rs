//! What a file is, told by its content and never by its name.

use std::fmt;

use encoding_rs::{Encoding, UTF_8};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde::Serialize;

use crate::input::Input;
use crate::limits::{DEPTH_MAX, HEAD_MAX_BYTES};
use crate::mistake::{Problem, shown};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Camt029,
    Camt052,
    Camt053,
    Camt054,
    Camt056,
    Pain001,
    Pain002,
    Pain008,
    Pacs002,
    Pacs003,
    Pacs004,
    Pacs008,
    Pacs009,
    Pacs028,
    Mt940,
    Mt942,
    Bai2,
    Ofx,
    Nacha,
    Csv,
    Zip,
}

/// Messages of ISO 20022: kind, number, element.
const MESSAGES: [(Kind, &str, &str); 14] = [
    (Kind::Camt029, "camt.029", "RsltnOfInvstgtn"),
    (Kind::Camt052, "camt.052", "BkToCstmrAcctRpt"),
    (Kind::Camt053, "camt.053", "BkToCstmrStmt"),
    (Kind::Camt054, "camt.054", "BkToCstmrDbtCdtNtfctn"),
    (Kind::Camt056, "camt.056", "FIToFIPmtCxlReq"),
    (Kind::Pain001, "pain.001", "CstmrCdtTrfInitn"),
    (Kind::Pain002, "pain.002", "CstmrPmtStsRpt"),
    (Kind::Pain008, "pain.008", "CstmrDrctDbtInitn"),
    (Kind::Pacs002, "pacs.002", "FIToFIPmtStsRpt"),
    (Kind::Pacs003, "pacs.003", "FIToFICstmrDrctDbt"),
    (Kind::Pacs004, "pacs.004", "PmtRtr"),
    (Kind::Pacs008, "pacs.008", "FIToFICstmrCdtTrf"),
    (Kind::Pacs009, "pacs.009", "FICdtTrf"),
    (Kind::Pacs028, "pacs.028", "FIToFIPmtStsReq"),
];

const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:";

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Mt940 => "MT940",
            Kind::Mt942 => "MT942",
            Kind::Bai2 => "BAI2",
            Kind::Ofx => "OFX",
            Kind::Nacha => "NACHA",
            Kind::Csv => "CSV",
            Kind::Zip => "ZIP",
            message => MESSAGES.iter().find(|(kind, ..)| *kind == message).map_or("", |(_, name, _)| name),
        }
    }

    /// By the local name of a message's element; early versions are named after their number.
    pub(crate) fn of_message(element: &str) -> Option<Kind> {
        let is = |(_, number, name): &&(Kind, &str, &str)| {
            element.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('V'))
                || element.starts_with(number)
        };
        MESSAGES.iter().find(is).map(|(kind, ..)| *kind)
    }

    pub fn is_statement(self) -> bool {
        use Kind::{Bai2, Camt052, Camt053, Camt054, Csv, Mt940, Mt942, Ofx};
        matches!(self, Camt052 | Camt053 | Camt054 | Mt940 | Mt942 | Bai2 | Ofx | Csv)
    }
}

/// A format, with its version where the file tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Format {
    pub kind: Kind,
    /// `camt.053.001.08`, or OFX's `102`, `220`.
    pub version: Option<String>,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Some(version) if version.contains('.') => f.write_str(version),
            Some(version) => write!(f, "{} {version}", self.kind.name()),
            None => f.write_str(self.kind.name()),
        }
    }
}

/// Tells what a file is by its beginning; 64 KiB are enough, fewer bytes may be too.
pub fn detect(head: &[u8]) -> Result<Format, Problem> {
    let head = head.get(..HEAD_MAX_BYTES).unwrap_or(head);
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    refuse_what_is_no_text(head)?;
    let (text, _) = encoding(head)?.unwrap_or(UTF_8).decode_without_bom_handling(head);
    let text = text.trim_start();
    if is_ofx(text) {
        return Ok(Format { kind: Kind::Ofx, version: ofx_version(text) });
    }
    if text.starts_with('<') {
        return xml(text);
    }
    let kind = lines(text).ok_or(Problem::Unrecognised { found: "text of no known form".into() });
    kind.map(|kind| Format { kind, version: None })
}

/// Detects, and sets the character set that the file declares.
pub(crate) fn prepare(input: &mut Input<'_>) -> Result<Format, Problem> {
    let format = detect(input.head())?;
    let is_xml = MESSAGES.iter().any(|(kind, ..)| *kind == format.kind);
    if let Some(encoding) = encoding(input.head())?.filter(|encoding| is_xml && *encoding != UTF_8) {
        input.decode_from(encoding);
    }
    Ok(format)
}

fn refuse_what_is_no_text(head: &[u8]) -> Result<(), Problem> {
    let unrecognised = |found: &'static str| Err(Problem::Unrecognised { found: found.into() });
    let wide = matches!(head, [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] | [0, _, 0, _, ..] | [_, 0, _, 0, ..]);
    match head {
        _ if head.trim_ascii().is_empty() => Err(Problem::Empty),
        _ if wide => Err(Problem::CharacterSet { expected: "UTF-8".to_owned() }),
        [b'P', b'K', 3, 4, ..] => unrecognised("a ZIP archive"),
        [0x1F, 0x8B, ..] => unrecognised("a gzip archive"),
        [b'%', b'P', b'D', b'F', ..] => unrecognised("a PDF document"),
        _ if memchr::memchr(0, head).is_some() => Err(Problem::Nul),
        _ => Ok(()),
    }
}

/// The character set of the XML declaration. UTF-16 is a lie there, or the bytes would not have been read this far.
fn encoding(head: &[u8]) -> Result<Option<&'static Encoding>, Problem> {
    let declaration = head.get(..head.len().min(256)).unwrap_or_default().trim_ascii_start();
    let Some(end) = declaration.windows(2).position(|pair| pair == b"?>") else { return Ok(None) };
    let Ok(declaration) = std::str::from_utf8(declaration.get(..end).unwrap_or_default()) else { return Ok(None) };
    let value = declaration.strip_prefix("<?xml").and_then(|rest| rest.split_once("encoding"));
    let label = value.and_then(|(_, rest)| rest.split(['"', '\'']).nth(1));
    let Some(label) = label else { return Ok(None) };
    let known = Encoding::for_label_no_replacement(label.as_bytes());
    let known = known.ok_or_else(|| Problem::CharacterSet { expected: shown(label) })?;
    Ok(Some(known).filter(|encoding| encoding.is_ascii_compatible()))
}

fn xml(text: &str) -> Result<Format, Problem> {
    let mut reader = Reader::from_str(text);
    let mut root = None;
    let mut version = None;
    let mut depth = 0;
    while let Ok(event) = reader.read_event() {
        match event {
            Event::DocType(_) => return Err(Problem::Dtd),
            Event::Start(tag) | Event::Empty(tag) => {
                version = namespace(&tag).or(version);
                let name = tag.local_name();
                let name: &str = name.as_ref();
                if let Some(kind) = Kind::of_message(name) {
                    return Ok(Format { kind, version });
                }
                root.get_or_insert_with(|| shown(name));
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(Problem::Depth { limit: DEPTH_MAX });
                }
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Eof => break,
            _ => {}
        }
    }
    match root {
        Some(root) => Err(Problem::Unrecognised { found: format!("XML of another kind: {root}").into() }),
        None => Err(Problem::Unrecognised { found: "XML without an element".into() }),
    }
}

/// The message's number, out of a namespace of ISO 20022.
fn namespace(tag: &BytesStart<'_>) -> Option<String> {
    let (_, rest) = tag.attributes_raw().split_once(NAMESPACE)?;
    let number = rest.split(['"', '\'']).next()?;
    let plain = number.len() <= 32 && number.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
    (plain && MESSAGES.iter().any(|(_, name, _)| number.starts_with(name))).then(|| number.to_owned())
}

fn is_ofx(text: &str) -> bool {
    let front: String = text.chars().take(4_096).collect::<String>().to_ascii_uppercase();
    front.starts_with("OFXHEADER") || front.contains("<?OFX") || front.starts_with("<OFX>") || front.contains("\n<OFX>")
}

fn ofx_version(text: &str) -> Option<String> {
    let rest = text.split_once("VERSION:").or_else(|| text.split_once(" VERSION=\""))?.1;
    let version: String = rest.chars().take_while(char::is_ascii_digit).take(3).collect();
    (version.len() == 3).then_some(version)
}

fn lines(text: &str) -> Option<Kind> {
    let bytes = text.as_bytes();
    if text.starts_with("01,") && text.contains('/') {
        return Some(Kind::Bai2);
    }
    if text.starts_with('1') && bytes.get(34..37) == Some(b"094") && bytes.get(..34).is_some_and(is_nacha_header) {
        return Some(Kind::Nacha);
    }
    if let Some(kind) = mt(text) {
        return Some(kind);
    }
    let printable = |c: char| !c.is_control() || matches!(c, '\t' | '\r' | '\n' | '\u{c}');
    let separated = text.lines().take(50).any(|line| line.contains([',', ';', '\t', '|']));
    (separated && text.chars().take(4_096).all(printable)).then_some(Kind::Csv)
}

/// Priority code, two routing numbers, a date and a time: no commas among them.
fn is_nacha_header(front: &[u8]) -> bool {
    front.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b' ')
}

fn mt(text: &str) -> Option<Kind> {
    let mut seen = [false; 4];
    for line in text.split(['\r', '\n']).take(400) {
        let line = line.rsplit("{4:").next().unwrap_or(line);
        seen[0] |= line.starts_with(":20:");
        seen[1] |= line.starts_with(":25");
        seen[2] |= line.starts_with(":60");
        seen[3] |= line.starts_with(":34F:") || line.starts_with(":13D:") || line.starts_with(":13:");
    }
    match seen {
        _ if text.contains("{2:O942") || text.contains("{2:I942") => Some(Kind::Mt942),
        _ if text.contains("{2:O940") || text.contains("{2:I940") => Some(Kind::Mt940),
        [_, _, true, _] => Some(Kind::Mt940),
        [_, true, _, true] => Some(Kind::Mt942),
        [true, true, ..] => Some(Kind::Mt940),
        _ => None,
    }
}
