//! Each account's rows form a list in which every row points to the previous one and to one far back (Myers'
//! skew-binary list, 1983). A walk from the newest row to any earlier one takes a logarithmic number of steps, and a
//! new row needs only the roots kept here.

use smallvec::SmallVec;

/// Most accounts have no more roots than this; they are adjacent in memory, which matters with millions of accounts.
const ROOTS_INLINE: usize = 10;

/// The roots of the list's complete trees, newest first; `(row, k)` stands for 2^k - 1 rows ending in `row`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Roots(SmallVec<[Root; ROOTS_INLINE]>);

/// A row and its k in one number; rows never reach 2^56.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Root(u64);

impl Root {
    fn new(row: u64, size: u8) -> Root {
        Root((row << 8) | u64::from(size))
    }

    fn row(self) -> u64 {
        self.0 >> 8
    }

    fn size(self) -> u8 {
        (self.0 & 0xff) as u8
    }
}

/// The pointers of a new row; 0 means none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Links {
    pub prev: u64,
    pub jump: u64,
}

impl Roots {
    /// The newest row; 0 if there is none.
    pub(crate) fn newest(&self) -> u64 {
        self.0.last().map_or(0, |root| root.row())
    }

    /// Rows and sizes, the newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = (u64, u8)> {
        self.0.iter().rev().map(|root| (root.row(), root.size()))
    }

    pub(crate) fn append(&mut self, seq: u64) -> Links {
        let prev = self.newest();
        match self.0.as_slice() {
            [.., second, top] if second.size() == top.size() => {
                let size = top.size() + 1;
                self.0.truncate(self.0.len() - 2);
                let jump = self.newest();
                self.0.push(Root::new(seq, size));
                Links { prev, jump }
            }
            _ => {
                self.0.push(Root::new(seq, 1));
                Links { prev, jump: prev }
            }
        }
    }

    /// Undoes the newest append; `prev` and `jump` are the pointers of the row before it.
    pub(crate) fn take_back(&mut self, prev: u64, jump: u64) {
        if let Some(size) = self.0.pop().map(Root::size).filter(|size| *size > 1) {
            self.0.extend([Root::new(jump, size - 1), Root::new(prev, size - 1)]);
        }
    }

    /// Nine bytes per root: the row and its k.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|root| root.row().to_be_bytes().into_iter().chain([root.size()])).collect()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Roots> {
        let root = |chunk: &[u8]| {
            let (size, row) = chunk.split_last()?;
            Some(Root::new(u64::from_be_bytes(row.try_into().ok()?), *size))
        };
        if !bytes.len().is_multiple_of(9) {
            return None;
        }
        bytes.chunks_exact(9).map(root).collect::<Option<_>>().map(Roots)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// The row at or before `wanted`, and the number of rows read.
    fn walk(links: &HashMap<u64, Links>, newest: u64, wanted: u64) -> (u64, usize) {
        let (mut at, mut steps) = (newest, 0);
        while at > wanted {
            let Links { prev, jump } = links[&at];
            at = if jump > wanted { jump } else { prev };
            steps += 1;
        }
        (at, steps)
    }

    #[test]
    fn every_row_is_reached_in_logarithmically_many_steps() {
        let mut roots = Roots::default();
        let mut links = HashMap::new();
        let rows: Vec<u64> = (1..=20_000).map(|place| place * 3).collect();
        for row in &rows {
            links.insert(*row, roots.append(*row));
        }
        for wanted in (0..60_000).step_by(7) {
            let (found, steps) = walk(&links, 60_000, wanted);
            assert_eq!(found, wanted / 3 * 3);
            assert!(steps <= 45, "{steps} steps to {wanted}");
        }
    }

    #[test]
    fn an_append_can_be_undone() {
        let mut roots = Roots::default();
        let mut links = HashMap::new();
        let mut earlier = vec![roots.clone()];
        for row in 1..=2_000 {
            links.insert(row, roots.append(row));
            earlier.push(roots.clone());
        }
        for row in (1..=2_000).rev() {
            assert_eq!(roots, earlier[row as usize]);
            let prev = links[&row].prev;
            roots.take_back(prev, links.get(&prev).map_or(0, |links| links.jump));
        }
        assert_eq!(roots, Roots::default());
    }

    #[test]
    fn roots_survive_a_round_trip() {
        let mut roots = Roots::default();
        for seq in 1..=100 {
            roots.append(seq);
        }
        assert_eq!(Roots::from_bytes(&roots.to_bytes()), Some(roots));
        assert_eq!(Roots::from_bytes(&[1, 2, 3]), None);
    }
}
