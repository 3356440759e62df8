//! Parts that messages have in common, in the order of their schemas.

use std::io::Write;

use super::Letters;
use crate::letters;
use crate::mistake::Problem;
use crate::payment::{Address, BusinessHeader, ControlSum, Mandate, PaymentKind, Settlement, Side, Tally};
use crate::statement::{WriteError, unwritable};
use crate::xml::Out;

pub(crate) struct Role {
    pub(crate) party: &'static str,
    pub(crate) account: &'static str,
    pub(crate) agent: &'static str,
    pub(crate) ultimate: &'static str,
}

pub(crate) const DEBTOR: Role = Role { party: "Dbtr", account: "DbtrAcct", agent: "DbtrAgt", ultimate: "UltmtDbtr" };
pub(crate) const CREDITOR: Role = Role { party: "Cdtr", account: "CdtrAcct", agent: "CdtrAgt", ultimate: "UltmtCdtr" };

/// A document, within ISO's envelope beside its header where it has one.
pub(crate) fn document<W: Write>(
    out: W,
    version: &'static str,
    header: Option<&BusinessHeader>,
) -> Result<Out<W>, WriteError> {
    let Some(header) = header else { return Ok(Out::document(out, version)?) };
    let mut out = Out::bare(out)?;
    out.open_in("BizMsgEnvlp", "nvlp.001.001.01")?;
    out.open("Hdr")?;
    out.open_in("AppHdr", "head.001.001.02")?;
    for (name, side) in [("Fr", &header.from), ("To", &header.to)] {
        let side = side.as_deref().ok_or_else(|| unwritable(name, Problem::Missing))?;
        out.open(name)?;
        bank(&mut out, "FIId", Some(side))?;
        out.close()?;
    }
    out.leaf("BizMsgIdr", id("BizMsgIdr", header.id.as_deref())?)?;
    out.leaf("MsgDefIdr", version)?;
    out.maybe("BizSvc", header.service.as_deref())?;
    let created = header.created_at.ok_or_else(|| unwritable("CreDt", Problem::Missing))?;
    out.leaf("CreDt", &created.to_string())?;
    out.close()?;
    out.close()?;
    out.open("Doc")?;
    out.open_in("Document", version)?;
    Ok(out)
}

/// An identification of at most 35 characters.
pub(crate) fn id<'t>(field: &'static str, text: Option<&'t str>) -> Result<&'t str, WriteError> {
    let text = text.ok_or_else(|| unwritable(field, Problem::Missing))?;
    if text.is_empty() || text.chars().count() > 35 {
        return Err(unwritable(field, Problem::TooLong { limit: 35 }));
    }
    Ok(text)
}

pub(crate) fn maybe_id<W: Write>(out: &mut Out<W>, field: &'static str, text: Option<&str>) -> Result<(), WriteError> {
    match text {
        Some(_) => Ok(out.leaf(field, id(field, text)?)?),
        None => Ok(()),
    }
}

/// Text of people, shortened to what its element holds.
pub(crate) fn words(text: &str, limit: usize, letters: Letters) -> String {
    let text = if letters == Letters::Swift { letters::swift(text) } else { text.to_owned() };
    text.chars().take(limit).collect()
}

pub(crate) fn agrees(found: Tally, count: Option<u64>, sum: Option<ControlSum>) -> Result<(), WriteError> {
    match found.compare(count, sum).into_iter().next() {
        Some((field, problem)) => Err(unwritable(field, problem)),
        None => Ok(()),
    }
}

pub(crate) fn party<W: Write>(out: &mut Out<W>, side: &Side, letters: Letters) -> Result<(), WriteError> {
    if let Some(name) = &side.name {
        out.leaf("Nm", &words(name, 140, letters))?;
    }
    address(out, &side.address, letters)?;
    if let Some(id) = &side.id {
        out.leaf(if side.is_person { "Id/PrvtId/Othr/Id" } else { "Id/OrgId/Othr/Id" }, id)?;
    }
    Ok(())
}

fn address<W: Write>(out: &mut Out<W>, address: &Address, letters: Letters) -> Result<(), WriteError> {
    if *address == Address::default() {
        return Ok(());
    }
    out.open("PstlAdr")?;
    let parts = [
        ("StrtNm", &address.street, 70),
        ("BldgNb", &address.building, 16),
        ("PstCd", &address.post_code, 16),
        ("TwnNm", &address.town, 35),
        ("CtrySubDvsn", &address.state, 35),
        ("Ctry", &address.country, 2),
    ];
    for (name, text, limit) in parts {
        out.maybe(name, text.as_deref().map(|text| words(text, limit, letters)).as_deref())?;
    }
    for line in address.lines.iter().take(7) {
        out.leaf("AdrLine", &words(line, 70, letters))?;
    }
    out.close()?;
    Ok(())
}

pub(crate) fn account<W: Write>(out: &mut Out<W>, name: &'static str, side: &Side) -> Result<(), WriteError> {
    if side.iban.is_none() && side.number.is_none() {
        return Ok(());
    }
    out.open(name)?;
    match &side.iban {
        Some(iban) => out.leaf("Id/IBAN", iban)?,
        None => out.maybe("Id/Othr/Id", side.number.as_deref())?,
    }
    out.maybe("Ccy", side.currency.as_deref())?;
    out.close()?;
    Ok(())
}

/// A bank by BIC or number. Where the schema demands one and none is known, SEPA's `NOTPROVIDED`.
pub(crate) fn agent<W: Write>(
    out: &mut Out<W>,
    name: &'static str,
    side: &Side,
    required: bool,
) -> Result<(), WriteError> {
    if !required && side.bic.is_none() && side.clearing_number.is_none() {
        return Ok(());
    }
    out.open(name)?;
    institution(out, side)?;
    out.close()?;
    Ok(())
}

pub(crate) fn institution<W: Write>(out: &mut Out<W>, side: &Side) -> Result<(), WriteError> {
    out.open("FinInstnId")?;
    out.maybe("BICFI", side.bic.as_deref())?;
    if let Some(number) = &side.clearing_number {
        out.open("ClrSysMmbId")?;
        out.maybe("ClrSysId/Cd", side.clearing_system.as_deref())?;
        out.leaf("MmbId", number)?;
        out.close()?;
    }
    if side.bic.is_none() && side.clearing_number.is_none() {
        out.leaf("Othr/Id", "NOTPROVIDED")?;
    }
    out.close()?;
    Ok(())
}

/// A bank that is known by one word only: a BIC, or a number of a clearing system.
pub(crate) fn bank<W: Write>(out: &mut Out<W>, name: &'static str, bank: Option<&str>) -> Result<(), WriteError> {
    let Some(bank) = bank else { return Ok(()) };
    let is_bic = crate::check_digit::bic(bank).is_ok();
    let (bic, clearing_number) = (is_bic.then(|| bank.to_owned()), (!is_bic).then(|| bank.to_owned()));
    agent(out, name, &Side { bic, clearing_number, ..Side::default() }, true)
}

pub(crate) fn ultimate<W: Write>(
    out: &mut Out<W>,
    name: &'static str,
    side: &Side,
    letters: Letters,
) -> Result<(), WriteError> {
    let Some(text) = &side.ultimate else { return Ok(()) };
    out.open(name)?;
    out.leaf("Nm", &words(text, 140, letters))?;
    out.close()?;
    Ok(())
}

pub(crate) fn settlement<W: Write>(out: &mut Out<W>, settlement: &Settlement) -> Result<(), WriteError> {
    out.maybe("IntrBkSttlmDt", settlement.on.map(|day| day.to_string()).as_deref())?;
    out.open("SttlmInf")?;
    out.leaf("SttlmMtd", settlement.method.as_deref().unwrap_or("CLRG"))?;
    if let Some(system) = &settlement.clearing_system {
        out.leaf(if system.len() == 3 { "ClrSys/Cd" } else { "ClrSys/Prtry" }, system)?;
    }
    out.close()?;
    bank(out, "InstgAgt", settlement.instructing.as_deref())?;
    bank(out, "InstdAgt", settlement.instructed.as_deref())
}

pub(crate) fn kind<W: Write>(out: &mut Out<W>, kind: &PaymentKind) -> Result<(), WriteError> {
    if *kind == PaymentKind::default() {
        return Ok(());
    }
    out.open("PmtTpInf")?;
    out.maybe("InstrPrty", kind.priority.as_deref())?;
    out.maybe("SvcLvl/Cd", kind.service.as_deref())?;
    if let Some(instrument) = &kind.instrument {
        // Codes of ISO's external list have up to 35 characters too; the schemes' own words are among them.
        out.leaf("LclInstrm/Cd", instrument)?;
    }
    out.maybe("SeqTp", kind.sequence.as_deref())?;
    out.maybe("CtgyPurp/Cd", kind.category.as_deref())?;
    out.close()?;
    Ok(())
}

pub(crate) fn creditor_id<W: Write>(
    out: &mut Out<W>,
    name: &'static str,
    person: Option<&str>,
    id: &str,
) -> Result<(), WriteError> {
    out.open(name)?;
    out.maybe("Nm", person)?;
    out.open_all("Id/PrvtId/Othr")?;
    out.leaf("Id", id)?;
    out.leaf("SchmeNm/Prtry", "SEPA")?;
    for _ in 0..4 {
        out.close()?;
    }
    Ok(())
}

pub(crate) fn mandate<W: Write>(out: &mut Out<W>, mandate: &Mandate) -> Result<(), WriteError> {
    out.open("MndtRltdInf")?;
    maybe_id(out, "MndtId", mandate.id.as_deref())?;
    out.maybe("DtOfSgntr", mandate.signed_on.map(|day| day.to_string()).as_deref())?;
    if let Some(amendment) = &mandate.amendment {
        out.leaf("AmdmntInd", "true")?;
        out.open("AmdmntInfDtls")?;
        maybe_id(out, "OrgnlMndtId", amendment.original_mandate.as_deref())?;
        match (&amendment.original_creditor_id, &amendment.original_creditor_name) {
            (Some(id), name) => creditor_id(out, "OrgnlCdtrSchmeId", name.as_deref(), id)?,
            (None, Some(name)) => out.leaf("OrgnlCdtrSchmeId/Nm", name)?,
            (None, None) => {}
        }
        if let Some(account) = &amendment.original_account {
            let is_iban = crate::check_digit::looks_like_iban(account);
            out.leaf(if is_iban { "OrgnlDbtrAcct/Id/IBAN" } else { "OrgnlDbtrAcct/Id/Othr/Id" }, account)?;
        }
        bank(out, "OrgnlDbtrAgt", amendment.original_agent.as_deref())?;
        out.close()?;
    }
    out.close()?;
    Ok(())
}

pub(crate) fn remittance<W: Write>(
    out: &mut Out<W>,
    text: &[String],
    structured: Option<&str>,
    letters: Letters,
) -> Result<(), WriteError> {
    if text.is_empty() && structured.is_none() {
        return Ok(());
    }
    out.open("RmtInf")?;
    for line in text {
        if line.chars().count() > 140 {
            return Err(unwritable("RmtInf/Ustrd", Problem::TooLong { limit: 140 }));
        }
        out.leaf("Ustrd", &words(line, 140, letters))?;
    }
    if let Some(reference) = structured {
        out.open_all("Strd/CdtrRefInf")?;
        out.open("Tp")?;
        out.leaf("CdOrPrtry/Cd", "SCOR")?;
        if crate::check_digit::creditor_reference(reference).is_ok() {
            out.leaf("Issr", "ISO")?;
        }
        out.close()?;
        out.leaf("Ref", id("Ref", Some(reference))?)?;
        out.close()?;
        out.close()?;
    }
    out.close()?;
    Ok(())
}
