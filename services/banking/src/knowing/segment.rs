//! Several statements of one day: balances tell whether one continues another or repeats it (rule 4).

use std::collections::HashSet;

/// A statement with its days and balances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) statement: i64,
    pub(crate) source: i64,
    /// Of the bank's own number or id.
    pub(crate) identity: Option<i64>,
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) opening: Option<i64>,
    pub(crate) closing: Option<i64>,
    /// What the entries of its last day come to; nothing if there are none.
    pub(crate) last_sum: Option<i64>,
}

enum Relation {
    Apart,
    Doubtful,
    None,
}

/// Statements that share a day with this one and whose entries are not its own, and those that may be either.
pub(crate) fn neighbours(this: &Span, others: &[Span]) -> (HashSet<i64>, HashSet<i64>) {
    let (mut apart, mut doubtful) = (HashSet::new(), HashSet::new());
    for (forwards, start) in [(true, this), (false, this)] {
        // A chain of statements of one day: each continues the one before.
        let mut current = *start;
        loop {
            let next = others.iter().filter(|other| !is_reissue(this, other) && !apart.contains(&other.statement));
            let mut found = None;
            for other in next {
                let (first, second) = if forwards { (&current, other) } else { (other, &current) };
                match relation(first, second) {
                    Relation::Apart => found = found.or(Some(*other)),
                    Relation::Doubtful => drop(doubtful.insert(other.statement)),
                    Relation::None => {}
                }
            }
            let Some(other) = found else { break };
            apart.insert(other.statement);
            current = other;
        }
    }
    doubtful.retain(|statement| !apart.contains(statement));
    (apart, doubtful)
}

fn is_reissue(this: &Span, other: &Span) -> bool {
    let same_name = this.source == other.source && this.identity.is_some() && this.identity == other.identity;
    let same_balances = this.opening == other.opening && this.closing == other.closing;
    this.statement == other.statement || (same_name && same_balances)
}

/// Whether the second statement begins in the middle of the day on which the first one ends.
fn relation(first: &Span, second: &Span) -> Relation {
    let joined = first.to == second.from && first.closing.is_some() && first.closing == second.opening;
    match first.last_sum {
        // Without entries on that day there is nothing to mix up.
        _ if !joined => Relation::None,
        None => Relation::None,
        // The day's entries cancel out: its beginning has the same balance.
        Some(0) if is_numbered_after(first, second) => Relation::Doubtful,
        Some(0) => Relation::None,
        Some(_) => Relation::Apart,
    }
}

fn is_numbered_after(first: &Span, second: &Span) -> bool {
    first.source == second.source && first.identity.zip(second.identity).is_some_and(|(one, other)| one != other)
}
