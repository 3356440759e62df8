//! Password rules: long enough and hard to guess. No rule about kinds of characters, which does not make passwords
//! better.

use identity_api::limits::{PASSWORD_BYTES_MAX, PASSWORD_LETTERS_MIN};
use identity_api::{IdentityError, Refusal};
use zxcvbn::Score;

pub(super) fn length(given: &str, normal: &str) -> Result<(), IdentityError> {
    if given.len() > PASSWORD_BYTES_MAX || normal.len() > PASSWORD_BYTES_MAX {
        return Err(Refusal::PasswordTooLong { max: PASSWORD_BYTES_MAX }.into());
    }
    if normal.chars().count() < PASSWORD_LETTERS_MIN {
        return Err(Refusal::PasswordTooShort { min: PASSWORD_LETTERS_MIN }.into());
    }
    Ok(())
}

/// Checked against dictionaries of common passwords, words and names, keyboard rows, dates and repetitions, and the
/// user's own words. Whatever ten to the eighth guesses would find is refused.
pub(super) fn guessing(password: &str, about: &[String]) -> Result<(), IdentityError> {
    let about: Vec<&str> = about.iter().map(String::as_str).collect();
    let guess = zxcvbn::zxcvbn(password, &about);
    if guess.score() >= Score::Three {
        return Ok(());
    }
    // The warning is one of a fixed list: it contains nothing of the password.
    let why = guess.feedback().and_then(|feedback| feedback.warning());
    let why = why.map(|warning| format!(": {}", warning.to_string().trim_end_matches('.').to_lowercase()));
    let detail = format!("this password is easy to guess{}", why.unwrap_or_default());
    Err(Refusal::PasswordTooWeak { detail }.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(password: &str, about: &[&str]) -> Option<&'static str> {
        let about: Vec<String> = about.iter().map(|word| (*word).to_owned()).collect();
        let outcome = length(password, password).and_then(|()| guessing(password, &about));
        outcome.err().map(|error| error.code())
    }

    #[test]
    fn password_length_is_counted_in_characters_and_bounded_in_bytes() {
        assert_eq!(refused("ÄÖüß-quok7-z", &[]), None);
        assert_eq!(refused("ÄÖüß-quok7-", &[]), Some("password_too_short"));
        assert_eq!(refused(&"kq7-".repeat(65), &[]), Some("password_too_long"));
    }

    #[test]
    fn common_and_easily_guessed_passwords_are_refused() {
        for easy in [
            "password1234",
            "passwordpassword",
            "qwertyuiop123",
            "123456789012",
            "aaaaaaaaaaaaaaaa",
            "Passw0rd!2026",
            "iloveyou1234",
            "letmeinletmein",
        ] {
            assert_eq!(refused(easy, &[]), Some("password_too_weak"), "{easy}");
        }
        for good in ["correct horse battery staple", "tram-violet-87-osprey", "Ich fahre im Mai nach Ulm"] {
            assert_eq!(refused(good, &[]), None, "{good}");
        }
    }

    #[test]
    fn the_users_own_words_make_a_password_weak() {
        let about = ["katharina.oberhuber@example.com", "katharina", "oberhuber"];
        assert_eq!(refused("katharinaoberhuber", &about), Some("password_too_weak"));
        assert_eq!(refused("katharina.oberhuber@example.com", &about), Some("password_too_weak"));
    }
}
