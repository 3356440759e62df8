//! The state of one entity, and its features as of an event.

use risk_api::EntityKind;

use super::Turned;
use super::catalogue::{FIGURES, Figure, Row, SHARE_DAYS, Single, block, has};
use super::event::{DECLINED, Event, HAS_AMOUNT, PRESENT};
use super::known::Known;
use super::shares::Shares;
use super::subject::Subject;
use super::window::{Buckets, DAY_US, KEPT_US, Sums, WINDOWS};

/// Events that are kept one by one.
pub(super) const EVENTS_MAX: usize = 128;
/// Of these, the last ones are kept regardless of age.
pub(super) const EVENTS_MIN: usize = 8;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EntityState {
    pub(super) kind: EntityKind,
    pub(super) newest: i64,
    /// By their own time, and by arrival where that is equal.
    pub(super) events: Vec<Event>,
    pub(super) buckets: Buckets,
    pub(super) known: Option<Box<Known>>,
    pub(super) shares: Option<Box<Shares>>,
}

/// 1 where it is the first time, 0 where it is not; not a number where there is nothing to compare.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct FirstTimes {
    pub(super) merchant: f64,
    pub(super) category: f64,
    pub(super) country: f64,
}

impl EntityState {
    pub(super) fn new(kind: EntityKind) -> EntityState {
        let habits = matches!(kind, EntityKind::Card | EntityKind::Account);
        let shared = matches!(kind, EntityKind::Merchant | EntityKind::Terminal);
        EntityState {
            kind,
            newest: i64::MIN,
            events: Vec::new(),
            buckets: Buckets::default(),
            known: habits.then(Box::default),
            shares: shared.then(Box::default),
        }
    }

    pub(crate) fn newest(&self) -> i64 {
        self.newest
    }

    /// Counts the subject, and writes this entity's part of the row. One that was counted before is only read, and false.
    pub(super) fn observe(&mut self, subject: &Subject, label_delay_us: i64, row: &mut Row) -> bool {
        if subject.at > self.newest {
            self.newest = subject.at;
            self.buckets.forget_before(self.newest);
        }
        let event = Event::of(subject);
        let place = self.events.partition_point(|kept| kept.at <= event.at);
        if let Some(before) = self.counted(place, &event) {
            self.read(before, subject.amount(), row);
            return false;
        }
        self.insert(place, event);
        self.read(place, subject.amount(), row);
        self.trim();
        if let Some(shares) = &mut self.shares {
            shares.count(subject.at, self.newest, label_delay_us);
        }
        true
    }

    /// The place of the same subject, if it was counted; `place` is after all events of its time.
    fn counted(&self, place: usize, event: &Event) -> Option<usize> {
        let earlier = self.events.get(..place)?.iter().enumerate().rev();
        let mut same_time = earlier.take_while(|(_, kept)| kept.at == event.at);
        same_time.find(|(_, kept)| kept.tag == event.tag).map(|(place, _)| place)
    }

    /// The features as of its newest event, counting nothing.
    pub(crate) fn peek(&self) -> Row {
        let mut row = Row::empty();
        if let Some(last) = self.events.last() {
            let amount = if last.is(HAS_AMOUNT) { f64::from(last.hundredths) / 100.0 } else { f64::NAN };
            self.read(self.events.len() - 1, amount, &mut row);
        }
        row
    }

    /// Must follow [`EntityState::observe`] of the same subject.
    pub(super) fn first_times(&mut self, subject: &Subject) -> FirstTimes {
        match &mut self.known {
            Some(known) => known.first_times(subject),
            None => FirstTimes { merchant: f64::NAN, category: f64::NAN, country: f64::NAN },
        }
    }

    /// Share of fraud and the count that it is a share of, at `place` and after it.
    pub(super) fn shares(&self, at: i64, delay_us: i64, place: usize, row: &mut Row) {
        let Some(shares) = &self.shares else { return };
        for (days, place) in SHARE_DAYS.iter().zip((place..).step_by(2)) {
            let (count, fraud) = shares.known(at - delay_us, days * DAY_US);
            let share = if count == 0 { f64::NAN } else { f64::from(fraud) / f64::from(count) };
            row.set(place, share);
            row.set(place + 1, f64::from(count));
        }
    }

    pub(super) fn declined(&mut self, subject: &Subject) {
        let event = self.events.iter_mut().rev().find(|event| event.at == subject.at && event.tag == subject.tag);
        match event {
            Some(event) => event.flags |= DECLINED,
            None => self.buckets.declined(subject.at),
        }
    }

    pub(super) fn labelled(&mut self, at: i64, turned: Turned) {
        if let Some(shares) = &mut self.shares {
            shares.labelled(at, turned);
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        let known = self.known.as_ref().map_or(0, |known| known.bytes());
        let shares = self.shares.as_ref().map_or(0, |shares| shares.bytes());
        size_of::<EntityState>()
            + self.events.capacity() * size_of::<Event>()
            + self.buckets.0.capacity() * size_of::<super::window::Bucket>()
            + known
            + shares
    }

    /// Room grows by the few events that most entities have, not by doubling.
    fn insert(&mut self, place: usize, event: Event) {
        if self.events.len() == self.events.capacity() {
            self.events.reserve_exact(4 + self.events.len() / 4);
        }
        self.events.insert(place, event);
    }

    /// Moves events beyond the bound into buckets, and drops those that no window reaches.
    fn trim(&mut self) {
        if self.events.len() > EVENTS_MAX {
            let event = self.events.remove(0);
            let hundredths = event.is(HAS_AMOUNT).then_some(event.hundredths);
            self.buckets.add(event.at, self.newest, hundredths, event.is(DECLINED));
        }
        let old = self.events.partition_point(|event| event.at <= self.newest - KEPT_US);
        let spare = self.events.len().saturating_sub(EVENTS_MIN);
        self.events.drain(..old.min(spare));
    }

    /// The figures as of the event at `place`.
    fn read(&self, place: usize, amount: f64, row: &mut Row) {
        let Some((event, earlier)) = self.events.get(..=place).and_then(<[Event]>::split_last) else { return };
        let start = block(self.kind);
        let distinct = Distinct::counted(self.kind, event, earlier);
        let mut figures = self.buckets.sums(event.at).into_iter().zip(sums(event, earlier)).zip(distinct);
        for (window, _) in WINDOWS.iter().enumerate() {
            let Some(((older, kept), distinct)) = figures.next() else { break };
            let sums = kept.with(&older);
            let mut set = |figure: Figure, value: f64| {
                if has(self.kind, figure) {
                    row.set(start + figure as usize * WINDOWS.len() + window, value);
                }
            };
            set(Figure::Count, f64::from(sums.count));
            set(Figure::Sum, sums.hundredths as f64 / 100.0);
            set(Figure::Mean, sums.mean());
            set(Figure::Max, if sums.amounts == 0 { f64::NAN } else { f64::from(sums.greatest) / 100.0 });
            set(Figure::Declines, f64::from(sums.declines));
            set(Figure::Merchants, f64::from(distinct.merchants));
            set(Figure::Countries, f64::from(distinct.countries));
            set(Figure::Cards, f64::from(distinct.cards));
            set(Figure::AmountZ, sums.spreads_above(amount));
        }
        self.read_singles(event, earlier, start + FIGURES * WINDOWS.len(), row);
    }

    fn read_singles(&self, event: &Event, earlier: &[Event], start: usize, row: &mut Row) {
        let since = |found: Option<&Event>| found.map_or(f64::NAN, |found| (event.at - found.at) as f64 / 1e6);
        let other_country = |kept: &&Event| kept.country != 0 && kept.country != event.country;
        let was_present = earlier.iter().rev().find(|kept| kept.is(PRESENT)).filter(|_| event.is(PRESENT));
        row.set(start + Single::SinceLastS as usize, since(earlier.last()));
        let other = if event.country == 0 { None } else { earlier.iter().rev().find(other_country) };
        row.set(start + Single::SinceOtherCountryS as usize, since(other));
        row.set(start + Single::SpeedKmh as usize, was_present.map_or(f64::NAN, |kept| event.speed_from(kept)));
    }
}

/// Over the kept events of each window, the present one included.
fn sums(event: &Event, earlier: &[Event]) -> [Sums; WINDOWS.len()] {
    let mut all = [Sums::default(); WINDOWS.len()];
    let mut sum = Sums::default();
    let mut backwards = std::iter::once(event).chain(earlier.iter().rev()).peekable();
    for (window, out) in WINDOWS.iter().zip(&mut all) {
        while let Some(kept) = backwards.next_if(|kept| kept.at > event.at - window.micros) {
            sum.add(kept.is(HAS_AMOUNT).then_some(kept.hundredths), kept.is(DECLINED));
        }
        *out = sum;
    }
    all
}

/// Distinct others of each window, among the events that are kept.
#[derive(Debug, Clone, Copy, Default)]
struct Distinct {
    merchants: u32,
    countries: u32,
    cards: u32,
}

impl Distinct {
    fn counted(kind: EntityKind, event: &Event, earlier: &[Event]) -> [Distinct; WINDOWS.len()] {
        let (mut merchants, mut countries, mut cards) = (Seen::new(), Seen::new(), Seen::new());
        let mut all = [Distinct::default(); WINDOWS.len()];
        let mut backwards = std::iter::once(event).chain(earlier.iter().rev()).peekable();
        for (window, out) in WINDOWS.iter().zip(&mut all) {
            while let Some(kept) = backwards.next_if(|kept| kept.at > event.at - window.micros) {
                if has(kind, Figure::Merchants) {
                    merchants.add(kept.merchant);
                }
                if has(kind, Figure::Countries) {
                    countries.add(u32::from(kept.country));
                }
                if has(kind, Figure::Cards) {
                    cards.add(kept.card);
                }
            }
            *out = Distinct { merchants: merchants.count, countries: countries.count, cards: cards.count };
        }
        all
    }
}

/// A set of at most as many numbers as events are kept; 0 is none of them.
struct Seen {
    slots: [u32; Seen::SLOTS],
    count: u32,
}

impl Seen {
    /// Twice as many as there can be numbers, so that looking ends soon.
    const SLOTS: usize = 2 * EVENTS_MAX;

    fn new() -> Seen {
        Seen { slots: [0; Seen::SLOTS], count: 0 }
    }

    fn add(&mut self, number: u32) {
        if number == 0 {
            return;
        }
        let start = number.wrapping_mul(0x9e37_79b9) as usize >> 24;
        for slot in (start..start + Seen::SLOTS).map(|slot| slot % Seen::SLOTS) {
            match self.slots.get_mut(slot) {
                Some(taken) if *taken == number => return,
                Some(free) if *free == 0 => {
                    *free = number;
                    self.count += 1;
                    return;
                }
                _ => {}
            }
        }
    }
}
