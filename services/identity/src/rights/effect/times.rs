//! When a rule may change its answer, and how the times of a change are written.

use std::collections::BTreeSet;

use access::{Facts, MINUTES_OF_A_DAY, Moment};

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Parts of a week within which no decision changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Times {
    /// First minutes; the first one is 0.
    starts: Vec<u16>,
    /// Whether the days differ.
    days: bool,
}

impl Times {
    /// From what all policies about a question depend on.
    pub(super) fn of<'a>(facts: impl IntoIterator<Item = &'a Facts>) -> Times {
        let mut starts = BTreeSet::from([0]);
        let mut days = false;
        for one in facts {
            starts.extend(&one.minutes);
            days |= one.weekday;
        }
        Times { starts: starts.into_iter().collect(), days }
    }

    /// A moment of each part, by day and then by time.
    pub(super) fn moments(&self) -> impl Iterator<Item = Moment> {
        let last = if self.days { 7 } else { 1 };
        (1..=last).flat_map(|weekday| self.starts.iter().map(move |minute| Moment { minute: *minute, weekday }))
    }

    /// When it is so, given an answer for each moment. `None`: never; an empty text: always.
    pub(super) fn when(&self, is_so: &[bool]) -> Option<String> {
        if is_so.iter().all(|so| *so) {
            return Some(String::new());
        }
        let days: Vec<Vec<(u16, u16)>> = is_so.chunks(self.starts.len()).map(|day| self.spans(day)).collect();
        let mut told = Vec::new();
        let mut from = 0;
        for day in 0..days.len() {
            if days.get(day) == days.get(day + 1) {
                continue;
            }
            if let Some(spans) = days.get(from).filter(|spans| !spans.is_empty()) {
                told.push(self.told(from, day, spans));
            }
            from = day + 1;
        }
        (!told.is_empty()).then(|| told.join(","))
    }

    /// First and last minutes of one day.
    fn spans(&self, day: &[bool]) -> Vec<(u16, u16)> {
        let ends = self.starts.iter().skip(1).copied().chain([MINUTES_OF_A_DAY]);
        let mut spans: Vec<(u16, u16)> = Vec::new();
        for ((start, end), so) in self.starts.iter().zip(ends).zip(day) {
            match spans.last_mut() {
                _ if !so => {}
                Some((_, last)) if *last + 1 == *start => *last = end - 1,
                _ => spans.push((*start, end - 1)),
            }
        }
        spans
    }

    fn told(&self, first: usize, last: usize, spans: &[(u16, u16)]) -> String {
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        let spans: Vec<String> = spans.iter().map(|(from, to)| format!("{}-{}", clock(*from), clock(*to))).collect();
        let times = if spans == ["00:00-23:59"] { String::new() } else { format!(" at {}", spans.join(", ")) };
        if !self.days || (first == 0 && last == 6) {
            return times;
        }
        let day = |place: usize| DAYS.get(place).copied().unwrap_or_default();
        let days = if first == last { day(first).to_owned() } else { format!("{}-{}", day(first), day(last)) };
        format!(" on {days}{times}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(minutes: &[u16], weekday: bool) -> Times {
        Times::of([&Facts { minutes: minutes.iter().copied().collect(), weekday, ..Facts::default() }])
    }

    fn when(times: &Times, so: impl Fn(Moment) -> bool) -> Option<String> {
        times.when(&times.moments().map(so).collect::<Vec<_>>())
    }

    #[test]
    fn times_of_a_day_show_first_and_last_minute() {
        let hours = times(&[540, 541, 1_080, 1_081], false);
        assert_eq!(hours.moments().count(), 5);
        let told = |so: fn(u16) -> bool| when(&hours, |moment| so(moment.minute));
        assert_eq!(told(|_| true).as_deref(), Some(""));
        assert_eq!(told(|_| false), None);
        assert_eq!(told(|minute| (540..1_080).contains(&minute)).as_deref(), Some(" at 09:00-17:59"));
        assert_eq!(told(|minute| !(540..1_080).contains(&minute)).as_deref(), Some(" at 00:00-08:59, 18:00-23:59"));
        assert_eq!(told(|minute| minute == 540).as_deref(), Some(" at 09:00-09:00"));
    }

    #[test]
    fn equal_days_are_grouped() {
        let week = times(&[540], true);
        let told = |so: fn(Moment) -> bool| when(&week, so);
        assert_eq!(told(|moment| moment.weekday > 5).as_deref(), Some(" on sat-sun"));
        assert_eq!(told(|moment| moment.weekday == 3).as_deref(), Some(" on wed"));
        assert_eq!(told(|moment| moment.minute == 0).as_deref(), Some(" at 00:00-08:59"));
        let odd = told(|moment| moment.weekday % 2 == 1 && moment.minute == 540);
        let text = " on mon at 09:00-23:59, on wed at 09:00-23:59, on fri at 09:00-23:59, on sun at 09:00-23:59";
        assert_eq!(odd.as_deref(), Some(text));
    }
}
