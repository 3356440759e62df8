//! A sliding count of requests: those of this window, and a share of those of the one before.

use super::rules::Window;

/// Requests of one subject in one kind of window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    /// The number of the window since 1970.
    index: u32,
    now: u32,
    before: u32,
}

/// Requests of this window and of the one before, by everybody who counts them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) now: u32,
    pub(super) before: u32,
}

impl Count {
    pub(super) fn of(index: u32, totals: Totals) -> Count {
        Count { index, now: totals.now, before: totals.before }
    }

    pub(super) fn without_one(self) -> Count {
        Count { now: self.now.saturating_sub(1), ..self }
    }

    /// The same at a later time. A clock that is set back a little stays in its window; after a larger jump, in either
    /// direction, the count starts again.
    pub(super) fn at(self, now_ms: u64, window: Window) -> Count {
        let index = window.index(now_ms);
        match index.checked_sub(self.index) {
            Some(0) => self,
            Some(1) => Count { index, now: 0, before: self.now },
            None if self.index - index == 1 => self,
            _ => Count { index, now: 0, before: 0 },
        }
    }

    pub(super) fn index(self) -> u32 {
        self.index
    }

    pub(super) fn now(self) -> u32 {
        self.now
    }

    /// Whether one more request fits.
    pub(super) fn has_room(self, quota: u32, now_ms: u64, window: Window) -> bool {
        self.used(now_ms, window) + window.millis() <= u64::from(quota) * window.millis()
    }

    pub(super) fn remaining(self, quota: u32, now_ms: u64, window: Window) -> u32 {
        let left = (u64::from(quota) * window.millis()).saturating_sub(self.used(now_ms, window));
        u32::try_from(left / window.millis()).unwrap_or(u32::MAX)
    }

    /// Milliseconds until this window ends.
    pub(super) fn reset_ms(self, now_ms: u64, window: Window) -> u64 {
        window.millis() - self.elapsed(now_ms, window)
    }

    /// Milliseconds until one more request fits, if no other is counted meanwhile.
    pub(super) fn wait_ms(self, quota: u32, now_ms: u64, window: Window) -> u64 {
        let elapsed = self.elapsed(now_ms, window);
        if self.now < quota {
            return fades(self.before, quota - self.now - 1, window).saturating_sub(elapsed);
        }
        self.reset_ms(now_ms, window) + fades(self.now, quota.saturating_sub(1), window)
    }

    pub(super) fn add(&mut self) {
        self.now = self.now.saturating_add(1);
    }

    pub(super) fn take_back(&mut self, index: u32) {
        if self.index == index {
            self.now = self.now.saturating_sub(1);
        }
    }

    /// Others count the same subject: the higher of both is right, because neither counts a request twice.
    pub(super) fn adopt(&mut self, index: u32, totals: Totals) {
        if self.index == index {
            self.now = self.now.max(totals.now);
            self.before = self.before.max(totals.before);
        }
    }

    /// Requests that count now, times the length of the window.
    fn used(self, now_ms: u64, window: Window) -> u64 {
        let left = window.millis() - self.elapsed(now_ms, window);
        u64::from(self.before) * left + u64::from(self.now) * window.millis()
    }

    fn elapsed(self, now_ms: u64, window: Window) -> u64 {
        now_ms.saturating_sub(u64::from(self.index) * window.millis()).min(window.millis())
    }
}

/// Milliseconds into the next window after which `count` requests count as no more than `room`.
fn fades(count: u32, room: u32, window: Window) -> u64 {
    if count <= room {
        return 0;
    }
    let covered = u64::from(room) * window.millis() / u64::from(count);
    window.millis() - covered
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: u64 = 60_000;

    fn counted(times: u32, at_ms: u64) -> Count {
        let mut count = Count::default().at(at_ms, Window::Minute);
        (0..times).for_each(|_| count.add());
        count
    }

    #[test]
    fn a_quota_is_exact_within_a_window() {
        let start = 1_000 * MINUTE;
        assert!(counted(999, start).has_room(1_000, start, Window::Minute));
        let full = counted(1_000, start);
        assert!(!full.has_room(1_000, start + MINUTE - 1, Window::Minute));
        assert_eq!(full.remaining(1_000, start, Window::Minute), 0);
        assert_eq!(full.reset_ms(start + 15_000, Window::Minute), 45_000);
    }

    #[test]
    fn the_window_before_counts_in_proportion() {
        let start = 1_000 * MINUTE;
        let half = counted(1_000, start).at(start + MINUTE + 30_000, Window::Minute);
        assert_eq!(half.remaining(1_000, start + MINUTE + 30_000, Window::Minute), 500);
        let over = counted(1_000, start).at(start + 2 * MINUTE, Window::Minute);
        assert_eq!(over.remaining(1_000, start + 2 * MINUTE, Window::Minute), 1_000);
    }

    #[test]
    fn a_clock_that_jumps_bars_nobody() {
        let start = 1_000 * MINUTE;
        let full = counted(10, start);
        assert_eq!(full.at(start - 5_000, Window::Minute), full, "a small step back");
        for far in [start - 10 * MINUTE, start + 10 * MINUTE, 0] {
            assert!(full.at(far, Window::Minute).has_room(10, far, Window::Minute), "{far}");
        }
    }

    proptest! {
        #[test]
        fn the_wait_is_long_enough_and_no_longer(
            before in 0_u32..3_000, now in 0_u32..3_000, elapsed in 0_u64..MINUTE, quota in 1_u32..2_000
        ) {
            let start = 1_000 * MINUTE;
            let at = start + elapsed;
            let count = Count { index: 1_000, now, before };
            prop_assume!(!count.has_room(quota, at, Window::Minute));
            let then = at + count.wait_ms(quota, at, Window::Minute);
            prop_assert!(count.at(then, Window::Minute).has_room(quota, then, Window::Minute));
            let earlier = then - 2;
            if earlier > at {
                prop_assert!(!count.at(earlier, Window::Minute).has_room(quota, earlier, Window::Minute));
            }
        }

        #[test]
        fn no_minute_lets_twice_the_quota_through(steps in prop::collection::vec(0_u64..3_000, 1..400)) {
            let (mut at, mut count, mut passed) = (1_000 * MINUTE, Count::default(), Vec::new());
            for step in steps {
                at += step;
                count = count.at(at, Window::Minute);
                if count.has_room(20, at, Window::Minute) {
                    count.add();
                    passed.push(at);
                }
            }
            for first in &passed {
                let within = passed.iter().filter(|at| (*first..*first + MINUTE).contains(at)).count();
                prop_assert!(within < 40, "{within} in one minute");
            }
        }
    }
}
