use quant::normal;
use quant::random::{Name, Streams};
use statrs::distribution::{ContinuousCDF, Normal};

use super::tools::{close, noise};

const NAME: Name = Name::new("numbers");

#[test]
fn a_number_depends_on_seed_name_and_place_alone() {
    let first = |seed, name, place| Streams::new(seed).at(name, place).normal().to_bits();
    let base = first(1, NAME, [2, 3, 4]);
    assert_eq!(base, first(1, NAME, [2, 3, 4]));
    for other in [first(2, NAME, [2, 3, 4]), first(1, Name::new("others"), [2, 3, 4]), first(1, NAME, [3, 2, 4])] {
        assert_ne!(base, other);
    }
}

/// Changing a bit here changes every stored run: bump the engine's version then.
#[test]
fn the_first_numbers_of_a_seed_are_known() {
    let streams = Streams::new(7);
    let mut stream = streams.at(NAME, [0, 0, 0]);
    let found: Vec<String> = (0..3).map(|_| format!("{:016x}", stream.normal().to_bits())).collect();
    assert_eq!(found, ["3ff25c4f89037df9", "3ff7a0acffedb819", "bff3204e9f14fb1c"]);
}

#[test]
fn normal_numbers_have_the_moments_and_tails_of_the_normal_distribution() {
    let numbers = noise(2_000_000, 3);
    let count = numbers.len() as f64;
    let moment = |power: i32| numbers.iter().map(|one| one.powi(power)).sum::<f64>() / count;
    for (power, expected, variance) in
        [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0), (6, 15.0, 10_170.0)]
    {
        close(moment(power), expected, 4.0 * f64::sqrt(variance / count));
    }
    for level in [-3.8, -2.5, -1.0, 0.3, 2.0, 3.7] {
        let chance = normal::cumulative(level);
        let found = numbers.iter().filter(|one| **one <= level).count() as f64 / count;
        close(found, chance, 4.0 * (chance * (1.0 - chance) / count).sqrt());
    }
}

#[test]
fn neighbouring_streams_are_not_correlated() {
    let streams = Streams::new(11);
    let first: Vec<f64> = (0..20_000).map(|step| streams.at(NAME, [0, step, 0]).normal()).collect();
    let count = first.len() as f64;
    let lagged = first.iter().zip(first.iter().skip(1)).map(|(left, right)| left * right).sum::<f64>() / count;
    close(lagged, 0.0, 4.0 / count.sqrt());
}

#[test]
fn chi_square_has_its_mean_and_variance() {
    let streams = Streams::new(5);
    let mut stream = streams.at(NAME, [1, 0, 0]);
    for degrees in [3.0, 5.0, 40.0] {
        let numbers: Vec<f64> = (0..400_000).map(|_| stream.chi_square(degrees)).collect();
        let mean = numbers.iter().sum::<f64>() / 400_000.0;
        close(mean, degrees, 4.0 * (2.0 * degrees / 400_000.0_f64).sqrt());
        let variance = numbers.iter().map(|one| (one - mean) * (one - mean)).sum::<f64>() / 400_000.0;
        close(variance / (2.0 * degrees), 1.0, 0.03);
    }
}

#[test]
fn choices_among_n_are_even_and_never_n() {
    let streams = Streams::new(5);
    let mut stream = streams.at(NAME, [2, 0, 0]);
    let mut counts = [0; 7];
    (0..70_000).for_each(|_| counts[stream.below(7)] += 1);
    assert!(counts.iter().all(|count| (9_600..10_400).contains(count)), "{counts:?}");
    assert_eq!(stream.below(0), 0);
}

#[test]
fn the_normal_quantile_is_exact() {
    close(normal::quantile(0.95).unwrap(), 1.644_854, 5e-7);
    let known = Normal::new(0.0, 1.0).unwrap();
    for p in [1e-12, 1e-4, 0.01, 0.3, 0.5, 0.77, 0.975, 0.9999, 1.0 - 1e-9] {
        close(normal::quantile(p).unwrap(), known.inverse_cdf(p), 1e-8);
        close(normal::cumulative(normal::quantile(p).unwrap()), p, 1e-15);
    }
    assert!(normal::quantile(0.0).is_err() && normal::quantile(1.0).is_err() && normal::quantile(f64::NAN).is_err());
}
