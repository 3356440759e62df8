//! Entries as lines of JSON, as CSV, and as the record that the guides for SOX describe. Pure.

use serde::Serialize;
use serde_json::json;

use crate::entry::Body;
use crate::face::Entry;

const COLUMNS: [&str; 19] = [
    "index",
    "at",
    "recorded_at",
    "source",
    "event",
    "type",
    "class",
    "control",
    "risk",
    "frameworks",
    "financial",
    "actor",
    "actor_kind",
    "client",
    "session",
    "object",
    "subject",
    "transaction",
    "result",
];

/// One JSON object a line.
pub(crate) fn lines(entries: &[Entry]) -> String {
    of_lines(entries.iter())
}

/// The nine fields of the guides, each a text, and then ours.
pub fn sox(entries: &[Entry]) -> String {
    of_lines(entries.iter().filter_map(|entry| entry.body.as_ref()).map(record))
}

fn of_lines<T: Serialize>(items: impl Iterator<Item = T>) -> String {
    items.filter_map(|item| serde_json::to_string(&item).ok()).map(|line| line + "\n").collect()
}

fn record(body: &Body) -> serde_json::Value {
    let (control, risk): (&str, &str) = (body.control.into(), body.risk.into());
    let frameworks: Vec<&str> = body.frameworks.iter().map(|framework| (*framework).into()).collect();
    let known = body.class != crate::catalogue::Class::Unknown;
    json!({
        "sox_event_type": if known { &body.kind } else { "UNKNOWN" },
        "user_id": body.actor.as_deref().unwrap_or("SYSTEM"),
        "session_id": body.session.as_deref().unwrap_or("NO_SESSION"),
        "transaction_id": body.transaction.as_deref().unwrap_or("NO_TRANSACTION"),
        "financial_impact": body.financial.to_string(),
        "control_objective": if known { control } else { "UNKNOWN" },
        "risk_level": risk,
        "compliance_framework": frameworks.join(","),
        "retention_period": body.retention,
        "entry": body,
    })
}

/// With a line of names. A spreadsheet takes no cell for a formula.
pub(crate) fn csv(entries: &[Entry]) -> Vec<u8> {
    let mut out = csv::Writer::from_writer(Vec::new());
    let rows = entries.iter().filter_map(|entry| entry.body.as_ref()).map(cells);
    let head = COLUMNS.map(str::to_owned);
    // Writing into memory does not fail, and every row has the same number of cells.
    for row in std::iter::once(head).chain(rows) {
        let _ = out.write_record(row.map(harmless));
    }
    out.into_inner().unwrap_or_default()
}

fn cells(body: &Body) -> [String; 19] {
    let (class, control, risk): (&str, &str, &str) = (body.class.into(), body.control.into(), body.risk.into());
    let frameworks: Vec<&str> = body.frameworks.iter().map(|framework| (*framework).into()).collect();
    let result: &str = body.result.into();
    let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        body.index.to_string(),
        body.at.to_string(),
        body.recorded_at.to_string(),
        body.source.clone(),
        body.event.clone(),
        body.kind.clone(),
        class.to_owned(),
        control.to_owned(),
        risk.to_owned(),
        frameworks.join(" "),
        body.financial.to_string(),
        or_empty(&body.actor),
        or_empty(&body.actor_kind),
        or_empty(&body.client),
        or_empty(&body.session),
        body.object.clone(),
        or_empty(&body.subject),
        or_empty(&body.transaction),
        result.to_owned(),
    ]
}

fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use kernel::Timestamp;
    use platform::feed::{CloudEvent, Event};

    use super::*;
    use crate::entry::Draft;

    fn entry(kind: &str, subject: &str) -> Entry {
        let (subject, data) = (subject.to_owned(), json!({}));
        let event = CloudEvent::new("/test", "1".to_owned(), kind, subject, Timestamp::EPOCH, data);
        let body = Draft::of(&Event { cursor: 1, event }).at(0, Timestamp::EPOCH, 16_384).0;
        Entry { index: 0, body: Some(body), personal: None }
    }

    #[test]
    fn a_record_for_sox_has_nine_texts() {
        let text = sox(&[entry("identity.role.changed", "teller")]);
        let line: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
        for (field, expected) in [
            ("sox_event_type", "identity.role.changed"),
            ("user_id", "SYSTEM"),
            ("session_id", "NO_SESSION"),
            ("transaction_id", "NO_TRANSACTION"),
            ("financial_impact", "false"),
            ("control_objective", "segregation_of_duties"),
            ("risk_level", "CRITICAL"),
            ("compliance_framework", "SOX,PCI"),
            ("retention_period", "7_YEARS"),
        ] {
            assert_eq!(line[field], expected, "{field}");
        }
        let unknown = sox(&[entry("pebbles.pebble.thrown", "one")]);
        assert!(unknown.contains(r#""sox_event_type":"UNKNOWN""#), "{unknown}");
    }

    #[test]
    fn a_spreadsheet_gets_no_formula() {
        let text = String::from_utf8(csv(&[entry("identity.user.created", "=cmd|'/c calc'!A1")])).unwrap();
        assert!(text.contains(",'=cmd"), "{text}");
        assert_eq!(text.lines().count(), 2);
    }
}
