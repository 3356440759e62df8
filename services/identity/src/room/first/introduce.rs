//! What the terminal shows about the users and clients of a first start.

use std::path::Path;

use kernel::Secret;
use platform::room::Introduction;

use super::{ADMIN, DEMO_PASSWORD, DEMO_PROGRAM, PROGRAM};

pub(super) fn demo(at: &str) -> Introduction {
    let people =
        format!("users: customer, employee and admin, each with the password \"{DEMO_PASSWORD}\", on {at}/account");
    let (id, secret) = DEMO_PROGRAM;
    Introduction { lines: vec![people], program: Some(format!("{id}:{secret}")) }
}

pub(super) fn shown(at: &str, password: &Secret, secret: Option<&Secret>) -> Introduction {
    let mut lines = vec![
        "FIRST START, shown once and stored nowhere:".to_owned(),
        format!("  {at}/account: log in as {ADMIN} with the password {}", password.expose()),
    ];
    lines
        .extend(secret.map(|secret| format!("  the client {PROGRAM} gets tokens with the secret {}", secret.expose())));
    Introduction { lines, program: secret.map(|secret| format!("{PROGRAM}:{}", secret.expose())) }
}

/// The secret itself is not shown: a shell reads it.
pub(super) fn written(at: &str, file: &Path) -> Introduction {
    let file = file.display();
    let lines = vec![
        format!(
            "FIRST START: {file} has the password of {ADMIN} for {at}/account, and the secret of the client {PROGRAM}"
        ),
        "read it, and delete it".to_owned(),
    ];
    Introduction { lines, program: Some(format!("\"{PROGRAM}:$(sed -n 's/^secret: //p' '{file}')\"")) }
}
