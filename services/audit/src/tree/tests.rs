use proptest::prelude::*;

use super::*;

/// The leaves of the test vectors of Certificate Transparency, and the roots of the trees of 1 to 8 of them.
const LEAVES: [&[u8]; 8] = [
    &[],
    &[0x00],
    &[0x10],
    &[0x20, 0x21],
    &[0x30, 0x31],
    &[0x40, 0x41, 0x42, 0x43],
    &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
    &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
];
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn leaf(index: u64) -> Hash {
    leaf_hash(&index.to_be_bytes())
}

/// The definition of RFC 6962, word by word.
fn root_by_definition(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [one] => *one,
        _ => {
            let mut half = 1;
            while half * 2 < leaves.len() {
                half *= 2;
            }
            node_hash(&root_by_definition(&leaves[..half]), &root_by_definition(&leaves[half..]))
        }
    }
}

/// A tree of this size, as its tiles.
fn grown(size: u64, batch: u64) -> (Tail, Tiles) {
    let mut tiles = Tiles::default();
    let mut tail = Tail::default();
    while tail.size() < size {
        for _ in 0..batch.min(size - tail.size()) {
            tail.push(leaf(tail.size()));
        }
        tiles.0.extend(tail.changed());
        tail = Tail::of(tail.size(), &tiles).unwrap();
    }
    (tail, tiles)
}

fn hashes(tiles: &Tiles, ranges: &[Range]) -> Vec<Hash> {
    ranges.iter().map(|range| tiles.hash(*range).unwrap()).collect()
}

#[test]
fn roots_are_those_of_certificate_transparency() {
    assert_eq!(hex(&empty_root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    let mut tail = Tail::default();
    for (leaf, root) in LEAVES.iter().zip(ROOTS) {
        tail.push(leaf_hash(leaf));
        assert_eq!(hex(&tail.root()), root);
    }
}

#[test]
fn tiles_have_the_names_of_tlog_tiles() {
    let at = |level, number| TileAt { level, number };
    assert_eq!(at(0, 0).path(256), "tile/0/000");
    assert_eq!(at(1, 5).path(1), "tile/1/005.p/1");
    assert_eq!(at(0, 1_234_067).path(256), "tile/0/x001/x234/067");
    assert_eq!(at(0, 1_000).entries_path(7), "tile/entries/x001/000.p/7");
}

#[test]
fn a_path_is_read_as_it_is_written_and_no_other() {
    let at = |level, number| TileAt { level, number };
    for (path, expected) in [
        ("0/000", Some((Part::Hashes(at(0, 0)), 256))),
        ("1/x001/234.p/7", Some((Part::Hashes(at(1, 1_234)), 7))),
        ("entries/x001/x234/067", Some((Part::Entries(at(0, 1_234_067)), 256))),
        ("0/0", None),
        ("0/001/234", None),
        ("0/000.p/256", None),
        ("0/000.p/0", None),
        ("9/000", None),
        ("entries/../0", None),
        ("", None),
    ] {
        assert_eq!(parsed(path), expected, "{path}");
    }
}

#[test]
fn a_tree_of_256_has_a_full_tile_and_one_above() {
    let (tail, tiles) = grown(256, 256);
    let widths: Vec<_> = tiles.0.iter().map(|(at, hashes)| (at.level, at.number, hashes.len())).collect();
    assert_eq!(widths, [(0, 0, 256), (1, 0, 1)]);
    assert_eq!(tiles.0[&TileAt { level: 1, number: 0 }], [tail.root()]);
}

#[test]
fn a_large_tree_has_three_levels_of_tiles() {
    let (tail, tiles) = grown(66_000, 997);
    let leaves: Vec<Hash> = (0..66_000).map(leaf).collect();
    assert_eq!(tail.root(), root_by_definition(&leaves));
    assert_eq!(levels_of(66_000).count(), 3);
    let proof = hashes(&tiles, &inclusion(65_999, 66_000));
    assert_eq!(leads_to(&leaf(65_999), 65_999, 66_000, &proof), Some(tail.root()));
}

proptest! {
    #[test]
    fn every_root_is_that_of_the_definition(size in 0..700_u64, batch in 1..300_u64) {
        let (tail, tiles) = grown(size, batch);
        let leaves: Vec<Hash> = (0..size).map(leaf).collect();
        prop_assert_eq!(tail.root(), root_by_definition(&leaves));
        prop_assert_eq!(tiles.hash(Range::whole(size)).unwrap(), root_by_definition(&leaves));
    }

    #[test]
    fn an_inclusion_is_proven_by_its_own_leaf_alone(size in 1..700_u64, at in 0..700_u64, other in 0..700_u64) {
        let (index, other) = (at % size, other % size);
        let (tail, tiles) = grown(size, 128);
        let proof = hashes(&tiles, &inclusion(index, size));
        prop_assert_eq!(leads_to(&leaf(index), index, size, &proof), Some(tail.root()));
        if other != index {
            prop_assert_ne!(leads_to(&leaf(other), index, size, &proof), Some(tail.root()));
            prop_assert_ne!(leads_to(&leaf(index), other, size, &proof), Some(tail.root()));
        }
        let longer = [proof.clone(), vec![leaf(0)]].concat();
        prop_assert_ne!(leads_to(&leaf(index), index, size, &longer), Some(tail.root()));
        if let Some((_, shorter)) = proof.split_first() {
            prop_assert_ne!(leads_to(&leaf(index), index, size, shorter), Some(tail.root()));
        }
    }

    #[test]
    fn a_tree_is_consistent_with_its_beginnings_alone(new in 1..700_u64, at in 0..700_u64) {
        let old = at % new + 1;
        let (tail, tiles) = grown(new, 128);
        let root = tiles.hash(Range::whole(old)).unwrap();
        let proof = hashes(&tiles, &consistency(old, new));
        prop_assert!(stays_true((old, &root), (new, &tail.root()), &proof));
        prop_assert!(!stays_true((old, &leaf(9_999)), (new, &tail.root()), &proof));
        if old > 1 {
            prop_assert!(!stays_true((old - 1, &root), (new, &tail.root()), &proof));
        }
    }
}
