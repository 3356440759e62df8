//! The six rules by which a movement is known again. Pure: what a report tells, and what is there, give a verdict for
//! each entry.
//!
//! 1. A file with a known digest changes nothing; that is decided before anything is read.
//! 2. A bank's id counts only where it is declared to be stable.
//! 3. In a report that tells a day in full, `k` equal entries are `max(k, known)` movements. Equal entries have one day,
//!    amount and currency; the fingerprint decides first which is which.
//! 4. In a report that tells only news, an entry of a day that has been told in full is known; of another day, what
//!    equals a known one is a possible duplicate. Balances decide whether a statement continues another one of its day.
//! 5. A pending entry becomes booked by the bank's word, else by like words, 10 days and at most 30 % more; each once.
//! 6. Of two sources only the leading one books.
//!
//! Invariant: a movement is the verdict of at most one entry of a report.

mod alike;
mod pending;
mod segment;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use banking_api::Status;
use kernel::Currency;

pub(crate) use alike::words;
pub(crate) use segment::{Span, neighbours};

/// A movement that is there and may be the one that is told.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) seq: i64,
    pub(crate) status: Status,
    /// Removed by the bank's own word.
    pub(crate) by_bank: bool,
    /// Its import was withdrawn: it is back when another one tells it.
    pub(crate) withdrawn: bool,
    /// A person has decided that it is a movement of its own.
    pub(crate) kept: bool,
    pub(crate) mark: Mark,
    pub(crate) source: i64,
    /// Statements that told it.
    pub(crate) tellers: Vec<i64>,
    /// When the latest of them was made.
    pub(crate) told_at: i64,
    /// Of open ones only.
    pub(crate) words: Vec<String>,
}

/// What entries are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) day: i64,
    pub(crate) minor: i64,
    pub(crate) currency: Currency,
    /// Of everything that the bank says of it.
    pub(crate) print: i64,
    pub(crate) bank: Option<i64>,
    pub(crate) end_to_end: Option<i64>,
}

/// An entry of a report.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) status: Status,
    pub(crate) mark: Mark,
    pub(crate) words: Vec<String>,
    pub(crate) correction: Option<Correction>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Correction {
    Replaces(i64),
    Deletes(i64),
    /// The entry as it is told is deleted.
    This,
}

/// The report.
#[derive(Debug, Clone, Default)]
pub(crate) struct Terms {
    pub(crate) statement: i64,
    pub(crate) source: i64,
    /// It tells only what is new.
    pub(crate) news: bool,
    pub(crate) stable_ids: bool,
    /// Its source books.
    pub(crate) leading: bool,
    /// When it was made.
    pub(crate) told_at: i64,
    /// Statements of the same day that it continues, or that continue it.
    pub(crate) apart: HashSet<i64>,
    /// Statements that it may continue or repeat: nothing tells which.
    pub(crate) doubtful: HashSet<i64>,
    /// Earlier imports of the same report.
    pub(crate) repeats: HashSet<i64>,
    /// Movements that this report has told so far.
    pub(crate) told_here: HashSet<i64>,
    /// First and last days of statements that told their days in full.
    pub(crate) closed: Vec<(i64, i64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    New,
    Known(i64),
    /// A pending movement is booked.
    Books(i64),
    /// A pending movement is told with other words or another amount.
    Changes(i64),
    /// The bank has corrected a booked movement.
    Corrects(i64),
    Deletes(i64),
    /// A possible duplicate is told by a report that tells its day in full.
    Confirms(i64),
    PossibleDuplicate(i64),
    /// A deletion of what is not there, or what another source books.
    Nothing,
}

type Place = (i64, i64, Currency);
type Pass<'a> = fn(&mut Work<'a>, &Told) -> Option<Verdict>;

struct Work<'a> {
    terms: &'a Terms,
    seen: &'a [Seen],
    by_place: HashMap<Place, Vec<&'a Seen>>,
    by_bank: HashMap<i64, &'a Seen>,
    former: &'a HashMap<i64, Option<i64>>,
    taken: HashSet<i64>,
}

/// One verdict for each entry.
pub(crate) fn recognise(
    terms: &Terms,
    told: &[Told],
    seen: &[Seen],
    former: &HashMap<i64, Option<i64>>,
) -> Vec<Verdict> {
    let mut work = Work::new(terms, seen, former);
    let mut verdicts: Vec<Option<Verdict>> = told.iter().map(|told| work.by_id(told)).collect();
    let passes: [Pass<'_>; 5] =
        [Work::by_print, Work::by_end_to_end, Work::by_place, Work::by_pending_exactly, Work::by_pending];
    for pass in passes {
        for (told, verdict) in told.iter().zip(&mut verdicts).filter(|(_, verdict)| verdict.is_none()) {
            *verdict = pass(&mut work, told);
        }
    }
    let rest = |told: &Told| match told.status {
        _ if told.correction == Some(Correction::This) => Verdict::Nothing,
        Status::Booked if !terms.leading => Verdict::Nothing,
        _ => Verdict::New,
    };
    told.iter().zip(verdicts).map(|(told, verdict)| verdict.unwrap_or_else(|| rest(told))).collect()
}

impl<'a> Work<'a> {
    fn new(terms: &'a Terms, seen: &'a [Seen], former: &'a HashMap<i64, Option<i64>>) -> Work<'a> {
        let mut by_place: HashMap<Place, Vec<&Seen>> = HashMap::new();
        for seen in seen.iter().filter(|seen| is_settled(seen)) {
            by_place.entry(place(&seen.mark)).or_default().push(seen);
        }
        for group in by_place.values_mut() {
            group.sort_by_key(|seen| (rank(seen), seen.seq));
        }
        let alive = |seen: &&Seen| seen.status != Status::Removed || seen.by_bank;
        let with_id = |seen: &'a Seen| seen.mark.bank.map(|bank| (bank, seen));
        let by_bank = seen.iter().filter(alive).filter_map(with_id).collect();
        let taken = terms.told_here.clone();
        Work { terms, seen, by_place, by_bank, former, taken }
    }

    /// The bank's own word: a correction, a former id, or an id that is stable.
    fn by_id(&mut self, told: &Told) -> Option<Verdict> {
        if let Some(Correction::Replaces(bank) | Correction::Deletes(bank)) = told.correction {
            return Some(self.correction(told, bank));
        }
        let bank = told.mark.bank?;
        if let Some(now) = self.former.get(&bank) {
            return Some(now.map_or(Verdict::Nothing, Verdict::Known));
        }
        self.by_own_id(told, bank)
    }

    fn by_own_id(&mut self, told: &Told, bank: i64) -> Option<Verdict> {
        let seen = self.by_bank.get(&bank).copied().filter(|seen| self.terms.stable_ids && self.is_free(seen))?;
        self.taken.insert(seen.seq);
        Some(match (seen.status, told.status) {
            (Status::Pending, Status::Booked) => Verdict::Books(seen.seq),
            (Status::Pending, _) if seen.mark.print != told.mark.print => Verdict::Changes(seen.seq),
            (Status::Booked | Status::Corrected, Status::Booked) if place(&seen.mark) != place(&told.mark) => {
                Verdict::Corrects(seen.seq)
            }
            _ => Verdict::Known(seen.seq),
        })
    }

    fn correction(&mut self, told: &Told, bank: i64) -> Verdict {
        // The bank repeats what an entry replaced, also long afterwards.
        if let Some(verdict) = told.mark.bank.and_then(|own| self.by_own_id(told, own)) {
            return verdict;
        }
        if let Some(known) = self.find(told, |seen| seen.mark.print == told.mark.print) {
            self.taken.insert(known.seq);
            return Verdict::Known(known.seq);
        }
        let deletes = matches!(told.correction, Some(Correction::Deletes(_)));
        match self.by_bank.get(&bank) {
            Some(seen) if deletes => Verdict::Deletes(seen.seq),
            Some(seen) => {
                self.taken.insert(seen.seq);
                let books = seen.status == Status::Pending && told.status == Status::Booked;
                if books { Verdict::Books(seen.seq) } else { Verdict::Corrects(seen.seq) }
            }
            None if deletes || self.former.contains_key(&bank) => Verdict::Nothing,
            None => Verdict::New,
        }
    }

    fn by_print(&mut self, told: &Told) -> Option<Verdict> {
        if !is_final(told) {
            return None;
        }
        let seen = self.find(told, |seen| seen.mark.print == told.mark.print)?;
        Some(self.judged(told, seen, true))
    }

    fn by_end_to_end(&mut self, told: &Told) -> Option<Verdict> {
        if told.status != Status::Booked || told.mark.end_to_end.is_none() {
            return None;
        }
        let stable = self.terms.stable_ids;
        let is_it =
            |seen: &Seen| seen.mark.end_to_end == told.mark.end_to_end && is_compatible(&seen.mark, &told.mark, stable);
        let seen = self.find(told, is_it)?;
        Some(self.judged(told, seen, false))
    }

    fn by_place(&mut self, told: &Told) -> Option<Verdict> {
        if told.status != Status::Booked || told.correction.is_some() {
            return None;
        }
        let stable = self.terms.stable_ids;
        let seen = self.find(told, |seen| is_compatible(&seen.mark, &told.mark, stable))?;
        // Other words of the same source are another entry, unless the report tells everything.
        if self.terms.news && seen.source == self.terms.source && !self.is_closed(told.mark.day) {
            return None;
        }
        Some(self.judged(told, seen, false))
    }

    fn find(&self, told: &Told, is_it: impl Fn(&Seen) -> bool) -> Option<&'a Seen> {
        let group = self.by_place.get(&place(&told.mark))?;
        let fits = |seen: &&&Seen| {
            (seen.status == Status::Info) == (told.status == Status::Info) && self.is_free(seen) && is_it(seen)
        };
        group.iter().find(fits).copied()
    }

    fn is_free(&self, seen: &Seen) -> bool {
        !self.taken.contains(&seen.seq) && !seen.tellers.iter().any(|teller| self.terms.apart.contains(teller))
    }

    fn is_closed(&self, day: i64) -> bool {
        self.terms.closed.iter().any(|(from, to)| (*from..=*to).contains(&day))
    }

    /// The verdict of an entry that equals a movement.
    fn judged(&mut self, told: &Told, seen: &Seen, exactly: bool) -> Verdict {
        self.taken.insert(seen.seq);
        if told.correction == Some(Correction::This) {
            return if seen.status == Status::Removed { Verdict::Nothing } else { Verdict::Deletes(seen.seq) };
        }
        let told_by = |statements: &HashSet<i64>| seen.tellers.iter().any(|teller| statements.contains(teller));
        let is_open = seen.status == Status::PossibleDuplicate;
        if exactly && told_by(&self.terms.repeats) {
            return Verdict::Known(seen.seq);
        }
        let decides = if self.terms.news { self.is_closed(told.mark.day) } else { !told_by(&self.terms.doubtful) };
        match (decides, is_open) {
            (true, true) if !self.terms.news => Verdict::Confirms(seen.seq),
            (true, _) | (false, true) => Verdict::Known(seen.seq),
            (false, false) if told.status == Status::Info => Verdict::Known(seen.seq),
            (false, false) => Verdict::PossibleDuplicate(seen.seq),
        }
    }
}

/// What a report leaves untold, although it would have told it: gone, or never a movement of its own.
pub(crate) fn is_refuted(terms: &Terms, seen: &Seen, days: (i64, i64), adds_up: bool) -> bool {
    if terms.told_here.contains(&seen.seq) || seen.kept {
        return false;
    }
    match seen.status {
        // Only a later report of the same kind says that it is gone.
        Status::Pending => seen.source == terms.source && seen.told_at < terms.told_at,
        Status::PossibleDuplicate => {
            let decides = !terms.news && adds_up && terms.apart.is_empty() && terms.doubtful.is_empty();
            decides && (days.0..=days.1).contains(&seen.mark.day)
        }
        _ => false,
    }
}

fn place(mark: &Mark) -> Place {
    (mark.day, mark.minor, mark.currency)
}

fn is_settled(seen: &Seen) -> bool {
    match seen.status {
        Status::Pending => false,
        Status::Removed => seen.by_bank,
        _ => true,
    }
}

/// Firm ones are matched first, possible duplicates last.
fn rank(seen: &Seen) -> u8 {
    match seen.status {
        _ if seen.withdrawn => 3,
        Status::Booked | Status::Corrected | Status::Info => 0,
        Status::Removed => 1,
        _ => 2,
    }
}

fn is_final(told: &Told) -> bool {
    matches!(told.status, Status::Booked | Status::Info)
}

/// Two references of one kind that differ belong to two movements.
fn is_compatible(seen: &Mark, told: &Mark, stable_ids: bool) -> bool {
    let agree = |one: Option<i64>, other: Option<i64>| one.zip(other).is_none_or(|(one, other)| one == other);
    agree(seen.end_to_end, told.end_to_end) && (!stable_ids || agree(seen.bank, told.bank))
}
