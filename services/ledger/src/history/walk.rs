//! Searches in one account's list of rows (see `chain`), without I/O: a search says which rows it needs, gets their
//! links, and continues. So many searches share one query to the store; on a network the rounds are what costs.
//!
//! Rows have ranks, 1 for the account's first one, which never change as rows are added. A tree of 2^k - 1 rows ends in
//! its root; below it are two trees of half the size: the first ends in the root's previous row, the second in the row
//! that this one jumps to.

use std::collections::BTreeMap;

use crate::chain::{Links, Roots};

/// A row and its place in the account's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot {
    pub seq: u64,
    pub rank: u64,
}

/// A complete tree by its newest row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tree {
    root: Spot,
    k: u8,
}

impl Tree {
    fn rows(&self) -> u64 {
        rows(self.k)
    }

    /// The tree that ends in the previous row.
    fn first_child(&self, links: Links) -> Tree {
        Tree { root: Spot { seq: links.prev, rank: self.root.rank.saturating_sub(1) }, k: self.k.saturating_sub(1) }
    }

    /// The tree of the same size before this one, if it is a first child.
    fn sibling(&self, links: Links) -> Tree {
        Tree { root: Spot { seq: links.jump, rank: self.root.rank.saturating_sub(self.rows()) }, k: self.k }
    }

    fn meets(&self, low: u64, high: u64) -> bool {
        self.root.seq > 0 && self.root.rank >= low && self.root.rank.saturating_sub(self.rows()) < high
    }
}

fn rows(k: u8) -> u64 {
    1_u64.checked_shl(u32::from(k)).unwrap_or_default().wrapping_sub(1)
}

fn trees(roots: &Roots) -> Vec<Tree> {
    let mut rank: u64 = roots.newest_first().map(|(_, k)| rows(k)).sum();
    let tree = |(seq, k)| {
        let tree = Tree { root: Spot { seq, rank }, k };
        rank = rank.saturating_sub(rows(k));
        tree
    };
    roots.newest_first().map(tree).collect()
}

/// What is known about a row's links; `None` for a row that was not read yet.
pub(crate) type Known<'a> = &'a dyn Fn(u64) -> Option<Links>;

/// Looks for the newest row at or before `bound`.
#[derive(Debug)]
pub(crate) struct Find {
    bound: u64,
    at: At,
}

#[derive(Debug, Clone, Copy)]
enum At {
    /// The wanted row is in this tree or is the one just before it; the root is after the bound.
    Above(Tree),
    There(Option<Spot>),
}

impl Find {
    pub(crate) fn new(roots: &Roots, bound: u64) -> Find {
        let trees = trees(roots);
        let above = trees.iter().take_while(|tree| tree.root.seq > bound).last();
        let at = match above {
            Some(tree) => At::Above(*tree),
            None => At::There(trees.first().map(|tree| tree.root)),
        };
        Find { bound, at }
    }

    /// The row to read next; `None` once the search is over and the found row is known.
    pub(crate) fn step(&mut self, known: Known<'_>) -> Option<u64> {
        while let At::Above(tree) = self.at {
            let Some(links) = known(tree.root.seq) else { return Some(tree.root.seq) };
            self.at = if links.prev <= self.bound {
                let before = Spot { seq: links.prev, rank: tree.root.rank.saturating_sub(1) };
                At::There(Some(before).filter(|spot| spot.seq > 0))
            } else if links.jump > self.bound {
                At::Above(tree.sibling(links))
            } else {
                At::Above(tree.first_child(links))
            };
        }
        self.found().map(|spot| spot.seq).filter(|seq| known(*seq).is_none())
    }

    /// `None` if the account has no row that old.
    pub(crate) fn found(&self) -> Option<Spot> {
        match self.at {
            At::There(spot) => spot,
            At::Above(_) => None,
        }
    }
}

/// Collects the rows of a range of ranks, both ends included.
#[derive(Debug)]
pub(crate) struct Range {
    low: u64,
    high: u64,
    open: Vec<Open>,
    found: BTreeMap<u64, u64>,
}

#[derive(Debug, Clone, Copy)]
enum Open {
    Tree(Tree),
    /// What comes before a first child, which has to be read for it.
    Sibling(Tree),
}

impl Range {
    pub(crate) fn new(roots: &Roots, low: u64, high: u64) -> Range {
        let open = trees(roots).into_iter().filter(|tree| tree.meets(low, high)).map(Open::Tree).collect();
        Range { low, high, open, found: BTreeMap::new() }
    }

    /// The rows to read next; none once all rows of the range are known.
    pub(crate) fn step(&mut self, known: Known<'_>) -> Vec<u64> {
        let (mut wanted, mut waiting) = (Vec::new(), Vec::new());
        while let Some(open) = self.open.pop() {
            let (Open::Tree(tree) | Open::Sibling(tree)) = open;
            match (known(tree.root.seq), open) {
                (None, _) => {
                    wanted.push(tree.root.seq);
                    waiting.push(open);
                }
                (Some(links), Open::Sibling(first)) => self.open.push(Open::Tree(first.sibling(links))),
                (Some(links), Open::Tree(_)) => self.descend(tree, links),
            }
        }
        self.open = waiting;
        wanted
    }

    fn descend(&mut self, tree: Tree, links: Links) {
        let Spot { seq, rank } = tree.root;
        if (self.low..=self.high).contains(&rank) {
            self.found.insert(rank, seq);
        }
        if tree.k < 2 {
            return;
        }
        let first = tree.first_child(links);
        if first.meets(self.low, self.high) {
            self.open.push(Open::Tree(first));
        }
        let second = Tree { root: Spot { seq: 1, rank: first.root.rank.saturating_sub(first.rows()) }, k: first.k };
        if second.meets(self.low, self.high) {
            self.open.push(Open::Sibling(first));
        }
    }

    /// Rows by their ranks.
    pub(crate) fn found(&self) -> &BTreeMap<u64, u64> {
        &self.found
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashMap};

    use super::*;

    struct List {
        roots: Roots,
        links: HashMap<u64, Links>,
        rows: Vec<u64>,
    }

    fn list(length: u64) -> List {
        let mut roots = Roots::default();
        let rows: Vec<u64> = (1..=length).map(|rank| rank * 3).collect();
        let links = rows.iter().map(|row| (*row, roots.append(*row))).collect();
        List { roots, links, rows }
    }

    /// Reads what a search needs, one round at a time; returns rounds and rows.
    fn run(list: &List, mut step: impl FnMut(Known<'_>) -> Vec<u64>) -> (usize, usize) {
        let mut read: HashMap<u64, Links> = HashMap::new();
        for round in 0.. {
            let wanted: BTreeSet<u64> = step(&|seq| read.get(&seq).copied()).into_iter().collect();
            if wanted.is_empty() {
                return (round, read.len());
            }
            for seq in wanted {
                assert!(read.insert(seq, list.links[&seq]).is_none(), "row {seq} is read twice");
            }
        }
        unreachable!()
    }

    fn log2(length: u64) -> usize {
        (64 - length.leading_zeros()) as usize
    }

    #[test]
    fn the_newest_row_at_or_before_a_bound_is_found() {
        for length in [0, 1, 2, 3, 4, 7, 8, 100, 1_000, 5_000] {
            let list = list(length);
            let step = if length < 200 { 1 } else { 13 };
            for bound in (0..length * 3 + 5).step_by(step) {
                let mut find = Find::new(&list.roots, bound);
                let (rounds, _) = run(&list, |known| find.step(known).into_iter().collect());
                let rank = list.rows.partition_point(|row| *row <= bound) as u64;
                let expected = (rank > 0).then(|| Spot { seq: list.rows[rank as usize - 1], rank });
                assert_eq!(find.found(), expected, "{bound} of {length}");
                assert!(rounds <= 2 * log2(length) + 1, "{rounds} rounds to {bound} of {length}");
            }
        }
    }

    fn check(list: &List, low: u64, high: u64) {
        let length = list.rows.len() as u64;
        let mut range = Range::new(&list.roots, low, high);
        let (rounds, rows) = run(list, |known| range.step(known));
        let expected: BTreeMap<u64, u64> =
            (low.max(1)..=high.min(length)).map(|rank| (rank, list.rows[rank as usize - 1])).collect();
        assert_eq!(*range.found(), expected, "{low} to {high} of {length}");
        assert!(rounds <= 2 * log2(length) + 1, "{rounds} rounds from {low} to {high} of {length}");
        let beside = 4 * log2(length) + 2;
        assert!(rows <= expected.len() + beside, "{rows} rows from {low} to {high} of {length}");
    }

    #[test]
    fn any_range_is_read_in_logarithmically_many_rounds() {
        for length in [0, 1, 2, 3, 6, 7, 15, 64, 90] {
            let list = list(length);
            for low in 0..=length + 2 {
                (low..=length + 2).for_each(|high| check(&list, low, high));
            }
        }
        for length in [4_095, 5_000, 6_789] {
            let list = list(length);
            for low in (1..=length).step_by(17) {
                [0, 1, 50, 499].into_iter().for_each(|more| check(&list, low, low + more));
            }
            check(&list, 1, length);
        }
    }
}
