//! What a file is, its counts, sums and mistakes: for people and for programs that ask before they act.

use std::io::Read;

use jiff::civil::Date;
use kernel::Currency;
use serde::Serialize;

use crate::archive::Member;
use crate::csv;
use crate::detect::{self, Format, Kind};
use crate::follow_up::{FollowUpItem, FollowUps};
use crate::input::Input;
use crate::json;
use crate::limits::{SUMMARY_BALANCES_MAX, SUMMARY_MAX, SUMMARY_MISTAKES_MAX};
use crate::mistake::{Mistake, Problem, Report};
use crate::nacha::{AchFile, AchItem, AchSums};
use crate::payment::{Direction, PaymentItem, PaymentOptions, Payments, Tally};
use crate::statement::{Account, Balance, End, Item, Options, Statements, Sums};

/// How to look at a file.
#[derive(Debug, Default, Clone)]
pub struct InspectOptions {
    /// Unreadable lines are left out, and wrong control totals of BAI2 warn.
    pub lenient: bool,
    /// Of CSV files. With a payee's account among its columns it is one of orders.
    pub csv: Option<csv::Profile>,
}

#[derive(Debug, Default, Clone, Serialize)]
pub struct Summary {
    pub format: Option<String>,
    /// Whether the file would be refused, as it is asked for.
    pub refused: bool,
    /// Of an archive, those of its files.
    pub bytes: u64,
    pub lines: u64,
    /// The guessed or given layout of CSV.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<csv::Profile>,
    /// At most 1,000, with 10,000 balances.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<StatementSummary>,
    /// Statements that were read too.
    #[serde(skip_serializing_if = "is_zero")]
    pub not_listed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payments: Option<PaymentSummary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ach: Option<AchSums>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follow_ups: Option<FollowUpSummary>,
    /// Of an archive.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Member>,
    pub mistakes: Report,
}

#[derive(Debug, Clone, Serialize)]
pub struct StatementSummary {
    pub account: Account,
    pub id: Option<String>,
    #[serde(serialize_with = "json::day")]
    pub from: Option<Date>,
    #[serde(serialize_with = "json::day")]
    pub to: Option<Date>,
    pub currency: Option<Currency>,
    /// All of them, also those that are not booked and those in another currency.
    pub entries: u64,
    pub balances: Vec<Balance>,
    pub sums: Sums,
    /// Nothing where a balance is missing.
    pub adds_up: Option<bool>,
}

#[derive(Debug, Clone, Serialize)]
pub struct PaymentSummary {
    pub id: Option<String>,
    pub direction: Direction,
    pub batches: u64,
    pub total: Tally,
}

#[derive(Debug, Clone, Serialize)]
pub struct FollowUpSummary {
    pub id: Option<String>,
    pub original: Option<String>,
    pub status: Option<String>,
    pub lines: u64,
}

/// Reads a whole file of any kind and says what it is. Of archives see [`inspect_file`](crate::inspect_file).
pub fn inspect(source: impl Read + Send, options: &InspectOptions) -> Summary {
    listed(source, options, &mut Room::default())
}

/// What may still be listed.
pub(crate) struct Room {
    statements: usize,
    balances: usize,
    mistakes: usize,
}

impl Default for Room {
    fn default() -> Room {
        Room { statements: SUMMARY_MAX, balances: SUMMARY_BALANCES_MAX, mistakes: SUMMARY_MISTAKES_MAX }
    }
}

pub(crate) fn listed(source: impl Read + Send, options: &InspectOptions, room: &mut Room) -> Summary {
    let input = Input::new(source);
    let mut summary = match detect::detect(input.head()) {
        Ok(Format { kind, .. }) => match kind {
            Kind::Nacha => ach(input, options),
            Kind::Pain001 | Kind::Pain008 | Kind::Pacs003 | Kind::Pacs008 | Kind::Pacs009 => payments(input, options),
            Kind::Csv if options.csv.as_ref().is_some_and(|profile| profile.check_orders().is_ok()) => {
                payments(input, options)
            }
            kind if kind.is_statement() => statements(input, options, room),
            _ => follow_ups(input, options),
        },
        Err(problem) => refused((input.read_bytes(), 0), problem),
    };
    summary.mistakes.keep(&mut room.mistakes);
    summary
}

pub(crate) fn refused(position: (u64, u64), problem: Problem) -> Summary {
    let mut report = Report::default();
    report.refuse(Mistake::whole(problem));
    summary(None, position, report, &InspectOptions::default())
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn summary(format: Option<&Format>, position: (u64, u64), mistakes: Report, options: &InspectOptions) -> Summary {
    Summary {
        format: format.map(Format::to_string),
        refused: mistakes.is_refused(options.lenient),
        bytes: position.0,
        lines: position.1,
        profile: None,
        statements: Vec::new(),
        not_listed: 0,
        payments: None,
        ach: None,
        follow_ups: None,
        files: Vec::new(),
        mistakes,
    }
}

fn statements(input: Input<'_>, options: &InspectOptions, room: &mut Room) -> Summary {
    let how = Options { lenient_totals: options.lenient, csv: options.csv.clone() };
    let mut file = Statements::from_input(input, &how);
    let (mut listed, mut not_listed) = (Vec::new(), 0);
    for item in file.by_ref() {
        if let Item::End(end) = item {
            match room.statements.checked_sub(1) {
                Some(left) => {
                    room.statements = left;
                    listed.push(StatementSummary::of(*end, &mut room.balances));
                }
                None => not_listed += 1,
            }
        }
    }
    let whole = summary(file.format(), file.position(), file.report().clone(), options);
    Summary { profile: file.profile().cloned(), statements: listed, not_listed, ..whole }
}

impl StatementSummary {
    fn of(end: End, balances_left: &mut usize) -> StatementSummary {
        let End { statement, sums } = end;
        let mut balances = statement.balances;
        balances.truncate(*balances_left);
        *balances_left -= balances.len();
        StatementSummary {
            account: statement.account,
            id: statement.id,
            from: statement.from,
            to: statement.to,
            currency: statement.currency,
            entries: sums.credits.count + sums.debits.count + sums.not_booked.count + sums.other_currency,
            balances,
            adds_up: sums.difference.map(|difference| difference.minor == 0),
            sums,
        }
    }
}

fn payments(input: Input<'_>, options: &InspectOptions) -> Summary {
    let mut file = Payments::from_input(input, &PaymentOptions { csv: options.csv.clone() });
    let mut payments: Option<PaymentSummary> = None;
    for item in file.by_ref() {
        match (item, &mut payments) {
            (PaymentItem::File(head), _) => {
                let (direction, total) = (head.direction(), Tally::default());
                payments = Some(PaymentSummary { id: head.id, direction, batches: 0, total });
            }
            (PaymentItem::Batch(_), Some(payments)) => payments.batches += 1,
            (PaymentItem::End(total), Some(payments)) => payments.total = total,
            _ => {}
        }
    }
    Summary { payments, ..summary(file.format(), file.position(), file.report().clone(), options) }
}

fn ach(input: Input<'_>, options: &InspectOptions) -> Summary {
    let mut file = AchFile::from_input(input);
    let mut ach = None;
    for item in file.by_ref() {
        if let AchItem::End(control) = item {
            ach = Some(control.sums);
        }
    }
    Summary { ach, ..summary(file.format(), file.position(), file.report().clone(), options) }
}

fn follow_ups(input: Input<'_>, options: &InspectOptions) -> Summary {
    let mut file = FollowUps::from_input(input);
    let mut told: Option<FollowUpSummary> = None;
    for item in file.by_ref() {
        match (item, &mut told) {
            (FollowUpItem::Head(head), _) => {
                let (original, status) = (head.about.message.id, head.about.status);
                told = Some(FollowUpSummary { id: head.id, original, status, lines: 0 });
            }
            (FollowUpItem::Line(_), Some(told)) => told.lines += 1,
            _ => {}
        }
    }
    Summary { follow_ups: told, ..summary(file.format(), file.position(), file.report().clone(), options) }
}
