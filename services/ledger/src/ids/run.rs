//! An immutable sorted set of ids, in pages of the size of a database page.

use std::sync::Arc;

use platform::db::{DbError, Row};

use super::filter::Filter;

const ENTRY_BYTES: usize = 24;
/// As many as fit into a page of 4 KiB besides the engine's overhead.
const PAGE_IDS: usize = 168;
const PAGES_BITS: u64 = 16;

/// The part of a run that is kept in memory.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// Counted from 1.
    pub number: u64,
    /// The first id of each page.
    directory: Vec<u128>,
    pub(super) filter: Filter,
}

/// A run with its pages, about to be stored.
#[derive(Debug)]
pub(crate) struct SealedRun {
    pub run: Arc<Run>,
    pub pages: Vec<Vec<u8>>,
}

impl SealedRun {
    pub(crate) fn new(number: u64, mut ids: Vec<(u128, u64)>) -> SealedRun {
        ids.sort_unstable();
        let entry = |(id, seq): &(u128, u64)| id.to_be_bytes().into_iter().chain(seq.to_be_bytes());
        let directory = ids.chunks(PAGE_IDS).filter_map(|page| page.first()).map(|(id, _)| *id).collect();
        let pages = ids.chunks(PAGE_IDS).map(|page| page.iter().flat_map(entry).collect()).collect();
        let filter = Filter::of(ids.iter().map(|(id, _)| *id));
        SealedRun { run: Arc::new(Run { number, directory, filter }), pages }
    }
}

impl Run {
    pub(crate) fn read(row: &Row) -> Result<Run, DbError> {
        let number = row.int(0)?.unsigned_abs();
        let malformed = |what: &str| DbError::shape(format!("run {number} of ids has a malformed {what}"));
        let (firsts, rest) = row.bytes(1)?.as_chunks::<16>();
        let filter = Filter::from_bytes(row.bytes(2)?).ok_or_else(|| malformed("filter"))?;
        let directory: Vec<u128> = firsts.iter().map(|first| u128::from_be_bytes(*first)).collect();
        if directory.is_empty() || !rest.is_empty() || !directory.is_sorted() {
            return Err(malformed("directory"));
        }
        Ok(Run { number, directory, filter })
    }

    pub(crate) fn directory_bytes(&self) -> Vec<u8> {
        self.directory.iter().flat_map(|first| first.to_be_bytes()).collect()
    }

    pub(crate) fn filter_bytes(&self) -> &[u8] {
        self.filter.bytes()
    }

    /// The location of the run's pages.
    pub(crate) fn places(&self) -> impl Iterator<Item = i64> {
        let first = self.number << PAGES_BITS;
        (0..self.directory.len() as u64).map(move |page| (first + page) as i64)
    }

    /// The page that would have the id.
    pub(super) fn page_of(&self, id: u128) -> Option<i64> {
        let page = self.directory.partition_point(|first| *first <= id).checked_sub(1)?;
        Some(((self.number << PAGES_BITS) + page as u64) as i64)
    }
}

pub(crate) fn ids_in_page(body: &[u8]) -> impl Iterator<Item = u128> {
    let (entries, _) = body.as_chunks::<ENTRY_BYTES>();
    entries.iter().filter_map(|entry| entry.first_chunk()).map(|id| u128::from_be_bytes(*id))
}

/// The row of an id in a page, if it is there.
pub(super) fn find_in_page(body: &[u8], id: u128) -> Option<u64> {
    let (entries, _) = body.as_chunks::<ENTRY_BYTES>();
    let key = id.to_be_bytes();
    let place = entries.binary_search_by(|entry| entry.split_at(16).0.cmp(&key)).ok()?;
    let seq = entries.get(place)?.last_chunk()?;
    Some(u64::from_be_bytes(*seq))
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    #[test]
    fn the_directory_names_the_page_of_every_id() {
        let mut random = StdRng::seed_from_u64(10);
        let ids: Vec<(u128, u64)> = (0..1_000).map(|seq| (random.random(), seq)).collect();
        let sealed = SealedRun::new(3, ids.clone());
        let places: Vec<i64> = sealed.run.places().collect();
        assert_eq!(places.len(), sealed.pages.len());
        assert!(sealed.pages.iter().all(|page| page.len() <= 4_032));
        for (id, seq) in ids {
            let place = sealed.run.page_of(id).unwrap();
            let page = &sealed.pages[places.iter().position(|known| *known == place).unwrap()];
            assert_eq!((find_in_page(page, id), find_in_page(page, id ^ 1)), (Some(seq), None));
        }
        assert_eq!(sealed.run.page_of(0), None);
    }
}
