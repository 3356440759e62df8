//! Inputs of conditions: every feature, the subject's fields, watch lists, and further inputs.

use kernel::Currency;
use risk_api::{Assess, Category, EntityKind, Extra};
use strum::VariantArray;

use crate::features::{Row, feature_index};

/// One subject as rules see it.
#[derive(Debug)]
pub(crate) struct Inputs<'a> {
    pub(crate) assess: &'a Assess,
    pub(crate) row: &'a Row,
    /// Kinds of entity of which this subject's is on the watch list.
    pub(crate) watched: &'a [EntityKind],
    category: Option<String>,
    currency: Option<Currency>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum NumberInput {
    Feature {
        place: usize,
        name: Box<str>,
    },
    /// `numbers.NAME`
    Extra {
        name: Box<str>,
        key: Box<str>,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TextInput {
    Field(Field),
    Entity(EntityKind),
    /// `words.NAME`
    Extra {
        name: Box<str>,
        key: Box<str>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub(super) enum Field {
    Kind,
    Currency,
    Channel,
    EntryMode,
    Country,
    Category,
    Zone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TestInput {
    Present,
    Watched(EntityKind),
}

/// The meaning of a name.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Input {
    Number(NumberInput),
    Text(TextInput),
    Test(TestInput),
}

pub(super) fn named(name: &str) -> Option<Input> {
    if let Some(place) = feature_index(name) {
        return Some(Input::Number(NumberInput::Feature { place, name: name.into() }));
    }
    if let Ok(field) = name.parse::<Field>() {
        return Some(Input::Text(TextInput::Field(field)));
    }
    if let Some(kind) = EntityKind::VARIANTS.iter().find(|kind| kind.name() == name) {
        return Some(Input::Text(TextInput::Entity(*kind)));
    }
    let watched = name.strip_suffix("_watched");
    let kind = EntityKind::VARIANTS.iter().find(|kind| Some(kind.name()) == watched);
    match kind {
        Some(kind) => Some(Input::Test(TestInput::Watched(*kind))),
        None if name == "present" => Some(Input::Test(TestInput::Present)),
        None => None,
    }
}

/// `numbers.NAME` and `words.NAME`.
pub(super) fn extra(group: &str, key: &str) -> Option<Input> {
    let (name, key) = (format!("{group}.{key}").into(), key.into());
    match group {
        "numbers" => Some(Input::Number(NumberInput::Extra { name, key })),
        "words" => Some(Input::Text(TextInput::Extra { name, key })),
        _ => None,
    }
}

/// The known name that is most like this one.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    let features = crate::features::catalogue::names().iter().filter_map(Option::as_deref);
    let fields =
        ["kind", "currency", "channel", "entry_mode", "country", "category", "zone", "present", "card_watched"];
    let scored = features.chain(fields).map(|known| (strsim::jaro_winkler(name, known), known));
    let best = scored.max_by(|one, other| one.0.total_cmp(&other.0))?;
    (best.0 > 0.8).then_some(best.1)
}

impl NumberInput {
    pub(super) fn name(&self) -> &str {
        match self {
            NumberInput::Feature { name, .. } | NumberInput::Extra { name, .. } => name,
        }
    }
}

impl TextInput {
    pub(super) fn name(&self) -> &str {
        match self {
            TextInput::Field(field) => (*field).into(),
            TextInput::Entity(kind) => kind.name(),
            TextInput::Extra { name, .. } => name,
        }
    }
}

impl<'a> Inputs<'a> {
    pub(crate) fn new(assess: &'a Assess, row: &'a Row, watched: &'a [EntityKind]) -> Inputs<'a> {
        let category = assess.category.as_ref().map(Category::to_string);
        Inputs { assess, row, watched, category, currency: assess.amount.map(|amount| amount.currency()) }
    }

    pub(super) fn number(&self, input: &NumberInput) -> Option<f64> {
        match input {
            NumberInput::Feature { place, .. } => self.row.get(*place),
            NumberInput::Extra { key, .. } => match self.assess.extra.get(&**key) {
                Some(Extra::Number(number)) if number.is_finite() => Some(*number),
                _ => None,
            },
        }
    }

    pub(super) fn text(&self, input: &TextInput) -> Option<&str> {
        let assess = self.assess;
        match input {
            TextInput::Entity(kind) => assess.entity(*kind).map(risk_api::EntityId::as_str),
            TextInput::Extra { key, .. } => match assess.extra.get(&**key) {
                Some(Extra::Word(word)) => Some(word),
                _ => None,
            },
            TextInput::Field(field) => match field {
                Field::Kind => Some(assess.kind.name()),
                Field::Currency => self.currency.as_ref().map(Currency::code),
                Field::Channel => assess.channel.map(risk_api::Channel::name),
                Field::EntryMode => assess.entry_mode.as_deref(),
                Field::Country => assess.country.as_ref().map(risk_api::Country::as_str),
                Field::Category => self.category.as_deref(),
                Field::Zone => assess.zone.as_deref(),
            },
        }
    }

    pub(super) fn test(&self, input: TestInput) -> bool {
        match input {
            TestInput::Present => self.assess.is_present(),
            TestInput::Watched(kind) => self.watched.contains(&kind),
        }
    }
}
