//! e^x for whole slices: a polynomial that the compiler turns into vector instructions, with the same bits on every
//! machine. Its relative error is below 2e-14; single values go through `libm`.

use std::f64::consts::{LN_2, LOG2_E};

/// Adding it rounds a small float to a whole number, which then stands in the lowest bits: 1.5 * 2^52.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// ln 2 in two parts, so that a multiple of it is subtracted exactly.
const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// Beyond it the answer would not be a normal number.
const LARGEST: f64 = 700.0;

/// e^(x + shift) for every x, held within ±700.
pub(crate) fn exp_all(values: &[f64], shift: f64, out: &mut [f64]) {
    let large = values.iter().filter(|value| (**value + shift).abs() > LN_2 / 2.0).count();
    let pairs = out.iter_mut().zip(values);
    if large == 0 {
        // Small moves, such as a month's returns, need no reduction. Both branches give the same bits there.
        pairs.for_each(|(out, value)| *out = polynomial(value + shift));
    } else {
        pairs.for_each(|(out, value)| *out = reduced((value + shift).clamp(-LARGEST, LARGEST)));
    }
}

#[inline(always)]
fn reduced(x: f64) -> f64 {
    let shifted = x * LOG2_E + ROUND;
    let power = shifted - ROUND;
    let rest = x - power * LN_2_HIGH - power * LN_2_LOW;
    polynomial(rest) * f64::from_bits(shifted.to_bits().wrapping_add(1_023) << 52)
}

/// The Taylor polynomial of degree 11 for |x| <= ln(2) / 2, by Estrin's scheme.
#[inline(always)]
fn polynomial(x: f64) -> f64 {
    let x2 = x * x;
    let x4 = x2 * x2;
    let low = (1.0 + x) + (0.5 + x * (1.0 / 6.0)) * x2;
    let middle = (1.0 / 24.0 + x * (1.0 / 120.0)) + (1.0 / 720.0 + x * (1.0 / 5_040.0)) * x2;
    let high = (1.0 / 40_320.0 + x * (1.0 / 362_880.0)) + (1.0 / 3_628_800.0 + x * (1.0 / 39_916_800.0)) * x2;
    low + middle * x4 + high * (x4 * x4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_polynomial_is_as_exact_as_it_says() {
        for wide in [0.3, 30.0, 699.0] {
            let values: Vec<f64> = (-2_000..=2_000).map(|step| wide * f64::from(step) / 2_000.0).collect();
            let mut found = vec![0.0; values.len()];
            exp_all(&values, 0.001, &mut found);
            for (found, value) in found.iter().zip(&values) {
                assert!((found / libm::exp(value + 0.001) - 1.0).abs() < 2e-14, "{value}");
            }
        }
    }

    #[test]
    fn both_branches_give_the_same_bits_for_small_moves() {
        let small: Vec<f64> = (-300..=300).map(|step| f64::from(step) / 1_000.0).collect();
        let mut with_large = small.clone();
        with_large.push(5.0);
        let (mut short, mut long) = (vec![0.0; small.len()], vec![0.0; with_large.len()]);
        exp_all(&small, 0.0, &mut short);
        exp_all(&with_large, 0.0, &mut long);
        assert_eq!(short, long[..small.len()]);
    }

    #[test]
    fn the_extremes_stay_finite() {
        let mut found = [0.0; 3];
        exp_all(&[1e9, -1e9, 0.0], 0.0, &mut found);
        assert!(found.iter().all(|one| one.is_finite() && *one > 0.0), "{found:?}");
    }
}
