//! Small symmetric matrices: checks, Cholesky's root, and eigenvalues for the repair of what is not a covariance.

mod spectrum;

use serde::{Deserialize, Serialize};

use crate::error::{QuantError, Result, at_least, at_most, finite, same_length};

pub use spectrum::Repaired;

/// The most rows of a matrix: its root is n^3 / 6 multiplications.
pub const ROWS_MAX: usize = 64;
/// Below this share of the largest diagonal element, a pivot counts as zero.
const PIVOT_TOLERANCE: f64 = 1e-10;
const SYMMETRY_TOLERANCE: f64 = 1e-9;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Symmetric {
    rows: usize,
    /// Row after row.
    values: Vec<f64>,
}

impl Symmetric {
    pub fn new(field: &'static str, rows: usize, values: Vec<f64>) -> Result<Symmetric> {
        at_least(field, rows, 1)?;
        at_most(field, rows, ROWS_MAX)?;
        same_length(field, rows * rows, values.len())?;
        finite(field, &values)?;
        let matrix = Symmetric { rows, values };
        let scale = matrix.largest();
        for (row, column) in matrix.places() {
            if (matrix.at(row, column) - matrix.at(column, row)).abs() > SYMMETRY_TOLERANCE * scale {
                return Err(QuantError::NotSymmetric { field, row, column });
            }
        }
        Ok(matrix)
    }

    /// A correlation matrix: ones on the diagonal, nothing beyond ±1.
    pub fn correlation(rows: usize, values: Vec<f64>) -> Result<Symmetric> {
        let matrix = Symmetric::new("correlation", rows, values)?;
        for (row, column) in matrix.places() {
            let found = matrix.at(row, column);
            let allowed = if row == column { (found - 1.0).abs() <= 1e-9 } else { found.abs() <= 1.0 };
            if !allowed {
                return Err(QuantError::NotCorrelation { row, column, found });
            }
        }
        Ok(matrix)
    }

    pub fn diagonal(values: &[f64]) -> Result<Symmetric> {
        let rows = values.len();
        let mut matrix = Symmetric { rows, values: vec![0.0; rows * rows] };
        for (place, value) in values.iter().enumerate() {
            matrix.set(place, place, *value);
        }
        Symmetric::new("diagonal", rows, matrix.values)
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    /// NaN outside of the matrix, which every check refuses.
    pub fn at(&self, row: usize, column: usize) -> f64 {
        self.values.get(row * self.rows + column).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn row(&self, row: usize) -> &[f64] {
        self.values.get(row * self.rows..(row + 1) * self.rows).unwrap_or_default()
    }

    pub(crate) fn set(&mut self, row: usize, column: usize, value: f64) {
        if let Some(place) = self.values.get_mut(row * self.rows + column) {
            *place = value;
        }
    }

    fn places(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let rows = self.rows;
        (0..rows).flat_map(move |row| (0..rows).map(move |column| (row, column)))
    }

    fn largest(&self) -> f64 {
        self.values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()))
    }

    /// This matrix times a vector of as many values.
    pub fn times(&self, vector: &[f64]) -> Vec<f64> {
        self.values.chunks_exact(self.rows).map(|row| dot(row, vector)).collect()
    }

    /// Square roots of the diagonal.
    pub fn deviations(&self) -> Vec<f64> {
        (0..self.rows).map(|place| libm::sqrt(self.at(place, place).max(0.0))).collect()
    }

    /// Every element times the two factors of its row and its column.
    pub(crate) fn scaled(&self, factors: &[f64]) -> Symmetric {
        let mut scaled = self.clone();
        for (row, left) in scaled.values.chunks_exact_mut(self.rows).zip(factors) {
            for (value, right) in row.iter_mut().zip(factors) {
                *value *= left * right;
            }
        }
        scaled
    }

    /// The covariance of variables with these deviations and this correlation.
    pub fn covariance(&self, deviations: &[f64]) -> Result<Symmetric> {
        same_length("deviations", self.rows, deviations.len())?;
        finite("deviations", deviations)?;
        Ok(self.scaled(deviations))
    }

    /// Cholesky's lower triangle L with L Lᵀ = this. A variable that others determine gets a column of zeros.
    pub fn root(&self, field: &'static str) -> Result<Triangle> {
        let tolerance = PIVOT_TOLERANCE * self.largest();
        let mut root = Symmetric { rows: self.rows, values: vec![0.0; self.values.len()] };
        for column in 0..self.rows {
            let done = dot(known(&root, column, column), known(&root, column, column));
            let pivot = self.at(column, column) - done;
            if pivot < -tolerance.max(f64::MIN_POSITIVE) * 1e3 {
                return Err(QuantError::NotPositiveSemidefinite { field });
            }
            let flat = pivot <= tolerance;
            let pivot = libm::sqrt(pivot.max(0.0));
            for row in column..self.rows {
                let rest = self.at(row, column) - dot(known(&root, row, column), known(&root, column, column));
                if flat && rest.abs() > libm::sqrt(tolerance * self.largest()) * 1e2 {
                    return Err(QuantError::NotPositiveSemidefinite { field });
                }
                root.set(row, column, if flat { 0.0 } else { rest / pivot });
            }
        }
        Ok(Triangle { root })
    }
}

/// The elements of a row before a column.
fn known(root: &Symmetric, row: usize, column: usize) -> &[f64] {
    root.row(row).get(..column).unwrap_or_default()
}

/// A lower triangle that turns independent numbers into correlated ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Triangle {
    root: Symmetric,
}

impl Triangle {
    pub fn rows(&self) -> usize {
        self.root.rows
    }

    /// The elements of a row up to the diagonal.
    pub fn row(&self, row: usize) -> &[f64] {
        known(&self.root, row, row + 1)
    }

    /// L times columns of independent numbers, each column a variable over many paths.
    pub(crate) fn correlate(&self, independent: &[Vec<f64>], correlated: &mut [Vec<f64>]) {
        for (row, out) in correlated.iter_mut().enumerate() {
            let mut columns = self.row(row).iter().zip(independent);
            if let Some((factor, column)) = columns.next() {
                out.iter_mut().zip(column).for_each(|(value, number)| *value = factor * number);
            }
            for (factor, column) in columns.filter(|(factor, _)| **factor != 0.0) {
                out.iter_mut().zip(column).for_each(|(value, number)| *value += factor * number);
            }
        }
    }
}

pub(crate) fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}
