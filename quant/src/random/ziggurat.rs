//! The normal distribution by Marsaglia and Tsang's ziggurat of 256 layers, with tables and tails by `libm`: other crates'
//! samplers take the exponential of whatever C library is there, and with it other bits.

use rand_xoshiro::rand_core::Rng;

const LAYERS: usize = 256;
/// Where the tail begins, and the area of each layer.
const TAIL: f64 = 3.654_152_885_361_009;
const AREA: f64 = 0.004_928_673_233_974_658;
/// 2^52: the numbers of the fast test are signed and 53 bits wide.
const SCALE: f64 = 4_503_599_627_370_496.0;
const UNIT: f64 = 1.0 / 9_007_199_254_740_992.0;

#[derive(Clone, Copy)]
struct Layer {
    /// Below it a number lies under the curve for certain.
    inside: u64,
    width: f64,
    /// The curve's height at the layer's outer edge, and at its inner edge.
    outer: f64,
    inner: f64,
}

pub(super) struct Ziggurat {
    layers: [Layer; LAYERS],
}

impl Ziggurat {
    pub(super) fn new() -> Ziggurat {
        let height = |x: f64| libm::exp(-0.5 * x * x);
        let empty = Layer { inside: 0, width: 0.0, outer: 0.0, inner: 0.0 };
        let mut layers = [empty; LAYERS];
        // The lowest layer is as wide as a box of its area would be.
        let mut edge = AREA / height(TAIL);
        let mut inner_edge = TAIL;
        for layer in &mut layers {
            let inside = (inner_edge / edge * SCALE) as u64;
            *layer = Layer { inside, width: edge / SCALE, outer: height(edge), inner: height(inner_edge) };
            edge = inner_edge;
            let above = AREA / edge + height(edge);
            inner_edge = if above < 1.0 { libm::sqrt(-2.0 * libm::log(above)) } else { 0.0 };
        }
        Ziggurat { layers }
    }

    #[inline]
    pub(super) fn sample(&self, bits: &mut impl Rng) -> f64 {
        loop {
            let word = bits.next_u64();
            let number = (word as i64) >> 11;
            // The index is below 256, the number of layers, so that there always is one.
            let Some(layer) = self.layers.get((word & 0xFF) as usize) else { continue };
            let value = number as f64 * layer.width;
            if number.unsigned_abs() < layer.inside {
                return value;
            }
            if word & 0xFF == 0 {
                return tail(bits, value < 0.0);
            }
            let level = layer.outer + (bits.next_u64() >> 11) as f64 * UNIT * (layer.inner - layer.outer);
            if level < libm::exp(-0.5 * value * value) {
                return value;
            }
        }
    }
}

/// Beyond the tail's start, by Marsaglia's method.
#[cold]
fn tail(bits: &mut impl Rng, negative: bool) -> f64 {
    loop {
        let x = -libm::log(1.0 - (bits.next_u64() >> 11) as f64 * UNIT) / TAIL;
        let y = -libm::log(1.0 - (bits.next_u64() >> 11) as f64 * UNIT);
        if y + y >= x * x {
            return if negative { -(TAIL + x) } else { TAIL + x };
        }
    }
}
