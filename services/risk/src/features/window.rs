//! Windows and the buckets that stand for events which an entity no longer keeps one by one.
//!
//! A window is (t - W, t]. Of the events that are kept, exactly those in it count. Of the others a bucket of W/24 counts whole as
//! soon as it overlaps the window. A bucket is dropped when it ends W or more before the entity's newest event.

pub(super) const MINUTE_US: i64 = 60_000_000;
pub(super) const HOUR_US: i64 = 60 * MINUTE_US;
pub(super) const DAY_US: i64 = 24 * HOUR_US;

#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) name: &'static str,
    pub(super) micros: i64,
}

/// The shortest first: what is in one is in all that follow.
pub(super) const WINDOWS: [Window; 6] = [
    Window { name: "1m", micros: MINUTE_US },
    Window { name: "10m", micros: 10 * MINUTE_US },
    Window { name: "1h", micros: HOUR_US },
    Window { name: "1d", micros: DAY_US },
    Window { name: "7d", micros: 7 * DAY_US },
    Window { name: "30d", micros: 30 * DAY_US },
];

/// Buckets of a window.
const PARTS: i64 = 24;

/// Neither a window nor a bucket of an entity whose newest event is this much newer reaches an event.
pub(super) const KEPT_US: i64 = 30 * DAY_US + 30 * DAY_US / PARTS;

impl Window {
    pub(super) fn bucket_us(self) -> i64 {
        self.micros / PARTS
    }
}

/// Sums over events.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sums {
    pub(super) count: u32,
    /// Events with an amount.
    pub(super) amounts: u32,
    pub(super) hundredths: u64,
    /// Sum of the squares of hundredths.
    pub(super) squares: f64,
    pub(super) greatest: u32,
    pub(super) declines: u32,
}

impl Sums {
    pub(super) fn add(&mut self, hundredths: Option<u32>, declined: bool) {
        self.count = self.count.saturating_add(1);
        self.declines = self.declines.saturating_add(u32::from(declined));
        if let Some(hundredths) = hundredths {
            self.amounts = self.amounts.saturating_add(1);
            self.hundredths = self.hundredths.saturating_add(u64::from(hundredths));
            self.squares += f64::from(hundredths) * f64::from(hundredths);
            self.greatest = self.greatest.max(hundredths);
        }
    }

    pub(super) fn with(mut self, other: &Sums) -> Sums {
        self.count = self.count.saturating_add(other.count);
        self.amounts = self.amounts.saturating_add(other.amounts);
        self.hundredths = self.hundredths.saturating_add(other.hundredths);
        self.squares += other.squares;
        self.greatest = self.greatest.max(other.greatest);
        self.declines = self.declines.saturating_add(other.declines);
        self
    }

    pub(super) fn mean(&self) -> f64 {
        if self.amounts == 0 { f64::NAN } else { self.hundredths as f64 / 100.0 / f64::from(self.amounts) }
    }

    /// Standard deviations of `amount` above the mean; not a number without deviation.
    pub(super) fn spreads_above(&self, amount: f64) -> f64 {
        let count = f64::from(self.amounts);
        let mean = self.hundredths as f64 / count;
        let variance = self.squares / count - mean * mean;
        // Below half a hundredth it is what rounding leaves.
        if self.amounts < 2 || variance < 0.25 { f64::NAN } else { (amount * 100.0 - mean) / variance.sqrt() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bucket {
    /// Its window.
    pub(super) window: u8,
    /// Number of the bucket, counted from 1970.
    pub(super) number: i64,
    pub(super) sums: Sums,
}

/// Buckets of all windows, by window and time.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Buckets(pub(super) Vec<Bucket>);

impl Buckets {
    /// Takes in an event at `at` that is no longer kept by itself.
    pub(super) fn add(&mut self, at: i64, newest: i64, hundredths: Option<u32>, declined: bool) {
        for (place, window) in (0_u8..).zip(&WINDOWS) {
            let number = at.div_euclid(window.bucket_us());
            if (number + 1) * window.bucket_us() <= newest - window.micros {
                continue;
            }
            let found = self.0.binary_search_by_key(&(place, number), |bucket| (bucket.window, bucket.number));
            let index = match found {
                Ok(index) => index,
                Err(index) => {
                    self.0.insert(index, Bucket { window: place, number, sums: Sums::default() });
                    index
                }
            };
            if let Some(bucket) = self.0.get_mut(index) {
                bucket.sums.add(hundredths, declined);
            }
        }
    }

    /// The event at `at` that was taken in turns out to be declined.
    pub(super) fn declined(&mut self, at: i64) {
        for (place, window) in (0_u8..).zip(&WINDOWS) {
            let number = at.div_euclid(window.bucket_us());
            let found = self.0.binary_search_by_key(&(place, number), |bucket| (bucket.window, bucket.number));
            if let Some(bucket) = found.ok().and_then(|index| self.0.get_mut(index)) {
                bucket.sums.declines = bucket.sums.declines.saturating_add(1);
            }
        }
    }

    pub(super) fn forget_before(&mut self, newest: i64) {
        self.0.retain(|bucket| {
            let window = WINDOWS.get(usize::from(bucket.window));
            window.is_some_and(|window| (bucket.number + 1) * window.bucket_us() > newest - window.micros)
        });
        if self.0.is_empty() {
            self.0 = Vec::new();
        }
    }

    /// Over the buckets that overlap each window at `at`.
    pub(super) fn sums(&self, at: i64) -> [Sums; WINDOWS.len()] {
        let mut sums = [Sums::default(); WINDOWS.len()];
        for bucket in &self.0 {
            let (Some(window), Some(sum)) =
                (WINDOWS.get(usize::from(bucket.window)), sums.get_mut(usize::from(bucket.window)))
            else {
                continue;
            };
            let start = bucket.number * window.bucket_us();
            if start <= at && start + window.bucket_us() > at - window.micros {
                *sum = sum.with(&bucket.sums);
            }
        }
        sums
    }
}
