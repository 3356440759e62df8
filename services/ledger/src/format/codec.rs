//! The elements of rows: bytes, variable-length numbers, and texts with a length prefix.

use super::FormatError;

pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn with_capacity(capacity: usize) -> Writer {
        Writer { bytes: Vec::with_capacity(capacity) }
    }

    pub(crate) fn byte(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub(crate) fn raw(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
    }

    /// Seven bits per byte, lowest first; the high bit means that another byte follows (LEB128).
    pub(crate) fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    /// Small numbers of either sign are short: 0, -1, 1, -2 become 0, 1, 2, 3.
    pub(crate) fn signed(&mut self, value: i64) {
        self.number(((value << 1) ^ (value >> 63)) as u64);
    }

    pub(crate) fn text(&mut self, value: &str) {
        self.number(value.len() as u64);
        self.raw(value.as_bytes());
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    pub(crate) fn byte(&mut self, what: &'static str) -> Result<u8, FormatError> {
        let (first, rest) = self.rest.split_first().ok_or(FormatError::Short(what))?;
        self.rest = rest;
        Ok(*first)
    }

    pub(crate) fn raw(&mut self, length: usize, what: &'static str) -> Result<&'a [u8], FormatError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(FormatError::Short(what))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], FormatError> {
        self.raw(N, what)?.try_into().map_err(|_| FormatError::Short(what))
    }

    /// Only the shortest form is accepted, so that a row has one encoding.
    pub(crate) fn number(&mut self, what: &'static str) -> Result<u64, FormatError> {
        let mut value: u64 = 0;
        for place in 0..10_u32 {
            let byte = self.byte(what)?;
            let bits = u64::from(byte & 0x7f);
            let shifted = bits.checked_shl(place * 7).filter(|shifted| shifted >> (place * 7) == bits);
            value |= shifted.ok_or(FormatError::Value(what))?;
            if byte & 0x80 == 0 {
                let padded = byte == 0 && place > 0;
                return if padded { Err(FormatError::Value(what)) } else { Ok(value) };
            }
        }
        Err(FormatError::Value(what))
    }

    pub(crate) fn signed(&mut self, what: &'static str) -> Result<i64, FormatError> {
        let raw = self.number(what)?;
        Ok(((raw >> 1) as i64) ^ -((raw & 1) as i64))
    }

    /// A number that fits into the positive half of 64 bits: an amount, a sum, a time.
    pub(crate) fn positive(&mut self, what: &'static str) -> Result<i64, FormatError> {
        i64::try_from(self.number(what)?).map_err(|_| FormatError::Value(what))
    }

    pub(crate) fn text(&mut self, what: &'static str) -> Result<String, FormatError> {
        let length = usize::try_from(self.number(what)?).map_err(|_| FormatError::Value(what))?;
        let bytes = self.raw(length, what)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| FormatError::Value(what))
    }

    pub(crate) fn finish(self) -> Result<(), FormatError> {
        if self.rest.is_empty() { Ok(()) } else { Err(FormatError::Trailing(self.rest.len())) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_survive_a_round_trip(plain in any::<u64>(), signed in any::<i64>(), text in ".{0,40}") {
            let mut writer = Writer::with_capacity(0);
            writer.number(plain);
            writer.signed(signed);
            writer.text(&text);
            let bytes = writer.finish();
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.number("plain"), Ok(plain));
            prop_assert_eq!(reader.signed("signed"), Ok(signed));
            prop_assert_eq!(reader.text("text"), Ok(text));
            prop_assert_eq!(reader.finish(), Ok(()));
        }

        #[test]
        fn garbage_is_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let mut reader = Reader::new(&bytes);
            while reader.number("n").is_ok() && reader.text("t").is_ok() {}
        }
    }

    #[test]
    fn a_number_has_one_encoding() {
        assert_eq!(Reader::new(&[0x80, 0x00]).number("n"), Err(FormatError::Value("n")));
        assert_eq!(Reader::new(&[0xff; 10]).number("n"), Err(FormatError::Value("n")));
        assert_eq!(Reader::new(&[0x80]).number("n"), Err(FormatError::Short("n")));
    }
}
