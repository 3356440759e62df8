//! Boosted trees, grown by `forust-ml`. The only file that knows the crate.

use std::collections::HashSet;

use forust_ml::constraints::ConstraintMap;
use forust_ml::objective::ObjectiveType;
use forust_ml::sampler::SampleMethod;
use forust_ml::tree::Tree;
use forust_ml::{GradientBooster, Matrix};
use risk_api::Parameters;

use super::dataset::Dataset;
use super::forest::{Forest, Fork, Node};

/// Why no trees grew.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the trees could not be grown: {0}")]
pub(crate) struct NotGrown(String);

/// Learns from the given rows.
pub(crate) fn grow(data: &Dataset, rows: &[usize], parameters: Parameters, seed: u64) -> Result<Forest, NotGrown> {
    let failed = |error: &dyn std::fmt::Display| NotGrown(error.to_string());
    let (values, labels) = (data.matrix(rows), data.labels(rows));
    let matrix = Matrix::new(&values, rows.len(), data.places.len());
    let mut booster = GradientBooster::default()
        .set_objective_type(ObjectiveType::LogLoss)
        .set_iterations(parameters.trees as usize)
        .set_max_depth(parameters.depth as usize)
        .set_learning_rate(parameters.rate)
        .set_l2(parameters.l2)
        .set_min_leaf_weight(parameters.leaf_weight_min)
        .set_subsample(parameters.subsample)
        .set_sample_method(if parameters.subsample < 1.0 { SampleMethod::Random } else { SampleMethod::None })
        .set_colsample_bytree(parameters.columns)
        .set_monotone_constraints(None::<ConstraintMap>)
        .set_terminate_missing_features(HashSet::new())
        .set_initialize_base_score(true)
        .set_nbins(128)
        .set_seed(seed);
    booster.fit_unweighted(&matrix, &labels, None).map_err(|error| failed(&error))?;
    let trees = booster.trees.iter().map(tree).collect::<Option<Vec<_>>>();
    let trees = trees.ok_or_else(|| NotGrown("a tree is larger than its bound".to_owned()))?;
    Ok(Forest { places: data.places.clone(), base: booster.base_score, trees })
}

/// Nothing where a number does not fit.
fn tree(tree: &Tree) -> Option<Vec<Node>> {
    let number = |place: usize| u16::try_from(place).ok();
    let nodes = tree.nodes.iter().map(|node| {
        let fork = if node.is_leaf {
            None
        } else {
            Some(Fork {
                feature: number(node.split_feature)?,
                threshold: node.split_value,
                left: number(node.left_child)?,
                right: number(node.right_child)?,
                missing: number(node.missing_node)?,
            })
        };
        Some(Node { weight: node.weight_value, fork })
    });
    nodes.collect()
}
