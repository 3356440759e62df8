//! The axis of a plot: a range that ends at round numbers, its tick labels, and the position of a value.

use super::table::grouped;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// From zero.
    Linear,
    /// In powers of ten, for values above zero.
    Log,
}

#[derive(Debug, Clone)]
pub(super) struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
    pub ticks: Vec<f64>,
}

/// As many numbers as are legible.
const TICKS: f64 = 6.0;

impl Axis {
    pub(super) fn over(scale: Scale, values: impl Iterator<Item = f64>) -> Axis {
        let values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
        let most = values.iter().copied().fold(0.0, f64::max);
        match scale {
            Scale::Linear => linear(most),
            Scale::Log => {
                let above_zero = values.iter().copied().filter(|value| *value > 0.0);
                log(above_zero.fold(f64::INFINITY, f64::min).min(most.max(1e-9)), most.max(1e-9))
            }
        }
    }

    /// A time axis, which ends where the time does and not at a round number.
    pub(super) fn until(end: f64) -> Axis {
        let whole = linear(end);
        let ticks = whole.ticks.into_iter().filter(|tick| *tick <= end * 1.000_001).collect();
        Axis { scale: Scale::Linear, low: 0.0, high: end.max(1e-9), ticks }
    }

    /// From 0 at the low end to 1 at the high one.
    pub(super) fn place(&self, value: f64) -> f64 {
        let place = match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Log => (value.max(self.low) / self.low).log10() / (self.high / self.low).log10(),
        };
        place.clamp(0.0, 1.0)
    }
}

fn linear(most: f64) -> Axis {
    let most = if most > 0.0 { most } else { 1.0 };
    let step = round_up(most / TICKS);
    let count = (most / step - 1e-9).ceil().max(1.0);
    let ticks = (0..=count as u64).map(|place| place as f64 * step).collect();
    Axis { scale: Scale::Linear, low: 0.0, high: count * step, ticks }
}

fn log(least: f64, most: f64) -> Axis {
    let first = least.log10().floor();
    let last = (most.log10() - 1e-9).ceil().max(first + 1.0);
    let ticks = (0..=(last - first) as u64).map(|place| 10_f64.powf(first + place as f64)).collect();
    Axis { scale: Scale::Log, low: 10_f64.powf(first), high: 10_f64.powf(last), ticks }
}

/// The next of 1, 2 or 5 times a power of ten.
fn round_up(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0].into_iter().map(|step| step * power);
    steps.into_iter().find(|step| *step >= value * (1.0 - 1e-9)).unwrap_or(power * 10.0)
}

/// The text of a tick label: no more digits than needed.
pub(super) fn label(value: f64) -> String {
    if value >= 1.0 && (value - value.round()).abs() < 1e-6 {
        return grouped(value.round() as u64);
    }
    let text = format!("{value:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_axis_runs_from_zero_to_a_round_number() {
        for (most, step, high) in
            [(106_126.0, 20_000.0, 120_000.0), (0.9, 0.2, 1.0), (600.0, 100.0, 600.0), (7.0, 2.0, 8.0)]
        {
            let axis = Axis::over(Scale::Linear, [most].into_iter());
            assert!((axis.ticks[1] - step).abs() < 1e-9, "{most}: {:?}", axis.ticks);
            assert!((axis.high - high).abs() < 1e-9, "{most}: {}", axis.high);
            assert!((axis.place(high / 2.0) - 0.5).abs() < 1e-9);
        }
    }

    #[test]
    fn a_log_axis_runs_between_powers_of_ten() {
        let axis = Axis::over(Scale::Log, [0.2, 30.0].into_iter());
        assert_eq!(axis.ticks.iter().map(|tick| label(*tick)).collect::<Vec<_>>(), ["0.1", "1", "10", "100"]);
        assert!((axis.place(1.0) - 1.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn an_axis_without_values_is_valid() {
        assert_eq!(Axis::over(Scale::Linear, std::iter::empty()).ticks.len(), 6);
        assert!(Axis::over(Scale::Log, [0.0].into_iter()).ticks.len() > 1);
        assert_eq!(Axis::until(600.0).ticks.last().map(|tick| label(*tick)), Some("600".to_owned()));
    }
}
