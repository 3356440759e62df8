//! Paged lists. A cursor says where the next page starts; callers send it back unchanged.
//!
//! It is a version, the list's own key as JSON, and a checksum, in base64 for URLs. The checksum detects accidents (a
//! truncated cursor, or some other text). It is not a secret, so a cursor never grants a right.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use super::problem::{Problem, refusals};

pub const PAGE_LIMIT_DEFAULT: usize = 50;
pub const PAGE_LIMIT_MAX: usize = 500;

const VERSION: u8 = 1;
/// No cursor of ours is longer, so longer ones are not decoded.
const TEXT_MAX: usize = 1_024;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Send this back as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `list` names the list, so that one list's cursor is refused by another.
pub fn encode_cursor<K: Serialize>(list: &str, key: &K) -> String {
    let mut bytes = vec![VERSION];
    if serde_json::to_writer(&mut bytes, key).is_err() {
        bytes.truncate(1);
    }
    let sum = checksum(list, &bytes);
    bytes.extend_from_slice(&sum);
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn decode_cursor<K: DeserializeOwned>(list: &str, text: &str) -> Result<K, Problem> {
    decode(list, text).ok_or_else(|| {
        refusals::CURSOR_INVALID
            .because("send back `next` of the previous page, unchanged")
            .and_field("cursor", "is not a cursor of this list")
    })
}

fn decode<K: DeserializeOwned>(list: &str, text: &str) -> Option<K> {
    let bytes = URL_SAFE_NO_PAD.decode(Some(text).filter(|text| text.len() <= TEXT_MAX)?).ok()?;
    let (signed, sum) = bytes.split_last_chunk::<4>()?;
    match signed.split_first()? {
        (&VERSION, key) if checksum(list, signed) == *sum => serde_json::from_slice(key).ok(),
        _ => None,
    }
}

fn checksum(list: &str, bytes: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(list.as_bytes());
    hasher.update(bytes);
    hasher.finalize().to_le_bytes()
}

/// How many items the page holds: 50 unless asked, 500 at most.
pub fn page_limit(asked: Option<u32>) -> Result<usize, Problem> {
    match asked.map(|limit| limit as usize) {
        None => Ok(PAGE_LIMIT_DEFAULT),
        Some(0) => Err(Problem::field("limit", "expected at least 1")),
        Some(limit) if limit <= PAGE_LIMIT_MAX => Ok(limit),
        Some(_) => Err(Problem::from(refusals::LIMIT_TOO_LARGE).and_field("limit", "expected at most 500")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_accepted_by_its_own_list_only() {
        let cursor = encode_cursor("accounts", &("assets/cash", 7_u64));
        assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
        assert_eq!(decode_cursor::<(String, u64)>("accounts", &cursor).unwrap(), ("assets/cash".to_owned(), 7));
        let code = |list: &str, text: &str| decode_cursor::<(String, u64)>(list, text).unwrap_err().refusal().code;
        assert_eq!(code("transactions", &cursor), "cursor_invalid");
        for cut in 0..cursor.len() {
            assert_eq!(code("accounts", &cursor[..cut]), "cursor_invalid");
        }
        for bad in ["", "!", "AAAA", &"A".repeat(5_000), &cursor.replace(&cursor[4..5], "_")] {
            assert_eq!(code("accounts", bad), "cursor_invalid", "{bad}");
        }
    }

    #[test]
    fn page_limits_have_a_default_and_a_maximum() {
        let code = |asked| page_limit(Some(asked)).map_err(|problem| problem.refusal().code);
        assert_eq!(page_limit(None).unwrap(), 50);
        assert_eq!((code(1), code(500)), (Ok(1), Ok(500)));
        assert_eq!((code(0), code(501)), (Err("field_invalid"), Err("limit_too_large")));
    }
}
