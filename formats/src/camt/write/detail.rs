//! `NtryDtls`: batches, references, parties, remittance.

use std::io::{self, Write};

use super::{agent, codes, signed};
use crate::statement::{Charge, Detail, Entry, Party, Told, magnitude, pieces};
use crate::xml::Out;

const TEXT_MAX_CHARS: usize = 140;

pub(super) fn details<W: Write>(out: &mut Out<W>, entry: &Entry) -> io::Result<()> {
    if entry.details.is_empty() {
        // The entry's own words stand in its only detail; what has a place in the entry itself is not said twice.
        let mut only = Detail { amount: Some(entry.amount), told: entry.told.clone() };
        only.told.codes.clear();
        only.told.additional = None;
        (only.told.references.bank, only.told.references.own) = (None, None);
        if only.told == Told::default() {
            return Ok(());
        }
        out.open("NtryDtls")?;
        detail(out, &only, entry.reversal)?;
        return out.close();
    }
    out.open("NtryDtls")?;
    let references = &entry.told.references;
    if references.message.is_some() || references.payment_information.is_some() {
        out.open("Btch")?;
        out.maybe("MsgId", references.message.as_deref())?;
        out.maybe("PmtInfId", references.payment_information.as_deref())?;
        out.leaf("NbOfTxs", &entry.details.len().to_string())?;
        out.close()?;
    }
    entry.details.iter().try_for_each(|told| detail(out, told, entry.reversal))?;
    out.close()
}

fn detail<W: Write>(out: &mut Out<W>, detail: &Detail, reversal: bool) -> io::Result<()> {
    let told = &detail.told;
    out.open("TxDtls")?;
    references(out, told)?;
    if let Some(amount) = detail.amount {
        signed(out, amount)?;
    }
    if let Some(original) = &told.original {
        out.open_all("AmtDtls/InstdAmt")?;
        if let Some(amount) = original.amount {
            out.amount("Amt", &magnitude(amount), amount.currency().code())?;
            if let Some(rate) = &original.rate {
                out.open("CcyXchg")?;
                out.leaf("SrcCcy", amount.currency().code())?;
                out.leaf("XchgRate", rate)?;
                out.close()?;
            }
        }
        out.close()?;
        out.close()?;
    }
    if !told.codes.is_empty() {
        codes(out, &told.codes)?;
    }
    charges(out, &told.charges)?;
    let incoming = detail.amount.is_none_or(|amount| amount.minor() >= 0) != reversal;
    party(out, told, incoming)?;
    out.maybe("Purp/Cd", told.purpose.as_deref())?;
    remittance(out, told)?;
    out.maybe("RtrInf/Rsn/Cd", told.return_reason.as_deref())?;
    out.maybe("AddtlTxInf", told.additional.as_deref())?;
    out.close()
}

fn references<W: Write>(out: &mut Out<W>, told: &Told) -> io::Result<()> {
    let of = &told.references;
    let all = [
        ("MsgId", &of.message),
        ("AcctSvcrRef", &of.bank),
        ("PmtInfId", &of.payment_information),
        ("InstrId", &of.instruction),
        ("EndToEndId", &of.end_to_end),
        ("UETR", &of.uetr),
        ("TxId", &of.transaction),
        ("MndtId", &of.mandate),
        ("ChqNb", &of.cheque),
        ("ClrSysRef", &of.clearing),
        ("AcctOwnrTxId", &of.own),
    ];
    if all.iter().all(|(_, value)| value.is_none()) {
        return Ok(());
    }
    out.open("Refs")?;
    all.into_iter().try_for_each(|(name, value)| out.maybe(name, value.as_deref()))?;
    out.close()
}

fn charges<W: Write>(out: &mut Out<W>, charges: &[Charge]) -> io::Result<()> {
    if charges.is_empty() {
        return Ok(());
    }
    out.open("Chrgs")?;
    for charge in charges {
        out.open("Rcrd")?;
        signed(out, charge.amount)?;
        out.leaf("ChrgInclInd", if charge.included { "true" } else { "false" })?;
        out.maybe("Tp/Cd", charge.kind.as_deref().filter(|kind| kind.len() == 4))?;
        out.maybe("Tp/Prtry/Id", charge.kind.as_deref().filter(|kind| kind.len() != 4))?;
        out.close()?;
    }
    out.close()
}

fn party<W: Write>(out: &mut Out<W>, told: &Told, incoming: bool) -> io::Result<()> {
    let Party { name, iban, number, bank, id } = &told.counterparty;
    let (party, account, agent_name, ultimate) = match incoming {
        true => ("Dbtr", "DbtrAcct", "DbtrAgt", "UltmtDbtr"),
        false => ("Cdtr", "CdtrAcct", "CdtrAgt", "UltmtCdtr"),
    };
    if name.is_some() || id.is_some() || iban.is_some() || number.is_some() || told.ultimate.is_some() {
        out.open("RltdPties")?;
        if name.is_some() || id.is_some() {
            out.open(party)?;
            out.open("Pty")?;
            out.maybe("Nm", name.as_deref())?;
            out.maybe("Id/OrgId/Othr/Id", id.as_deref())?;
            out.close()?;
            out.close()?;
        }
        if iban.is_some() || number.is_some() {
            out.open(account)?;
            out.maybe("Id/IBAN", iban.as_deref())?;
            out.maybe("Id/Othr/Id", number.as_deref().filter(|_| iban.is_none()))?;
            out.close()?;
        }
        if let Some(name) = &told.ultimate {
            out.open(ultimate)?;
            out.leaf("Pty/Nm", name)?;
            out.close()?;
        }
        out.close()?;
    }
    if let Some(bank) = bank {
        out.open("RltdAgts")?;
        out.open(agent_name)?;
        agent(out, bank)?;
        out.close()?;
        out.close()?;
    }
    Ok(())
}

fn remittance<W: Write>(out: &mut Out<W>, told: &Told) -> io::Result<()> {
    if told.text.is_empty() && told.structured.is_none() {
        return Ok(());
    }
    out.open("RmtInf")?;
    for line in told.text.iter().flat_map(|line| pieces(line, TEXT_MAX_CHARS)) {
        out.leaf("Ustrd", line)?;
    }
    out.maybe("Strd/CdtrRefInf/Ref", told.structured.as_deref())?;
    out.close()
}
