//! ZIP archives: their files are read, bombs and broken ones are refused.

use std::io::{Cursor, Read, Write};

use formats::{Archive, InspectOptions, Summary, inspect, inspect_file};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn seen(bytes: Vec<u8>) -> Summary {
    inspect_file(Cursor::new(bytes), &InspectOptions::default())
}

fn refused(bytes: Vec<u8>) -> &'static str {
    let summary = seen(bytes);
    assert!(summary.refused && summary.files.is_empty());
    summary.mistakes.refusals.first[0].problem.code()
}

#[test]
fn each_file_of_an_archive_is_read() {
    let (camt, statement) = (super::hostile::CAMT.as_bytes(), super::hostile::MT.as_bytes());
    let good = seen(packed(&[("a.xml", camt), ("folder/b.sta", statement), ("__MACOSX/._a.xml", b"x")]));
    let json = serde_json::to_value(&good).unwrap();
    assert_eq!((json["format"].as_str(), json["refused"].as_bool()), (Some("ZIP"), Some(false)));
    assert_eq!(json["bytes"], camt.len() + statement.len());
    assert_eq!(json["files"][1]["name"], "folder/b.sta");
    assert_eq!(json["files"][1]["statements"][0]["entries"], 1);
    let mixed = seen(packed(&[("a.xml", camt), ("inner.zip", b"PK\x03\x04")]));
    assert_eq!(mixed.files.iter().map(|file| file.summary.refused).collect::<Vec<_>>(), [false, true]);
    assert!(mixed.refused && inspect(packed(&[("a.xml", camt)]).as_slice(), &InspectOptions::default()).refused);
}

#[test]
fn what_is_no_archive_is_read_as_it_is() {
    assert!(!seen(super::hostile::MT.as_bytes().to_vec()).refused);
    for (file, code) in
        [(&b""[..], "empty"), (b"PK", "unrecognised"), (b"PK\x03\x04", "cut"), (b"%PDF-1.7", "unrecognised")]
    {
        assert_eq!(refused(file.to_vec()), code, "{file:?}");
    }
    assert_eq!(refused(packed(&[])), "empty");
}

/// Many statements, balances and mistakes are counted and not all listed, over all files together.
#[test]
fn a_summary_of_many_files_stays_short() {
    let statements = super::hostile::MT.repeat(400);
    let broken = super::hostile::MT.replace(":62F:", &(":61:2604310401C1,NMSC\r\n".repeat(200) + ":62F:"));
    let names: Vec<String> = (0..30).map(|number| number.to_string()).collect();
    let contents = [statements.as_bytes(), broken.as_bytes()];
    let files: Vec<_> = names.iter().map(String::as_str).zip(contents.into_iter().cycle()).collect();
    let summary = seen(packed(&files));
    let sum = |of: fn(&Summary) -> u64| summary.files.iter().map(|file| of(&file.summary)).sum::<u64>();
    assert_eq!((sum(|one| one.statements.len() as u64), sum(|one| one.not_listed)), (1_000, 5_015));
    assert_eq!((sum(|one| one.mistakes.lines.first.len() as u64), sum(|one| one.mistakes.lines.total)), (1_000, 3_000));
}

struct Counted<'n>(&'n mut u64);

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        *self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A hundred million blanks, packed once and put in as often as asked.
fn bomb(times: usize) -> Vec<u8> {
    let mut one = ZipArchive::new(Cursor::new(packed(&[("blank", &vec![b' '; 100_000_000])]))).unwrap();
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for number in 0..times {
        zip.raw_copy_file_rename(one.by_index_raw(0).unwrap(), number.to_string()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_bomb_is_refused_at_what_an_archive_may_unpack_to() {
    let bomb = bomb(3);
    assert!(bomb.len() < 1_000_000);
    let mut archive = Archive::open(Cursor::new(bomb)).unwrap();
    let mut unpacked = 0;
    let failed =
        (0..3).find_map(|place| std::io::copy(&mut archive.file(place).unwrap(), &mut Counted(&mut unpacked)).err());
    assert!(failed.unwrap().to_string().starts_with("the archive unpacks to more than") && unpacked <= 256 << 20);
}

#[test]
fn archives_of_too_many_files_or_too_long_names_are_refused() {
    let many: Vec<String> = (0..1_001).map(|number| number.to_string()).collect();
    let files: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    assert_eq!(refused(packed(&files)), "too_many");
    let long: Vec<String> = (0..100).map(|number| format!("{number:060000}")).collect();
    let files: Vec<(&str, &[u8])> = long.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    assert_eq!(refused(packed(&files)), "too_long");
}

#[test]
fn cut_and_changed_archives_are_refused_or_read() {
    let whole = packed(&[("a", &b"abc".repeat(1_000))]);
    assert_eq!(refused(whole[..whole.len() - 30].to_vec()), "cut");
    for end in 0..whole.len() {
        assert!(seen(whole[..end].to_vec()).refused, "{end}");
        let mut changed = whole.clone();
        changed[end] ^= 0x55;
        if let Ok(mut archive) = Archive::open(Cursor::new(changed)) {
            for (place, _) in archive.files() {
                let _ = archive.file(place).map(|mut file| file.read_to_end(&mut Vec::new()));
            }
        }
    }
}
