//! `TxDtls`: what one transaction of an entry says of its parties, references, texts, charges and amounts.

use kernel::{Currency, Money};

use super::entry::Draft;
use super::{head, is_credit, money, signed};
use crate::mistake::Bad;
use crate::statement::{Charge, Code, Detail, Original, Party, References, Scheme, Told};
use crate::xml::At;

/// Reads a detail. What cannot be read in it is a warning: the money stands in the entry.
pub(super) fn read(at: At<'_>, draft: &Draft, own: Option<&str>) -> (Detail, Vec<Bad>) {
    let mut warnings = Vec::new();
    let credit = match at.at("CdtDbtInd").map(is_credit) {
        Some(Ok(credit)) => Some(credit),
        _ => draft.is_credit(),
    };
    let currency = draft.currency();
    let amount = at.at("Amt").or_else(|| at.at("AmtDtls/TxAmt/Amt")).and_then(|amount| match money(amount, currency) {
        Ok((money, _)) => Some(signed(money, credit.unwrap_or(true))),
        Err(problem) => {
            warnings.push(Bad::new("TxDtls/Amt", problem));
            None
        }
    });
    let mut told = Told::default();
    for child in at.children() {
        shared(child, &mut told, currency);
    }
    let incoming = credit.unwrap_or(true) != draft.reversal;
    (told.counterparty, told.ultimate) = counterparty(at, incoming, own);
    (Detail { amount, told }, warnings)
}

/// Elements that an entry and its details have in common.
pub(super) fn shared(at: At<'_>, told: &mut Told, currency: Option<Currency>) {
    match at.name() {
        "BkTxCd" => told.codes = codes(at),
        "Refs" => told.references = references(at),
        "RmtInf" => remittance(at, told),
        "Purp" => told.purpose = at.owned("Cd").or_else(|| at.owned("Prtry")),
        "AddtlTxInf" => told.additional = Some(at.value().to_owned()),
        "RtrInf" => {
            told.return_reason = at.owned("Rsn/Cd").or_else(|| at.owned("RtrRsn/Cd")).or_else(|| at.owned("Rsn/Prtry"))
        }
        "Chrgs" => told.charges = charges(at, currency),
        "AmtDtls" => told.original = original(at, currency),
        _ => {}
    }
}

fn codes(at: At<'_>) -> Vec<Code> {
    let mut codes = Vec::new();
    if let Some(domain) = at.get("Domn/Cd") {
        let family = at.get("Domn/Fmly/Cd").unwrap_or("NTAV");
        let sub_family = at.get("Domn/Fmly/SubFmlyCd").unwrap_or("NTAV");
        codes.push(Code::new(Scheme::Iso, [domain, family, sub_family].join("-")));
    }
    if let Some(own) = at.get("Prtry/Cd") {
        codes.push(Code { issuer: at.owned("Prtry/Issr"), ..Code::new(Scheme::Bank, own) });
    }
    codes
}

fn references(at: At<'_>) -> References {
    let mut references = References::default();
    for child in at.children() {
        let place = match child.name() {
            "AcctSvcrRef" => &mut references.bank,
            "AcctOwnrTxId" => &mut references.own,
            "EndToEndId" => &mut references.end_to_end,
            "InstrId" => &mut references.instruction,
            "TxId" => &mut references.transaction,
            "UETR" => &mut references.uetr,
            "ClrSysRef" => &mut references.clearing,
            "MsgId" => &mut references.message,
            "PmtInfId" => &mut references.payment_information,
            "MndtId" => &mut references.mandate,
            "ChqNb" => &mut references.cheque,
            _ => continue,
        };
        *place = Some(child.value()).filter(|value| !value.is_empty() && *value != "NOTPROVIDED").map(str::to_owned);
    }
    references
}

fn remittance(at: At<'_>, told: &mut Told) {
    told.text = at.all("Ustrd").map(|line| line.value().to_owned()).filter(|line| !line.is_empty()).collect();
    let by = ["Strd/CdtrRefInf/Ref", "Strd/CdtrRefInf/CdtrRef", "Strd/RfrdDocInf/Nb", "Strd/RfrdDocInf/RfrdDocNb"];
    told.structured = by.iter().find_map(|path| at.owned(path));
}

/// Charges as they were taken: negative, unless said to be given.
fn charges(at: At<'_>, currency: Option<Currency>) -> Vec<Charge> {
    let records: Vec<At<'_>> = at.all("Rcrd").collect();
    let records = if records.is_empty() { vec![at] } else { records };
    let charge = |at: At<'_>| {
        let (amount, _) = money(at.at("Amt")?, currency).ok()?;
        let credit = at.at("CdtDbtInd").is_some_and(|sign| is_credit(sign) == Ok(true));
        let included = at.get("ChrgInclInd").is_some_and(|included| included == "true" || included == "1");
        let kind = at.owned("Tp/Cd").or_else(|| at.owned("Tp/Prtry/Id")).or_else(|| at.owned("Tp/Prtry"));
        Some(Charge { amount: signed(amount, credit), included, kind })
    };
    records.into_iter().filter_map(charge).collect()
}

/// The instructed amount and the rate, where the amount was ordered in another currency.
fn original(at: At<'_>, currency: Option<Currency>) -> Option<Original> {
    let parts = ["InstdAmt", "CntrValAmt", "TxAmt"].iter().filter_map(|name| at.at(name));
    let mut found: Option<Money> = None;
    let mut rate = None;
    for part in parts {
        let amount = part.at("Amt").and_then(|amount| money(amount, currency).ok()).map(|(amount, _)| amount);
        found = found.or(amount.filter(|amount| Some(amount.currency()) != currency));
        rate = rate.or_else(|| part.owned("CcyXchg/XchgRate"));
    }
    (found.is_some() || rate.is_some()).then_some(Original { amount: found, rate })
}

/// The other side: of money that comes in the debtor, unless that is the account itself. A reversal keeps the roles of what
/// it takes back.
fn counterparty(at: At<'_>, incoming: bool, own: Option<&str>) -> (Party, Option<String>) {
    let (debtor, creditor) = (side(at, true), side(at, false));
    let is_own = |party: &Party| own.is_some() && own == party.iban.as_deref().or(party.number.as_deref());
    let debtor_is_other = match (is_own(&debtor.0), is_own(&creditor.0)) {
        (true, false) => false,
        (false, true) => true,
        _ => incoming,
    };
    let (chosen, other) = if debtor_is_other { (debtor, creditor) } else { (creditor, debtor) };
    let nobody = chosen.0 == Party::default() && chosen.1.is_none();
    if nobody && !is_own(&other.0) { other } else { chosen }
}

fn side(at: At<'_>, debtor: bool) -> (Party, Option<String>) {
    let (party, account, agent, ultimate) = match debtor {
        true => ("Dbtr", "DbtrAcct", "DbtrAgt", "UltmtDbtr"),
        false => ("Cdtr", "CdtrAcct", "CdtrAgt", "UltmtCdtr"),
    };
    let parties = at.at("RltdPties");
    let name = |role: &str| {
        let role = parties?.at(role)?;
        role.owned("Nm").or_else(|| role.owned("Pty/Nm"))
    };
    let id = parties.and_then(|parties| parties.at(party)).and_then(|role| {
        let at = role.at("Id").or_else(|| role.at("Pty/Id"))?;
        ["OrgId/AnyBIC", "OrgId/Othr/Id", "PrvtId/Othr/Id"].iter().find_map(|path| at.owned(path))
    });
    let account = parties.and_then(|parties| parties.at(account));
    let bank = at.at("RltdAgts").and_then(|agents| agents.at(agent)).and_then(|agent| agent.at("FinInstnId"));
    let found = Party {
        name: name(party),
        iban: account.and_then(|account| account.owned("Id/IBAN")),
        number: account.and_then(|account| account.owned("Id/Othr/Id")),
        bank: bank.and_then(head::agent),
        id,
    };
    (found, name(ultimate))
}
