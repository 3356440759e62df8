//! The first reading: every mistake, and the facts of each statement.

use banking_api::limits::WARNINGS_MAX;
use banking_api::{Day, Mistake, Warning};
use formats::statement::{Account, Balance, BalanceKind, Coverage, Effect, End, Entry, EntryStatus, Statement};
use formats::{Format, Item, Options, Statements};
use kernel::Currency;

use super::{Source, mistake};

/// Statements in one file.
const STATEMENTS_MAX: usize = 20_000;

/// What the first reading found.
pub(crate) struct Checked {
    pub(crate) format: Option<Format>,
    pub(crate) refused: Option<Mistake>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) warnings_total: u64,
    pub(crate) statements: Vec<Facts>,
}

/// One statement.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) account: Account,
    pub(crate) currency: Option<Currency>,
    /// The bank's own name for it.
    pub(crate) identity: Option<String>,
    pub(crate) coverage: Coverage,
    pub(crate) effect: Effect,
    pub(crate) from: Option<i64>,
    pub(crate) to: Option<i64>,
    pub(crate) opening: Option<i64>,
    pub(crate) closing: Option<i64>,
    pub(crate) last_sum: Option<i64>,
    pub(crate) adds_up: bool,
    /// In microseconds; nothing if the file does not tell.
    pub(crate) told_at: Option<i64>,
}

#[derive(Default)]
struct Days {
    first: Option<i64>,
    last: Option<i64>,
    last_sum: i64,
}

pub(crate) fn check(source: Source, options: &Options, partial: bool) -> Checked {
    let mut reader = Statements::open(source, options);
    let (mut statements, mut days) = (Vec::new(), Days::default());
    let mut too_many = false;
    for item in &mut reader {
        match item {
            Item::Begin(_) => days = Days::default(),
            Item::Entry(entry) => days.add(&entry),
            Item::End(end) if statements.len() < STATEMENTS_MAX => statements.push(facts(&end, &days)),
            Item::End(_) => too_many = true,
            Item::Details(_) | Item::Holding(_) => {}
        }
    }
    let format = reader.format().cloned();
    let report = reader.into_report();
    let first = report.refusals.first.first().or(report.lines.first.first());
    let refused = first.filter(|_| report.is_refused(partial)).map(mistake);
    let limit = || Mistake::whole("too_many", format!("a file has at most {STATEMENTS_MAX} statements"));
    let left_out = if partial { report.lines.first.as_slice() } else { &[] };
    let warnings = report.warnings.first.iter().chain(left_out).take(WARNINGS_MAX);
    let warning = |found: &formats::Mistake| Warning {
        code: found.problem.code().to_owned(),
        line: found.line,
        message: found.to_string(),
    };
    Checked {
        format,
        refused: refused.or_else(|| too_many.then(limit)),
        warnings: warnings.map(warning).collect(),
        warnings_total: report.warnings.total + if partial { report.lines.total } else { 0 },
        statements,
    }
}

impl Days {
    fn add(&mut self, entry: &Entry) {
        if entry.status != EntryStatus::Booked {
            return;
        }
        let Some(day) = entry.booked_on.or(entry.valued_on).map(|date| Day::from(date).number()) else { return };
        self.first = Some(self.first.map_or(day, |first| first.min(day)));
        if self.last.is_none_or(|last| last < day) {
            (self.last, self.last_sum) = (Some(day), 0);
        }
        if self.last == Some(day) {
            self.last_sum = self.last_sum.saturating_add(entry.amount.minor());
        }
    }
}

fn facts(end: &End, days: &Days) -> Facts {
    let Statement { account, currency, coverage, effect, .. } = &end.statement;
    let statement = &end.statement;
    let opening = balance(statement, BalanceKind::OpeningBooked, false);
    let closing = balance(statement, BalanceKind::ClosingBooked, true);
    let number = |date: Option<jiff::civil::Date>| date.map(|date| Day::from(date).number());
    let stated = number(closing.and_then(|balance| balance.on)).or(number(statement.to));
    let to = stated.max(days.last).or(number(statement.created_on));
    // After a last day without entries nothing can be mixed up.
    let last_sum = (days.last.is_some() && days.last == to).then_some(days.last_sum);
    let created = statement.created_at.map(|at| at.micros());
    Facts {
        account: account.clone(),
        currency: *currency,
        identity: identity(statement),
        coverage: *coverage,
        effect: *effect,
        from: days.first.or(to),
        to,
        opening: opening.map(|balance| balance.amount.minor()),
        closing: closing.map(|balance| balance.amount.minor()),
        last_sum,
        adds_up: end.sums.difference.is_some_and(|difference| difference.minor == 0),
        told_at: created.or(to.map(|day| (day + 1).saturating_mul(86_400_000_000))),
    }
}

fn balance(statement: &Statement, kind: BalanceKind, last: bool) -> Option<&Balance> {
    let fits = |balance: &&Balance| balance.kind == kind && Some(balance.amount.currency()) == statement.currency;
    let mut found = statement.balances.iter().filter(fits);
    if last { found.next_back() } else { found.min_by_key(|balance| balance.code == "PRCD") }
}

/// The bank's own id and number; a report of news is also named by its message and time.
fn identity(statement: &Statement) -> Option<String> {
    if statement.id.is_none() && statement.sequence.is_none() {
        return None;
    }
    let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    let own = statement.id.as_deref().unwrap_or_default();
    let name = format!("{own}/{}/{}", number(statement.sequence), number(statement.page.map(|page| page.number)));
    let message = statement.message.as_deref().unwrap_or_default();
    let created = statement.created_at.map_or(0, |at| at.micros());
    Some(if statement.coverage == Coverage::News { format!("{name}/{message}/{created}") } else { name })
}
