//! Nelder and Mead's search for a minimum within a box: no derivatives, no randomness, the same steps every time.

const EVALUATIONS_EACH: usize = 120;
const TOLERANCE: f64 = 1e-8;

/// A coordinate: where to begin, the first step, and its bounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    pub(super) start: f64,
    pub(super) step: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

type Vertex = (f64, Vec<f64>);

/// The best point found. What is not a number counts as infinitely bad.
pub(super) fn minimise(axes: &[Axis], cost: &dyn Fn(&[f64]) -> f64) -> Vec<f64> {
    let at = |mut point: Vec<f64>| -> Vertex {
        point.iter_mut().zip(axes).for_each(|(value, axis)| *value = value.clamp(axis.min, axis.max));
        let value = cost(&point);
        (if value.is_nan() { f64::INFINITY } else { value }, point)
    };
    let start: Vec<f64> = axes.iter().map(|axis| axis.start).collect();
    let mut simplex = vec![at(start.clone())];
    for (place, axis) in axes.iter().enumerate() {
        let mut corner = start.clone();
        if let Some(value) = corner.get_mut(place) {
            *value = if *value + axis.step > axis.max { *value - axis.step } else { *value + axis.step };
        }
        simplex.push(at(corner));
    }
    let mut left = EVALUATIONS_EACH * axes.len();
    while left > 0 {
        simplex.sort_by(|one, other| one.0.total_cmp(&other.0));
        let Some((worst, others)) = simplex.split_last() else { break };
        let (Some(best), Some(second)) = (others.first(), others.last()) else { break };
        if worst.0 - best.0 <= TOLERANCE * best.0.abs() {
            break;
        }
        let centre = centre_of(others, axes.len());
        let towards = |factor: f64| {
            let pairs = centre.iter().zip(&worst.1);
            at(pairs.map(|(centre, worst)| centre + factor * (worst - centre)).collect())
        };
        let reflected = towards(-1.0);
        left = left.saturating_sub(1);
        let next = if reflected.0 < best.0 {
            left = left.saturating_sub(1);
            let expanded = towards(-2.0);
            if expanded.0 < reflected.0 { Some(expanded) } else { Some(reflected) }
        } else if reflected.0 < second.0 {
            Some(reflected)
        } else {
            left = left.saturating_sub(1);
            let contracted = towards(if reflected.0 < worst.0 { -0.5 } else { 0.5 });
            (contracted.0 < worst.0.min(reflected.0)).then_some(contracted)
        };
        match (next, simplex.last_mut()) {
            (Some(vertex), Some(worst)) => *worst = vertex,
            _ => {
                left = left.saturating_sub(axes.len());
                shrink(&mut simplex, &at);
            }
        }
    }
    simplex.into_iter().min_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, point)| point).unwrap_or(start)
}

fn centre_of(vertices: &[Vertex], dimensions: usize) -> Vec<f64> {
    let mut centre = vec![0.0; dimensions];
    for (_, point) in vertices {
        centre.iter_mut().zip(point).for_each(|(sum, value)| *sum += value / vertices.len() as f64);
    }
    centre
}

/// All vertices go half the way to the best.
fn shrink(simplex: &mut [Vertex], at: &dyn Fn(Vec<f64>) -> Vertex) {
    let Some((best, others)) = simplex.split_first_mut() else { return };
    for vertex in others {
        *vertex = at(vertex.1.iter().zip(&best.1).map(|(value, best)| best + (value - best) / 2.0).collect());
    }
}
