//! Input that is broken, cut, huge or made to do harm: every file is answered, by name, within time and memory.

use std::io::Read;

use formats::nacha::Sec;
use formats::{InspectOptions, Kind, Options, Statements, detect, inspect};

use super::{read, read_with};

pub(crate) const CAMT: &str = "<?xml version=\"1.0\"?><Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt>\
    <GrpHdr><MsgId>M</MsgId></GrpHdr><Stmt><Id>S</Id><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>\
    <Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-01-31</Dt></Dt></Bal>\
    <Ntry><Amt Ccy=\"EUR\">5.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-01-31</Dt></BookgDt><NtryDtls><TxDtls>\
    <Refs><EndToEndId>E&amp;1</EndToEndId></Refs><RmtInf><Ustrd><![CDATA[a<b]]></Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\
    </Stmt></BkToCstmrStmt></Document>";

pub(crate) const MT: &str = "{1:F01BANKDEFFAXXX0000000000}{2:O9401200260131BANKDEFFAXXX00000000002601311200N}{4:\r\n:20:S\r\n:25:4711\r\n:28C:1/1\r\n\
    :60F:C260130EUR1,00\r\n:61:2601310131CR5,00NTRFREF//BANK\r\n:86:166?00Credit?20EREF+E-1?21SVWZ+Text?32Bob\r\n:62F:C260131EUR6,00\r\n-}\r\n";

pub(crate) const CSV: &str = "Date;Text;Amount;Currency;Balance\r\n2026-01-31;\"Rent; \"\"January\"\"\";-5,00;EUR;10,00\r\n2026-01-30;Pay;15,00;EUR;15,00\r\n";

pub(crate) const BAI: &str = "01,BANK,ACME,260131,0600,1,,,2/\r\n02,ACME,021000021,1,260130,2400,USD,2/\r\n03,4711,USD,010,100,,,015,600,,/\r\n\
    16,165,500,V,260131,,BR,CR,Deposit, 5/7/\r\n88,second line/\r\n49,1200,4/\r\n98,1200,1,6/\r\n99,1200,1,8/\r\n";

pub(crate) const OFX: &str = "OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\n\r\n<OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS></SONRS></SIGNONMSGSRSV1>\r\n\
    <BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>USD<BANKACCTFROM><BANKID>021000021<ACCTID>4711<ACCTTYPE>CHECKING</BANKACCTFROM>\r\n\
    <BANKTRANLIST><STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260131120000[-5:EST]<TRNAMT>-5.00<FITID>F-1<NAME>Bob & Sons\r\n<MEMO>Rent</STMTTRN></BANKTRANLIST>\r\n\
    <LEDGERBAL><BALAMT>10.00<DTASOF>20260131</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\r\n";

pub(crate) const SAMPLES: &[&str] = &[CAMT, MT, CSV, BAI, OFX];

#[test]
fn files_are_known_by_content() {
    for (file, kind) in
        [(CAMT, Kind::Camt053), (MT, Kind::Mt940), (CSV, Kind::Csv), (BAI, Kind::Bai2), (OFX, Kind::Ofx)]
    {
        assert_eq!(detect(file.as_bytes()).unwrap().kind, kind);
    }
    assert_eq!(detect(CAMT.as_bytes()).unwrap().to_string(), "camt.053.001.08");
    for (file, code) in [
        (&b""[..], "empty"),
        (b" \r\n\t ", "empty"),
        (b"\xEF\xBB\xBF", "empty"),
        (b"%PDF-1.7 ...", "unrecognised"),
        (b"PK\x03\x04....", "unrecognised"),
        (b"\x1F\x8B\x08....", "unrecognised"),
        (b"\xFF\xFE<\0?\0x\0", "character_set"),
        (b"\0<\0?\0x\0m", "character_set"),
        (b"Date;Amount\0;", "nul"),
        (b"hello", "unrecognised"),
        (b"<html><body>x</body></html>", "unrecognised"),
        (b"<?xml version='1.0' encoding='klingon'?><Document/>", "character_set"),
        (b"<!DOCTYPE Document [<!ENTITY a 'b'>]><Document/>", "dtd"),
    ] {
        assert_eq!(detect(file).unwrap_err().code(), code, "{}", String::from_utf8_lossy(file));
        assert_eq!(read_with(file, &Options::default()).codes(), [code]);
    }
}

#[test]
fn what_is_not_well_formed_or_cannot_be_read_is_refused() {
    assert_eq!(read(&CAMT.replace("</Ntry>", "</Bal>")).codes(), ["syntax"]);
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is gone"))
        }
    }
    let mut statements = Statements::open(CAMT.as_bytes()[..300].chain(Failing), &Options::default());
    assert_eq!(statements.by_ref().count(), 0);
    assert_eq!(
        statements.report().refusals.first[0].to_string(),
        "line 1: the file could not be read: the disk is gone"
    );
}

#[test]
fn a_dtd_or_an_own_entity_is_refused_wherever_it_stands() {
    let late = CAMT.replace("<Stmt>", "<!DOCTYPE x [<!ENTITY a \"b\">]><Stmt>");
    assert_eq!(read(&late).codes(), ["dtd"]);
    let laughs = CAMT.replace("E&amp;1", "&lol;");
    assert_eq!(read(&laughs).codes(), ["entity"]);
    assert_eq!(read(&CAMT.replace("E&amp;1", "&#0;")).codes(), ["entity"]);
    assert_eq!(read(&CAMT.replace("E&amp;1", "a\0b")).codes(), ["nul"]);
}

#[test]
fn a_million_nested_elements_are_refused_at_the_depth_allowed() {
    let nested = "<a>".repeat(1_000_000);
    assert_eq!(read(&nested).codes(), ["depth"]);
    assert_eq!(read(&CAMT.replace("<Ntry>", &format!("<Ntry>{nested}"))).codes()[0], "depth");
    assert_eq!(read(&CAMT.replace("<Stmt>", &"<Stmt>".repeat(1_000_000))).codes()[0], "depth");
    assert_eq!(read(&CAMT.replace("<Refs>", &"<Refs/>".repeat(1_000_000))).codes()[0], "too_many");
}

#[test]
fn gigantic_fields_are_refused() {
    let long = "x".repeat(3_000_000);
    assert_eq!(read(&CAMT.replace("E&amp;1", &long)).codes(), ["too_long"]);
    assert_eq!(read(&CAMT.replace("<Refs>", &format!("<Refs a=\"{long}\">"))).codes(), ["too_long"]);
    let many = "<Ustrd>x</Ustrd>".repeat(15_000) + &format!("<Ustrd>{}</Ustrd>", "x".repeat(200_000)).repeat(6);
    assert_eq!(read(&CAMT.replace("<RmtInf>", &format!("<RmtInf>{many}"))).codes(), ["too_long"]);
    assert_eq!(read(&MT.replace("Text", &long)).codes(), ["too_long"]);
    assert_eq!(read(&MT.replace("Text", &format!("{}\n", "x".repeat(1_000)).repeat(1_000))).codes(), ["too_long"]);
}

#[test]
fn a_file_beyond_the_limit_is_refused_and_never_held() {
    let line = format!("{}\n", " ".repeat(100_000)).into_bytes();
    let file = MT.as_bytes().chain(Endless { line, place: 0 });
    let mut statements = Statements::open(file, &Options::default());
    let _ = statements.by_ref().count();
    assert_eq!(statements.report().refusals.first[0].problem.code(), "file_too_large");
}

/// The same line again and again.
struct Endless {
    line: Vec<u8>,
    place: usize,
}

impl Read for Endless {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let rest = &self.line[self.place..];
        let count = rest.len().min(out.len());
        out[..count].copy_from_slice(&rest[..count]);
        self.place = (self.place + count) % self.line.len();
        Ok(count)
    }
}

#[test]
fn each_proper_cut_of_a_file_is_refused_or_told_short() {
    for sample in SAMPLES {
        for end in 0..sample.len() {
            if let Some(cut) = sample.get(..end) {
                let read = read(cut);
                let whole = read.ends().len() == 1 && read.report.refusals.total == 0;
                let allowed = *sample == CSV || end + 4 >= sample.len();
                assert!(!whole || allowed, "{end}: {cut}");
            }
        }
    }
}

#[test]
fn line_ends_do_not_matter() {
    for sample in [MT, CSV, BAI, OFX] {
        let expected = read(sample).amounts();
        assert!(!expected.is_empty());
        for end in ["\n", "\r", "\r\n", "\r\n\r\n"] {
            assert_eq!(read(&sample.replace("\r\n", end)).amounts(), expected, "{end:?}");
        }
        assert_eq!(read(&format!("\u{feff}{sample}")).amounts(), expected);
    }
}

#[test]
fn one_byte_at_a_time_reads_the_same() {
    struct Slow<'a>(&'a [u8]);
    impl Read for Slow<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let count = usize::from(!out.is_empty());
            self.0.read(out.get_mut(..count).unwrap())
        }
    }
    for sample in SAMPLES {
        let items: Vec<_> = Statements::open(Slow(sample.as_bytes()), &Options::default()).collect();
        assert_eq!(items, read(sample).items);
    }
}

/// One file of every kind that is read.
pub(crate) fn all_samples() -> Vec<Vec<u8>> {
    let pain =
        super::payment::transfer("2", "85.00", &[super::payment::order("75"), super::payment::order("10")].concat());
    let ach = [Sec::Ppd, Sec::Ctx, Sec::Iat, Sec::Adv, Sec::Cor].map(super::nacha::of_class);
    let status = super::follow_up::STATUS.to_owned();
    let rest = [pain, status].into_iter().chain(ach).map(String::into_bytes);
    SAMPLES.iter().map(|sample| sample.as_bytes().to_vec()).chain(rest).collect()
}

#[test]
fn each_proper_cut_of_a_payment_file_is_refused() {
    let samples = all_samples();
    for sample in samples.iter().skip(SAMPLES.len()) {
        assert!(!inspect(sample.as_slice(), &InspectOptions::default()).refused, "{}", String::from_utf8_lossy(sample));
        let filling = sample.windows(6).position(|part| part == b"\n99999").unwrap_or(sample.len());
        let body = sample[..filling].trim_ascii_end();
        for end in (0..body.len()).filter(|end| end % 3 == 0 || end + 200 > body.len()) {
            let cut = &sample[..end];
            assert!(inspect(cut, &InspectOptions::default()).refused, "{}", String::from_utf8_lossy(cut));
        }
    }
}

#[test]
fn a_summary_says_what_a_file_is_as_json() {
    let seen: Vec<String> = all_samples()
        .iter()
        .map(|sample| {
            let json = serde_json::to_value(inspect(sample.as_slice(), &InspectOptions::default())).unwrap();
            assert_eq!(json["bytes"], sample.len(), "{json}");
            format!("{} {}", json["format"].as_str().unwrap(), json["refused"])
        })
        .collect();
    let expected =
        ["camt.053.001.08", "MT940", "CSV", "BAI2", "OFX 102", "pain.001.001.09", "pain.002.001.10", "NACHA"];
    assert_eq!(seen[..8], expected.map(|name| format!("{name} false")));
    let pdf = inspect(&b"%PDF-1.7"[..], &InspectOptions::default());
    assert_eq!((pdf.refused, pdf.format, pdf.mistakes.refusals.first[0].problem.code()), (true, None, "unrecognised"));
    let statement = serde_json::to_value(inspect(MT.as_bytes(), &InspectOptions::default())).unwrap();
    assert_eq!(statement["statements"][0]["adds_up"], true);
    assert_eq!(statement["statements"][0]["sums"]["credits"]["count"], 1);
    assert_eq!(statement["statements"][0]["balances"][0]["amount"]["amount"], "1.00");
}
