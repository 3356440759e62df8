//! Codes that people type: easy to read out, and random.

use aws_lc_rs::rand;
use kernel::Secret;
use zeroize::Zeroizing;

/// Without i, l, o and u, which are easily confused.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const GROUP: usize = 5;

/// Groups of five characters, 25 random bits each: `k7f2m-9xq4p`.
pub(crate) fn readable(groups: usize) -> Secret {
    let random = random(groups * GROUP);
    let letters = random.iter().map(|byte| LETTERS.get(usize::from(byte & 31)).copied().map_or('0', char::from));
    let mut code = String::with_capacity(groups * (GROUP + 1));
    for (place, letter) in letters.enumerate() {
        if place > 0 && place % GROUP == 0 {
            code.push('-');
        }
        code.push(letter);
    }
    Secret::new(code)
}

/// Normalised for comparison: dashes, spaces and case do not matter.
pub(crate) fn plain(code: &str) -> String {
    code.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').flat_map(char::to_lowercase).collect()
}

/// Six decimal digits.
pub(crate) fn digits() -> Secret {
    const CODES: u32 = 1_000_000;
    loop {
        let number = random(4).first_chunk().copied().map_or(0, u32::from_be_bytes);
        // Above it the lower codes would be more likely.
        if number < u32::MAX - u32::MAX % CODES {
            return Secret::new(format!("{:06}", number % CODES));
        }
    }
}

pub(crate) fn random(bytes: usize) -> Zeroizing<Vec<u8>> {
    let mut random = Zeroizing::new(vec![0; bytes]);
    // Without random numbers nothing could be answered safely.
    rand::fill(&mut random).expect("the system has random numbers");
    random
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    #[test]
    fn readable_codes_differ_and_use_every_letter_about_equally() {
        let codes: HashSet<String> = (0..2_000).map(|_| readable(2).expose().to_owned()).collect();
        assert_eq!(codes.len(), 2_000);
        let mut seen: HashMap<char, u32> = HashMap::new();
        for code in &codes {
            assert_eq!((code.len(), code.find('-')), (11, Some(5)), "{code}");
            plain(code).chars().for_each(|letter| *seen.entry(letter).or_default() += 1);
        }
        assert_eq!(seen.len(), 32);
        assert!(seen.values().all(|count| (450..800).contains(count)), "{seen:?}");
    }

    #[test]
    fn dashes_spaces_and_case_do_not_matter() {
        assert_eq!(plain(" K7F2M-9xq4p "), "k7f2m9xq4p");
    }

    #[test]
    fn codes_of_digits_have_six_of_them() {
        let codes: HashSet<String> = (0..1_000).map(|_| digits().expose().to_owned()).collect();
        assert!(codes.len() > 980);
        assert!(codes.iter().all(|code| code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit())));
    }
}
