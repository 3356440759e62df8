//! An export written by hand from the format document, without the ledger's code.

use sha2::{Digest, Sha256};

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|place| u8::from_str_radix(&hex[place..place + 2], 16).unwrap()).collect()
}

/// A line with its checksum; `members` ends without the closing brace.
fn line(members: &str) -> String {
    let sum = hex(&Sha256::digest(members.as_bytes())[..4]);
    format!("{members},\"sum\":\"{sum}\"}}\n")
}

/// One group of these rows, recorded in the first microsecond.
pub(crate) fn one_row(bodies: &[&str]) -> Vec<u8> {
    let last = bodies.len() as u64;
    let mut rows = Sha256::new_with_prefix("florin.rows.1");
    for body in bodies {
        rows.update((body.len() as u64 / 2).to_be_bytes());
        rows.update(bytes(body));
    }
    let mut group = Sha256::new_with_prefix("florin.group.1");
    for part in [&[0; 32][..], &1_u64.to_be_bytes(), &1_i64.to_be_bytes(), &1_u64.to_be_bytes(), &last.to_be_bytes()] {
        group.update(part);
    }
    group.update(rows.finalize());
    let hash = hex(&group.finalize());
    let mut out = line("{\"florin_export\":1,\"book\":\"main\"");
    out += &line(&format!("{{\"group\":1,\"at\":1,\"first_seq\":1,\"last_seq\":{last},\"hash\":\"{hash}\""));
    for (seq, body) in (1..).zip(bodies) {
        out += &line(&format!("{{\"seq\":{seq},\"body\":\"{body}\""));
    }
    out += &line(&format!(
        "{{\"end\":\"florin-1:main:1:{last}:{hash}\",\"groups\":1,\"rows\":{last},\"metadata\":0,\"keys\":null"
    ));
    out.into_bytes()
}

/// A changed line with a corrected checksum.
pub(crate) fn again(changed: &str) -> String {
    line(changed.rsplit_once(",\"sum\":").unwrap().0)
}
