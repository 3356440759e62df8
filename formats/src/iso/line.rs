//! One order: `CdtTrfTxInf` or `DrctDbtTxInf`.

use kernel::Money;

use super::part;
use crate::amount::{self, DecimalMark};
use crate::date;
use crate::detect::Kind;
use crate::mistake::{Bad, Of, Problem, shown};
use crate::payment::{Amendment, Line, Mandate};
use crate::xml::At;

const TEXT_MAX_CHARS: usize = 140;

/// The order, or what is wrong with it and its amount where that could be read.
pub(super) fn read(at: At<'_>, kind: Kind) -> Result<Line, (Bad, Option<Money>)> {
    let (amount, equivalent_in) = amount_of(at, kind).map_err(|bad| (bad, None))?;
    let line = Line { line: at.line(), equivalent_in, ..Line::new(amount) };
    fill(at, line).map_err(|bad| (bad, Some(amount)))
}

fn fill(at: At<'_>, line: Line) -> Result<Line, Bad> {
    let day = |name: &'static str| at.get(name).map(date::iso).transpose().of(name);
    let instructed = at.at("InstdAmt").filter(|_| at.at("IntrBkSttlmAmt").is_some()).map(exact).transpose();
    let direct = at.at("DrctDbtTx");
    let mut line = Line {
        instruction: part::travelling(at.get("PmtId/InstrId"), "PmtId/InstrId")?,
        end_to_end: part::travelling(at.get("PmtId/EndToEndId"), "PmtId/EndToEndId")?,
        transaction: part::maximum(at.get("PmtId/TxId"), 35, "PmtId/TxId")?,
        uetr: at.get("PmtId/UETR").map(uetr).transpose().of("PmtId/UETR")?,
        clearing: at.owned("PmtId/ClrSysRef"),
        kind: at.at("PmtTpInf").map(part::kind).unwrap_or_default(),
        instructed: instructed.of("InstdAmt")?,
        settle_on: day("IntrBkSttlmDt")?,
        collect_on: day("ReqdColltnDt")?,
        charge_bearer: at.owned("ChrgBr"),
        debtor: part::side(at, true)?,
        creditor: part::side(at, false)?,
        purpose: at.owned("Purp/Cd").or_else(|| at.owned("Purp/Prtry")),
        mandate: direct.and_then(|direct| direct.at("MndtRltdInf")).map(mandate).transpose()?,
        creditor_id: direct.and_then(|direct| direct.owned("CdtrSchmeId/Id/PrvtId/Othr/Id")),
        ..line
    };
    line.end_to_end.as_ref().of("PmtId/EndToEndId")?;
    if let Some(remittance) = at.at("RmtInf") {
        for text in remittance.all("Ustrd") {
            line.text.extend(part::maximum(Some(text.value()), TEXT_MAX_CHARS, "RmtInf/Ustrd")?);
        }
        let by = ["Strd/CdtrRefInf/Ref", "Strd/CdtrRefInf/CdtrRef", "Strd/RfrdDocInf/Nb"];
        line.structured = part::maximum(by.iter().find_map(|path| remittance.get(path)), 35, "RmtInf/Strd")?;
    }
    Ok(line)
}

fn amount_of(at: At<'_>, kind: Kind) -> Result<(Money, Option<kernel::Currency>), Bad> {
    let path = match kind {
        Kind::Pain001 => "Amt/InstdAmt",
        Kind::Pain008 => "InstdAmt",
        _ => "IntrBkSttlmAmt",
    };
    if let Some(amount) = at.at(path) {
        return exact(amount).of(path).map(|amount| (amount, None));
    }
    let equivalent = at.at("Amt/EqvtAmt").filter(|_| kind == Kind::Pain001).of(path)?;
    let amount = exact(equivalent.at("Amt").of("Amt/EqvtAmt")?).of("Amt/EqvtAmt")?;
    let currency = amount::currency(equivalent.get("CcyOfTrf").unwrap_or_default()).of("Amt/EqvtAmt/CcyOfTrf")?;
    Ok((amount, Some(currency)))
}

/// An amount above zero that its currency can hold: what is paid is never rounded.
pub(super) fn exact(at: At<'_>) -> Result<Money, Problem> {
    let currency = amount::currency(at.currency())?;
    let decimal = amount::decimal(at.value(), DecimalMark::Point, currency.scale())?;
    if decimal.rounded {
        let expected = format!("at most {} digits after the point", currency.scale());
        return Err(Problem::value(expected, at.value()));
    }
    if decimal.minor <= 0 {
        return Err(Problem::value("an amount above zero", &shown(at.value())));
    }
    Ok(decimal.money(currency))
}

/// A UUID of version 4, in lower case.
fn uetr(text: &str) -> Result<String, Problem> {
    let shaped = text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            14 => byte == b'4',
            19 => matches!(byte, b'8' | b'9' | b'a' | b'b'),
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        });
    if shaped { Ok(text.to_owned()) } else { Err(Problem::value("a UUID of version 4", text)) }
}

pub(crate) fn mandate(at: At<'_>) -> Result<Mandate, Bad> {
    let amended = at.at("AmdmntInfDtls").map(|details| Amendment {
        original_mandate: details.owned("OrgnlMndtId"),
        original_creditor_id: details.owned("OrgnlCdtrSchmeId/Id/PrvtId/Othr/Id"),
        original_creditor_name: details.owned("OrgnlCdtrSchmeId/Nm"),
        original_account: details.owned("OrgnlDbtrAcct/Id/IBAN").or_else(|| details.owned("OrgnlDbtrAcct/Id/Othr/Id")),
        original_agent: details
            .owned("OrgnlDbtrAgt/FinInstnId/BICFI")
            .or_else(|| details.owned("OrgnlDbtrAgt/FinInstnId/Othr/Id")),
    });
    Ok(Mandate {
        id: part::maximum(at.get("MndtId"), 35, "MndtId")?,
        signed_on: at.get("DtOfSgntr").map(date::iso).transpose().of("DtOfSgntr")?,
        amendment: amended,
    })
}
