//! Readers on changed, random and blown-up files: none panics, none takes more than linear time.
//!
//! `FLORIN_FUZZ_SEED` and `FLORIN_FUZZ_ROUNDS` set where the changes begin and how many there are.

use std::io::{Cursor, Write};

use formats::{InspectOptions, inspect, inspect_file};
use kernel::{Clock, SystemClock};
use proptest::prelude::*;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::hostile::all_samples;

/// What the readers take for a beginning or an end of something.
const PIECES: [&[u8]; 24] = [
    b"<",
    b">",
    b"</Ntry>",
    b"<Ntry>",
    b"&",
    b"\0",
    b"\r\n",
    b":61:",
    b":86:",
    b"?20",
    b"\"",
    b";",
    b",",
    b"99999999999999999999",
    b"-",
    b"\xFF\xFE",
    b"/",
    b"88,",
    b"<a>",
    b"<!--",
    b"<![CDATA[",
    b"&amp;",
    b"\n",
    b" ",
];

/// A small generator of numbers, so that a seed tells a whole run.
struct Seed(u64);

impl Seed {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % below.max(1) as u64).unwrap()
    }

    /// A sample with a few bytes changed, removed, doubled or taken from elsewhere.
    fn mutate(&mut self, sample: &[u8]) -> Vec<u8> {
        let mut file = sample.to_vec();
        for _ in 0..=self.next(6) {
            let (from, until) = (self.next(file.len()), self.next(file.len()));
            match self.next(5) {
                0 if !file.is_empty() => file[from] = u8::try_from(self.next(256)).unwrap(),
                1 => drop(file.drain(from.min(until)..until.max(from).min(from.min(until) + 40))),
                2 => {
                    let piece = PIECES[self.next(PIECES.len())];
                    file.splice(from..from, piece.iter().copied());
                }
                3 => {
                    let copy = file[from.min(until)..from.max(until)].to_vec();
                    file.splice(from..from, copy);
                }
                _ => file.truncate(file.len().saturating_sub(self.next(20))),
            }
        }
        file
    }
}

/// Three of the samples in one archive.
fn archive(samples: &[Vec<u8>]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (number, sample) in samples.iter().take(3).enumerate() {
        zip.start_file(number.to_string(), SimpleFileOptions::default()).unwrap();
        zip.write_all(sample).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn any_bytes_give_an_error_or_a_result_within_time() {
    let seed = std::env::var("FLORIN_FUZZ_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_260_131);
    let rounds = std::env::var("FLORIN_FUZZ_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(2_000);
    let mut seed = Seed(seed);
    let mut samples = all_samples();
    samples.push(archive(&samples));
    for round in 0..rounds {
        let file = seed.mutate(&samples[round % samples.len()]);
        let state = seed.0;
        let before = cpu_micros();
        let outcome = std::panic::catch_unwind(|| inspect_file(Cursor::new(&file), &InspectOptions::default()).bytes);
        assert!(outcome.is_ok(), "round {round}, seed {state}: {}", String::from_utf8_lossy(&file));
        let took = cpu_micros() - before;
        assert!(took < 2_000_000, "round {round}, seed {state} took {took} microseconds");
    }
}

/// Processor time of this thread in microseconds, which others on the machine do not lengthen.
fn cpu_micros() -> u64 {
    let all = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = all.split_whitespace().next().and_then(|nanos| nanos.parse::<u64>().ok());
    nanos.map_or_else(|| SystemClock.monotonic().micros(), |nanos| nanos / 1_000)
}

/// A file with so many bytes of a piece in its middle, and how long it is read.
fn blown_up(sample: &[u8], piece: &[u8], bytes: usize) -> u64 {
    let mut file = sample.to_vec();
    let middle = file.len() / 2;
    file.splice(middle..middle, piece.repeat(bytes / piece.len()));
    let before = cpu_micros();
    inspect(file.as_slice(), &InspectOptions::default());
    cpu_micros() - before
}

/// Eight times as many bytes would take 64 times as long where time is quadratic.
#[test]
fn time_grows_with_the_file_and_no_faster() {
    for sample in all_samples() {
        for piece in PIECES {
            let (small, large) = (blown_up(&sample, piece, 8_000), blown_up(&sample, piece, 64_000));
            let text = String::from_utf8_lossy(&sample[..30.min(sample.len())]).into_owned();
            let piece = String::from_utf8_lossy(piece);
            assert!(large < 40_000 || large < 40 * small, "{piece:?} in {text:?}: {small} and {large} microseconds");
        }
    }
}

proptest! {
    #[test]
    fn random_bytes_are_refused_or_read(
        head in prop::sample::select(vec!["", "01,", ":20:", "{1:", "<?xml", "OFXHEADER", "101 ", "a;b;c\n", "PK\u{3}\u{4}"]),
        bytes in prop::collection::vec(any::<u8>(), 0..2_000),
    ) {
        let file = [head.as_bytes(), &bytes].concat();
        let summary = inspect_file(Cursor::new(&file), &InspectOptions::default());
        prop_assert!(summary.refused || summary.format.is_some());
    }
}
