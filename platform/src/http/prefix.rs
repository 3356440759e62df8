//! Paths as settings name them: by prefix, and without the older prefix `/api`.

/// `/api/v1` is another name of `/v1`.
pub(crate) fn canonical(path: &str) -> &str {
    path.strip_prefix("/api").filter(|rest| below(rest, "/v1").is_some()).unwrap_or(path)
}

/// What follows `prefix` in a path at it or below it: `/v1/orders` is not below `/v1/order`.
pub(crate) fn below<'p>(path: &'p str, prefix: &str) -> Option<&'p str> {
    path.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The entry with the longest prefix of this path, from a list that has the longest first.
pub(crate) fn longest<'l, T>(entries: &'l [(String, T)], path: &str) -> Option<&'l T> {
    let path = canonical(path);
    entries.iter().find(|(prefix, _)| below(path, prefix).is_some()).map(|(_, entry)| entry)
}

/// For [`longest`]; of equal prefixes the first one counts.
pub(crate) fn longest_first<T>(entries: &mut [(String, T)]) {
    entries.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_counts_segment_by_segment() {
        let mut entries = [("/v1", "all"), ("/v1/orders", "orders"), ("/v1/orders/holds", "holds")]
            .map(|(prefix, entry)| (prefix.to_owned(), entry));
        longest_first(&mut entries);
        for (path, expected) in [
            ("/v1/orders/holds/7", Some("holds")),
            ("/v1/orders/holdings", Some("orders")),
            ("/api/v1/orders", Some("orders")),
            ("/v1/orderspace", Some("all")),
            ("/api/v2/orders", None),
            ("/v12", None),
            ("/", None),
        ] {
            assert_eq!(longest(&entries, path).copied(), expected, "{path}");
        }
    }
}
