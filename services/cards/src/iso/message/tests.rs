//! Vectors, round trips in each dialect, and whatever bytes arrive.

use proptest::prelude::*;

use super::*;

fn dialect(name: &str) -> Dialect {
    Dialect::built_in(name).unwrap()
}

fn request() -> Message {
    let mut message = Message::new([0, 1, 0, 0]);
    for (field, value) in [
        (2, "4111111111111111"),
        (3, "000000"),
        (4, "000000001000"),
        (7, "0131120000"),
        (11, "000001"),
        (12, "130000"),
        (13, "0131"),
        (14, "2812"),
        (18, "5942"),
        (22, "051"),
        (25, "00"),
        (28, "D00000150"),
        (32, "12345678901"),
        (35, "4111111111111111=2812101"),
        (37, "602112000001"),
        (41, "TERM0001"),
        (42, "BOOKSHOP-000001"),
        (49, "840"),
        (52, "0123456789abcdef"),
        (70, "301"),
    ] {
        message.set(field, value);
    }
    message
}

#[test]
fn a_message_is_written_as_the_standard_says() {
    let mut echo = Message::new([0, 8, 0, 0]);
    for (field, value) in [(7, "0131120000"), (11, "000001"), (70, "301")] {
        echo.set(field, value);
    }
    let ascii = echo.write(&dialect("ascii")).unwrap();
    assert_eq!(String::from_utf8(ascii).unwrap(), "0800822000000000000004000000000000000131120000000001301");
    let binary = echo.write(&dialect("binary")).unwrap();
    assert_eq!(hex(&binary), "0800822000000000000004000000000000000131120000000001".to_owned() + "0301");
    let ebcdic = echo.write(&dialect("ebcdic")).unwrap();
    assert_eq!(hex(&ebcdic), "f0f8f0f082200000000000000400000000000000f0f1f3f1f1f2f0f0f0f0f0f0f0f0f0f1f3f0f1");
}

#[test]
fn a_message_survives_each_dialect() {
    for name in ["ascii", "binary", "ebcdic"] {
        let dialect = dialect(name);
        let bytes = request().write(&dialect).unwrap();
        let mut expected = request();
        if name == "binary" {
            // A packed separator has one spelling.
            expected.set(35, "4111111111111111d2812101");
        }
        assert_eq!(Message::read(&bytes, &dialect), Ok(expected), "{name}");
    }
}

#[test]
fn what_was_read_before_an_error_is_kept() {
    let dialect = dialect("ascii");
    let bytes = request().write(&dialect).unwrap();
    let unread = Message::read(&bytes[..bytes.len() - 60], &dialect).unwrap_err();
    assert_eq!((unread.read.mti_text().as_str(), unread.read.get(11)), ("0100", Some("000001")));
    let mut longer = bytes.clone();
    longer.push(b'0');
    assert_eq!(Message::read(&longer, &dialect).unwrap_err().error, CodecError::Trailing(1));
    assert_eq!(Message::read(b"01x0", &dialect).unwrap_err().error, CodecError::Mti);
    assert_eq!(Message::read(b"0100", &dialect).unwrap_err().error, CodecError::Short("the bitmap"));
    let third = b"080080000000000000008000000000000000";
    assert_eq!(Message::read(third, &dialect).unwrap_err().error, CodecError::BitmapMalformed);
    let length = b"01004000000000000000204111";
    let refused = Message::read(length, &dialect).unwrap_err().error;
    assert_eq!(refused, CodecError::Malformed { field: 2, expected: "a length within the field's maximum" });
}

#[test]
fn secrets_never_print() {
    let shown = format!("{:?}", request());
    for secret in ["4111111111111111", "2812101", "0123456789abcdef"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(shown.contains("2=411111******1111 "), "{shown}");
}

proptest! {
    #[test]
    fn any_bytes_end_in_a_message_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300), place in 0_usize..3) {
        let dialect = dialect(["ascii", "binary", "ebcdic"][place]);
        if let Ok(message) = Message::read(&bytes, &dialect) {
            prop_assert!(message.write(&dialect).is_ok());
        }
    }

    #[test]
    fn damaged_messages_end_in_a_message_or_an_error(place in 0_usize..400, byte in any::<u8>(), name in 0_usize..3) {
        let dialect = dialect(["ascii", "binary", "ebcdic"][name]);
        let mut bytes = request().write(&dialect).unwrap();
        let place = place % bytes.len();
        bytes[place] = byte;
        if let Ok(message) = Message::read(&bytes, &dialect) {
            let again = Message::read(&message.write(&dialect).unwrap(), &dialect);
            prop_assert_eq!(again.map(|again| again.mti), Ok(message.mti));
        }
    }
}
