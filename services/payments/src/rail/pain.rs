//! A file of payments as pain.001. Pure: the same payments always make the same bytes.

use formats::Kind;
use formats::iso::{Letters, OrderWriter};
use formats::payment::{Batch, FileHead, Line, PaymentKind, Side, Tally};
use formats::statement::WriteError;

use super::plain;
use crate::face::RailFile;
use crate::record::Record;

/// Our account at the bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnSide {
    pub(crate) name: String,
    pub(crate) iban: String,
    pub(crate) bic: Option<String>,
}

/// In the order of their ids.
pub(crate) fn pain(file: &RailFile, own: &OwnSide, payments: &[Record]) -> Result<Vec<u8>, WriteError> {
    let mut tally = Tally::default();
    payments.iter().for_each(|payment| tally.add(payment.amount));
    let id = plain(&file.id);
    let head = FileHead {
        id: Some(id.clone()),
        created_at: Some(file.created_at),
        count: Some(tally.count),
        control_sum: Some(tally.sum),
        initiator: Side { name: Some(own.name.clone()), ..Side::default() },
        ..FileHead::new(Kind::Pain001)
    };
    let mut out = OrderWriter::new(Vec::new(), &head, Letters::Swift)?;
    out.batch(&Batch {
        id: Some(id),
        // The bank tells each payment by itself.
        as_one: Some(false),
        count: Some(tally.count),
        control_sum: Some(tally.sum),
        kind: PaymentKind { service: Some("SEPA".to_owned()), ..PaymentKind::default() },
        execute_on: Some(file.execute_on),
        own: Side {
            name: Some(own.name.clone()),
            iban: Some(own.iban.clone()),
            bic: own.bic.clone(),
            ..Side::default()
        },
        charge_bearer: Some("SLEV".to_owned()),
        ..Batch::default()
    })?;
    for payment in payments {
        out.line(&line(payment))?;
    }
    out.finish()
}

fn line(payment: &Record) -> Line {
    let id = plain(&payment.id);
    let creditor = payment.rail.as_ref().map(|over| over.creditor.clone());
    Line {
        instruction: Some(id.clone()),
        end_to_end: Some(id),
        creditor: Side {
            name: creditor.as_ref().map(|creditor| creditor.name.clone()),
            iban: creditor.as_ref().map(|creditor| creditor.iban.clone()),
            bic: creditor.and_then(|creditor| creditor.bic),
            ..Side::default()
        },
        text: payment.text.iter().cloned().collect(),
        ..Line::new(payment.amount)
    }
}
