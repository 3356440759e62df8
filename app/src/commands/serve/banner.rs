//! What a person wants to know next. On standard error, beside the log and never in it; standard output stays empty.

use std::path::Path;

use platform::data_dir::DataDir;
use platform::shutdown::Open;

use crate::services::{ADMIN, DEMO_PASSWORD, DEMO_PROGRAM, First, PROGRAM, Roles};

/// `issuer` is where people log in.
pub(super) fn show(open: &Open, issuer: &str, roles: Roles, data_dir: Option<&DataDir>, first: &First) {
    let at = open.public.url();
    let version = env!("CARGO_PKG_VERSION");
    let data = data_dir.map_or_else(String::new, |data_dir| format!(", data in {}", data_dir.path().display()));
    let what = if roles.edge { "" } else { ", for health and metrics only" };
    eprintln!("florin {version} listens on {at}{what}{data}");
    if let Some(management) = &open.management {
        eprintln!("metrics and health also on http://{}", management.address());
    }
    if let Some(internal) = &open.internal {
        eprintln!("other processes call it on {}", internal.address());
    }
    introduce(issuer, first);
    if roles.edge {
        eprintln!("try:");
        for command in first_steps(&at, first) {
            eprintln!("  {command}");
        }
        eprintln!("every operation, with examples: {at}/docs; Ctrl-C stops");
    }
}

/// Who is there.
fn introduce(at: &str, first: &First) {
    match first {
        First::Known => {}
        First::Demo => {
            eprintln!("DEMO: every caller without a token is the same demo user; do not keep real books here");
            eprintln!(
                "people: customer, employee and admin, each with the password \"{DEMO_PASSWORD}\", on {at}/account"
            );
        }
        First::Shown { password, secret } => {
            eprintln!("FIRST START, shown once and kept nowhere:");
            eprintln!("  {at}/account: log in as {ADMIN} with the password {}", password.expose());
            if let Some(secret) = secret {
                eprintln!("  the program {PROGRAM} gets tokens with the secret {}", secret.expose());
            }
        }
        First::Written(file) => {
            let file = file.display();
            eprintln!(
                "FIRST START: {file} has the password of {ADMIN} for {at}/account, and the secret of the program {PROGRAM}"
            );
            eprintln!("read it, and delete it");
        }
    }
}

/// Commands that work as they stand, on books that are new and on those of a demo: a token, two accounts, a transaction.
fn first_steps(at: &str, first: &First) -> [String; 4] {
    const JSON: &str = "-H 'content-type: application/json'";
    let bearer = if matches!(first, First::Demo) { "" } else { " -H \"authorization: Bearer $TOKEN\"" };
    let post = |what: &str, body: &str| format!("curl {at}/v1/ledger/{what}{bearer} {JSON} -d '{body}'");
    let open = |path: &str, normal: &str| {
        post("accounts", &format!(r#"{{"path": "{path}", "currency": "USD", "normal": "{normal}"}}"#))
    };
    let amount = r#"{"amount": "100.00", "currency": "USD"}"#;
    let posting = format!(r#"{{"debit": "assets:cash", "credit": "equity:capital", "amount": {amount}}}"#);
    let transaction = format!(r#"{{"reference": "first-steps", "postings": [{posting}]}}"#);
    let transaction = post("transactions", &transaction);
    [
        token(at, first),
        open("assets:cash", "debit"),
        open("equity:capital", "credit"),
        format!("{transaction} -H 'idempotency-key: first-steps'"),
    ]
}

fn token(at: &str, first: &First) -> String {
    let who = match first {
        First::Demo => format!("{}:{}", DEMO_PROGRAM.0, DEMO_PROGRAM.1),
        First::Shown { secret: Some(secret), .. } => format!("{PROGRAM}:{}", secret.expose()),
        First::Written(file) => format!("\"{PROGRAM}:{}\"", read_secret(file)),
        First::Known | First::Shown { secret: None, .. } => "PROGRAM:SECRET".to_owned(),
    };
    format!(
        "TOKEN=$(curl -s {at}/oauth2/token -u {who} -d grant_type=client_credentials | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')"
    )
}

/// A shell's words for it, so that the secret itself is not shown.
fn read_secret(file: &Path) -> String {
    format!("$(sed -n 's/^secret: //p' '{}')", file.display())
}
