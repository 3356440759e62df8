//! What a person wants to know next. On standard error, beside the log; standard output stays empty.

use platform::data_dir::DataDir;
use platform::shutdown::Open;

use crate::services::Roles;

pub(super) fn show(open: &Open, roles: Roles, data_dir: Option<&DataDir>, demo: bool) {
    let at = open.public.url();
    let version = env!("CARGO_PKG_VERSION");
    let data = data_dir.map_or_else(String::new, |data_dir| format!(", data in {}", data_dir.path().display()));
    let what = if roles.edge { "" } else { ", for health and metrics only" };
    eprintln!("florin {version} listens on {at}{what}{data}");
    if let Some(management) = &open.management {
        eprintln!("metrics and health also on {}", management.url());
    }
    if let Some(internal) = &open.internal {
        eprintln!("other processes call it on {}", internal.address());
    }
    if demo {
        eprintln!("DEMO: every caller is the same demo user; do not keep real books here");
    }
    if roles.edge {
        eprintln!("try:");
        for command in first_steps(&at) {
            eprintln!("  {command}");
        }
        eprintln!("every operation, with examples: {at}/docs; Ctrl-C stops");
    }
}

/// Three commands that work as they stand, on books that are new and on those of a demo.
fn first_steps(at: &str) -> [String; 3] {
    const JSON: &str = "-H 'content-type: application/json'";
    let post = |what: &str, body: &str| format!("curl {at}/v1/ledger/{what} {JSON} -d '{body}'");
    let open = |path: &str, normal: &str| {
        post("accounts", &format!(r#"{{"path": "{path}", "currency": "USD", "normal": "{normal}"}}"#))
    };
    let amount = r#"{"amount": "100.00", "currency": "USD"}"#;
    let posting = format!(r#"{{"debit": "assets:cash", "credit": "equity:capital", "amount": {amount}}}"#);
    let transaction = format!(r#"{{"reference": "first-steps", "postings": [{posting}]}}"#);
    let transaction = post("transactions", &transaction);
    [
        open("assets:cash", "debit"),
        open("equity:capital", "credit"),
        format!("{transaction} -H 'idempotency-key: first-steps'"),
    ]
}
