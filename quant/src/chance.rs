//! Chances that tests of hypotheses need.

/// The chance that a chi-square variable with one degree of freedom exceeds `x`.
pub(crate) fn chi_square_1_above(x: f64) -> f64 {
    libm::erfc(libm::sqrt(x.max(0.0) / 2.0))
}

/// The same with two degrees of freedom.
pub(crate) fn chi_square_2_above(x: f64) -> f64 {
    libm::exp(-x.max(0.0) / 2.0)
}

/// The chance of exactly `count` successes in `trials`, each with chance `p` strictly between 0 and 1.
pub(crate) fn binomial_at(count: u32, trials: u32, p: f64) -> f64 {
    let (k, n) = (f64::from(count), f64::from(trials));
    let ways = libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0);
    libm::exp(ways + k * libm::log(p) + (n - k) * libm::log1p(-p))
}

/// The first count at which the cumulative chance reaches `level`.
pub(crate) fn binomial_first(trials: u32, p: f64, level: f64) -> u32 {
    let mut cumulative = 0.0;
    for count in 0..=trials {
        cumulative += binomial_at(count, trials, p);
        if cumulative >= level {
            return count;
        }
    }
    trials
}
