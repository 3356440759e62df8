//! Scheduled transactions recomputed from the rows alone: each ends at most once, not before it is due, never ahead of
//! an earlier one, and nothing that is due is left waiting.

use std::collections::BTreeMap;

use super::book::Book;
use crate::format::Row;
use crate::schedule::Stage;

/// Panics with the invariant that is violated.
pub(super) fn check(book: &Book) {
    // Due time and row of the waiting ones, with the id.
    let mut waiting: BTreeMap<(i64, u64), u128> = BTreeMap::new();
    let mut ended: BTreeMap<u64, (Stage, u64)> = BTreeMap::new();
    for (seq, row) in book.all_rows() {
        let at = book.rows.get(seq as usize - 1).map_or(book.now, |stored| stored.at);
        let due = |id: u128, waiting: &BTreeMap<(i64, u64), u128>| {
            let (key, first) = waiting.first_key_value().unwrap_or_else(|| panic!("row {seq} ends what does not wait"));
            assert_eq!(*first, id, "row {seq}: another one was due before");
            assert!(key.0 <= at, "row {seq} comes before its time");
            *key
        };
        match row {
            Row::Scheduled(row) => {
                assert!(row.due_at > at, "row {seq} was due when it was scheduled");
                waiting.insert((row.due_at, seq), row.id);
            }
            Row::Cancelled(row) => {
                let key = waiting.iter().find(|(_, id)| **id == row.target).map(|(key, _)| *key).unwrap();
                waiting.remove(&key);
                assert_eq!(key.1, row.scheduled, "row {seq}");
                ended.insert(key.1, (Stage::Cancelled, seq));
            }
            Row::Failed(row) => {
                assert!(!row.refusal.contains("internal"), "row {seq}: {}", row.refusal);
                let key = due(row.id, &waiting);
                waiting.remove(&key);
                ended.insert(key.1, (Stage::Failed, seq));
            }
            Row::Leg(leg) => {
                let Some(head) = leg.head.as_ref().filter(|head| head.target == Some(head.id)) else { continue };
                let key = due(head.id, &waiting);
                waiting.remove(&key);
                assert_eq!(head.effective_at, Some(key.0), "row {seq}");
                ended.insert(key.1, (Stage::CarriedOut, seq));
            }
            Row::Asset(_) | Row::Account(_) | Row::Refusal(_) => {}
        }
    }
    assert!(waiting.keys().all(|(due_at, _)| *due_at > book.now), "something that is due still waits");
    let kept = &book.state.group.scheduled;
    assert_eq!(kept.len(), waiting.len() + ended.len());
    for (due_at, seq) in waiting.keys() {
        assert_eq!((kept[seq].stage, kept[seq].outcome, kept[seq].due_at), (Stage::Waits, 0, *due_at));
    }
    for (seq, (stage, outcome)) in ended {
        assert_eq!((kept[&seq].stage, kept[&seq].outcome), (stage, outcome), "row {seq}");
    }
}
