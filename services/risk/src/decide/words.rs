//! A sentence for each reason, as one would say it to a customer who was declined.

use risk_api::{EntityKind, Reason};

use crate::features::Row;
use crate::features::catalogue::names;
use crate::lists::Listed;
use crate::model::Scored;

pub(super) fn of_lists(listed: &Listed) -> Vec<Reason> {
    let on = |list: &'static str, kinds: &[EntityKind]| {
        kinds
            .iter()
            .map(|kind| Reason {
                code: format!("list.{list}"),
                text: format!("The {} is on the {list} list", thing(kind.name())),
                weight: 0,
            })
            .collect::<Vec<_>>()
    };
    let mut reasons = on("deny", &listed.denied);
    reasons.extend(on("allow", &listed.allowed));
    reasons
}

/// Contributions for and against fraud, each with its share of the points.
pub(super) fn of_model(row: &Row, scored: &Scored) -> Vec<Reason> {
    let total: f64 = scored.contributions.iter().map(|(_, part)| part.abs()).sum();
    let points = f64::from(Scored::points(scored.probability));
    let reason = |(place, part): &(usize, f64)| {
        let name = names().get(*place).and_then(Option::as_deref).unwrap_or_default();
        let weight = if total > 0.0 { (points * part / total).round() as i32 } else { 0 };
        Reason { code: format!("model.{name}"), text: sentence(name, row.get(*place), *part > 0.0), weight }
    };
    scored.contributions.iter().map(reason).filter(|reason| reason.weight != 0).collect()
}

fn sentence(name: &str, value: Option<f64>, raises: bool) -> String {
    let what = spoken(name);
    let effect = if raises { "which speaks for fraud" } else { "which speaks against fraud" };
    match value {
        None => format!("{what}: not known, {effect}"),
        Some(value) => format!("{what}: {}, {effect}", number(value)),
    }
}

fn number(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// The name of a feature in words.
fn spoken(name: &str) -> String {
    let alone = match name {
        "amount" => "Amount",
        "hour" => "Hour of the day",
        "weekday" => "Day of the week from Monday",
        "night" => "At night",
        "weekend" => "At the weekend",
        "first_merchant" => "First time at this merchant",
        "first_category" => "First time in this trade",
        "first_country" => "First time in this country",
        _ => "",
    };
    if !alone.is_empty() {
        return alone.to_owned();
    }
    let (kind, figure) = name.split_once('_').unwrap_or(("", name));
    let kind = thing(kind);
    match figure {
        "since_last_s" => return format!("Seconds since the {kind} was seen last"),
        "since_other_country_s" => return format!("Seconds since the {kind} was seen in another country"),
        "speed_kmh" => return format!("Kilometres an hour that the {kind} would have travelled"),
        _ => {}
    }
    let (figure, window) = figure.rsplit_once('_').unwrap_or((figure, ""));
    let window = match window {
        "1m" => "a minute",
        "10m" => "ten minutes",
        "1h" => "an hour",
        "1d" => "a day",
        "7d" => "7 days",
        _ => "30 days",
    };
    match figure {
        "count" => format!("Times the {kind} was seen within {window}"),
        "sum" => format!("Sum over the {kind} within {window}"),
        "mean" => format!("Mean amount of the {kind} within {window}"),
        "max" => format!("Greatest amount of the {kind} within {window}"),
        "declines" => format!("Declines of the {kind} within {window}"),
        "merchants" => format!("Merchants of the {kind} within {window}"),
        "countries" => format!("Countries of the {kind} within {window}"),
        "cards" => format!("Cards of the {kind} within {window}"),
        "amount_z" => format!("Spreads above the mean amount of the {kind} within {window}"),
        "fraud_share" => format!("Share of fraud at the {kind} within {window}, as known a week ago"),
        "fraud_known" => format!("Payments at the {kind} within {window} that are judged"),
        _ => name.to_owned(),
    }
}

fn thing(kind: &str) -> &str {
    match kind {
        "email" => "e-mail address",
        "address" => "network address",
        kind => kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_has_words() {
        for name in names().iter().flatten() {
            let words = spoken(name);
            assert!(words.contains(' ') || words == "Amount", "{name}: {words}");
            assert!(!words.contains('_'), "{name}: {words}");
        }
    }
}
