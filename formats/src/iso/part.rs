//! Parts that messages have in common: parties, accounts, agents, identifications.

use crate::check_digit;
use crate::mistake::{Bad, Of, Problem};
use crate::payment::{Address, BusinessHeader, PaymentKind, Side};
use crate::xml::At;

/// Names of the elements of one side.
pub(super) struct Role {
    party: &'static str,
    account: &'static str,
    agent: &'static str,
    ultimate: &'static str,
}

pub(super) const DEBTOR: Role = Role { party: "Dbtr", account: "DbtrAcct", agent: "DbtrAgt", ultimate: "UltmtDbtr" };
pub(super) const CREDITOR: Role = Role { party: "Cdtr", account: "CdtrAcct", agent: "CdtrAgt", ultimate: "UltmtCdtr" };

/// One side of a payment, its check digits checked.
pub(crate) fn side(at: At<'_>, debtor: bool) -> Result<Side, Bad> {
    let role = if debtor { DEBTOR } else { CREDITOR };
    let mut side = at.at(role.party).map(party).unwrap_or_default();
    if let Some(account) = at.at(role.account) {
        side.iban = account.get("Id/IBAN").map(check_digit::iban).transpose().of(role.account)?;
        side.number = maximum(account.get("Id/Othr/Id"), 34, role.account)?;
        side.currency = account.owned("Ccy");
    }
    // Between banks the party is itself one.
    let own = at.at(role.party).and_then(|party| party.at("FinInstnId"));
    if let Some(agent) = at.at(role.agent).and_then(|agent| agent.at("FinInstnId")).or(own) {
        side.bic = agent.owned("BICFI").or_else(|| agent.owned("BIC"));
        side.bic.as_deref().map(check_digit::bic).transpose().of(role.agent)?;
        side.clearing_number = agent.owned("ClrSysMmbId/MmbId");
        side.clearing_system = agent.owned("ClrSysMmbId/ClrSysId/Cd");
        if side.clearing_system.as_deref() == Some("USABA") {
            side.clearing_number.as_deref().map(check_digit::aba).transpose().of(role.agent)?;
        }
        side.name = side.name.or_else(|| agent.owned("Nm").filter(|_| own.is_some()));
    }
    side.ultimate = at.at(role.ultimate).and_then(|party| party.owned("Nm").or_else(|| party.owned("Pty/Nm")));
    Ok(side)
}

/// Name, address and identification of a party, directly or below `Pty`.
pub(super) fn party(at: At<'_>) -> Side {
    let at = at.at("Pty").unwrap_or(at);
    let person = at.at("Id/PrvtId");
    let id = ["Id/OrgId/AnyBIC", "Id/OrgId/BICOrBEI", "Id/OrgId/LEI", "Id/OrgId/Othr/Id", "Id/PrvtId/Othr/Id"];
    Side {
        name: at.owned("Nm"),
        address: at.at("PstlAdr").map(address).unwrap_or_default(),
        id: id.iter().find_map(|path| at.owned(path)),
        is_person: person.is_some(),
        ..Side::default()
    }
}

fn address(at: At<'_>) -> Address {
    Address {
        street: at.owned("StrtNm"),
        building: at.owned("BldgNb"),
        post_code: at.owned("PstCd"),
        town: at.owned("TwnNm"),
        state: at.owned("CtrySubDvsn"),
        country: at.owned("Ctry"),
        lines: at.all("AdrLine").map(|line| line.value().to_owned()).collect(),
    }
}

/// A bank by its BIC, else by its number in a clearing system.
pub(crate) fn agent_of(at: At<'_>, name: &str) -> Option<String> {
    agent_in(at.at(name)?.at("FinInstnId")?)
}

fn agent_in(agent: At<'_>) -> Option<String> {
    agent.owned("BICFI").or_else(|| agent.owned("BIC")).or_else(|| agent.owned("ClrSysMmbId/MmbId"))
}

pub(super) fn kind(at: At<'_>) -> PaymentKind {
    let either = |name: &str| at.at(name).and_then(|at| at.owned("Cd").or_else(|| at.owned("Prtry")));
    PaymentKind {
        priority: at.owned("InstrPrty"),
        service: either("SvcLvl"),
        instrument: either("LclInstrm"),
        sequence: at.owned("SeqTp"),
        category: either("CtgyPurp"),
    }
}

/// `AppHdr` of any version.
pub(crate) fn header(at: At<'_>) -> BusinessHeader {
    let bank = |name: &str| at.at(name).and_then(|side| agent_in(side.at("FIId")?.at("FinInstnId")?));
    BusinessHeader {
        from: bank("Fr"),
        to: bank("To"),
        id: at.owned("BizMsgIdr"),
        definition: at.owned("MsgDefIdr"),
        service: at.owned("BizSvc"),
        created_at: at.get("CreDt").or_else(|| at.get("CreDtTm")).and_then(|text| crate::date::iso_time(text).ok()?.1),
    }
}

/// A value of at most so many characters.
pub(crate) fn maximum(text: Option<&str>, limit: usize, field: &'static str) -> Result<Option<String>, Bad> {
    match text {
        Some(text) if text.chars().count() > limit => Err(Bad::new(field, Problem::TooLong { limit })),
        text => Ok(text.map(str::to_owned)),
    }
}

/// An identification that travels with the payment: 35 characters, no slash in front, no two in a row.
pub(super) fn travelling(text: Option<&str>, field: &'static str) -> Result<Option<String>, Bad> {
    if let Some(text) = text.filter(|text| text.starts_with('/') || text.contains("//")) {
        return Err(Bad::new(field, Problem::value("no slash in front and no two in a row", text)));
    }
    maximum(text, 35, field)
}
