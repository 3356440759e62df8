//! Gaps: differences between booked balances that entries do not explain. Pure; derived again each time, so a gap closes
//! by itself when the missing statement comes.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included};

use crate::knowing::Span;

/// Days whose entries are missing or too many, and by how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) missing: i128,
}

/// `sums` are what counts of each day.
pub(crate) fn gaps(spans: &[Span], sums: &BTreeMap<i64, i128>) -> Vec<Gap> {
    // A booked balance at the end of a day; the second place is for a different opening of the next morning.
    let mut known: BTreeMap<(i64, u8), i64> = BTreeMap::new();
    for span in spans {
        if let Some(closing) = span.closing.filter(|_| !is_continued(span, spans)) {
            known.insert((span.to, 0), closing);
        }
        if let Some(opening) = span.opening.filter(|_| !continues(span, spans)) {
            known.insert((span.from - 1, 1), opening);
        }
    }
    let mut found = Vec::new();
    let mut points = known.into_iter();
    let Some(mut before) = points.next() else { return found };
    for point in points {
        let ((first, _), start) = before;
        let ((last, _), end) = point;
        let made: i128 = sums.range((Excluded(first), Included(last))).map(|(_, sum)| *sum).sum();
        let missing = i128::from(end) - i128::from(start) - made;
        if missing != 0 {
            found.push(Gap { from: (first + 1).min(last), to: last.max(first), missing });
        }
        before = point;
    }
    found
}

/// Another statement of the same day begins with this one's closing balance.
fn is_continued(span: &Span, spans: &[Span]) -> bool {
    let goes_on =
        |other: &Span| other.from == span.to && other.opening == span.closing && other.closing != span.closing;
    spans.iter().any(|other| other.statement != span.statement && goes_on(other) && span.last_sum.is_some())
}

fn continues(span: &Span, spans: &[Span]) -> bool {
    let goes_before = |other: &Span| {
        other.to == span.from && other.closing == span.opening && other.last_sum.is_some_and(|sum| sum != 0)
    };
    spans.iter().any(|other| other.statement != span.statement && goes_before(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(statement: i64, days: (i64, i64), opening: i64, closing: i64) -> Span {
        let (opening, closing) = (Some(opening), Some(closing));
        Span { statement, source: 1, identity: None, from: days.0, to: days.1, opening, closing, last_sum: Some(1) }
    }

    #[test]
    fn a_missing_statement_is_a_gap_until_it_comes() {
        let (january, march) = (span(1, (1, 3), 100, 150), span(2, (7, 9), 180, 200));
        let mut sums = BTreeMap::from([(2, 50), (8, 20)]);
        assert_eq!(gaps(&[january, march], &sums), [Gap { from: 4, to: 6, missing: 30 }]);
        sums.insert(5, 30);
        assert_eq!(gaps(&[january, span(3, (4, 6), 150, 180), march], &sums), []);
    }

    #[test]
    fn a_statement_that_does_not_add_up_is_a_gap() {
        let sums = BTreeMap::from([(2, 45)]);
        assert_eq!(gaps(&[span(1, (1, 3), 100, 150)], &sums), [Gap { from: 1, to: 3, missing: 5 }]);
    }

    #[test]
    fn statements_that_continue_each_other_on_one_day_leave_no_gap() {
        let spans = [span(1, (1, 1), 100, 130), span(2, (1, 1), 130, 120), span(3, (1, 1), 100, 120)];
        assert_eq!(gaps(&spans, &BTreeMap::from([(1, 20)])), []);
    }

    #[test]
    fn without_balances_there_is_nothing_to_compare() {
        assert_eq!(gaps(&[], &BTreeMap::from([(1, 20)])), []);
        let open = Span { closing: None, ..span(1, (1, 2), 0, 0) };
        assert_eq!(gaps(&[open], &BTreeMap::from([(1, 20)])), []);
    }
}
