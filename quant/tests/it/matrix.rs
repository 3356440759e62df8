use proptest::prelude::*;
use quant::QuantError;
use quant::matrix::{ROWS_MAX, Symmetric};

use super::tools::close;

#[test]
fn the_root_of_a_known_matrix() {
    let matrix = Symmetric::new("c", 3, vec![4.0, 12.0, -16.0, 12.0, 37.0, -43.0, -16.0, -43.0, 98.0]).unwrap();
    let root = matrix.root("c").unwrap();
    assert_eq!((root.row(0), root.row(1), root.row(2)), (&[2.0][..], &[6.0, 1.0][..], &[-8.0, 5.0, 3.0][..]));
}

#[test]
fn a_variable_that_others_determine_has_a_root_too() {
    let twice = Symmetric::new("c", 2, vec![1.0, 2.0, 2.0, 4.0]).unwrap().root("c").unwrap();
    assert_eq!((twice.row(0), twice.row(1)), (&[1.0][..], &[2.0, 0.0][..]));
    let nothing = Symmetric::new("c", 2, vec![0.0; 4]).unwrap().root("c").unwrap();
    assert_eq!(nothing.row(1), [0.0, 0.0]);
}

#[test]
fn correlations_that_cannot_be_are_refused_by_name() {
    let found = Symmetric::correlation(2, vec![1.0, 1.2, 1.2, 1.0]);
    assert!(matches!(found, Err(QuantError::NotCorrelation { row: 0, column: 1, .. })));
    assert!(matches!(Symmetric::correlation(1, vec![0.9]), Err(QuantError::NotCorrelation { .. })));
    let lopsided = Symmetric::correlation(2, vec![1.0, 0.2, 0.3, 1.0]);
    assert!(matches!(lopsided, Err(QuantError::NotSymmetric { .. })));
    assert!(matches!(Symmetric::correlation(0, vec![]), Err(QuantError::TooFew { .. })));
    assert!(matches!(Symmetric::new("c", ROWS_MAX + 1, vec![]), Err(QuantError::TooMany { .. })));
    assert!(matches!(Symmetric::new("c", 2, vec![1.0]), Err(QuantError::Length { .. })));
    assert!(matches!(Symmetric::new("c", 1, vec![f64::NAN]), Err(QuantError::NotFinite { .. })));
}

/// Three variables cannot all move against each other by 0.9.
#[test]
fn a_matrix_that_is_not_psd_is_repaired_and_said() {
    let values = vec![1.0, -0.9, -0.9, -0.9, 1.0, -0.9, -0.9, -0.9, 1.0];
    let matrix = Symmetric::correlation(3, values).unwrap();
    assert_eq!(matrix.root("c"), Err(QuantError::NotPositiveSemidefinite { field: "c" }));
    let repaired = matrix.repaired().unwrap();
    close(repaired.clipped.unwrap(), -0.8, 1e-12);
    for row in 0..3 {
        close(repaired.matrix.at(row, row), 1.0, 1e-12);
        close(repaired.matrix.at(row, (row + 1) % 3), -0.5, 1e-12);
    }
    assert!(repaired.matrix.root("c").is_ok());
}

/// A x Aᵀ is positive semidefinite whatever A is.
fn square(rows: usize, values: &[f64]) -> Symmetric {
    let at = |row: usize, column: usize| values[row * rows + column];
    let dot = |left: usize, right: usize| (0..rows).map(|k| at(left, k) * at(right, k)).sum::<f64>();
    let elements = (0..rows * rows).map(|place| dot(place / rows, place % rows)).collect();
    Symmetric::new("c", rows, elements).unwrap()
}

proptest! {
    #[test]
    fn the_root_times_itself_is_the_matrix(rows in 1_usize..8, values in prop::collection::vec(-3.0_f64..3.0, 64)) {
        let matrix = square(rows, &values);
        let root = matrix.root("c").unwrap();
        for row in 0..rows {
            for column in 0..=row {
                let product: f64 = root.row(row).iter().zip(root.row(column)).map(|(left, right)| left * right).sum();
                prop_assert!((product - matrix.at(row, column)).abs() < 1e-6, "{row} {column}");
            }
        }
        prop_assert_eq!(matrix.repaired().unwrap().clipped, None);
    }

    #[test]
    fn what_was_repaired_has_a_root_and_its_old_diagonal(rows in 2_usize..7, values in prop::collection::vec(-1.0_f64..1.0, 49)) {
        let at = |row: usize, column: usize| if row == column { 1.0 } else { values[row.min(column) * rows + row.max(column)] };
        let elements = (0..rows * rows).map(|place| at(place / rows, place % rows)).collect();
        let repaired = Symmetric::correlation(rows, elements).unwrap().repaired().unwrap();
        prop_assert!(repaired.matrix.root("c").is_ok());
        for row in 0..rows {
            prop_assert!((repaired.matrix.at(row, row) - 1.0).abs() < 1e-9);
        }
    }
}
