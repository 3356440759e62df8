//! The bank at the other end of SEPA, for trying out and testing: what it answers to a file of payments.
//!
//! Pure and seeded: the same file and seed have the same answers. A payment is rejected, carried out, or carried out and
//! returned, and its reference alone decides which, so that any number of files make the same world.

use std::io::Read;

use formats::camt::{CamtReport, CamtWriter};
use formats::follow_up::{About, FollowUp, FollowUpWriter, Head, Original, Reason};
use formats::iso::Letters;
use formats::payment::{Batch, Line};
use formats::statement::{
    Account, Code, Coverage, Entry, Party, References, Scheme, Statement, StatementWriter, Told, WriteError,
};
use formats::{Kind, PaymentItem, PaymentOptions, Payments};
use jiff::civil::Date;
use kernel::{Money, Timestamp};

const REJECTIONS: [&str; 4] = ["AC01", "AC04", "AM05", "RC01"];
const RETURNS: [&str; 4] = ["AC04", "AC06", "MD07", "MS03"];
/// Payments of one file; more are refused.
const PAYMENTS_MAX: usize = 100_000;

/// How the bank behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bank {
    pub seed: u64,
    /// Of a hundred payments.
    pub rejects: u8,
    /// Of a hundred payments that it does not reject.
    pub returns: u8,
    /// What it keeps of each return, in smallest units.
    pub charge: i64,
    /// It sends each answer twice, and returns before the bookings that they return.
    pub is_unruly: bool,
}

impl Default for Bank {
    fn default() -> Bank {
        Bank { seed: 7, rejects: 5, returns: 5, charge: 0, is_unruly: false }
    }
}

/// A file from the bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankAnswer {
    pub name: String,
    pub content: Vec<u8>,
}

/// Why the bank has no answer.
#[derive(Debug, thiserror::Error)]
pub enum BankError {
    #[error("the bank refuses the file: {0}")]
    Refused(String),
    #[error("an answer cannot be written: {0}")]
    Unwritable(#[from] WriteError),
}

/// What becomes of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Rejected(&'static str),
    Paid,
    Returned(&'static str),
}

impl Bank {
    /// Its answers to one pain.001, in the order in which it sends them.
    ///
    /// # Errors
    /// The file is none that a bank takes.
    pub fn answers(&self, file: impl Read + Send, at: Timestamp) -> Result<Vec<BankAnswer>, BankError> {
        let order = Order::read(file)?;
        let debits = order.with(self, Fate::is_paid);
        let returns = order.with(self, |fate| matches!(fate, Fate::Returned(_)));
        let mut all = vec![order.named("1-status", "pain002", self.status(&order, at)?)];
        let debited = |amount: Money| Money::new(amount.minor().saturating_neg(), amount.currency());
        if !debits.is_empty() {
            all.push(order.named("2-debits", "camt054", order.report("D", &debits, at, debited)?));
        }
        let kept = |amount: Money| Money::new(amount.minor().saturating_sub(self.charge).max(1), amount.currency());
        if !returns.is_empty() {
            all.push(order.named("3-returns", "camt054", order.report("R", &returns, at, kept)?));
        }
        if self.is_unruly {
            all.reverse();
            all.extend(all.clone());
        }
        Ok(all)
    }

    fn fate(&self, reference: &str) -> Fate {
        let roll = |salt: &str| scattered(self.seed, salt, reference);
        let one_of = |codes: [&'static str; 4], salt: &str| {
            let place = usize::try_from(roll(salt) % 4).unwrap_or(0);
            codes.get(place).copied().unwrap_or("MS03")
        };
        if roll("rejects") % 100 < u64::from(self.rejects) {
            return Fate::Rejected(one_of(REJECTIONS, "rejection"));
        }
        if roll("returns") % 100 < u64::from(self.returns) {
            return Fate::Returned(one_of(RETURNS, "return"));
        }
        Fate::Paid
    }

    fn status(&self, order: &Order, at: Timestamp) -> Result<Vec<u8>, WriteError> {
        let mut head = Head::new(Kind::Pain002);
        head.id = Some(format!("S{}", order.short()));
        head.created_at = Some(at);
        let original =
            Original { id: Some(order.id.clone()), name: Some("pain.001.001.09".to_owned()), ..Original::default() };
        let rejected = order.lines.iter().filter(|line| !self.fate(reference(line)).is_paid()).count();
        let status = if rejected == 0 { "ACCP" } else { "PART" };
        head.about = About { message: original, status: Some(status.to_owned()), ..About::default() };
        let mut out = FollowUpWriter::new(Vec::new(), &head, Letters::Swift)?;
        out.batch(&About { payment_information: order.batch.id.clone(), ..About::default() })?;
        for line in &order.lines {
            let (status, reason) = match self.fate(reference(line)) {
                Fate::Rejected(code) => ("RJCT", Some(code)),
                Fate::Paid | Fate::Returned(_) => ("ACSP", None),
            };
            let reasons = reason.map(|code| Reason { code: Some(code.to_owned()), ..Reason::default() });
            out.line(&FollowUp {
                instruction: line.instruction.clone(),
                end_to_end: line.end_to_end.clone(),
                status: Some(status.to_owned()),
                reasons: reasons.into_iter().collect(),
                original_amount: Some(line.amount),
                ..FollowUp::default()
            })?;
        }
        out.finish()
    }
}

impl Fate {
    fn is_paid(self) -> bool {
        !matches!(self, Fate::Rejected(_))
    }
}

/// A file as the bank has read it.
struct Order {
    id: String,
    day: Option<Date>,
    batch: Batch,
    lines: Vec<Line>,
}

impl Order {
    fn read(file: impl Read + Send) -> Result<Order, BankError> {
        let mut items = Payments::open(file, &PaymentOptions::default());
        let (mut id, mut batch, mut lines) = (None, Batch::default(), Vec::new());
        for item in items.by_ref() {
            match item {
                PaymentItem::File(head) if head.kind == Kind::Pain001 => id = head.id.clone(),
                PaymentItem::Batch(told) => batch = *told,
                PaymentItem::Line(line) if lines.len() < PAYMENTS_MAX => lines.push(*line),
                PaymentItem::Line(_) => {
                    return Err(BankError::Refused(format!("it has more than {PAYMENTS_MAX} payments")));
                }
                PaymentItem::File(_) | PaymentItem::EndBatch(_) | PaymentItem::End(_) => {}
            }
        }
        let report = items.into_report();
        if let Some(first) = report.refusals.first.first().or(report.lines.first.first()) {
            return Err(BankError::Refused(first.to_string()));
        }
        let id = id.ok_or_else(|| BankError::Refused("expected a pain.001 with a message id".to_owned()))?;
        Ok(Order { id, day: batch.execute_on, batch, lines })
    }

    /// A message id has at most 35 characters.
    fn short(&self) -> String {
        self.id.chars().take(33).collect()
    }

    fn named(&self, part: &str, kind: &str, content: Vec<u8>) -> BankAnswer {
        BankAnswer { name: format!("{}-{part}.{kind}.xml", self.short()), content }
    }

    fn with(&self, bank: &Bank, wanted: impl Fn(Fate) -> bool) -> Vec<(&Line, Fate)> {
        let fates = self.lines.iter().map(|line| (line, bank.fate(reference(line))));
        fates.filter(|(_, fate)| wanted(*fate)).collect()
    }

    fn report(
        &self,
        letter: &str,
        lines: &[(&Line, Fate)],
        at: Timestamp,
        amount: impl Fn(Money) -> Money,
    ) -> Result<Vec<u8>, WriteError> {
        let id = format!("{letter}{}", self.short());
        let mut out = Vec::new();
        let mut writer = CamtWriter::new(&mut out, CamtReport::Notification, &id, at)?;
        writer.begin(&Statement {
            id: Some(id.clone()),
            coverage: Coverage::News,
            account: Account { iban: self.batch.own.iban.clone(), ..Account::default() },
            currency: lines.first().map(|(line, _)| line.amount.currency()),
            created_at: Some(at),
            ..Statement::default()
        })?;
        for (number, (line, fate)) in lines.iter().enumerate() {
            let code = if letter == "R" { "PMNT-ICDT-RRTN" } else { "PMNT-ICDT-ESCT" };
            let told = Told {
                codes: vec![Code::new(Scheme::Iso, code)],
                references: References {
                    bank: Some(format!("{letter}{}-{number}", self.short().chars().take(24).collect::<String>())),
                    end_to_end: line.end_to_end.clone(),
                    instruction: line.instruction.clone(),
                    ..References::default()
                },
                counterparty: Party {
                    name: line.creditor.name.clone(),
                    iban: line.creditor.iban.clone(),
                    ..Party::default()
                },
                return_reason: match fate {
                    Fate::Returned(code) if letter == "R" => Some((*code).to_owned()),
                    _ => None,
                },
                ..Told::default()
            };
            let amount = amount(line.amount);
            writer.entry(&Entry { booked_on: self.day, valued_on: self.day, told, ..Entry::new(amount) })?;
        }
        writer.end()?;
        writer.finish()?;
        drop(writer);
        Ok(out)
    }
}

fn reference(line: &Line) -> &str {
    line.end_to_end.as_deref().or(line.instruction.as_deref()).unwrap_or_default()
}

/// FNV-1a over all of it, its high bits folded in: near references have far rolls.
fn scattered(seed: u64, salt: &str, reference: &str) -> u64 {
    let bytes = seed.to_be_bytes().into_iter().chain(salt.bytes()).chain(reference.bytes());
    let hash = bytes
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_as_many_are_rejected_as_asked_for() {
        let bank = Bank { rejects: 20, returns: 0, ..Bank::default() };
        let rejected = (0..10_000).filter(|number| !bank.fate(&format!("payment {number}")).is_paid()).count();
        assert!((1_800..2_200).contains(&rejected), "{rejected}");
    }

    #[test]
    fn what_is_no_pain_001_is_refused() {
        for bad in ["", "<Document/>", "id;amount\n1;2\n"] {
            let answer = Bank::default().answers(bad.as_bytes(), Timestamp::EPOCH);
            assert!(matches!(answer, Err(BankError::Refused(_))), "{bad}");
        }
    }
}
