//! Pending entries: which movement they are, and which booked entry they become (rule 5).

use banking_api::Status;

use super::alike::are_alike;
use super::{Mark, Seen, Told, Verdict, Work};

/// Days between announcement and booking.
const DAYS_MAX: i64 = 10;
/// A booked amount may exceed its announcement by so many percent: tips, fuel, exchange rates.
const MORE_PERCENT_MAX: i128 = 30;

impl<'a> Work<'a> {
    /// The same amount first, so that a dearer entry does not take another one's announcement.
    pub(super) fn by_pending_exactly(&mut self, told: &Told) -> Option<Verdict> {
        let same = |seen: &Seen| is_same_pending(seen, told) || follows(&seen.mark, &told.mark, 0) && alike(seen, told);
        self.pending(told, same)
    }

    pub(super) fn by_pending(&mut self, told: &Told) -> Option<Verdict> {
        let like = |seen: &Seen| follows(&seen.mark, &told.mark, MORE_PERCENT_MAX) && alike(seen, told);
        self.pending(told, like).or_else(|| self.already_booked(told))
    }

    fn pending(&mut self, told: &Told, is_it: impl Fn(&Seen) -> bool) -> Option<Verdict> {
        if !matches!(told.status, Status::Booked | Status::Pending) || told.correction.is_some() {
            return None;
        }
        let stable = self.terms.stable_ids;
        // Two ids that are stable are two movements.
        let other = |seen: &Seen| stable && seen.mark.bank.zip(told.mark.bank).is_some_and(|(one, other)| one != other);
        let fits = |seen: &&Seen| seen.status == Status::Pending && self.is_free(seen) && !other(seen) && is_it(seen);
        let distance = |seen: &&Seen| ((told.mark.day - seen.mark.day).abs(), seen.seq);
        let seen = self.seen.iter().filter(fits).min_by_key(distance)?;
        if told.status == Status::Booked && !self.terms.leading {
            return None;
        }
        self.taken.insert(seen.seq);
        Some(match told.status {
            Status::Booked => Verdict::Books(seen.seq),
            _ if seen.mark.print == told.mark.print => Verdict::Known(seen.seq),
            _ => Verdict::Changes(seen.seq),
        })
    }

    /// An old report announces what has been booked since.
    fn already_booked(&mut self, told: &Told) -> Option<Verdict> {
        let is_old = self.terms.closed.iter().any(|(_, to)| *to >= told.mark.day);
        if told.status != Status::Pending || !is_old {
            return None;
        }
        let became = |seen: &&Seen| {
            seen.status.is_counted()
                && self.is_free(seen)
                && follows(&told.mark, &seen.mark, MORE_PERCENT_MAX)
                && alike(seen, told)
        };
        let seen = self.seen.iter().filter(became).min_by_key(|seen| (seen.mark.day, seen.seq))?;
        self.taken.insert(seen.seq);
        Some(Verdict::Known(seen.seq))
    }
}

fn is_same_pending(seen: &Seen, told: &Told) -> bool {
    let by_reference = told.mark.end_to_end.is_some() && seen.mark.end_to_end == told.mark.end_to_end;
    let same_way = (seen.mark.minor < 0) == (told.mark.minor < 0) && seen.mark.currency == told.mark.currency;
    seen.mark.print == told.mark.print || (by_reference && same_way)
}

fn alike(seen: &Seen, told: &Told) -> bool {
    let agree = |one: Option<i64>, other: Option<i64>| one.zip(other).is_none_or(|(one, other)| one == other);
    agree(seen.mark.end_to_end, told.mark.end_to_end) && are_alike(&seen.words, &told.words)
}

/// `later` may be what `first` announced.
fn follows(first: &Mark, later: &Mark, more_percent: i128) -> bool {
    let (announced, booked) = (i128::from(first.minor).abs(), i128::from(later.minor).abs());
    let same_way = (first.minor < 0) == (later.minor < 0) && first.currency == later.currency;
    let in_time = (first.day..=first.day + DAYS_MAX).contains(&later.day);
    let fits = booked >= announced && (booked - announced) * 100 <= announced * more_percent;
    same_way && in_time && fits
}
