use std::collections::{HashMap, HashSet};

use strum::VariantArray;

use super::*;

fn plan(seed: u64) -> Plan {
    Plan { days: 20, seed, customers: 1_500, start: "2026-01-05T00:00:00Z".parse().unwrap() }
}

#[test]
fn one_seed_makes_the_same_rows_again() {
    let rows = |seed| Traffic::new(Plan { days: 2, ..plan(seed) }).collect::<Vec<_>>();
    assert_eq!(rows(7), rows(7));
    assert_ne!(rows(7), rows(8));
}

#[test]
fn rows_are_in_order_and_their_ids_are_their_own() {
    let rows: Vec<_> = Traffic::new(Plan { days: 3, ..plan(1) }).collect();
    assert!(rows.is_sorted_by_key(|swipe| swipe.row.subject.at.micros() / 1_000_000));
    let ids: HashSet<_> = rows.iter().map(|swipe| swipe.row.subject.id.clone()).collect();
    assert_eq!(ids.len(), rows.len());
}

#[test]
fn fraud_is_rare_of_every_kind_and_partly_like_its_owner() {
    let mut kinds: HashMap<FraudKind, u32> = HashMap::new();
    let mut rows = 0;
    for seed in [11, 12, 13] {
        for swipe in Traffic::new(plan(seed)) {
            rows += 1;
            if let Some(kind) = swipe.fraud {
                *kinds.entry(kind).or_default() += 1;
            }
        }
    }
    let fraud: u32 = kinds.values().sum();
    let share = f64::from(fraud) / f64::from(rows);
    assert!((0.002..0.01).contains(&share), "{share} {kinds:?}");
    assert!(FraudKind::VARIANTS.iter().all(|kind| kinds.contains_key(kind)), "{kinds:?}");
    let like_owner = f64::from(kinds[&FraudKind::Friendly]) / f64::from(fraud);
    assert!((0.15..0.25).contains(&like_owner), "{like_owner} {kinds:?}");
}

#[test]
fn labels_come_late_and_some_never() {
    let rows: Vec<_> = Traffic::new(plan(3)).collect();
    let fraud: Vec<_> = rows.iter().filter(|swipe| swipe.fraud.is_some()).collect();
    let unlabelled = fraud.iter().filter(|swipe| swipe.row.label.is_none()).count() as f64 / fraud.len() as f64;
    assert!((0.02..0.2).contains(&unlabelled), "{unlabelled}");
    for swipe in &rows {
        if let Some(label) = swipe.row.label {
            assert!(label.at > swipe.row.subject.at);
            assert_eq!(label.verdict == Verdict::Fraud, swipe.fraud.is_some());
        }
    }
}

#[test]
fn rows_are_written_as_they_are_imported() {
    use crate::import::{Form, Reader, write_header, write_row};
    for form in [Form::Csv, Form::Json] {
        let mut text = Vec::new();
        write_header(form, &mut text).unwrap();
        let rows: Vec<_> = Traffic::new(Plan { days: 1, customers: 200, ..plan(5) }).collect();
        rows.iter().for_each(|swipe| write_row(form, &swipe.row, &mut text).unwrap());
        let mut reader = Reader::new(text.as_slice());
        for swipe in &rows {
            let read = reader.next_row().unwrap().unwrap();
            assert_eq!((read.subject.id, read.label), (swipe.row.subject.id.clone(), swipe.row.label));
        }
        assert!(reader.next_row().unwrap().is_none());
    }
}
