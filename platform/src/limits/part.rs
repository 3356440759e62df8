//! Whether limits are shared, in `/status`.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::json;

use super::Limits;
use crate::health::{Facts, Part, facts};

pub(super) struct LimitsPart(Arc<Limits>);

impl LimitsPart {
    pub(super) fn new(limits: Arc<Limits>) -> LimitsPart {
        LimitsPart(limits)
    }
}

#[async_trait]
impl Part for LimitsPart {
    fn name(&self) -> &'static str {
        "limits"
    }

    /// Without Redis this process counts by itself.
    async fn ready(&self) -> Result<(), String> {
        Ok(())
    }

    async fn status(&self) -> Facts {
        match &self.0.shared {
            None => facts([("counted", json!("in this process"))]),
            Some(shared) => match shared.why_down() {
                None => facts([("counted", json!("shared"))]),
                Some(why) => facts([("counted", json!("in this process")), ("redis", json!(why))]),
            },
        }
    }
}
