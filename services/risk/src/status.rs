//! Readiness and `/status` of risk.

use std::sync::Arc;

use async_trait::async_trait;
use platform::health::{Facts, Part, facts};
use platform::lease::Role;
use risk_api::SubjectKind;
use serde_json::{Value, json};
use strum::VariantArray;

use crate::ROOM;
use crate::service::Inner;

/// Ready while the store can be reached, as a standby too.
pub(crate) struct RiskPart(pub(crate) Arc<Inner>);

#[async_trait]
impl Part for RiskPart {
    fn name(&self) -> &str {
        ROOM.name
    }

    async fn ready(&self) -> Result<(), String> {
        self.0.db.read().await.map(drop).map_err(|error| error.to_string())
    }

    async fn status(&self) -> Facts {
        let inner = &self.0;
        let (role, epoch, holder) = match inner.standing.role() {
            Role::Holder { epoch } => ("holder", epoch, None),
            Role::StandBy { epoch, address } => ("stand-by", epoch, address),
        };
        let (entities, bytes, waiting, is_warm) = {
            let core = inner.engine.core();
            (core.entities(), core.bytes(), core.waiting(), core.is_warm())
        };
        facts([
            ("role", json!(role)),
            ("epoch", json!(epoch)),
            ("holder", json!(holder)),
            ("entities", json!(entities)),
            ("entity_bytes", json!(bytes)),
            ("all_entities_loaded", json!(is_warm)),
            ("waiting_decisions", json!(waiting)),
            ("live", live(inner)),
        ])
    }
}

/// The live rule set and the champion of each kind.
fn live(inner: &Inner) -> Value {
    let live = inner.engine.live();
    let of = |kind: &SubjectKind| {
        let live = live.of(*kind);
        let rules = live.rules.as_ref().map(|rules| rules.id);
        let champion = live.champion.as_ref().map(|model| model.id);
        (kind.name().to_owned(), json!({ "rule_set": rules, "model": champion }))
    };
    SubjectKind::VARIANTS.iter().map(of).collect::<serde_json::Map<_, _>>().into()
}
