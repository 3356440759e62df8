//! The live rule set and model of each kind of subject, and those that run beside them.

use std::sync::Arc;

use risk_api::{ModelId, RuleSetId, SubjectKind};
use strum::VariantArray;

use super::Guarded;
use crate::decide::Thresholds;
use crate::model::file::ModelFile;
use crate::rules::RuleBook;

#[derive(Debug, Default, Clone)]
pub(crate) struct Live {
    kinds: [LiveKind; SubjectKind::VARIANTS.len()],
}

#[derive(Debug, Default, Clone)]
pub(crate) struct LiveKind {
    pub(crate) rules: Option<Arc<LiveRules>>,
    pub(crate) shadow: Option<Arc<LiveRules>>,
    pub(crate) champion: Option<Arc<LiveModel>>,
    pub(crate) challengers: Vec<Arc<LiveModel>>,
}

#[derive(Debug)]
pub(crate) struct LiveRules {
    pub(crate) id: RuleSetId,
    pub(crate) book: RuleBook,
}

#[derive(Debug)]
pub(crate) struct LiveModel {
    pub(crate) id: ModelId,
    pub(crate) guarded: Guarded,
    pub(crate) thresholds: Thresholds,
    pub(crate) file: Arc<ModelFile>,
}

impl Live {
    pub(crate) fn of(&self, kind: SubjectKind) -> &LiveKind {
        static NOTHING: LiveKind = LiveKind { rules: None, shadow: None, champion: None, challengers: Vec::new() };
        self.kinds.get(kind as usize).unwrap_or(&NOTHING)
    }

    pub(crate) fn of_mut(&mut self, kind: SubjectKind) -> Option<&mut LiveKind> {
        self.kinds.get_mut(kind as usize)
    }
}
