//! The bytes of a file on their way in: one buffer of 64 KiB, counted, bounded, free of U+0000, and as UTF-8 where the
//! file declares another character set.

mod lines;

use std::io::{self, BufRead, Read};

use encoding_rs::{CoderResult, Encoding};
use memchr::{memchr, memchr_iter};

pub(crate) use lines::Lines;

use crate::limits::{FIELD_MAX_BYTES, FILE_MAX_BYTES, HEAD_MAX_BYTES};
use crate::mistake::Problem;

pub(crate) struct Input<'a> {
    source: Box<dyn Read + Send + 'a>,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    decoding: Option<Decoding>,
    read_bytes: u64,
    line: u64,
    since_mark: usize,
    fault: Option<Problem>,
    ended: bool,
}

struct Decoding {
    decoder: encoding_rs::Decoder,
    raw: Box<[u8]>,
    start: usize,
    end: usize,
    finished: bool,
}

impl<'a> Input<'a> {
    /// Fills the first buffer, so that [`Input::head`] shows up to 64 KiB. Trouble is told by the first read.
    pub(crate) fn new(source: impl Read + Send + 'a) -> Input<'a> {
        let mut input = Input {
            source: Box::new(source),
            buffer: vec![0; HEAD_MAX_BYTES].into_boxed_slice(),
            start: 0,
            end: 0,
            decoding: None,
            read_bytes: 0,
            line: 1,
            since_mark: 0,
            fault: None,
            ended: false,
        };
        while !input.ended && input.fault.is_none() && input.end < HEAD_MAX_BYTES {
            let space = input.buffer.get_mut(input.end..).unwrap_or_default();
            match read_some(&mut input.source, space) {
                Ok(0) => input.ended = true,
                Ok(count) => input.end += count,
                Err(error) => input.fault = Some(Problem::Unreadable { cause: error.to_string() }),
            }
        }
        input.read_bytes = input.end as u64;
        if input.head().starts_with(b"\xEF\xBB\xBF") {
            input.start = 3;
        }
        input.check();
        input
    }

    pub(crate) fn head(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// From here on bytes are taken for text in this character set. Only while nothing was consumed.
    pub(crate) fn decode_from(&mut self, encoding: &'static Encoding) {
        let raw = self.head().to_vec().into_boxed_slice();
        let end = raw.len();
        let decoder = encoding.new_decoder_without_bom_handling();
        self.decoding = Some(Decoding { decoder, raw, start: 0, end, finished: false });
        (self.start, self.end) = (0, 0);
    }

    /// Line of the next byte, from 1.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// Bytes of the file so far.
    pub(crate) fn read_bytes(&self) -> u64 {
        self.read_bytes
    }

    /// A new field begins: its bound counts from here.
    pub(crate) fn mark(&mut self) {
        self.since_mark = 0;
    }

    /// The problem that an `io::Error` of this reader stands for.
    pub(crate) fn fault(&mut self, error: &io::Error) -> Problem {
        self.fault.take().unwrap_or_else(|| Problem::Unreadable { cause: error.to_string() })
    }

    fn refill(&mut self) -> io::Result<()> {
        (self.start, self.end) = (0, 0);
        match &mut self.decoding {
            None if self.ended => {}
            None => {
                self.end = read_some(&mut self.source, &mut self.buffer)?;
                self.ended = self.end == 0;
                self.read_bytes += self.end as u64;
            }
            Some(decoding) => {
                let read = decoding.fill(&mut self.source, &mut self.buffer)?;
                self.end = read.written;
                self.read_bytes += read.from_source;
                self.ended = decoding.finished;
                if read.malformed {
                    let expected = decoding.decoder.encoding().name().to_owned();
                    self.fault.get_or_insert(Problem::CharacterSet { expected });
                }
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Filled {
    written: usize,
    from_source: u64,
    malformed: bool,
}

impl Decoding {
    fn fill(&mut self, source: &mut dyn Read, out: &mut [u8]) -> io::Result<Filled> {
        let mut filled = Filled::default();
        while filled.written == 0 && !self.finished {
            let mut last = false;
            if self.start == self.end {
                if self.raw.len() < HEAD_MAX_BYTES {
                    self.raw = vec![0; HEAD_MAX_BYTES].into_boxed_slice();
                }
                let count = read_some(source, &mut self.raw)?;
                (self.start, self.end) = (0, count);
                filled.from_source += count as u64;
                last = count == 0;
            }
            let raw = self.raw.get(self.start..self.end).unwrap_or_default();
            let (result, read, written, malformed) = self.decoder.decode_to_utf8(raw, out, last);
            self.start += read;
            filled.written = written;
            filled.malformed |= malformed;
            self.finished = last && result == CoderResult::InputEmpty;
        }
        Ok(filled)
    }
}

fn read_some(source: &mut dyn Read, space: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(space) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

impl Read for Input<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(out)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Input<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.since_mark > FIELD_MAX_BYTES {
            self.fault.get_or_insert(Problem::TooLong { limit: FIELD_MAX_BYTES });
        }
        if self.start >= self.end && self.fault.is_none() {
            self.refill()?;
            self.check();
        }
        match &self.fault {
            Some(problem) => Err(io::Error::other(problem.code())),
            None => Ok(self.buffer.get(self.start..self.end).unwrap_or_default()),
        }
    }

    fn consume(&mut self, count: usize) {
        let until = self.start.saturating_add(count).min(self.end);
        let gone = self.buffer.get(self.start..until).unwrap_or_default();
        self.line += memchr_iter(b'\n', gone).count() as u64;
        self.since_mark = self.since_mark.saturating_add(count);
        self.start = until;
    }
}

impl Input<'_> {
    /// What is new in the buffer is neither too much nor holds U+0000.
    fn check(&mut self) {
        if self.read_bytes > FILE_MAX_BYTES {
            self.fault.get_or_insert(Problem::FileTooLarge { limit: FILE_MAX_BYTES });
        }
        let fresh = self.buffer.get(self.start..self.end).unwrap_or_default();
        if let Some(place) = memchr(0, fresh) {
            let before = fresh.get(..place).unwrap_or_default();
            self.line += memchr_iter(b'\n', before).count() as u64;
            self.fault.get_or_insert(Problem::Nul);
        }
    }
}
