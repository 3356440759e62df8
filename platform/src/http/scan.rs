//! One pass over a JSON text before it is parsed: its nesting depth, and whether it contains U+0000 in any spelling.
//!
//! The parser would accept both; deep nesting costs stack, and PostgreSQL cannot store the character.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    TooDeep,
    Nul,
}

pub(super) fn scan(text: &[u8], depth_max: usize) -> Result<(), Fault> {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            0 => return Err(Fault::Nul),
            b'"' => in_string = !in_string,
            b'\\' if in_string => rest = escape(after)?,
            b'[' | b'{' if !in_string => {
                depth += 1;
                if depth > depth_max {
                    return Err(Fault::TooDeep);
                }
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// Skips the character after a backslash, so that an escaped quote does not end its string.
fn escape(after: &[u8]) -> Result<&[u8], Fault> {
    if after.starts_with(b"u0000") {
        return Err(Fault::Nul);
    }
    match after.split_first() {
        Some((0, _)) | None => Ok(after),
        Some((_, rest)) => Ok(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_outside_of_strings() {
        assert_eq!(scan(b"[[[]]]", 3), Ok(()));
        assert_eq!(scan(b"[[[[]]]]", 3), Err(Fault::TooDeep));
        assert_eq!(scan(br#"{"a":{"b":{}}}"#, 2), Err(Fault::TooDeep));
        assert_eq!(scan(br#"["[[[[[[", "\"[[[[", "\\"]"#, 1), Ok(()));
        assert_eq!(scan(b"[][][][]", 1), Ok(()));
    }

    #[test]
    fn the_nul_character_is_found_in_both_spellings() {
        assert_eq!(scan(b"\"a\0\"", 9), Err(Fault::Nul));
        assert_eq!(scan(b"\"\\\0\"", 9), Err(Fault::Nul));
        assert_eq!(scan(br#""a\u0000""#, 9), Err(Fault::Nul));
        assert_eq!(scan(br#""\\u0000 \u0001""#, 9), Ok(()));
        assert_eq!(scan(br#""\\\u0000""#, 9), Err(Fault::Nul));
    }
}
