//! The place of a sealed value. It is sealed together with the value, so that somebody who can write to the store
//! cannot move a value to another row and have it opened there.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    table: &'static str,
    column: &'static str,
    row: &'a [u8],
}

impl<'a> Place<'a> {
    /// `row` identifies the row: its id, or a text.
    pub fn new(table: &'static str, column: &'static str, row: &'a (impl AsRef<[u8]> + ?Sized)) -> Place<'a> {
        Place { table, column, row: row.as_ref() }
    }

    /// After the header of the sealed value, each part preceded by its length, so that no two places have the same
    /// bytes.
    pub(super) fn bound_to(&self, header: &[u8]) -> Vec<u8> {
        let parts = [header, self.table.as_bytes(), self.column.as_bytes(), self.row];
        let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        bytes
    }
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.table, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_with_similar_text_differ() {
        let place = Place::new("user", "totp", "ab").bound_to(b"h");
        for other in [
            Place::new("usert", "otp", "ab").bound_to(b"h"),
            Place::new("user", "totpa", "b").bound_to(b"h"),
            Place::new("user", "totp", "b").bound_to(b"ha"),
            Place::new("user", "totp", "abc").bound_to(b"h"),
        ] {
            assert_ne!(place, other);
        }
        assert_eq!(
            Place::new("user", "totp", &[1_u8, 2]).to_string(),
            "user.totp",
            "the row's id is nobody's business"
        );
    }
}
