//! Where a sealed value stands. It is sealed with the value, so that nobody who can write to the store can move one to
//! another row and have it opened there.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    table: &'static str,
    column: &'static str,
    row: &'a [u8],
}

impl<'a> Place<'a> {
    /// `row` is what the row is found by: its id, or a text.
    pub fn new(table: &'static str, column: &'static str, row: &'a (impl AsRef<[u8]> + ?Sized)) -> Place<'a> {
        Place { table, column, row: row.as_ref() }
    }

    /// Behind the header of the sealed value, each part with its length before it: no two places read the same.
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
    fn places_that_read_alike_are_told_apart() {
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
