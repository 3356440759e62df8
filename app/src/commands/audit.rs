//! `florin audit`: the audit log as a folder of evidence, and the check of one.

use std::path::Path;

use audit::{Evidence, ExportError, KeyList, VerifyingKey};
use platform::db::{Access, Db};

use crate::cli::{Audit, AuditCommand, AuditExport, AuditVerify};
use crate::commands::Start;
use crate::failure::Failure;
use crate::stores::{self, COULD_NOT_RUN, DISAGREES};

pub(crate) fn run(start: Start<'_>, options: &Audit) -> Result<(), Failure> {
    let could_not_run = |failure: Failure| failure.with_status(COULD_NOT_RUN);
    match &options.command {
        AuditCommand::Export(to) => {
            let config = start.config_with(options.stores.settings()).map_err(|error| could_not_run(error.into()))?;
            let target = stores::of_service(&config, audit::SERVICE);
            let runtime = stores::runtime().map_err(|error| could_not_run(error.into()))?;
            runtime.block_on(export(target, to)).map_err(could_not_run)
        }
        AuditCommand::Verify(evidence) => verify(evidence),
    }
}

async fn export(target: platform::db::Target, AuditExport { to }: &AuditExport) -> Result<(), Failure> {
    if !target.exists().await? {
        return Err(ExportError::NothingSigned.into());
    }
    let db = Db::open(target, Access::ReadOnly, 1).await?;
    let exported = audit::export(&db, to).await?;
    println!("exported {} entries to {}", exported.entries, to.display());
    print!("{}", exported.checkpoint);
    Ok(())
}

fn verify(options: &AuditVerify) -> Result<(), Failure> {
    let could_not_run = |failure: Failure| failure.with_status(COULD_NOT_RUN);
    let keys = keys(&options.key).map_err(could_not_run)?;
    let since = options.since.as_deref().map(earlier).transpose().map_err(could_not_run)?;
    let evidence = Evidence { folder: &options.folder, keys: &keys, since: since.as_deref() };
    let verified = audit::verify(&evidence).map_err(|finding| {
        let status = if finding.could_not_run() { COULD_NOT_RUN } else { DISAGREES };
        Failure::from(finding).with_status(status)
    })?;
    let head = &verified.checkpoint;
    println!("{}: {} entries, all of them as they were signed", head.origin, head.size);
    if verified.gone > 0 {
        println!(
            "  {} entries were removed after the time for which they are kept; their hashes are there",
            verified.gone
        );
    }
    if let Some(size) = verified.since {
        println!("  it begins with the {size} entries of the earlier checkpoint");
    }
    Ok(())
}

/// Each is a key, a line each, or the list that the API answers with.
fn keys(given: &[String]) -> Result<Vec<VerifyingKey>, Failure> {
    let mut keys = Vec::new();
    for text in given.iter().map(|text| text.trim()) {
        if text.starts_with('{') {
            let list: KeyList = serde_json::from_str(text)?;
            for key in list.items {
                keys.push(VerifyingKey::read(&key.key)?);
            }
            continue;
        }
        for line in text.lines() {
            keys.push(VerifyingKey::read(line)?);
        }
    }
    Ok(keys)
}

fn earlier(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| Failure::new(format!("{} cannot be read: {error}", file.display())))
}
