//! Subjects of decisions, with everything that is known about them.

use std::collections::BTreeMap;

use kernel::{Money, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};
use utoipa::ToSchema;

use crate::{Category, Country, EntityId, EntityKind, SubjectId};

/// A request for decisions about many subjects: a call to another process costs far more than a decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decide {
    /// At most 1,000, decided in this order.
    pub subjects: Vec<Assess>,
}

/// One subject. All fields except the first three are optional; features and rules that need a missing one do not apply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Assess {
    pub id: SubjectId,
    pub kind: SubjectKind,
    /// When it happened, by the clock of its own service.
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<EntityId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<EntityId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merchant: Option<EntityId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminal: Option<EntityId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<EntityId>,
    /// The network address, as a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<EntityId>,
    /// The e-mail address, as a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<EntityId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// The country in which it happens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// How the card was read, as the network calls it: `chip`, `contactless`, `stripe`, `keyed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 16)]
    pub entry_mode: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The holder's time zone, by its name in the tz database. Defaults to UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 64, example = "Europe/Berlin")]
    pub zone: Option<String>,
    /// At most 16 further numbers or words, for rules.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, Extra>,
}

impl Assess {
    /// A subject with only the required fields.
    pub fn new(id: SubjectId, kind: SubjectKind, at: Timestamp) -> Assess {
        Assess {
            id,
            kind,
            at,
            amount: None,
            account: None,
            card: None,
            merchant: None,
            terminal: None,
            device: None,
            address: None,
            email: None,
            category: None,
            country: None,
            channel: None,
            entry_mode: None,
            place: None,
            zone: None,
            extra: BTreeMap::new(),
        }
    }

    pub fn entity(&self, kind: EntityKind) -> Option<&EntityId> {
        match kind {
            EntityKind::Card => self.card.as_ref(),
            EntityKind::Account => self.account.as_ref(),
            EntityKind::Merchant => self.merchant.as_ref(),
            EntityKind::Terminal => self.terminal.as_ref(),
            EntityKind::Device => self.device.as_ref(),
            EntityKind::Address => self.address.as_ref(),
            EntityKind::Email => self.email.as_ref(),
        }
    }

    /// True if the card or its holder was physically present.
    pub fn is_present(&self) -> bool {
        self.channel.is_some_and(|channel| channel != Channel::Ecommerce)
    }
}

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    IntoStaticStr,
    EnumString,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SubjectKind {
    CardAuthorization,
    Payment,
    Login,
}

impl SubjectKind {
    pub fn name(self) -> &'static str {
        self.into()
    }
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, IntoStaticStr, EnumString, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Channel {
    Present,
    Contactless,
    Atm,
    Ecommerce,
}

impl Channel {
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Degrees of WGS 84.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    #[schema(minimum = -90, maximum = 90)]
    pub latitude: f64,
    #[schema(minimum = -180, maximum = 180)]
    pub longitude: f64,
}

impl Place {
    pub fn is_on_earth(self) -> bool {
        (-90.0..=90.0).contains(&self.latitude) && (-180.0..=180.0).contains(&self.longitude)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Extra {
    Number(f64),
    Word(String),
}
