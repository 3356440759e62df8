//! What table `account` must have for an opening.

use ledger_api::Side;
use platform::db::{DbError, Row as DbRow};

use super::disagreement::{Checked, Place};
use crate::format::Opening;

/// The columns of table `account` after its number, by name.
pub(super) type AccountColumns = [(&'static str, String); 8];

pub(super) fn opening_columns(seq: u64, at: i64, opening: &Opening) -> AccountColumns {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        ("path", opening.path.clone()),
        ("currency", opening.currency.clone()),
        ("scale", opening.scale.to_string()),
        ("normal", if opening.normal == Side::Debit { "0".to_owned() } else { "1".to_owned() }),
        ("owner", text(&opening.owner)),
        ("reference", text(&opening.reference)),
        ("opened_seq", seq.to_string()),
        ("opened_at", at.to_string()),
    ]
}

pub(super) fn account_columns(row: &DbRow) -> Result<(i64, AccountColumns), DbError> {
    let text = |column| -> Result<String, DbError> { Ok(row.text_or_null(column)?.unwrap_or_default().to_owned()) };
    let number = |column| row.int(column).map(|number| number.to_string());
    let columns = [
        ("path", text(1)?),
        ("currency", text(2)?),
        ("scale", number(3)?),
        ("normal", number(4)?),
        ("owner", text(5)?),
        ("reference", text(6)?),
        ("opened_seq", number(7)?),
        ("opened_at", number(8)?),
    ];
    Ok((row.int(0)?, columns))
}

pub(super) fn check_account(
    place: &Place,
    no: u64,
    expected: &AccountColumns,
    found: Option<&AccountColumns>,
) -> Checked {
    let Some(found) = found else {
        return place.wrong(format!("account {no} in table account"), "a row", "none");
    };
    match expected.iter().zip(found).find(|((_, expected), (_, found))| expected != found) {
        Some(((name, expected), (_, found))) => {
            place.wrong(format!("{name} of account {no} in table account"), expected, found)
        }
        None => Ok(()),
    }
}
