//! Every refusal of audit, by name.

use std::borrow::Cow;

use platform::error::{self, Row, row};
use serde::{Deserialize, Serialize};

#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, strum::VariantNames, strum::IntoStaticStr,
)]
#[serde(tag = "code", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Refusal {
    #[error("{field}: expected {expected}")]
    FieldInvalid { field: String, expected: String },
    #[error("entry {index} does not exist; the log has {size}")]
    EntryUnknown { index: u64, size: u64 },
    #[error("no head of {size} entries was signed; the newest has {signed}")]
    HeadUnknown { size: u64, signed: u64 },
    #[error("expected a tree of 1 to {to} entries, found {from}")]
    TreeInvalid { from: u64, to: u64 },
    #[error("the tree has no tile {path}")]
    TileUnknown { path: String },
}

impl error::Refusal for Refusal {
    fn code(&self) -> &'static str {
        self.into()
    }

    #[rustfmt::skip]
    fn row(&self) -> Row {
        use Refusal::*;
        match self {
            FieldInvalid { .. } => row(400, "A field is malformed", "A parameter does not have its form."),
            EntryUnknown { .. } => row(404, "Entry does not exist", "The log, or the tree that was asked for, has fewer entries."),
            HeadUnknown { .. } => row(404, "Head does not exist", "The log has fewer entries, or the newest ones are not signed yet."),
            TreeInvalid { .. } => row(400, "Tree is not the beginning", "A tree can only be the beginning of one that is as large or larger, and is not empty."),
            TileUnknown { .. } => row(404, "Tile does not exist", "The path is not that of a tile of the newest signed head."),
        }
    }

    fn samples() -> Vec<Refusal> {
        use Refusal::*;
        vec![
            FieldInvalid { field: "page".to_owned(), expected: "1 to 500".to_owned() },
            EntryUnknown { index: 1_000, size: 7 },
            HeadUnknown { size: 1_000, signed: 7 },
            TreeInvalid { from: 8, to: 7 },
            TileUnknown { path: "9/000".to_owned() },
        ]
    }

    fn field(&self) -> Option<Cow<'static, str>> {
        match self {
            Refusal::FieldInvalid { field, .. } => Some(field.clone().into()),
            Refusal::TreeInvalid { .. } => Some("from".into()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_refusal_has_one_code_row_and_sample() {
        assert_eq!(platform::error::check::<super::Refusal>(), Ok(()));
    }
}
