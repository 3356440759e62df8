//! Eigenvalues by cyclic Jacobi rotations, and the repair of matrices that no variables can have.

use serde::{Deserialize, Serialize};

use super::Symmetric;
use crate::error::Result;

const SWEEPS_MAX: usize = 60;
/// Eigenvalues above this, as a share of the largest, are roundings of zero.
const NEGATIVE_TOLERANCE: f64 = -1e-10;

/// A matrix that is positive semidefinite, and whether it had to be changed for that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Repaired {
    pub matrix: Symmetric,
    /// The most negative eigenvalue of the correlations, when there was one.
    pub clipped: Option<f64>,
}

/// Eigenvalues with their vectors, in no order.
pub(super) struct Spectrum {
    pub(super) values: Vec<f64>,
    pub(super) vectors: Vec<Vec<f64>>,
}

impl Symmetric {
    /// A covariance that variables can have: negative eigenvalues of its correlations become zero, and the diagonal is
    /// scaled back to what it was.
    pub fn repaired(&self) -> Result<Repaired> {
        let deviations = self.deviations();
        let inverse: Vec<f64> = deviations.iter().map(|one| if *one > 0.0 { 1.0 / one } else { 0.0 }).collect();
        let spectrum = self.scaled(&inverse).spectrum();
        let least = spectrum.values.iter().copied().fold(f64::INFINITY, f64::min);
        let largest = spectrum.values.iter().copied().fold(0.0, f64::max);
        if least >= NEGATIVE_TOLERANCE * largest.max(f64::MIN_POSITIVE) {
            return Ok(Repaired { matrix: self.clone(), clipped: None });
        }
        let clipped = spectrum.without_negative(self.rows);
        let back: Vec<f64> = clipped
            .deviations()
            .iter()
            .zip(&deviations)
            .map(|(clipped, original)| if *clipped > 0.0 { original / clipped } else { 0.0 })
            .collect();
        let matrix = clipped.scaled(&back);
        Ok(Repaired { matrix, clipped: Some(least) })
    }

    pub(super) fn spectrum(&self) -> Spectrum {
        let mut matrix = self.clone();
        let mut vectors: Vec<Vec<f64>> = (0..self.rows)
            .map(|row| (0..self.rows).map(|column| f64::from(u8::from(row == column))).collect())
            .collect();
        for _ in 0..SWEEPS_MAX {
            let mut off = 0.0;
            for row in 0..self.rows {
                for column in row + 1..self.rows {
                    off += matrix.at(row, column) * matrix.at(row, column);
                    rotate(&mut matrix, &mut vectors, row, column);
                }
            }
            if off <= f64::MIN_POSITIVE {
                break;
            }
        }
        Spectrum { values: (0..self.rows).map(|place| matrix.at(place, place)).collect(), vectors }
    }
}

impl Spectrum {
    fn without_negative(&self, rows: usize) -> Symmetric {
        let mut matrix = Symmetric { rows, values: vec![0.0; rows * rows] };
        for (value, vector) in self.values.iter().zip(&self.vectors) {
            for (line, left) in matrix.values.chunks_exact_mut(rows).zip(vector) {
                for (element, right) in line.iter_mut().zip(vector) {
                    *element += value.max(0.0) * left * right;
                }
            }
        }
        matrix
    }
}

/// Makes the element at (p, q) zero. The vectors are rows: vector k belongs to eigenvalue k.
fn rotate(matrix: &mut Symmetric, vectors: &mut [Vec<f64>], p: usize, q: usize) {
    let off = matrix.at(p, q);
    if off == 0.0 {
        return;
    }
    let theta = (matrix.at(q, q) - matrix.at(p, p)) / (2.0 * off);
    let t = theta.signum() / (theta.abs() + libm::sqrt(theta * theta + 1.0));
    let t = if theta == 0.0 { 1.0 } else { t };
    let c = 1.0 / libm::sqrt(t * t + 1.0);
    let s = t * c;
    for k in 0..matrix.rows() {
        let (left, right) = (matrix.at(k, p), matrix.at(k, q));
        matrix.set(k, p, c * left - s * right);
        matrix.set(k, q, s * left + c * right);
    }
    for k in 0..matrix.rows() {
        let (left, right) = (matrix.at(p, k), matrix.at(q, k));
        matrix.set(p, k, c * left - s * right);
        matrix.set(q, k, s * left + c * right);
    }
    if let Ok([left, right]) = vectors.get_disjoint_mut([p, q]) {
        for (x, y) in left.iter_mut().zip(right) {
            (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
        }
    }
}
