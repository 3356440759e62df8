//! The vault's description as a room, and how it runs in a process.

use std::sync::Arc;

use platform::config::Operators;
use platform::crypto::KeyEncryptionKey;
use platform::room::{Door, OpenError, Opened, Room, Routes, Site};
use platform::telemetry::Metric;
use vault_api::Vault;

use crate::settings::SETTINGS;
use crate::store::MIGRATIONS;
use crate::{Settings, VaultKeys, VaultService, http};

pub static ROOM: Room = Room {
    service: "tokenization-service",
    about: "stores card numbers and gives tokens for them",
    migrations: MIGRATIONS,
    outbox: true,
    once: true,
    seals: true,
    settings: SETTINGS,
    operators: Operators {
        variables: &[("PAYMENT_ENCRYPTION_KEY", "secret"), ("PCI_COMPLIANCE_MODE", "pci_compliance_mode")],
        address: Some("CARD_TOKENIZATION_SERVICE"),
        secrets: &["secret"],
    },
    words: &[("vault", &["find", "tokenize", "issue", "reveal", "destroy", "rotate"])],
    metrics: &[Metric::counter("vault_reveals_total", &["result"], "requests to reveal a card number")],
    operations: http::OPERATIONS,
    tags: http::TAGS,
    document: http::api,
    ..Room::named("vault")
};

/// Opens the vault. Calls no other room.
///
/// # Errors
/// The store's, keys that are not this store's, or a switch that only a demo may use.
pub async fn open(site: Site<Settings>, (): ()) -> Result<Opened<dyn Vault>, OpenError> {
    if !site.settings.pci_compliance_mode && !site.demo {
        return Err("vault.pci_compliance_mode = false (PCI_COMPLIANCE_MODE) is for --demo only; remove it".into());
    }
    let once = site.once()?;
    let key = match site.settings.secret.expose() {
        "" => site.key.ok_or("the vault gets no key")?,
        _ => KeyEncryptionKey::from_secret(&site.settings.secret)?,
    };
    let keys = VaultKeys { key, once };
    let (events, made) = ((site.outbox, site.signal), (site.clock, site.ids));
    let vault = Arc::new(VaultService::start(site.db, keys, events, made, site.settings).await?);
    let mut opened = Opened::<dyn Vault>::new(vault.clone());
    opened.periodic.push(vault.rotating());
    Ok(opened)
}

/// The routes of the vault, in this process or another.
///
/// # Errors
/// None.
pub fn mount(vault: Arc<dyn Vault>, _: Door<Settings>) -> Result<Routes, OpenError> {
    Ok(http::routes(vault))
}
