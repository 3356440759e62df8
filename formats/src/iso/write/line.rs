//! One order, in the order of its schema.

use std::io::Write;

use kernel::Money;

use super::Letters;
use super::part::{self, CREDITOR, DEBTOR};
use crate::detect::Kind;
use crate::mistake::Problem;
use crate::payment::{Line, Side};
use crate::statement::{WriteError, magnitude, unwritable};
use crate::xml::Out;

pub(super) fn write<W: Write>(out: &mut Out<W>, line: &Line, kind: Kind, letters: Letters) -> Result<(), WriteError> {
    if line.amount.minor() <= 0 {
        return Err(unwritable("amount", Problem::value("an amount above zero", &line.amount.amount())));
    }
    let collects = matches!(kind, Kind::Pain008 | Kind::Pacs003);
    let between_banks = !matches!(kind, Kind::Pain001 | Kind::Pain008);
    out.open(if collects { "DrctDbtTxInf" } else { "CdtTrfTxInf" })?;
    identification(out, line, between_banks)?;
    part::kind(out, &line.kind)?;
    match kind {
        Kind::Pain001 | Kind::Pain008 => of_customer(out, line, kind, letters)?,
        _ => of_bank(out, line, kind, letters)?,
    }
    out.maybe("Purp/Cd", line.purpose.as_deref())?;
    // Between banks alone there is no structured remittance.
    let structured = line.structured.as_deref().filter(|_| kind != Kind::Pacs009);
    part::remittance(out, &line.text, structured, letters)?;
    out.close()?;
    Ok(())
}

/// Amount and parties of an order to a bank: the batch has the own side.
fn of_customer<W: Write>(out: &mut Out<W>, line: &Line, kind: Kind, letters: Letters) -> Result<(), WriteError> {
    match kind {
        Kind::Pain001 => {
            transfer_amount(out, line)?;
            out.maybe("ChrgBr", line.charge_bearer.as_deref())?;
            part::ultimate(out, DEBTOR.ultimate, &line.debtor, letters)?;
            part::agent(out, CREDITOR.agent, &line.creditor, false)?;
            party(out, CREDITOR.party, &line.creditor, letters)?;
            part::account(out, CREDITOR.account, &line.creditor)?;
            part::ultimate(out, CREDITOR.ultimate, &line.creditor, letters)
        }
        _ => {
            amount(out, "InstdAmt", line.amount)?;
            out.maybe("ChrgBr", line.charge_bearer.as_deref())?;
            direct_debit(out, line)?;
            part::ultimate(out, CREDITOR.ultimate, &line.creditor, letters)?;
            part::agent(out, DEBTOR.agent, &line.debtor, true)?;
            party(out, DEBTOR.party, &line.debtor, letters)?;
            part::account(out, DEBTOR.account, &line.debtor)?;
            part::ultimate(out, DEBTOR.ultimate, &line.debtor, letters)
        }
    }
}

/// Amount and parties of an order between banks: both sides.
fn of_bank<W: Write>(out: &mut Out<W>, line: &Line, kind: Kind, letters: Letters) -> Result<(), WriteError> {
    match kind {
        Kind::Pacs009 => {
            settled(out, line)?;
            institution(out, DEBTOR.party, &line.debtor)?;
            part::account(out, DEBTOR.account, &line.debtor)?;
            institution(out, CREDITOR.party, &line.creditor)?;
            part::account(out, CREDITOR.account, &line.creditor)
        }
        Kind::Pacs003 => {
            settled(out, line)?;
            customer_terms(out, line)?;
            out.maybe("ReqdColltnDt", line.collect_on.map(|day| day.to_string()).as_deref())?;
            direct_debit(out, line)?;
            side(out, &CREDITOR, &line.creditor, letters)?;
            part::ultimate(out, CREDITOR.ultimate, &line.creditor, letters)?;
            side(out, &DEBTOR, &line.debtor, letters)?;
            part::ultimate(out, DEBTOR.ultimate, &line.debtor, letters)
        }
        _ => {
            settled(out, line)?;
            customer_terms(out, line)?;
            part::ultimate(out, DEBTOR.ultimate, &line.debtor, letters)?;
            side(out, &DEBTOR, &line.debtor, letters)?;
            part::agent(out, CREDITOR.agent, &line.creditor, true)?;
            party(out, CREDITOR.party, &line.creditor, letters)?;
            part::account(out, CREDITOR.account, &line.creditor)?;
            part::ultimate(out, CREDITOR.ultimate, &line.creditor, letters)
        }
    }
}

fn identification<W: Write>(out: &mut Out<W>, line: &Line, between_banks: bool) -> Result<(), WriteError> {
    out.open("PmtId")?;
    part::maybe_id(out, "InstrId", line.instruction.as_deref())?;
    out.leaf("EndToEndId", part::id("EndToEndId", line.end_to_end.as_deref())?)?;
    if between_banks {
        part::maybe_id(out, "TxId", line.transaction.as_deref())?;
    }
    out.maybe("UETR", line.uetr.as_deref())?;
    if between_banks {
        out.maybe("ClrSysRef", line.clearing.as_deref())?;
    }
    out.close()?;
    Ok(())
}

fn transfer_amount<W: Write>(out: &mut Out<W>, line: &Line) -> Result<(), WriteError> {
    out.open("Amt")?;
    match line.equivalent_in {
        None => amount(out, "InstdAmt", line.amount)?,
        Some(currency) => {
            out.open("EqvtAmt")?;
            amount(out, "Amt", line.amount)?;
            out.leaf("CcyOfTrf", currency.code())?;
            out.close()?;
        }
    }
    out.close()?;
    Ok(())
}

pub(super) fn amount<W: Write>(out: &mut Out<W>, name: &'static str, amount: Money) -> Result<(), WriteError> {
    Ok(out.amount(name, &magnitude(amount), amount.currency().code())?)
}

fn settled<W: Write>(out: &mut Out<W>, line: &Line) -> Result<(), WriteError> {
    amount(out, "IntrBkSttlmAmt", line.amount)?;
    Ok(out.maybe("IntrBkSttlmDt", line.settle_on.map(|day| day.to_string()).as_deref())?)
}

fn customer_terms<W: Write>(out: &mut Out<W>, line: &Line) -> Result<(), WriteError> {
    if let Some(instructed) = line.instructed {
        amount(out, "InstdAmt", instructed)?;
    }
    Ok(out.leaf("ChrgBr", line.charge_bearer.as_deref().unwrap_or("SLEV"))?)
}

fn direct_debit<W: Write>(out: &mut Out<W>, line: &Line) -> Result<(), WriteError> {
    if line.mandate.is_none() && line.creditor_id.is_none() {
        return Ok(());
    }
    out.open("DrctDbtTx")?;
    if let Some(mandate) = &line.mandate {
        part::mandate(out, mandate)?;
    }
    if let Some(id) = &line.creditor_id {
        part::creditor_id(out, "CdtrSchmeId", None, id)?;
    }
    out.close()?;
    Ok(())
}

fn party<W: Write>(out: &mut Out<W>, name: &'static str, side: &Side, letters: Letters) -> Result<(), WriteError> {
    out.open(name)?;
    part::party(out, side, letters)?;
    out.close()?;
    Ok(())
}

fn side<W: Write>(out: &mut Out<W>, role: &part::Role, side: &Side, letters: Letters) -> Result<(), WriteError> {
    party(out, role.party, side, letters)?;
    part::account(out, role.account, side)?;
    part::agent(out, role.agent, side, true)
}

fn institution<W: Write>(out: &mut Out<W>, name: &'static str, side: &Side) -> Result<(), WriteError> {
    out.open(name)?;
    part::institution(out, side)?;
    out.close()?;
    Ok(())
}
