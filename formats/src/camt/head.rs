//! Heads of messages and statements: account, period, balances, the bank's own totals.

use jiff::civil::Date;
use kernel::{Currency, Timestamp};

use super::{is_credit, money, rounded, signed};
use crate::check_digit;
use crate::date;
use crate::limits::BALANCES_MAX;
use crate::mistake::{Bad, Of, Problem};
use crate::statement::{Account, Balance, BalanceKind, Page, Piece, Statement, Total};
use crate::xml::At;

#[derive(Default)]
pub(super) struct Message {
    pub(super) id: Option<String>,
    pub(super) created: (Option<Date>, Option<Timestamp>),
    pub(super) page: Option<Page>,
}

/// What one element gave.
#[derive(Default)]
pub(super) struct Told {
    pub(super) pieces: Vec<Piece>,
    pub(super) bad: Vec<Bad>,
    pub(super) warnings: Vec<Bad>,
}

pub(super) fn message(group: At<'_>) -> Message {
    Message { id: group.owned("MsgId"), created: created(group.get("CreDtTm")), page: page(group.at("MsgPgntn")) }
}

fn created(text: Option<&str>) -> (Option<Date>, Option<Timestamp>) {
    match text.map(date::iso_time) {
        Some(Ok((day, at))) => (Some(day), at),
        _ => (None, None),
    }
}

fn page(at: Option<At<'_>>) -> Option<Page> {
    let number = at?.get("PgNb")?.parse().ok()?;
    Some(Page { number, last: at?.get("LastPgInd").map(|last| last == "true" || last == "1") })
}

/// An element of a statement before its first entry.
pub(super) fn read(at: At<'_>, statement: &mut Statement, told: &mut Told) {
    match at.name() {
        "Id" => statement.id = Some(at.value().to_owned()),
        "ElctrncSeqNb" => statement.sequence = at.value().parse().ok(),
        "LglSeqNb" if statement.sequence.is_none() => statement.sequence = at.value().parse().ok(),
        "StmtPgntn" | "RptPgntn" | "NtfctnPgntn" => statement.page = page(Some(at)),
        "CreDtTm" => (statement.created_on, statement.created_at) = created(Some(at.value())),
        "FrToDt" => {
            let day = |path| at.get(path).and_then(|text| date::iso(text).ok());
            statement.from = day("FrDtTm").or_else(|| day("FrDt"));
            statement.to = day("ToDtTm").or_else(|| day("ToDt"));
        }
        "Acct" => match account(at, told) {
            Ok((account, currency)) => (statement.account, statement.currency) = (account, currency),
            Err(bad) => told.bad.push(bad),
        },
        "AddtlStmtInf" | "AddtlRptInf" | "AddtlNtfctnInf" => statement.text = Some(at.value().to_owned()),
        _ => {
            let currency = statement.currency;
            late(at, currency, told);
            for piece in told.pieces.drain(..) {
                match piece {
                    Piece::Balance(balance) if statement.balances.len() < BALANCES_MAX => {
                        statement.balances.push(balance)
                    }
                    Piece::Total(total) if statement.totals.len() < BALANCES_MAX => statement.totals.push(total),
                    _ => told.bad.push(Bad::new("Bal", Problem::TooMany { limit: BALANCES_MAX })),
                }
            }
        }
    }
}

/// Elements that may also stand after entries.
pub(super) fn late(at: At<'_>, currency: Option<Currency>, told: &mut Told) {
    match at.name() {
        "Bal" => match balance(at, currency) {
            Ok(balances) => told.pieces.extend(balances.into_iter().map(Piece::Balance)),
            Err(bad) => told.bad.push(bad),
        },
        "TxsSummry" => told.pieces.extend(totals(at, currency).into_iter().map(Piece::Total)),
        "AddtlStmtInf" | "AddtlRptInf" | "AddtlNtfctnInf" => told.pieces.push(Piece::Text(at.value().to_owned())),
        _ => {}
    }
}

/// An IBAN with a wrong check digit is what the bank says: it is kept as a number.
fn account(at: At<'_>, told: &mut Told) -> Result<(Account, Option<Currency>), Bad> {
    let currency = at.get("Ccy").map(crate::amount::currency).transpose().of("Acct/Ccy")?;
    let (mut iban, mut number) = (None, at.owned("Id/Othr/Id").or_else(|| at.owned("Id/PrtryAcct/Id")));
    match at.get("Id/IBAN").map(|text| (text, check_digit::iban(text))) {
        Some((_, Ok(right))) => iban = Some(right),
        Some((text, Err(problem))) => {
            number = Some(text.to_owned());
            told.warnings.push(Bad::new("Acct/Id/IBAN", problem));
        }
        None => {}
    }
    let account = Account {
        iban,
        number,
        bank: at.at("Svcr/FinInstnId").and_then(agent),
        branch: at.owned("Svcr/BrnchId/Id"),
        name: at.owned("Nm"),
        owner: at.owned("Ownr/Nm"),
        ..Account::default()
    };
    Ok((account, currency))
}

/// A bank by its BIC, else by its number in a clearing system.
pub(super) fn agent(at: At<'_>) -> Option<String> {
    let by = ["BICFI", "BIC", "ClrSysMmbId/MmbId", "CmbndId/BIC", "PrtryId/Id", "Othr/Id", "Nm"];
    by.iter().find_map(|path| at.owned(path))
}

fn balance(at: At<'_>, currency: Option<Currency>) -> Result<Vec<Balance>, Bad> {
    let amount = at.at("Amt").of("Bal/Amt")?;
    let (value, was_rounded) = money(amount, currency).of("Bal/Amt")?;
    if was_rounded {
        return Err(Bad::new("Bal/Amt", rounded(amount, value)));
    }
    let credit = is_credit(at.at("CdtDbtInd").of("Bal/CdtDbtInd")?).of("Bal/CdtDbtInd")?;
    let (on, moment) = match at.get("Dt/DtTm").or_else(|| at.get("Dt/Dt")) {
        Some(text) if text.contains('T') => date::iso_time(text).map(|(day, at)| (Some(day), at)).of("Bal/Dt")?,
        Some(text) => (Some(date::iso(text).of("Bal/Dt")?), None),
        None => (None, None),
    };
    let code = at.get("Tp/CdOrPrtry/Cd").or_else(|| at.get("Tp/CdOrPrtry/Prtry")).or_else(|| at.get("Tp/Cd"));
    let code = code.unwrap_or_default().to_owned();
    let mut balances = vec![Balance { kind: kind(&code), code, amount: signed(value, credit), on, at: moment }];
    for line in at.all("CdtLine") {
        if let Some(Ok((amount, false))) = line.at("Amt").map(|amount| money(amount, currency)) {
            balances.push(Balance { kind: BalanceKind::Limit, code: "CdtLine".to_owned(), amount, on, at: moment });
        }
    }
    Ok(balances)
}

fn kind(code: &str) -> BalanceKind {
    match code {
        "OPBD" | "PRCD" => BalanceKind::OpeningBooked,
        "CLBD" => BalanceKind::ClosingBooked,
        "ITBD" => BalanceKind::InterimBooked,
        "OPAV" => BalanceKind::OpeningAvailable,
        "CLAV" => BalanceKind::ClosingAvailable,
        "ITAV" => BalanceKind::InterimAvailable,
        "FWAV" => BalanceKind::ForwardAvailable,
        "XPCD" => BalanceKind::Expected,
        _ => BalanceKind::Other,
    }
}

fn totals(at: At<'_>, currency: Option<Currency>) -> Vec<Total> {
    let total = |name: &'static str, credit: bool| {
        let at = at.at(name)?;
        let amount = at.at("Sum").and_then(|sum| money(sum, currency).ok());
        let amount = amount.map(|(amount, _)| signed(amount, credit));
        let count = at.get("NbOfNtries").and_then(|count| count.parse().ok());
        Some(Total { code: name.to_owned(), amount, count })
    };
    [("TtlNtries", true), ("TtlCdtNtries", true), ("TtlDbtNtries", false)]
        .into_iter()
        .filter_map(|(name, credit)| total(name, credit))
        .collect()
}
