//! The first steps for a new user. On standard error, next to the log and never in it; standard output stays empty.

use platform::data_dir::DataDir;
use platform::room::{FirstStep, Introduction};
use platform::shutdown::Open;

use crate::house::Roles;

/// What to print besides the addresses.
pub(super) struct Told<'a> {
    pub(super) data_dir: Option<&'a DataDir>,
    pub(super) demo: bool,
    pub(super) introductions: Vec<Introduction>,
    pub(super) steps: Vec<&'a FirstStep>,
}

pub(super) fn show(open: &Open, roles: &Roles, told: &Told<'_>) {
    let at = open.public.url();
    let version = env!("CARGO_PKG_VERSION");
    let data = told.data_dir.map_or_else(String::new, |data_dir| format!(", data in {}", data_dir.path().display()));
    let what = if roles.is_edge() { "" } else { ", for health and metrics only" };
    eprintln!("florin {version} listens on {at}{what}{data}");
    if let Some(management) = &open.management {
        eprintln!("metrics and health also on http://{}", management.address());
    }
    if let Some(internal) = &open.internal {
        eprintln!("other processes call it on {}", internal.address());
    }
    if told.demo {
        eprintln!("DEMO: every caller without a token is the same demo user; do not keep real books here");
    }
    told.introductions.iter().flat_map(|introduction| &introduction.lines).for_each(|line| eprintln!("{line}"));
    if roles.is_edge() {
        eprintln!("try:");
        eprintln!("  {}", token(&at, told));
        told.steps.iter().for_each(|step| eprintln!("  {}", curl(&at, step, told.demo)));
        eprintln!("every operation, with examples: {at}/docs; Ctrl-C stops");
    }
}

/// A command that works as printed, on new books and on those of a demo.
fn curl(at: &str, step: &FirstStep, demo: bool) -> String {
    const JSON: &str = "-H 'content-type: application/json'";
    let bearer = if demo { "" } else { " -H \"authorization: Bearer $TOKEN\"" };
    let FirstStep { path, body, idempotency_key } = step;
    let key = idempotency_key.map_or_else(String::new, |key| format!(" -H 'idempotency-key: {key}'"));
    format!("curl {at}/v1{path}{bearer} {JSON} -d '{body}'{key}")
}

fn token(at: &str, told: &Told<'_>) -> String {
    let program = told.introductions.iter().find_map(|introduction| introduction.program.as_deref());
    let who = program.unwrap_or("PROGRAM:SECRET");
    format!(
        "TOKEN=$(curl -s {at}/oauth2/token -u {who} -d grant_type=client_credentials | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')"
    )
}
