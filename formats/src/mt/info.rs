//! Field 86: what a bank tells of an entry, in one of four shapes.

use crate::check_digit;
use crate::statement::{Code, Scheme, Told};

pub(super) fn read(text: &str, told: &mut Told) {
    match separator(text) {
        Some(separator) => numbered(text, separator, told),
        None if text.starts_with('/') && code(text.split('/').nth(1).unwrap_or_default()) => coded(text, told),
        None => told.text.extend(text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty())),
    }
}

/// Three digits, then the character that stands before each two-digit subfield: `166?00...?20...`.
fn separator(text: &str) -> Option<char> {
    let (code, rest) = text.split_at_checked(3)?;
    let rest = rest.trim_start_matches(['\r', '\n']);
    let separator = rest.chars().next().filter(|c| !c.is_alphanumeric() && *c != ' ' && *c != '\n')?;
    let digits = rest.get(separator.len_utf8()..)?.get(..2)?;
    (code.bytes().chain(digits.bytes()).all(|byte| byte.is_ascii_digit())).then_some(separator)
}

/// Words that stand before a part of the remittance text, as the German banks agreed on them.
const WORDS: [&str; 13] = [
    "EREF+", "KREF+", "MREF+", "CRED+", "DEBT+", "COAM+", "OAMT+", "SVWZ+", "ABWA+", "ABWE+", "IBAN+", "BIC+", "PURP+",
];

fn numbered(text: &str, separator: char, told: &mut Told) {
    let whole: String = text.split(['\n', '\r']).collect();
    let (code, rest) = whole.split_at_checked(3).unwrap_or((&whole, ""));
    told.codes.push(Code::new(Scheme::Gvc, code));
    let mut word = "";
    let mut open = false;
    for (number, value) in subfields(rest, separator) {
        match number {
            0 => push(&mut told.additional, value),
            10 => {}
            20..30 | 60..64 => {
                let begins = WORDS.iter().find_map(|word| value.strip_prefix(word).map(|rest| (*word, rest)));
                let (known, value) = begins.unwrap_or((word, value));
                let goes_on = begins.is_none() && open && !word.is_empty();
                (word, open) = (known, true);
                remittance(word, value, goes_on, told);
            }
            30 => set(&mut told.counterparty.bank, value),
            31 | 38 => account(value, told),
            32 | 33 => {
                let name = told.counterparty.name.get_or_insert_default();
                name.push_str(value);
            }
            34 if value != "000" => {
                told.codes.push(Code { issuer: Some("34".to_owned()), ..Code::new(Scheme::Bank, value) });
            }
            _ => {}
        }
    }
}

/// Pairs of two digits and the value after them. A separator without digits after it belongs to the value.
fn subfields(text: &str, separator: char) -> Vec<(u8, &str)> {
    let is_number = |part: &str| part.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_digit));
    let starts: Vec<usize> = text
        .match_indices(separator)
        .map(|(place, found)| place + found.len())
        .filter(|place| is_number(text.get(*place..).unwrap_or_default()))
        .collect();
    let ends = starts.iter().skip(1).map(|place| place - separator.len_utf8()).chain([text.len()]);
    let parts = starts.iter().zip(ends).filter_map(|(start, end)| {
        let (number, value) = text.get(*start..end)?.split_at_checked(2)?;
        Some((number.parse().ok()?, value))
    });
    parts.collect()
}

fn remittance(word: &str, value: &str, goes_on: bool, told: &mut Told) {
    let references = &mut told.references;
    let place = match word {
        "EREF+" => &mut references.end_to_end,
        "KREF+" => &mut references.own,
        "MREF+" => &mut references.mandate,
        "CRED+" | "DEBT+" => &mut references.creditor_id,
        "ABWA+" | "ABWE+" => &mut told.ultimate,
        "PURP+" => &mut told.purpose,
        "BIC+" => &mut told.counterparty.bank,
        "IBAN+" => return account(value, told),
        "COAM+" | "OAMT+" => return,
        _ => {
            match told.text.last_mut().filter(|_| goes_on) {
                Some(line) => line.push_str(value),
                None if !value.is_empty() => told.text.push(value.to_owned()),
                None => {}
            }
            return;
        }
    };
    match place {
        Some(text) if goes_on => text.push_str(value),
        place => set(place, value),
    }
}

/// Three or four capital letters or digits between slashes.
fn code(text: &str) -> bool {
    (3..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

const CODES: [&str; 24] = [
    "EREF", "REMI", "IBAN", "BIC", "NAME", "MARF", "CSID", "PREF", "TRTP", "ISDT", "RTRN", "PURP", "ORDP", "BENM",
    "CNTP", "ULTC", "ULTD", "TRCD", "SVCL", "INIT", "CHGS", "OCMT", "ADDR", "KREF",
];

/// `/TRTP/SEPA OVERBOEKING/IBAN/NL…/NAME/…/REMI/…/EREF/…`
fn coded(text: &str, told: &mut Told) {
    let whole: String = text.split(['\n', '\r']).collect();
    let mut parts: Vec<(&str, Vec<&str>)> = Vec::new();
    for part in whole.split('/').skip(1) {
        match parts.last_mut() {
            _ if CODES.contains(&part) => parts.push((part, Vec::new())),
            Some((_, values)) => values.push(part),
            None if code(part) => parts.push((part, Vec::new())),
            None => {}
        }
    }
    for (name, values) in parts {
        let value = values.join("/");
        let value = value.trim_matches('/').trim();
        match name {
            "EREF" => set(&mut told.references.end_to_end, value),
            "PREF" => set(&mut told.references.payment_information, value),
            "KREF" => set(&mut told.references.own, value),
            "MARF" => set(&mut told.references.mandate, value),
            "CSID" => set(&mut told.references.creditor_id, value),
            "NAME" => set(&mut told.counterparty.name, value),
            "BIC" => set(&mut told.counterparty.bank, value),
            "IBAN" => account(value, told),
            "PURP" => set(&mut told.purpose, value.trim_start_matches("CD/")),
            "RTRN" => set(&mut told.return_reason, value),
            "ULTC" | "ULTD" => set(&mut told.ultimate, value.trim_start_matches("NAME/")),
            "TRTP" => push(&mut told.additional, value),
            "TRCD" => told.codes.push(Code::new(Scheme::Bank, value)),
            "CNTP" => party(&values, told),
            "REMI" => match value.strip_prefix("STRD/CUR/") {
                Some(reference) => set(&mut told.structured, reference),
                None => {
                    let text = value.trim_start_matches("USTD").trim_start_matches('/');
                    told.text.extend(Some(text.to_owned()).filter(|text| !text.is_empty()));
                }
            },
            "ORDP" | "BENM" | "ISDT" | "SVCL" | "INIT" | "ADDR" => {}
            _ => told.text.extend(Some(format!("/{name}/{value}")).filter(|_| !value.is_empty())),
        }
    }
}

/// `/CNTP/account/bic/name/town`
fn party(values: &[&str], told: &mut Told) {
    let mut values = values.iter().copied();
    account(values.next().unwrap_or_default(), told);
    set(&mut told.counterparty.bank, values.next().unwrap_or_default());
    set(&mut told.counterparty.name, values.next().unwrap_or_default());
}

/// Some banks' field NS: two digits a line.
pub(super) fn non_swift(text: &str, told: &mut Told) {
    for line in text.lines() {
        let Some((number, value)) = line.split_at_checked(2) else { continue };
        let value = value.trim();
        match number.parse::<u8>() {
            _ if value.is_empty() => {}
            Ok(1..15) => told.text.push(value.to_owned()),
            Ok(15 | 16) => push(&mut told.counterparty.name, value),
            Ok(_) => push(&mut told.additional, value),
            Err(_) => told.text.push(line.trim().to_owned()),
        }
    }
}

fn account(value: &str, told: &mut Told) {
    match check_digit::iban(value) {
        Ok(iban) => told.counterparty.iban = Some(iban),
        Err(_) => set(&mut told.counterparty.number, value),
    }
}

fn set(place: &mut Option<String>, value: &str) {
    let value = value.trim();
    if !value.is_empty() && !matches!(value, "NOTPROVIDED" | "NONREF") {
        *place = Some(value.to_owned());
    }
}

fn push(place: &mut Option<String>, value: &str) {
    let value = value.trim();
    match place {
        _ if value.is_empty() => {}
        Some(text) => *text = format!("{text} {value}"),
        None => *place = Some(value.to_owned()),
    }
}
