use super::*;

fn key(seed: u8, name: &str) -> SigningKey {
    SigningKey::of(name, &[seed; 32]).unwrap()
}

fn checkpoint() -> Checkpoint {
    Checkpoint { origin: "log".to_owned(), size: 7, root: [9; 32] }
}

#[test]
fn a_key_is_read_as_it_is_written() {
    let text = key(1, "log").verifying.text();
    assert!(text.starts_with("log+") && text.len() == 4 + 8 + 1 + 44, "{text}");
    assert_eq!(VerifyingKey::read(&text).unwrap(), key(1, "log").verifying);
    for bad in ["", "log", "log+00000000", &text[1..], &text.replace("log", "lag"), &text[..text.len() - 4]] {
        assert!(matches!(VerifyingKey::read(bad), Err(NoteError::Key(_))), "{bad}");
    }
}

#[test]
fn a_checkpoint_has_three_lines_and_its_signature() {
    let note = checkpoint().signed(&[key(1, "log")]);
    let lines: Vec<&str> = note.lines().collect();
    assert_eq!(&lines[..4], ["log", "7", "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=", ""]);
    assert!(lines[4].starts_with("\u{2014} log ") && lines.len() == 5);
    assert_eq!(Checkpoint::opened(&note, &[key(1, "log").verifying]), Ok(checkpoint()));
    assert_eq!(note, checkpoint().signed(&[key(1, "log")]), "the same head has the same note");
}

#[test]
fn a_note_of_two_keys_opens_by_either() {
    let note = checkpoint().signed(&[key(1, "log"), key(2, "log")]);
    for seed in [1, 2] {
        assert_eq!(Checkpoint::opened(&note, &[key(seed, "log").verifying]), Ok(checkpoint()));
    }
}

#[test]
fn an_unknown_signature_alone_proves_nothing() {
    let note = checkpoint().signed(&[key(1, "log")]);
    let unsigned = Err(NoteError::Unsigned { name: "log".to_owned() });
    assert_eq!(Checkpoint::opened(&note, &[key(2, "log").verifying]), unsigned);
    assert_eq!(Checkpoint::opened(&note, &[]).map_err(|_| ()), Err(()));
}

#[test]
fn a_key_signs_for_no_other_log() {
    let note = checkpoint().signed(&[key(1, "other")]);
    assert!(Checkpoint::opened(&note, &[key(1, "other").verifying]).is_err());
}

#[test]
fn every_changed_byte_of_the_text_is_refused() {
    let note = checkpoint().signed(&[key(1, "log")]);
    let end = note.find("\n\n").unwrap();
    for place in 0..end {
        let mut bytes = note.clone().into_bytes();
        bytes[place] ^= 1;
        let Ok(changed) = String::from_utf8(bytes) else { continue };
        assert!(Checkpoint::opened(&changed, &[key(1, "log").verifying]).is_err(), "byte {place}");
    }
}

#[test]
fn a_size_with_leading_zeros_is_malformed() {
    let text = "log\n07\nCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n";
    assert!(matches!(Checkpoint::read(text), Err(NoteError::Malformed(_))));
}
