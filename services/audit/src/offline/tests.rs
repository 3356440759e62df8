use crate::bundle;
use crate::note::{Checkpoint, SigningKey};
use crate::tree::{Hash, Range, Tail, Tiles, inclusion, leads_to, leaf_hash};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const NAME: &str = "example.com/log";
const ENTRIES: [&[u8]; 3] = [b"one", b"two", b"three"];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As the page shows them.
fn vectors() -> String {
    let leaves: Vec<Hash> = ENTRIES.iter().map(|entry| leaf_hash(entry)).collect();
    let mut tail = Tail::default();
    leaves.iter().for_each(|leaf| tail.push(*leaf));
    let tiles = Tiles(tail.changed().into_iter().collect());
    let key = SigningKey::of(NAME, &[1; 32]).unwrap();
    let public = key.verifying.text();
    let checkpoint = Checkpoint { origin: NAME.to_owned(), size: 3, root: tail.root() };
    let note = checkpoint.signed(&[key]);
    let proof: Vec<Hash> = inclusion(1, 3).into_iter().map(|range| tiles.hash(range).unwrap()).collect();
    assert_eq!(leads_to(&leaves[1], 1, 3, &proof), tiles.hash(Range::whole(3)));
    let lines: String = proof.iter().map(|hash| STANDARD.encode(hash) + "\n").collect();
    let bundle = bundle::write(&ENTRIES.map(|entry| Some(entry.to_vec())));
    let mut text = format!("key  {public}\n\n");
    for (index, leaf) in leaves.iter().enumerate() {
        text += &format!("leaf {index}  {}\n", hex(leaf));
    }
    text += &format!("\ntile/entries/000.p/3  {}\n\ncheckpoint\n{note}", hex(&bundle));
    text + &format!("\nproof of entry 1\nc2sp.org/tlog-proof@v1\nindex 1\n{lines}\n{note}")
}

#[test]
fn the_page_of_the_format_has_the_vectors_of_the_code() {
    let page = include_str!("../../../../docs/audit-format.md");
    let vectors = vectors();
    assert!(page.contains(&format!("```\n{vectors}```")), "docs/audit-format.md lacks these vectors:\n{vectors}");
}
