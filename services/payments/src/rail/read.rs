//! Reads an answer of the bank: pain.002, or a report of the account. Pure.

use formats::follow_up::{About, FollowUp, FollowUpItem, FollowUps, Reason};
use formats::statement::{Detail, Entry, EntryStatus, Told};
use formats::{Item, Kind, Options, Report, Statements, detect};
use kernel::Money;
use serde::{Deserialize, Serialize};

use super::{file_of, payment_of};
use crate::face::limits::ANSWER_LINES_MAX;

/// The reason of a rejection or return that names none.
const WITHOUT_REASON: &str = "NARR";
const REASON_CHARS_MAX: usize = 35;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) kind: Kind,
    pub(crate) message: Option<String>,
    pub(crate) lines: Vec<AnswerLine>,
}

/// No names and no texts: what is kept of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AnswerLine {
    /// From 1.
    pub(crate) number: u64,
    /// The payment, or the file as a whole.
    pub(crate) reference: Option<String>,
    /// Signed from our account's side.
    pub(crate) amount: Option<Money>,
    pub(crate) says: Says,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Says {
    Accepted {
        code: String,
    },
    Rejected {
        reason: String,
    },
    /// The file was rejected as a whole.
    FileRejected {
        reason: String,
    },
    /// It left our account.
    Debited,
    /// It came back to our account.
    Returned {
        reason: String,
    },
    /// An entry of another kind.
    Other,
}

/// Refused as a whole, with a sentence, if anything in it cannot be read.
pub(crate) fn read(content: &[u8]) -> Result<Answer, String> {
    let format = detect(content).map_err(|problem| problem.to_string())?;
    match format.kind {
        Kind::Pain002 => status_report(content),
        Kind::Camt052 | Kind::Camt053 | Kind::Camt054 => account_report(content, format.kind),
        other => Err(format!("expected pain.002, camt.052, camt.053 or camt.054, found {}", other.name())),
    }
}

/// Lines, as many as an answer may have.
#[derive(Default)]
struct Lines(Vec<AnswerLine>);

impl Lines {
    fn add(&mut self, reference: Option<String>, amount: Option<Money>, says: Says) -> Result<(), String> {
        if self.0.len() >= ANSWER_LINES_MAX {
            return Err(format!("expected at most {ANSWER_LINES_MAX} lines"));
        }
        let number = self.0.len() as u64 + 1;
        self.0.push(AnswerLine { number, reference, amount, says });
        Ok(())
    }
}

fn is_whole(report: &Report) -> Result<(), String> {
    if !report.is_refused(false) {
        return Ok(());
    }
    let first = report.refusals.first.first().or(report.lines.first.first());
    Err(first.map_or_else(|| "it cannot be read".to_owned(), ToString::to_string))
}

fn status_report(content: &[u8]) -> Result<Answer, String> {
    let mut items = FollowUps::open(content);
    let (mut message, mut lines, mut rejected) = (None, Lines::default(), None);
    for item in items.by_ref() {
        match item {
            FollowUpItem::Head(head) => {
                message = head.id.clone();
                rejected = rejected.or_else(|| whole(&head.about, head.about.message.id.as_deref()));
            }
            FollowUpItem::Batch(batch) => {
                rejected = rejected.or_else(|| whole(&batch, batch.payment_information.as_deref()));
            }
            FollowUpItem::Line(line) => status_of(&line, &mut lines)?,
        }
    }
    is_whole(items.report())?;
    if let Some((file, reason)) = rejected {
        lines.add(Some(file), None, Says::FileRejected { reason })?;
    }
    Ok(Answer { kind: Kind::Pain002, message, lines: lines.0 })
}

/// A file, or its only batch, that was rejected as a whole.
fn whole(about: &About, name: Option<&str>) -> Option<(String, String)> {
    let name = name.filter(|_| about.status.as_deref() == Some("RJCT"))?;
    Some((name.to_owned(), reason_of(&about.reasons)))
}

fn status_of(line: &FollowUp, lines: &mut Lines) -> Result<(), String> {
    let says = match line.status.as_deref() {
        Some("RJCT" | "CANC") => Says::Rejected { reason: reason_of(&line.reasons) },
        Some(code) => Says::Accepted { code: short(code) },
        None => Says::Other,
    };
    lines.add(ours([&line.end_to_end, &line.instruction]), line.original_amount, says)
}

fn reason_of(reasons: &[Reason]) -> String {
    let named = reasons.iter().find_map(|reason| reason.code.as_deref().or(reason.proprietary.as_deref()));
    short(named.unwrap_or(WITHOUT_REASON))
}

fn short(code: &str) -> String {
    code.chars().filter(|letter| letter.is_ascii_graphic()).take(REASON_CHARS_MAX).collect()
}

/// The reference that is one of ours, else the first.
fn ours(references: [&Option<String>; 2]) -> Option<String> {
    let known = |reference: &&String| payment_of(reference).is_some() || file_of(reference).is_some();
    let mut all = references.into_iter().flatten();
    all.clone().find(known).or_else(|| all.next()).map(|reference| short(reference))
}

fn account_report(content: &[u8], kind: Kind) -> Result<Answer, String> {
    let mut items = Statements::open(content, &Options::default());
    let (mut message, mut lines) = (None, Lines::default());
    // Further pages of details belong to the entry before.
    let (mut booked, mut reversal) = (false, false);
    for item in items.by_ref() {
        match item {
            Item::Begin(statement) => message = message.or_else(|| statement.message.clone()),
            Item::Entry(entry) => {
                (booked, reversal) = (entry.status == EntryStatus::Booked, entry.reversal);
                if booked {
                    entry_lines(&entry, &mut lines)?;
                }
            }
            Item::Details(page) if booked => {
                page.details.iter().try_for_each(|detail| detail_line(detail, reversal, &mut lines))?;
            }
            Item::Details(_) | Item::Holding(_) | Item::End(_) => {}
        }
    }
    is_whole(items.report())?;
    Ok(Answer { kind, message, lines: lines.0 })
}

fn entry_lines(entry: &Entry, lines: &mut Lines) -> Result<(), String> {
    if entry.details.is_empty() {
        return entry_line(&entry.told, Some(entry.amount), entry.reversal, lines);
    }
    entry.details.iter().try_for_each(|detail| detail_line(detail, entry.reversal, lines))
}

fn detail_line(detail: &Detail, reversal: bool, lines: &mut Lines) -> Result<(), String> {
    entry_line(&detail.told, detail.amount, reversal, lines)
}

fn entry_line(told: &Told, amount: Option<Money>, reversal: bool, lines: &mut Lines) -> Result<(), String> {
    let reference = ours([&told.references.end_to_end, &told.references.instruction]);
    let is_payment = reference.as_deref().is_some_and(|reference| payment_of(reference).is_some());
    let says = match amount.map(|amount| amount.minor().signum()) {
        Some(-1) if is_payment && told.return_reason.is_none() && !reversal => Says::Debited,
        Some(1) if is_payment => {
            Says::Returned { reason: short(told.return_reason.as_deref().unwrap_or(WITHOUT_REASON)) }
        }
        _ => Says::Other,
    };
    lines.add(reference, amount, says)
}
