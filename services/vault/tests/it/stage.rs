//! A vault on a test's stage.

use std::sync::Arc;

use kernel::{Clock, Secret};
use platform::crypto::KeyEncryptionKey;
use platform::feed::{FeedSignal, Outbox};
use platform::once::Once;
use testkit::Stage;
use vault::{Settings, VaultKeys, VaultService};
use vault_api::{Pan, Tokenize, Vault};

pub(crate) const VISA: &str = "4111111111111111";

pub(crate) fn master() -> KeyEncryptionKey {
    KeyEncryptionKey::from_secret(&Secret::new("0123456789abcdef0123456789abcdef-test")).unwrap()
}

pub(crate) async fn open(stage: &Stage<'_>) -> (Arc<dyn Vault>, Arc<VaultService>) {
    let service = start(stage, master()).await;
    (service.clone(), service)
}

pub(crate) async fn start(stage: &Stage<'_>, key: KeyEncryptionKey) -> Arc<VaultService> {
    let (db, clock): (_, Arc<dyn Clock>) = (stage.store.open().await, stage.clock());
    platform::room::migrate(&vault::ROOM, &db).await.unwrap();
    let once = Once::new(&key, Arc::clone(&clock));
    let outbox = Outbox::new("/vault", Arc::clone(&clock));
    let settings =
        Settings { secret: Secret::new(""), pci_compliance_mode: true, reveal_fresh_seconds: 300, rotation_batch: 3 };
    let keys = VaultKeys { key, once };
    let made = (clock, stage.ids.clone());
    Arc::new(VaultService::start(db, keys, (outbox, FeedSignal::default()), made, settings).await.unwrap())
}

pub(crate) fn pan(text: &str) -> Pan {
    text.parse().unwrap()
}

pub(crate) fn store(number: &str) -> Tokenize {
    Tokenize { pan: pan(number), expiry: "2712".parse().unwrap() }
}
