//! Rows and entities as bytes, for the store.
//!
//! Little-endian, each form with a version in its first byte. Bytes that do not read to their end are refused whole.

use risk_api::EntityKind;

use super::catalogue::{FEATURES, KINDS, Row};
use super::entity::{EVENTS_MAX, EntityState};
use super::event::Event;
use super::known::{Known, Seen};
use super::shares::{Shares, Tally};
use super::window::{Bucket, Buckets, Sums};

const ROW_VERSION: u8 = 1;
const ENTITY_VERSION: u8 = 1;

/// Bytes of a row: what is below is the number itself.
const SMALL_MAX: u8 = 0xf7;
const WIDE: u8 = 0xf8;
const MISSING: u8 = 0xff;
/// So many places are missing; their number follows.
const MANY_MISSING: u8 = 0xfe;

/// Most values are small whole numbers or missing: one byte each, a run of missing ones two.
pub(crate) fn pack_row(row: &Row) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    bytes.push(ROW_VERSION);
    let mut missing = 0_u8;
    let flush = |bytes: &mut Vec<u8>, missing: &mut u8| {
        match *missing {
            0 => {}
            1 => bytes.push(MISSING),
            many => bytes.extend([MANY_MISSING, many]),
        }
        *missing = 0;
    };
    for value in row.values() {
        if value.is_nan() {
            if missing == u8::MAX {
                flush(&mut bytes, &mut missing);
            }
            missing += 1;
            continue;
        }
        flush(&mut bytes, &mut missing);
        if value.fract() == 0.0 && (0.0..=f64::from(SMALL_MAX)).contains(value) {
            bytes.push(*value as u8);
        } else {
            bytes.push(WIDE);
            bytes.extend(value.to_le_bytes());
        }
    }
    flush(&mut bytes, &mut missing);
    bytes
}

pub(crate) fn unpack_row(bytes: &[u8]) -> Option<Row> {
    let mut read = Read(bytes);
    if read.u8()? != ROW_VERSION {
        return None;
    }
    let mut row = Row::empty();
    let mut place = 0;
    while !read.0.is_empty() {
        match read.u8()? {
            MISSING => place += 1,
            MANY_MISSING => place += usize::from(read.u8()?),
            WIDE => {
                row.set(place, read.f64()?);
                place += 1;
            }
            small => {
                row.set(place, f64::from(small));
                place += 1;
            }
        }
    }
    (place == FEATURES).then_some(row)
}

impl EntityState {
    pub(crate) fn pack(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + self.events.len() * 31);
        out.push(ENTITY_VERSION);
        out.push(KINDS.iter().position(|kind| *kind == self.kind).unwrap_or_default() as u8);
        out.extend(self.newest.to_le_bytes());
        put_len(&mut out, self.events.len());
        for event in &self.events {
            out.extend(event.at.to_le_bytes());
            for number in [event.tag, event.hundredths, event.merchant, event.card] {
                out.extend(number.to_le_bytes());
            }
            out.extend(event.country.to_le_bytes());
            out.push(event.flags);
            out.extend(event.place.0.to_le_bytes());
            out.extend(event.place.1.to_le_bytes());
        }
        put_len(&mut out, self.buckets.0.len());
        for bucket in &self.buckets.0 {
            put_bucket(&mut out, bucket);
        }
        let known = self.known.as_deref();
        out.push(u8::from(known.is_some()));
        for seen in known.into_iter().flat_map(|known| [&known.merchants, &known.categories, &known.countries]) {
            put_len(&mut out, seen.0.len());
            out.extend(
                seen.0.iter().flat_map(|(number, second)| [number.to_le_bytes(), second.to_le_bytes()]).flatten(),
            );
        }
        let shares = self.shares.as_deref();
        out.push(u8::from(shares.is_some()));
        for tally in shares.into_iter().flat_map(|shares| [&shares.hours, &shares.quarters]) {
            put_len(&mut out, tally.0.len());
            let slots = tally.0.iter();
            out.extend(
                slots
                    .flat_map(|(slot, count, fraud)| [slot.to_le_bytes(), count.to_le_bytes(), fraud.to_le_bytes()])
                    .flatten(),
            );
        }
        out
    }

    /// Nothing where the bytes are damaged or of another version.
    pub(crate) fn unpack(bytes: &[u8]) -> Option<EntityState> {
        let mut read = Read(bytes);
        if read.u8()? != ENTITY_VERSION {
            return None;
        }
        let kind: EntityKind = *KINDS.get(usize::from(read.u8()?))?;
        let newest = read.i64()?;
        let events = read.many(|read| {
            Some(Event {
                at: read.i64()?,
                tag: read.u32()?,
                hundredths: read.u32()?,
                merchant: read.u32()?,
                card: read.u32()?,
                country: u16::from_le_bytes(read.take()?),
                flags: read.u8()?,
                place: (i16::from_le_bytes(read.take()?), i16::from_le_bytes(read.take()?)),
            })
        })?;
        let buckets = Buckets(read.many(bucket)?);
        let known = if read.u8()? == 0 { None } else { Some(Box::new(known(&mut read)?)) };
        let shares = if read.u8()? == 0 { None } else { Some(Box::new(shares(&mut read)?)) };
        let whole = read.0.is_empty() && events.len() <= EVENTS_MAX;
        whole.then_some(EntityState { kind, newest, events, buckets, known, shares })
    }
}

fn put_len(out: &mut Vec<u8>, len: usize) {
    out.extend(u16::try_from(len).unwrap_or(u16::MAX).to_le_bytes());
}

fn put_bucket(out: &mut Vec<u8>, bucket: &Bucket) {
    out.push(bucket.window);
    out.extend(bucket.number.to_le_bytes());
    let sums = &bucket.sums;
    for number in [sums.count, sums.amounts, sums.greatest, sums.declines] {
        out.extend(number.to_le_bytes());
    }
    out.extend(sums.hundredths.to_le_bytes());
    out.extend(sums.squares.to_le_bytes());
}

fn bucket(read: &mut Read<'_>) -> Option<Bucket> {
    let (window, number) = (read.u8()?, read.i64()?);
    let (count, amounts, greatest, declines) = (read.u32()?, read.u32()?, read.u32()?, read.u32()?);
    let (hundredths, squares) = (u64::from_le_bytes(read.take()?), read.f64()?);
    Some(Bucket { window, number, sums: Sums { count, amounts, hundredths, squares, greatest, declines } })
}

fn known(read: &mut Read<'_>) -> Option<Known> {
    let mut seen = || Some(Seen(read.many(|read| Some((read.u32()?, read.u32()?)))?));
    Some(Known { merchants: seen()?, categories: seen()?, countries: seen()? })
}

fn shares(read: &mut Read<'_>) -> Option<Shares> {
    let mut tally =
        || Some(Tally(read.many(|read| Some((i32::from_le_bytes(read.take()?), read.u32()?, read.u32()?)))?));
    Some(Shares { hours: tally()?, quarters: tally()? })
}

/// The bytes left to read.
struct Read<'a>(&'a [u8]);

impl Read<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn i64(&mut self) -> Option<i64> {
        self.take().map(i64::from_le_bytes)
    }

    fn f64(&mut self) -> Option<f64> {
        self.take().map(f64::from_le_bytes)
    }

    fn many<T>(&mut self, one: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = u16::from_le_bytes(self.take()?);
        (0..count).map(|_| one(self)).collect()
    }
}
