use super::*;

fn rows(text: &str) -> Result<Vec<HistoryRow>, String> {
    let mut reader = Reader::new(text.as_bytes());
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row().map_err(|wrong| wrong.to_string())? {
        rows.push(row);
    }
    Ok(rows)
}

const JSON: &str = r#"{"id":"a","at":"2026-01-31T12:00:00Z","card":"c1","merchant":"m1","terminal":"t1","amount":"12.30","currency":"EUR","label":"fraud","known_at":"2026-02-03T12:00:00Z","country":"DE","latitude":"52.5","longitude":"13.4"}"#;

#[test]
fn both_forms_say_the_same() {
    let from_json = rows(JSON).unwrap();
    for form in [Form::Csv, Form::Json] {
        let mut text = Vec::new();
        write_header(form, &mut text).unwrap();
        write_row(form, &from_json[0], &mut text).unwrap();
        assert_eq!(rows(std::str::from_utf8(&text).unwrap()).unwrap(), from_json, "{form:?}");
    }
}

#[test]
fn columns_come_in_any_order_and_some_may_be_missing() {
    let found = rows("at,id,card\n2026-01-31T12:00:00Z,a,c1\n\n2026-01-31T12:00:01Z,b,\n").unwrap();
    assert_eq!(found.len(), 2);
    assert!(found[0].subject.card.is_some() && found[1].subject.card.is_none() && found[0].label.is_none());
}

#[test]
fn what_is_wrong_is_told_with_line_and_column() {
    let json = |from: &str, to: &str| format!("{JSON}\n{}", JSON.replace(from, to));
    for (text, expected) in [
        (json("\"12.30\"", "\"NaN\""), "line 2: amount: "),
        (json("\"12.30\"", "\"inf\""), "line 2: amount: "),
        (json("\"12.30\"", "\"-1.00\""), "line 2: amount: expected an amount of zero or more"),
        (json("\"12.30\"", "12.3"), "line 2: row: invalid type"),
        (json("52.5", "NaN"), "line 2: latitude: expected a place on earth"),
        (json("52.5", "inf"), "line 2: latitude: expected a place on earth"),
        (json("\"c1\"", "\"4111111111111111\""), "line 2: card: expected a token"),
        (json("\"fraud\"", "\"maybe\""), "line 2: label: expected fraud, genuine or nothing"),
        (json("2026-02-03", "2026-01-03"), "line 2: known_at: expected a label to become known after its row"),
        (json("\"country\"", "\"contry\""), "line 2: row: unknown field `contry`"),
        ("id,at,colour\n".to_owned(), "line 1: colour: expected columns out of"),
        ("id,card\n".to_owned(), "line 1: at: expected this column"),
        ("id,at\na\n".to_owned(), "line 2: row: expected 2 values as in the first line, found 1"),
        (format!("id,at\n{}", "x".repeat(20_000)), "line 2: row: expected at most 16384 bytes"),
    ] {
        let found = rows(&text).unwrap_err();
        assert!(found.starts_with(expected), "expected {expected}, found {found}");
    }
}
