//! NACHA: every class read and written back letter for letter, and what is refused.

use formats::nacha::{AchFile, AchItem, Entry, Sec, Stage};
use formats::{Kind, Report, detect};

pub(crate) const ROUTING: &str = "091000019";

pub(crate) fn read(file: &[u8]) -> (Vec<AchItem>, Report) {
    let mut ach = AchFile::open(file);
    let items = ach.by_ref().collect();
    (items, ach.into_report())
}

fn codes(report: &Report) -> Vec<&'static str> {
    let all = report.refusals.first.iter().chain(&report.lines.first).chain(&report.warnings.first);
    all.map(|mistake| mistake.problem.code()).collect()
}

pub(crate) fn entries(items: &[AchItem]) -> Vec<&Entry> {
    items.iter().filter_map(|item| if let AchItem::Entry(entry) = item { Some(entry) } else { None }).collect()
}

/// Records filled to 94 characters, a control for each batch and the file, and 9s.
struct Draft {
    lines: Vec<String>,
    hash: u64,
    records: u64,
    debits: u64,
    credits: u64,
    batches: u64,
    all: [u64; 4],
    sec: &'static str,
}

impl Draft {
    fn new() -> Draft {
        let head = format!("101 {ROUTING} 1234567892601300600A094101{:<23}{:<23}REF00001", "FIRST BANK", "ACME CORP");
        Draft { lines: vec![head], hash: 0, records: 0, debits: 0, credits: 0, batches: 0, all: [0; 4], sec: "" }
    }

    fn batch(&mut self, sec: &'static str, class: u16) -> &mut Draft {
        self.sec = sec;
        self.batches += 1;
        let line = match sec {
            "IAT" => format!(
                "5{class}{:<16}FF3{:<15}DE1234567890IATPAYMENT   USDEUR260202   109100001{:07}",
                "", "", self.batches
            ),
            _ => format!(
                "5{class}{:<16}{:<20}1234567890{sec}PAYMENT   260131260202   109100001{:07}",
                "ACME CORP", "", self.batches
            ),
        };
        self.push(line)
    }

    fn push(&mut self, line: String) -> &mut Draft {
        assert_eq!(line.chars().count(), 94, "{line}");
        self.lines.push(line);
        self
    }

    fn entry(&mut self, code: u8, cents: u64, addenda: &[String]) -> &mut Draft {
        let sequence = self.records + 1;
        let indicator = usize::from(!addenda.is_empty());
        let line = match self.sec {
            "IAT" => format!(
                "6{code}{ROUTING}{:04}{:<13}{cents:010}{:<35}{:<4}{indicator}09100001{sequence:07}",
                addenda.len(),
                "",
                "DE89370400440532013000",
                ""
            ),
            "ADV" => format!(
                "6{code}{ROUTING}{:<15}{cents:012}{ROUTING}00001 {:<22}  {indicator}09100001030{:04}",
                "ACCT1", "FIRST BANK", sequence
            ),
            "CTX" | "ENR" | "TRX" | "ATX" => format!(
                "6{code}{ROUTING}{:<17}{cents:010}{:<15}{:04}{:<16}    {indicator}09100001{sequence:07}",
                "ACCT1",
                "ID-1",
                addenda.len(),
                "RECEIVER"
            ),
            _ => format!(
                "6{code}{ROUTING}{:<17}{cents:010}{:<15}{:<22}S {indicator}09100001{sequence:07}",
                "ACCT1", "ID-1", "RECEIVER & SONS"
            ),
        };
        let line = if matches!(self.sec, "CTX" | "ENR" | "TRX" | "ATX") {
            line.replacen("    1", "  S 1", 1).replacen("    0", "  S 0", 1)
        } else {
            line
        };
        self.push(line);
        self.hash += ROUTING[..8].parse::<u64>().unwrap();
        self.records += 1 + addenda.len() as u64;
        let credit = if code > 80 { code % 2 == 1 } else { code % 10 < 5 };
        *if credit { &mut self.credits } else { &mut self.debits } += cents;
        addenda.iter().for_each(|line| {
            self.push(line.clone());
        });
        self
    }

    fn end(&mut self, class: u16) -> &mut Draft {
        let (records, hash, debits, credits) = (self.records, self.hash, self.debits, self.credits);
        let line = match self.sec {
            "ADV" => {
                format!("8{class}{records:06}{hash:010}{debits:020}{credits:020}{:<19}09100001{:07}", "", self.batches)
            }
            _ => format!(
                "8{class}{records:06}{hash:010}{debits:012}{credits:012}1234567890{:<25}09100001{:07}",
                "", self.batches
            ),
        };
        for (all, part) in self.all.iter_mut().zip([records, hash, debits, credits]) {
            *all += part;
        }
        (self.records, self.hash, self.debits, self.credits) = (0, 0, 0, 0);
        self.push(line)
    }

    fn file(&self) -> String {
        let [records, hash, debits, credits] = self.all;
        let blocks = (self.lines.len() as u64 + 1).div_ceil(10);
        let mut lines = self.lines.clone();
        lines.push(match self.sec {
            "ADV" => {
                format!("9{:06}{blocks:06}{records:08}{hash:010}{debits:020}{credits:020}{:<23}", self.batches, "")
            }
            _ => format!("9{:06}{blocks:06}{records:08}{hash:010}{debits:012}{credits:012}{:<39}", self.batches, ""),
        });
        while !lines.len().is_multiple_of(10) {
            lines.push("9".repeat(94));
        }
        lines.join("\n") + "\n"
    }
}

fn payment(text: &str, number: u32, entry: u32) -> String {
    format!("705{text:<80}{number:04}{entry:07}")
}

/// One batch of a class, with addenda as it has them.
pub(crate) fn of_class(sec: Sec) -> String {
    let mut draft = Draft::new();
    let pos = format!("702REF0001   TERM01000001013112345 {:<27}{:<15}NY091000010000001", "MAIN STREET 1", "NEW YORK");
    match sec {
        Sec::Adv => draft.batch("ADV", 280).entry(81, 5_000, &[]).entry(82, 7_000, &[]).end(280),
        Sec::Iat => {
            let addenda: Vec<String> = (10..17).map(|kind| format!("7{kind}{:<84}0000001", "IAT DATA")).collect();
            draft.batch("IAT", 200).entry(22, 5_000, &addenda).end(200)
        }
        Sec::Cor => {
            let change = format!("798C01091000010000001      09100001{:<29}{:<15}091000010000001", "987654321", "");
            draft.batch("COR", 200).entry(21, 0, &[change]).end(200)
        }
        Sec::Mte | Sec::Pos | Sec::Shr => draft.batch(sec.code(), 225).entry(27, 5_000, &[pos]).end(225),
        sec if sec.counts_addenda() => draft
            .batch(sec.code(), 200)
            .entry(22, 5_000, &[payment("ISA*00*", 1, 1), payment("SE*1~", 2, 1)])
            .entry(27, 100, &[])
            .end(200),
        sec => draft
            .batch(sec.code(), 200)
            .entry(22, 5_000, &[payment("RENT JANUARY", 1, 1)])
            .entry(27, 4_200, &[])
            .end(200),
    };
    draft.file()
}

#[test]
fn every_class_is_read_and_written_back_letter_for_letter() {
    for sec in Sec::ALL {
        let file = of_class(*sec);
        let (items, report) = read(file.as_bytes());
        assert_eq!(report, Report::default(), "{}\n{file}", sec.code());
        let mut back = Vec::new();
        items.iter().for_each(|item| item.write(&mut back).unwrap());
        let filled = file.trim_end_matches(['9', '\n']).len();
        assert_eq!(String::from_utf8(back).unwrap().trim_end(), file[..filled].trim_end(), "{}", sec.code());
    }
}

#[test]
fn line_ends_and_trailing_blanks_may_be_missing() {
    let file = of_class(Sec::Ppd);
    assert_eq!(detect(file.as_bytes()).unwrap().kind, Kind::Nacha);
    let expected = read(file.as_bytes()).0;
    let without_lines = |items: Vec<AchItem>| -> Vec<Vec<u8>> {
        items
            .iter()
            .flat_map(|item| item.records().map(|record| record.as_bytes().to_vec()).collect::<Vec<_>>())
            .collect()
    };
    let trimmed = file.lines().map(str::trim_end).collect::<Vec<_>>().join("\r\n");
    let in_one = file.replace('\n', "");
    let unfilled: String =
        file.lines().filter(|line| !line.starts_with("99999")).map(|line| format!("{line}\r")).collect();
    for variant in [trimmed, in_one.clone(), in_one + "\n", unfilled, file.replace('\n', "\r\n")] {
        let (items, report) = read(variant.as_bytes());
        assert_eq!(report.refusals.total + report.lines.total, 0, "{report:?}");
        assert_eq!(without_lines(items), without_lines(expected.clone()));
    }
    let mut latin = file.into_bytes();
    let place = latin.windows(8).position(|part| part == b"RECEIVER").unwrap();
    latin[place] = 0xDC;
    assert_eq!(entries(&read(&latin).0)[0].name(), "ÜECEIVER & SONS");
}

#[test]
fn wrong_totals_counts_and_hashes_refuse_the_file() {
    let file = of_class(Sec::Ppd);
    for (record, place, field) in [
        ('8', 9, "entry and addenda count"),
        ('8', 19, "entry hash"),
        ('8', 31, "total debits"),
        ('8', 43, "total credits"),
        ('9', 6, "batch count"),
        ('9', 20, "entry and addenda count"),
        ('9', 30, "entry hash"),
        ('9', 42, "total debits"),
        ('9', 54, "total credits"),
    ] {
        let changed: Vec<String> = file
            .lines()
            .map(|line| match line.starts_with(record) && !line.starts_with("99999") {
                true => format!("{}7{}", &line[..place], &line[place + 1..]),
                false => line.to_owned(),
            })
            .collect();
        let (_, report) = read((changed.join("\n") + "\n").as_bytes());
        assert_eq!((report.refusals.total, report.refusals.first[0].field), (1, field), "{report:?}");
    }
}

#[test]
fn broken_structure_is_refused_by_name() {
    let file = of_class(Sec::Ppd);
    let lines: Vec<&str> = file.lines().collect();
    let joined = |lines: Vec<&str>| lines.join("\n");
    let without =
        |place: usize| joined(lines.iter().enumerate().filter(|(at, _)| *at != place).map(|(_, line)| *line).collect());
    for (broken, code) in [
        (without(1), "order"),
        (without(5), "order"),
        (joined(lines[..5].to_vec()), "cut"),
        (joined(lines[..6].to_vec()), "cut"),
        (file.replace("094101", "094201"), "value"),
        (file.replace("5200", "5999"), "value"),
        (file.replace("PPD", "QQQ"), "value"),
        (joined(lines.iter().map(|line| if line.starts_with('6') { &line[..90] } else { line }).collect()), "length"),
        (file.replacen("\n6", "\n66", 1), "length"),
        (file.clone() + lines[1], "order"),
    ] {
        let (_, report) = read(broken.as_bytes());
        assert_eq!(codes(&report).first(), Some(&code), "{broken}");
        assert!(report.refusals.total > 0);
    }
}

#[test]
fn wrong_entries_are_left_out_with_record_and_field() {
    let file = of_class(Sec::Ppd);
    for (right, wrong, field) in [
        ("622091000019", "622091000018", "receiving DFI and check digit"),
        ("622091000019", "620091000019", "transaction code"),
        ("0000005000ID-1", "00000X5000ID-1", "amount"),
        ("ACCT1", "     ", "DFI account number"),
        ("622091000019", "623091000019", "amount"),
        ("S 10910000", "S 00910000", "addenda record indicator"),
        ("S 10910000", "S 90910000", "addenda record indicator"),
        (" 00010000001", " 00020000001", "addenda sequence number"),
    ] {
        let (items, report) = read(file.replacen(right, wrong, 1).as_bytes());
        assert_eq!(
            report.lines.first.first().map(|mistake| (mistake.field, mistake.line)),
            Some((field, 3)),
            "{report:?}"
        );
        assert_eq!(entries(&items).len(), 1);
        assert!(report.is_refused(false), "{field}");
    }
    let debits_only = file.replace("5200", "5225").replace("8200", "8225");
    assert_eq!(read(debits_only.as_bytes()).1.lines.first[0].field, "transaction code");
}

#[test]
fn returns_and_changes_are_understood_at_every_stage() {
    let returned = |code: &str, rest: &str| {
        let addenda = format!("799{code}091000010000007{rest}091000010000001");
        let mut draft = Draft::new();
        draft.batch("PPD", 200).entry(26, 5_000, &[addenda]).end(200);
        let (items, report) = read(draft.file().as_bytes());
        assert_eq!(report, Report::default());
        entries(&items)[0].returned().unwrap()
    };
    let plain = returned("R03", &format!("      09100001{:<44}", "NO ACCOUNT"));
    assert_eq!(
        (plain.stage, plain.original.trace.as_str(), plain.info.as_str()),
        (Stage::Return, "091000010000007", "NO ACCOUNT")
    );
    let dishonored = returned("R69", &format!("      09100001   09100001000000803303{:<21}", "MISROUTED"));
    assert_eq!((dishonored.stage, dishonored.return_trace.as_deref()), (Stage::Dishonored, Some("091000010000008")));
    assert_eq!((dishonored.return_reason.as_deref(), dishonored.info.as_str()), (Some("R03"), "MISROUTED"));
    let contested = returned("R71", "260130091000010300910000100000080330309100001000000903469 ");
    assert_eq!((contested.stage, contested.return_reason.as_deref()), (Stage::Contested, Some("R03")));
    let (items, _) = read(of_class(Sec::Cor).as_bytes());
    let change = entries(&items)[0].change().unwrap();
    assert_eq!((change.code.as_str(), change.corrected.as_str(), change.refused), ("C01", "987654321", None));
}
