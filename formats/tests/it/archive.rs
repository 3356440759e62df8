//! ZIP archives: their files are read, bombs and broken ones are refused.

use std::io::{Cursor, Read, Write};

use formats::{Archive, InspectOptions, inspect, inspect_archive};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn refused(bytes: Vec<u8>) -> &'static str {
    inspect_archive(Cursor::new(bytes), &InspectOptions::default()).unwrap_err().code()
}

#[test]
fn each_file_of_an_archive_is_read() {
    let files: [(&str, &[u8]); 4] = [
        ("a.xml", super::hostile::CAMT.as_bytes()),
        ("b.sta", super::hostile::MT.as_bytes()),
        ("__MACOSX/._a.xml", b"x"),
        ("inner.zip", b"PK\x03\x04"),
    ];
    let seen = inspect_archive(Cursor::new(packed(&files)), &InspectOptions::default()).unwrap();
    let seen: Vec<_> = seen.iter().map(|(name, summary)| (name.as_str(), summary.refused)).collect();
    assert_eq!(seen, [("a.xml", false), ("b.sta", false), ("inner.zip", true)]);
    assert!(inspect(packed(&files).as_slice(), &InspectOptions::default()).refused);
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

#[test]
fn bombs_and_broken_archives_are_refused() {
    let bomb =
        packed(&[("a", &vec![b' '; 100_000_000]), ("b", &vec![b' '; 100_000_000]), ("c", &vec![b' '; 100_000_000])]);
    assert!(bomb.len() < 1_000_000);
    let mut archive = Archive::open(Cursor::new(bomb)).unwrap();
    let mut unpacked = 0;
    let failed =
        (0..3).find_map(|place| std::io::copy(&mut archive.file(place).unwrap(), &mut Counted(&mut unpacked)).err());
    assert!(failed.unwrap().to_string().starts_with("the archive unpacks to more than") && unpacked <= 256 << 20);
    let many: Vec<String> = (0..1_001).map(|number| number.to_string()).collect();
    let files: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    assert_eq!(refused(packed(&files)), "too_many");
    let whole = packed(&[("a", &b"abc".repeat(1_000))]);
    assert_eq!(refused(whole[..whole.len() - 30].to_vec()), "cut");
    for end in 0..whole.len() {
        assert!(inspect_archive(Cursor::new(&whole[..end]), &InspectOptions::default()).is_err(), "{end}");
        let mut changed = whole.clone();
        changed[end] ^= 0x55;
        if let Ok(mut archive) = Archive::open(Cursor::new(changed)) {
            for (place, _) in archive.files() {
                let _ = archive.file(place).map(|mut file| file.read_to_end(&mut Vec::new()));
            }
        }
    }
}
