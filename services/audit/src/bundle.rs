//! The entries below one tile, each after its length in two bytes, as in tlog-tiles. Pure.
//!
//! An entry that was removed after the time for which it is kept has the length 0; no entry is empty.

pub(crate) fn write(entries: &[Option<Vec<u8>>]) -> Vec<u8> {
    let mut bundle = Vec::new();
    for entry in entries.iter().map(|entry| entry.as_deref().unwrap_or_default()) {
        let length = u16::try_from(entry.len()).unwrap_or(0);
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(if length > 0 { entry } else { &[] });
    }
    bundle
}

/// The entries of a bundle; nothing if it ends within one.
pub(crate) fn read(mut bundle: &[u8]) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::new();
    while !bundle.is_empty() {
        let (length, rest) = bundle.split_first_chunk::<2>()?;
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry);
        bundle = rest;
    }
    Some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY_BYTES_MAX: usize = u16::MAX as usize;

    #[test]
    fn a_bundle_is_read_as_it_is_written() {
        let entries = [Some(b"one".to_vec()), None, Some(vec![7; ENTRY_BYTES_MAX])];
        let bundle = write(&entries);
        assert_eq!(bundle[..5], [0, 3, b'o', b'n', b'e']);
        assert_eq!(read(&bundle).unwrap(), [&b"one"[..], &[], &[7; ENTRY_BYTES_MAX]]);
        assert_eq!(read(&bundle[..bundle.len() - 1]), None);
        assert_eq!(read(&[0]), None);
    }
}
