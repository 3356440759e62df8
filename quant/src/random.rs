//! Random numbers by name. A stream is told by (seed, name, place), so that a number depends on the seed, its path and its
//! step alone: never on threads, on the horizon, on the number of paths, or on what else is drawn.

mod ziggurat;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use ziggurat::Ziggurat;

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
/// 2^-53: the distance of neighbouring uniform numbers.
const UNIT: f64 = 1.0 / 9_007_199_254_740_992.0;

/// What a stream is for; streams with different names share nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name(u64);

impl Name {
    pub const fn new(text: &str) -> Name {
        let mut hash = 0xCBF2_9CE4_8422_2325_u64;
        let mut rest = text.as_bytes();
        while let Some((byte, tail)) = rest.split_first() {
            hash = (hash ^ *byte as u64).wrapping_mul(0x0000_0100_0000_01B3);
            rest = tail;
        }
        Name(hash)
    }
}

/// All streams of one seed.
pub struct Streams {
    seed: u64,
    ziggurat: Box<Ziggurat>,
}

impl Streams {
    pub fn new(seed: u64) -> Streams {
        Streams { seed, ziggurat: Box::new(Ziggurat::new()) }
    }

    /// The stream of that name at a place, for example [chunk, step, factor].
    pub fn at(&self, name: Name, place: [u64; 3]) -> Stream<'_> {
        let key = place.iter().fold(mix(self.seed ^ mix(name.0)), |key, part| {
            mix(key.wrapping_add(GOLDEN) ^ mix(part.wrapping_add(GOLDEN)))
        });
        Stream { bits: Xoshiro256PlusPlus::seed_from_u64(key), ziggurat: &self.ziggurat }
    }
}

/// The finaliser of SplitMix64: every bit of the answer depends on every bit of the question.
fn mix(key: u64) -> u64 {
    let key = (key ^ (key >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let key = (key ^ (key >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    key ^ (key >> 31)
}

pub struct Stream<'a> {
    bits: Xoshiro256PlusPlus,
    ziggurat: &'a Ziggurat,
}

impl Stream<'_> {
    /// Uniform in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        (self.bits.next_u64() >> 11) as f64 * UNIT
    }

    /// Uniform among 0, 1, .. `count` - 1; 0 when there is nothing to choose from.
    pub fn below(&mut self, count: usize) -> usize {
        let product = u128::from(self.bits.next_u64()) * count as u128;
        (product >> 64) as usize
    }

    pub fn normal(&mut self) -> f64 {
        self.ziggurat.sample(&mut self.bits)
    }

    pub fn fill_normal(&mut self, out: &mut [f64]) {
        for value in out {
            *value = self.ziggurat.sample(&mut self.bits);
        }
    }

    /// Chi-square with `degrees` of freedom, above 2, by Marsaglia and Tsang's method for the gamma distribution.
    pub fn chi_square(&mut self, degrees: f64) -> f64 {
        let d = degrees / 2.0 - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let normal = self.normal();
            let root = 1.0 + c * normal;
            if root <= 0.0 {
                continue;
            }
            let cube = root * root * root;
            let uniform = 1.0 - self.uniform();
            let square = normal * normal;
            if uniform < 1.0 - 0.0331 * square * square
                || libm::log(uniform) < 0.5 * square + d * (1.0 - cube + libm::log(cube))
            {
                return 2.0 * d * cube;
            }
        }
    }
}
