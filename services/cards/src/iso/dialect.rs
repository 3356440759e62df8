//! Dialects of ISO 8583: how a message's parts are coded. A dialect is a table and not code, because every network and
//! every switch has its own.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Fields of a message: 1 is the second bitmap.
pub(crate) const FIELDS_MAX: u8 = 128;
/// Length of one field: what three digits can say.
const LENGTH_MAX: u16 = 999;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) name: String,
    pub(crate) coding: Coding,
    /// The field that says, by a 1 at its beginning, that a part of the amount may be approved.
    pub(crate) partial_approval: Option<u8>,
    fields: BTreeMap<u8, Field>,
}

/// How all fields of a dialect are coded, unless a field says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Coding {
    pub(crate) bitmap: Bitmap,
    pub(crate) digits: Digits,
    pub(crate) text: Text,
    /// Where an odd number of digits gets its half byte.
    #[serde(default)]
    pub(crate) pad: Pad,
    pub(crate) length: Length,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bitmap {
    /// 16 hexadecimal digits, in the coding of text.
    Hex,
    /// 8 bytes.
    Binary,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Digits {
    /// One in a byte, in the coding of text.
    Text,
    /// Two in a byte.
    Bcd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Text {
    Ascii,
    /// Code page 037.
    Ebcdic,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Pad {
    #[default]
    Left,
    Right,
}

/// How the length of a variable field is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Length {
    /// Two or three digits, coded as other digits are.
    Digits,
    /// One or two bytes, big-endian.
    Bytes,
}

/// The form of one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) kind: Kind,
    /// Characters, digits or bytes: exactly, or at most.
    pub(crate) max: u16,
    /// Digits of the length: 0 for a fixed length.
    pub(crate) length_digits: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Digits.
    Number,
    /// C or D and digits.
    Signed,
    Text,
    /// Track 2: digits and separators.
    Track,
    Binary,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DialectError {
    #[error("the dialect is not TOML of the expected form: {0}")]
    Malformed(String),
    #[error(
        "field {field}: expected a form such as n12, n..19, an..25, ans...999, z..37, b64 or x+n8, found \"{found}\""
    )]
    Field { field: String, found: String },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(default)]
    partial_approval: Option<u8>,
    coding: Coding,
    /// By number; those that are not named have the standard's form.
    #[serde(default)]
    fields: BTreeMap<String, String>,
}

/// The forms of ISO 8583:1987, for the fields that are read or carried.
#[rustfmt::skip]
const STANDARD: &[(u8, &str)] = &[
    (2, "n..19"), (3, "n6"), (4, "n12"), (5, "n12"), (6, "n12"), (7, "n10"), (8, "n8"), (9, "n8"), (10, "n8"),
    (11, "n6"), (12, "n6"), (13, "n4"), (14, "n4"), (15, "n4"), (16, "n4"), (17, "n4"), (18, "n4"), (19, "n3"),
    (20, "n3"), (21, "n3"), (22, "n3"), (23, "n3"), (24, "n3"), (25, "n2"), (26, "n2"), (27, "n1"), (28, "x+n8"),
    (29, "x+n8"), (30, "x+n8"), (31, "x+n8"), (32, "n..11"), (33, "n..11"), (34, "an..28"), (35, "z..37"),
    (36, "z...104"), (37, "an12"), (38, "an6"), (39, "an2"), (40, "an3"), (41, "ans8"), (42, "ans15"), (43, "ans40"),
    (44, "ans..25"), (45, "ans..76"), (46, "ans...999"), (47, "ans...999"), (48, "ans...999"), (49, "n3"), (50, "n3"),
    (51, "n3"), (52, "b64"), (53, "n16"), (54, "an...120"), (55, "b...255"), (56, "ans...999"), (57, "ans...999"),
    (58, "ans...999"), (59, "ans...999"), (60, "ans...999"), (61, "ans...999"), (62, "ans...999"), (63, "ans...999"),
    (64, "b64"), (66, "n1"), (67, "n2"), (68, "n3"), (69, "n3"), (70, "n3"), (71, "n4"), (72, "n4"), (73, "n6"),
    (74, "n10"), (75, "n10"), (76, "n10"), (77, "n10"), (78, "n10"), (79, "n10"), (80, "n10"), (81, "n10"),
    (82, "n12"), (83, "n12"), (84, "n12"), (85, "n12"), (86, "n16"), (87, "n16"), (88, "n16"), (89, "n16"),
    (90, "n42"), (91, "an1"), (92, "an2"), (93, "an5"), (94, "an7"), (95, "an42"), (96, "b64"), (97, "x+n16"),
    (98, "ans25"), (99, "n..11"), (100, "n..11"), (101, "ans..17"), (102, "ans..28"), (103, "ans..28"),
    (104, "ans...100"), (128, "b64"),
];

impl Dialect {
    /// # Errors
    /// A sentence about what is malformed.
    pub(crate) fn read(text: &str) -> Result<Dialect, DialectError> {
        let file: File = toml::from_str(text).map_err(|error| DialectError::Malformed(error.message().to_owned()))?;
        let mut fields = BTreeMap::new();
        for (number, form) in STANDARD {
            fields.insert(*number, Field::read(&number.to_string(), form)?);
        }
        for (number, form) in &file.fields {
            let field = Field::read(number, form)?;
            let number = number.parse::<u8>().ok().filter(|number| (2..=FIELDS_MAX).contains(number) && *number != 65);
            let number =
                number.ok_or_else(|| DialectError::Field { field: "number".to_owned(), found: form.clone() })?;
            fields.insert(number, field);
        }
        let File { name, partial_approval, coding, .. } = file;
        Ok(Dialect { name, coding, partial_approval, fields })
    }

    /// `ascii`, `binary` and `ebcdic`.
    pub(crate) fn built_in(name: &str) -> Option<Dialect> {
        let text = match name {
            "ascii" => include_str!("../../dialects/ascii.toml"),
            "binary" => include_str!("../../dialects/binary.toml"),
            "ebcdic" => include_str!("../../dialects/ebcdic.toml"),
            _ => return None,
        };
        Dialect::read(text).ok()
    }

    pub(crate) fn field(&self, number: u8) -> Option<Field> {
        self.fields.get(&number).copied()
    }
}

impl Field {
    fn read(number: &str, form: &str) -> Result<Field, DialectError> {
        let malformed = || DialectError::Field { field: number.to_owned(), found: form.to_owned() };
        let (kind, rest) = [("x+n", Kind::Signed), ("ans", Kind::Text), ("an", Kind::Text), ("n", Kind::Number)]
            .into_iter()
            .chain([("z", Kind::Track), ("b", Kind::Binary)])
            .find_map(|(prefix, kind)| Some((kind, form.strip_prefix(prefix)?)))
            .ok_or_else(malformed)?;
        let digits = rest.trim_start_matches('.');
        let length_digits = match rest.len() - digits.len() {
            0 => 0,
            2 => 2,
            3 => 3,
            _ => return Err(malformed()),
        };
        let max: u16 = digits.parse().map_err(|_| malformed())?;
        let bound = if length_digits == 2 { 99 } else { LENGTH_MAX };
        // Fixed binary fields are given in bits.
        let max = if kind == Kind::Binary && length_digits == 0 { max / 8 } else { max };
        if (1..=bound).contains(&max) { Ok(Field { kind, max, length_digits }) } else { Err(malformed()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_dialects_are_complete() {
        for name in ["ascii", "binary", "ebcdic"] {
            let dialect = Dialect::built_in(name).unwrap();
            assert_eq!(dialect.name, name);
            let pan = Field { kind: Kind::Number, max: 19, length_digits: 2 };
            assert_eq!((dialect.field(2), dialect.field(65)), (Some(pan), None));
            assert_eq!(dialect.field(52).map(|field| field.max), Some(8));
        }
        assert_eq!(Dialect::built_in("latin"), None);
    }

    #[test]
    fn a_dialect_changes_fields_by_number() {
        let text = include_str!("../../dialects/ascii.toml").to_owned() + "\n[fields]\n48 = \"ans..99\"\n";
        let dialect = Dialect::read(&text).unwrap();
        assert_eq!(dialect.field(48), Some(Field { kind: Kind::Text, max: 99, length_digits: 2 }));
        for bad in ["48 = \"q9\"", "48 = \"n.9\"", "48 = \"n..100\"", "48 = \"n0\"", "65 = \"n1\"", "200 = \"n1\""] {
            let text = format!("{}\n[fields]\n{bad}\n", include_str!("../../dialects/ascii.toml"));
            assert!(matches!(Dialect::read(&text), Err(DialectError::Field { .. })), "{bad}");
        }
        assert!(matches!(Dialect::read("name = 1"), Err(DialectError::Malformed(_))));
    }
}
