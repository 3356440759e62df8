//! Like words: how a pending entry is known again under other texts.

/// Shorter words say nothing.
const WORD_CHARS_MIN: usize = 3;
const WORDS_MAX: usize = 64;

/// The words of texts, each once, in order.
pub(crate) fn words<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let split = texts.flat_map(|text| text.split(|letter: char| !letter.is_alphanumeric()));
    let long = split.filter(|word| word.chars().count() >= WORD_CHARS_MIN).map(str::to_lowercase);
    let mut words: Vec<String> = long.take(WORDS_MAX).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// Half of the shorter list's words occur in the other one. Nothing is like nothing.
pub(super) fn are_alike(one: &[String], other: &[String]) -> bool {
    let shared = one.iter().filter(|word| other.binary_search(word).is_ok()).count();
    let shorter = one.len().min(other.len());
    if shorter == 0 { one.len() == other.len() } else { shared * 2 >= shorter }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_shorter_texts_words_are_enough() {
        let alike = |one: &str, other: &str| are_alike(&words([one].into_iter()), &words([other].into_iter()));
        for (one, other, expected) in [
            ("COFFEE HOUSE 123", "coffee house berlin card 4711", true),
            ("Coffee House", "House of Tea", true),
            ("Coffee House", "Acme Rent", false),
            ("", "", true),
            ("Coffee", "", false),
        ] {
            assert_eq!(alike(one, other), expected, "{one} and {other}");
        }
    }
}
