//! A decision as it is written, and as it is read again.

use kernel::{Money, Timestamp};
use risk_api::{
    Assessment, Contribution, Degraded, Entity, EntityId, EntityKind, ListName, ModelId, Outcome, Reason, RuleResult,
    RuleSetId, SubjectId, SubjectKind,
};
use serde::{Deserialize, Serialize};

use crate::decide::{Asked, Modelled, lists_of};
use crate::features::catalogue::names;
use crate::features::{Row, Subject};
use crate::lists::Listed;
use crate::rules::{RuleBook, Said};

#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) seq: i64,
    pub(crate) id: SubjectId,
    pub(crate) kind: SubjectKind,
    pub(crate) at: Timestamp,
    pub(crate) decided_at: Timestamp,
    pub(crate) content: i64,
    pub(crate) json: String,
    pub(crate) subject: Subject,
    pub(crate) row: Row,
    pub(crate) assessment: Assessment,
    pub(crate) detail: Detail,
    pub(crate) amount: Option<Money>,
    /// For its case: the card, or the account where there is none.
    pub(crate) holder: Option<Entity>,
}

impl Record {
    pub(super) fn with_holder(self, card: Option<EntityId>, account: Option<EntityId>) -> Record {
        let entity = |kind| move |id| Entity { kind, id };
        let holder = card.map(entity(EntityKind::Card)).or_else(|| account.map(entity(EntityKind::Account)));
        Record { holder, ..self }
    }
}

/// The basis of a decision besides subject and features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Detail {
    pub(crate) reasons: Vec<Reason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rule_set: Option<RuleSetId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<ModelId>,
    pub(crate) micros: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) degraded: Vec<Degraded>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) lists: Vec<(ListName, EntityKind)>,
    /// Rules that hit or could not be applied; the others of the set were quiet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) rules: Vec<RuleResult>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) probability: Option<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) contributions: Vec<(String, f64)>,
    /// The set that ran beside the live one, and what it would have said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) shadow: Option<(RuleSetId, Outcome)>,
    /// Probabilities of the challengers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) challengers: Vec<(ModelId, f64)>,
}

impl Detail {
    pub(super) fn of(
        assessment: &Assessment,
        listed: &Listed,
        rules: Option<(&RuleBook, &Asked)>,
        model: Option<&Modelled>,
        shadow: Option<(RuleSetId, Outcome)>,
        challengers: Vec<(ModelId, f64)>,
    ) -> Detail {
        let told = rules.map(|(book, asked)| {
            let said = book.rules.iter().zip(&asked.said).filter(|(_, said)| **said != Said::Quiet);
            said.map(|(rule, said)| said.result(rule)).collect()
        });
        let name = |place: usize| names().get(place).cloned().flatten().unwrap_or_default();
        let contributions =
            model.map(|model| model.scored.contributions.iter().map(|(place, part)| (name(*place), *part)).collect());
        Detail {
            reasons: assessment.reasons.clone(),
            rule_set: assessment.rule_set,
            model: assessment.model,
            micros: assessment.micros,
            degraded: assessment.degraded.clone(),
            lists: lists_of(listed),
            rules: told.unwrap_or_default(),
            probability: model.map(|model| model.scored.probability),
            contributions: contributions.unwrap_or_default(),
            shadow,
            challengers,
        }
    }

    pub(crate) fn assessment(self, id: SubjectId, score: u16, outcome: Outcome) -> Assessment {
        Assessment {
            id,
            score,
            outcome,
            reasons: self.reasons,
            rule_set: self.rule_set,
            model: self.model,
            micros: self.micros,
            degraded: self.degraded,
        }
    }

    pub(crate) fn contributions(&self, value: impl Fn(&str) -> Option<f64>) -> Vec<Contribution> {
        let told = self.contributions.iter();
        told.map(|(name, part)| Contribution { feature: name.clone(), value: value(name), weight: *part }).collect()
    }
}

/// A stored decision, as far as counters need it.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) seq: i64,
    pub(crate) subject: Subject,
    pub(crate) is_decline: bool,
}
