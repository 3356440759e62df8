//! Every line end as a line feed, the last one too, so that rows know their lines.

use std::io::{self, BufRead, Read};

use memchr::memchr;

use crate::input::Input;

pub(super) struct Newlines<'a> {
    input: Input<'a>,
    after_cr: bool,
    last: u8,
}

impl<'a> Newlines<'a> {
    pub(super) fn new(input: Input<'a>) -> Newlines<'a> {
        Newlines { input, after_cr: false, last: b'\n' }
    }

    pub(super) fn input(&mut self) -> &mut Input<'a> {
        &mut self.input
    }

    pub(super) fn read_bytes(&self) -> u64 {
        self.input.read_bytes()
    }
}

impl Read for Newlines<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let chunk = self.input.fill_buf()?;
            let Some(first) = chunk.first() else {
                let missing = std::mem::replace(&mut self.last, b'\n') != b'\n';
                let end: &[u8] = if missing { b"\n" } else { b"" };
                return (&mut &*end).read(out);
            };
            if std::mem::take(&mut self.after_cr) && *first == b'\n' {
                self.input.consume(1);
                continue;
            }
            let fits = chunk.len().min(out.len());
            let chunk = chunk.get(..fits).unwrap_or_default();
            let plain = memchr(b'\r', chunk);
            let count = plain.unwrap_or(fits);
            for (place, byte) in out.iter_mut().zip(chunk.get(..count).unwrap_or_default()) {
                *place = *byte;
            }
            if count > 0 {
                self.last = chunk.get(count - 1).copied().unwrap_or_default();
                self.input.consume(count);
                return Ok(count);
            }
            if plain.is_some() {
                (self.after_cr, self.last) = (true, b'\n');
                self.input.consume(1);
                let end: &[u8] = b"\n";
                return (&mut &*end).read(out);
            }
            return Ok(0);
        }
    }
}
