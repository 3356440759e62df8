//! A command as canonical bytes: independent of field order, and of whether an absent optional field was known when it
//! was sent. So a new `Option` field changes nothing for older commands.

use serde::Serialize;
use serde_json::Value;

pub(super) fn bytes(command: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut out = Vec::new();
    write(&serde_json::to_value(command)?, &mut out)?;
    Ok(out)
}

fn write(value: &Value, out: &mut Vec<u8>) -> serde_json::Result<()> {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().filter(|(_, value)| !value.is_null()).collect();
            members.sort_unstable_by_key(|(name, _)| name.as_str());
            out.push(b'{');
            for (name, value) in members {
                serde_json::to_writer(&mut *out, name)?;
                out.push(b':');
                write(value, out)?;
                out.push(b',');
            }
            out.push(b'}');
        }
        Value::Array(values) => {
            out.push(b'[');
            for value in values {
                write(value, out)?;
                out.push(b',');
            }
            out.push(b']');
        }
        plain => serde_json::to_writer(&mut *out, plain)?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn same(one: Value, other: Value) -> bool {
        bytes(&one).unwrap() == bytes(&other).unwrap()
    }

    #[test]
    fn field_order_and_absent_fields_do_not_matter() {
        assert!(same(json!({"a": 1, "b": {"c": [2], "d": null}}), json!({"b": {"c": [2]}, "a": 1})));
        assert!(same(json!({}), json!({"new": null})));
    }

    #[test]
    fn every_other_difference_matters() {
        for (one, other) in [
            (json!({"a": 1}), json!({"a": "1"})),
            (json!({"a": [1, 2]}), json!({"a": [2, 1]})),
            (json!({"a": [null]}), json!({"a": []})),
            (json!({"a": ""}), json!({})),
            (json!({"a": {"b": 1}, "c": 2}), json!({"a": {"b": 1, "c": 2}})),
            (json!(["a,b"]), json!(["a", "b"])),
            (json!(null), json!({})),
        ] {
            assert!(!same(one.clone(), other.clone()), "{one} {other}");
        }
    }
}
