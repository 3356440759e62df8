//! The few letters that rails carry, and how others are brought into them.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// SWIFT's set X, which is SEPA's too: Latin letters, digits and `/ - ? : ( ) . , ' +` with the blank.
pub fn is_swift(character: char) -> bool {
    character.is_ascii_alphanumeric() || "/-?:().,'+ ".contains(character)
}

/// Brings text into SWIFT's set: accents fall away, a few letters are spelled out, and a full stop stands for the rest.
pub fn swift(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.nfd().filter(|character| !is_combining_mark(*character)) {
        match character {
            _ if is_swift(character) => plain.push(character),
            'ß' => plain.push_str("ss"),
            'Æ' => plain.push_str("AE"),
            'æ' => plain.push_str("ae"),
            'Œ' => plain.push_str("OE"),
            'œ' => plain.push_str("oe"),
            'Ø' => plain.push('O'),
            'ø' => plain.push('o'),
            'Ł' => plain.push('L'),
            'ł' => plain.push('l'),
            'Đ' | 'Ð' => plain.push('D'),
            'đ' | 'ð' => plain.push('d'),
            'Þ' => plain.push_str("Th"),
            'þ' => plain.push_str("th"),
            'ı' => plain.push('i'),
            '&' => plain.push('+'),
            '€' => plain.push('E'),
            '\t' | '\n' | '\r' | '\u{a0}' => plain.push(' '),
            '–' | '—' | '_' => plain.push('-'),
            '’' | '‘' | '`' | '"' | '“' | '”' => plain.push('\''),
            _ => plain.push('.'),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_fall_away_and_the_rest_becomes_a_full_stop() {
        assert_eq!(swift("Müller & Søn, Łódź"), "Muller + Son, Lodz");
        assert_eq!(swift("Straße «1» №"), "Strasse .1. .");
        assert!(swift("Ελλάδα 日本 \u{1F600}").chars().all(is_swift));
    }
}
