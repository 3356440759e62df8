//! The bytes of a model, and everything that is looked at before they are believed.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::dataset::hex;
use super::drift::Baseline;
use super::forest::{Forest, Fork, Node};
use crate::features::catalogue::{definitions_sha256, names};
use crate::features::feature_index;

/// A model file is no larger.
pub(crate) const MODEL_BYTES_MAX: usize = 8 << 20;
const TREES_MAX: usize = 1_000;
const NODES_MAX: usize = 1_024;
const FORMAT: u32 = 1;

/// A model as it runs: the trees, and how their inputs were distributed when they learned.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ModelFile {
    pub(crate) forest: Forest,
    pub(crate) baseline: Baseline,
}

/// Why bytes are no model of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsound {
    #[error("it has {0} bytes, and {MODEL_BYTES_MAX} are the most")]
    TooLarge(usize),
    #[error("its checksum differs")]
    Checksum,
    #[error("it is damaged: {0}")]
    Damaged(String),
    #[error("it was trained on other definitions of the features")]
    OtherFeatures,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: u32,
    features_sha256: String,
    features: Vec<String>,
    base: f64,
    trees: Vec<Vec<Line>>,
    baseline: Baseline,
}

/// Weight; of a fork also feature, threshold, left, right and where a missing value goes.
#[derive(Debug, Serialize, Deserialize)]
struct Line(f32, Option<(u16, f64, u16, u16, u16)>);

impl ModelFile {
    /// The bytes and their SHA-256.
    ///
    /// # Errors
    /// A number in it is not finite.
    pub(crate) fn write(&self) -> Result<(Vec<u8>, String), Unsound> {
        let known = names();
        let name = |place: &usize| known.get(*place).cloned().flatten().unwrap_or_default();
        let line = |node: &Node| {
            let fork = node.fork.map(|fork| (fork.feature, fork.threshold, fork.left, fork.right, fork.missing));
            Line(node.weight, fork)
        };
        let written = Written {
            format: FORMAT,
            features_sha256: definitions_sha256(),
            features: self.forest.places.iter().map(name).collect(),
            base: self.forest.base,
            trees: self.forest.trees.iter().map(|tree| tree.iter().map(line).collect()).collect(),
            baseline: self.baseline.clone(),
        };
        let bytes = serde_json::to_vec(&written).map_err(|error| Unsound::Damaged(error.to_string()))?;
        let sha256 = sha256(&bytes);
        ModelFile::read(&bytes, &sha256)?;
        Ok((bytes, sha256))
    }

    pub(crate) fn read(bytes: &[u8], expected_sha256: &str) -> Result<ModelFile, Unsound> {
        if bytes.len() > MODEL_BYTES_MAX {
            return Err(Unsound::TooLarge(bytes.len()));
        }
        if sha256(bytes) != expected_sha256 {
            return Err(Unsound::Checksum);
        }
        let written: Written = serde_json::from_slice(bytes).map_err(|error| Unsound::Damaged(error.to_string()))?;
        if written.format != FORMAT || written.features_sha256 != definitions_sha256() {
            return Err(Unsound::OtherFeatures);
        }
        let places = written.features.iter().map(|name| feature_index(name)).collect::<Option<Vec<_>>>();
        let places = places.ok_or(Unsound::OtherFeatures)?;
        let damaged = |what: &str| Unsound::Damaged(what.to_owned());
        if written.trees.len() > TREES_MAX || !written.base.is_finite() {
            return Err(damaged("too many trees, or no base"));
        }
        let trees = written.trees.iter().map(|tree| read_tree(tree, places.len()));
        let trees = trees.collect::<Option<Vec<_>>>().ok_or_else(|| damaged("a node leads nowhere"))?;
        if !written.baseline.is_sound(places.len()) {
            return Err(damaged("distributions are missing"));
        }
        Ok(ModelFile { forest: Forest { places, base: written.base, trees }, baseline: written.baseline })
    }
}

/// Children stand after their parent and exist, features exist, numbers are finite.
fn read_tree(lines: &[Line], features: usize) -> Option<Vec<Node>> {
    if lines.is_empty() || lines.len() > NODES_MAX {
        return None;
    }
    let node = |(place, Line(weight, fork)): (usize, &Line)| {
        let leads_on = |child: u16| (place + 1..lines.len()).contains(&usize::from(child));
        let fork = match *fork {
            None => None,
            Some((feature, threshold, left, right, missing)) => {
                let sound = usize::from(feature) < features
                    && threshold.is_finite()
                    && [left, right, missing].into_iter().all(leads_on);
                Some(sound.then_some(Fork { feature, threshold, left, right, missing })?)
            }
        };
        weight.is_finite().then_some(Node { weight: *weight, fork })
    };
    lines.iter().enumerate().map(node).collect()
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}
