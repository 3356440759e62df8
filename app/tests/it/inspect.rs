//! `florin inspect` on files of our own making: what it prints, and when it refuses.

use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::common::florin;

const STATEMENT: &str = "{1:F01BANKDEFFAXXX0000000000}{2:O9401200260131BANKDEFFAXXX00000000002601311200N}{4:\r\n:20:S\r\n:25:4711\r\n\
    :28C:1/1\r\n:60F:C260130EUR1,00\r\n:61:2601310131CR5,00NTRFREF//BANK\r\n:86:Rent\r\n:61:2601310131DR2,00NCHGFEE\r\n\
    :62F:C260131EUR4,00\r\n-}\r\n";

fn inspect(words: &[&str], file: &[u8]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), file).unwrap();
    florin(dir.path()).arg("inspect").args(words).output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

#[test]
fn a_statement_is_summed_by_account() {
    let output = inspect(&["file"], STATEMENT.as_bytes());
    assert_eq!((output.status.code(), said(&output).as_str()), (Some(0), ""));
    let summary = json(&output);
    assert_eq!((summary["format"].as_str(), summary["refused"].as_bool()), (Some("MT940"), Some(false)));
    let statement = &summary["statements"][0];
    assert_eq!((statement["account"]["number"].as_str(), statement["entries"].as_u64()), (Some("4711"), Some(2)));
    assert_eq!(
        (&statement["sums"]["credits"]["minor"], &statement["sums"]["debits"]["minor"]),
        (&500.into(), &(-200).into())
    );
    let balances: Vec<_> = statement["balances"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["kind"].as_str(), one["amount"]["amount"].as_str()))
        .collect();
    assert_eq!(balances, [(Some("opening_booked"), Some("1.00")), (Some("closing_booked"), Some("4.00"))]);
    assert_eq!(statement["adds_up"], true);
}

#[test]
fn a_statement_that_does_not_add_up_warns() {
    let output = inspect(&["file"], STATEMENT.replace("EUR4,00", "EUR4,50").as_bytes());
    let summary = json(&output);
    assert_eq!((output.status.code(), &summary["statements"][0]["adds_up"]), (Some(0), &Value::Bool(false)));
    assert_eq!(summary["mistakes"]["warnings"]["first"][0]["code"], "does_not_add_up");
}

/// 31 April.
#[test]
fn unreadable_entries_refuse_unless_lenient() {
    let file = STATEMENT.replace(":62F:", ":61:2604310401C1,NMSC\r\n:62F:");
    let strict = inspect(&["file"], file.as_bytes());
    assert_eq!(strict.status.code(), Some(1));
    assert_eq!(said(&strict), "florin: file would be refused: line 9: :61:: value date: \"260431\" is not a date");
    assert_eq!(json(&strict)["mistakes"]["lines"]["total"], 1);
    let lenient = inspect(&["file", "--lenient"], file.as_bytes());
    assert_eq!((lenient.status.code(), &json(&lenient)["statements"][0]["entries"]), (Some(0), &2.into()));
}

#[test]
fn what_is_no_bank_file_is_refused_by_name() {
    for (file, code, words) in [
        (&b""[..], "empty", "the file is empty"),
        (b"%PDF-1.7 ...", "unrecognised", "expected a payment or statement file, found a PDF document"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "dtd", "document type declarations are refused"),
        (b"\xFF\xFE<\0?\0x\0", "character_set", "expected UTF-8 text, found other bytes"),
        (b"PK\x03\x04....", "cut", "the file ends in the middle of an archive"),
    ] {
        let output = inspect(&["file"], file);
        assert_eq!(output.status.code(), Some(1), "{words}");
        assert_eq!(json(&output)["mistakes"]["refusals"]["first"][0]["code"], code);
        assert_eq!(said(&output), format!("florin: file would be refused: {words}"));
    }
}

#[test]
fn a_file_that_is_not_there_cannot_be_inspected() {
    for (name, words) in
        [("none", "none cannot be read: No such file or directory (os error 2)"), (".", ". is a directory")]
    {
        let output = inspect(&[name], b"");
        assert_eq!((output.status.code(), said(&output)), (Some(2), format!("florin: {words}")));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn standard_input_is_read_as_a_stream() {
    let mut command = florin(Path::new("."));
    let mut child = command.args(["inspect", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(STATEMENT.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), &json(&output)["bytes"]), (Some(0), &STATEMENT.len().into()));
}
