//! The length of an SMS: 160 letters of the GSM alphabet, or 70 units of UTF-16 if one letter is not in it; less in each
//! part if there are several. A letter of two units is never divided.

const ALPHABET: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿\
     abcdefghijklmnopqrstuvwxyzäöñüà";
/// These need an escape before them.
const ESCAPED: &str = "\u{c}^{}\\[~]|€";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alphabet {
    Gsm,
    Ucs2,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) alphabet: Alphabet,
    pub(crate) units: usize,
    pub(crate) parts: usize,
}

pub(crate) fn size(text: &str) -> Size {
    let gsm: Option<Vec<usize>> = text.chars().map(gsm_units).collect();
    match gsm {
        Some(widths) => divided(Alphabet::Gsm, &widths, 160, 153),
        None => divided(Alphabet::Ucs2, &text.chars().map(char::len_utf16).collect::<Vec<_>>(), 70, 67),
    }
}

fn gsm_units(letter: char) -> Option<usize> {
    if ALPHABET.contains(letter) {
        return Some(1);
    }
    ESCAPED.contains(letter).then_some(2)
}

fn divided(alphabet: Alphabet, widths: &[usize], alone_max: usize, part_max: usize) -> Size {
    let units = widths.iter().sum();
    if units <= alone_max {
        return Size { alphabet, units, parts: 1 };
    }
    let (mut parts, mut filled) = (1, 0);
    for width in widths {
        if filled + width > part_max {
            (parts, filled) = (parts + 1, 0);
        }
        filled += width;
    }
    Size { alphabet, units, parts }
}

/// The text with plain marks instead of typographic ones, which would make each part less than half as long; cut if it
/// still needs more parts.
pub(crate) fn fitted(text: &str, parts_max: usize) -> String {
    let mut text: String = text.chars().flat_map(|letter| plain(letter).chars().chain(kept(letter))).collect();
    if size(&text).parts <= parts_max {
        return text;
    }
    while text.pop().is_some() && size(&format!("{text}...")).parts > parts_max {}
    text + "..."
}

fn plain(letter: char) -> &'static str {
    match letter {
        '\u{2018}' | '\u{2019}' | '\u{201a}' => "'",
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '«' | '»' => "\"",
        '\u{2013}' | '\u{2014}' | '\u{2212}' => "-",
        '…' => "...",
        '\u{a0}' | '\u{202f}' | '\u{2009}' => " ",
        _ => "",
    }
}

fn kept(letter: char) -> Option<char> {
    plain(letter).is_empty().then_some(letter)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_is_counted_as_networks_count_it() {
        use Alphabet::{Gsm, Ucs2};
        for (text, alphabet, units, parts) in [
            ("", Gsm, 0, 1),
            ("Hello", Gsm, 5, 1),
            (&"a".repeat(160), Gsm, 160, 1),
            (&"a".repeat(161), Gsm, 161, 2),
            (&"a".repeat(306), Gsm, 306, 2),
            (&"a".repeat(307), Gsm, 307, 3),
            ("€[]{}\\~^|", Gsm, 18, 1),
            (&"€".repeat(80), Gsm, 160, 1),
            // An escaped letter is not divided: 76 of them in each part.
            (&"€".repeat(153), Gsm, 306, 3),
            ("Grüße", Gsm, 5, 1),
            ("información", Ucs2, 11, 1),
            (&"ы".repeat(70), Ucs2, 70, 1),
            (&"ы".repeat(71), Ucs2, 71, 2),
            (&"ы".repeat(135), Ucs2, 135, 3),
            ("💸", Ucs2, 2, 1),
            (&"💸".repeat(35), Ucs2, 70, 1),
            // 33 in each part.
            (&"💸".repeat(67), Ucs2, 134, 3),
        ] {
            assert_eq!(size(text), Size { alphabet, units, parts }, "{text}");
        }
        assert_eq!(ALPHABET.chars().count() + 1, 128, "with the escape");
    }

    #[test]
    fn typographic_marks_do_not_shorten_a_message() {
        assert_eq!(fitted("“Ann’s” – 25,00\u{a0}USD…", 1), "\"Ann's\" - 25,00 USD...");
        assert_eq!(size(&fitted(&"’".repeat(160), 1)).parts, 1);
    }

    proptest! {
        #[test]
        fn a_fitted_text_has_no_more_parts_than_allowed(text in "(\\PC|€|💸){0,400}", parts in 1_usize..4) {
            let fitted = fitted(&text, parts);
            prop_assert!(size(&fitted).parts <= parts, "{fitted}");
        }
    }
}
