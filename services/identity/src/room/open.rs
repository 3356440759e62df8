//! Identity in a process: its service, its routes, and how it ends.

use std::sync::Arc;

use access::{Gate, Hears};
use async_trait::async_trait;
use identity_api::{FactorKind, Identity, IdentityError, IdentityStatus};
use kernel::{Clock, Ctx, Deadline, Principal};
use platform::health::{Facts, Part, facts};
use platform::room::{Door, OpenError, Opened, OwnClient, Routes, Site};
use platform::shutdown::Step;
use serde_json::json;

use super::{ROOM, first};
use crate::settings::Settings;
use crate::{Channel, Channels, FileChannel, HttpConfig, IdentityService};

/// Longest wait for this process's own requests to identity.
const ASK_MS: u64 = 10_000;

/// Opens the service, which updates the gate of its own process at once. Calls no other room. `clients` are those by which
/// rooms act as themselves; `messenger` takes codes to people, where the settings say so.
pub async fn open(
    site: Site<Settings>,
    (gate, clients, messenger): (Gate, Vec<OwnClient>, Option<Arc<dyn Channel>>),
) -> Result<Opened<dyn Identity>, OpenError> {
    let issuer = issuer(&site.settings, site.address.as_deref())?;
    let config = site.settings.config(issuer.clone(), gate.vocabulary().clone(), site.demo);
    let hears: Arc<dyn Hears> = Arc::new(gate);
    let (db, clock, key) = (site.db.clone(), Arc::clone(&site.clock), site.key()?);
    let service = IdentityService::start(db, config, clock, site.ids.clone(), Some(hears), key).await?;
    let service = service.with_signal(site.signal.clone());
    let service = Arc::new(service.with_channels(channels(&site.settings, messenger)));
    service.tend();
    let identity: Arc<dyn Identity> = service.clone();
    let mut opened = Opened::new(Arc::clone(&identity));
    opened.holder = Some(service.clone());
    opened.parts.push(Arc::new(IdentityPart { identity, clock: site.clock }));
    let (settings, demo) = (site.settings, site.demo);
    opened.last = Some(Box::pin({
        let service = Arc::clone(&service);
        async move {
            first::rooms(&service, clients).await?;
            first::people(&service, &settings, &issuer, demo).await
        }
    }));
    opened.steps.push(Step::new(ROOM.name, async move { service.close().await }));
    Ok(opened)
}

/// The file for development, if there is one; else the messenger, for the ways that it is to be used for.
fn channels(settings: &Settings, messenger: Option<Arc<dyn Channel>>) -> Channels {
    if let Some(file) = &settings.messages_file {
        let channel = Arc::new(FileChannel::new(file.clone()));
        return Channels::default().by_email(channel.clone()).by_sms(channel);
    }
    let Some(messenger) = messenger else { return Channels::default() };
    settings.codes_by_notifications.iter().fold(Channels::default(), |channels, by| match by {
        FactorKind::Email => channels.by_email(Arc::clone(&messenger)),
        FactorKind::Sms => channels.by_sms(Arc::clone(&messenger)),
        FactorKind::Totp | FactorKind::Backup => channels,
    })
}

/// The routes of identity, in this process or another.
///
/// # Errors
/// The address at which it is reached is not configured.
pub fn mount(identity: Arc<dyn Identity>, door: Door<Settings>) -> Result<Routes, OpenError> {
    let issuer = issuer(&door.settings, Some(&door.address))?;
    let crate::http::Routes { root, v1, .. } = crate::http::routes(identity, HttpConfig { issuer, clock: door.clock });
    Ok(Routes { v1, root, ..Routes::default() })
}

fn issuer(settings: &Settings, address: Option<&str>) -> Result<String, OpenError> {
    settings.issuer.as_deref().or(address).map(str::to_owned).ok_or_else(|| {
        "identity.issuer is needed: the address at which browsers and clients reach the edge, such as \
         https://bank.example.com; only the edge's own process knows it"
            .into()
    })
}

/// The gate reports whether tokens can be checked.
struct IdentityPart {
    identity: Arc<dyn Identity>,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl Part for IdentityPart {
    fn name(&self) -> &'static str {
        ROOM.name
    }

    async fn ready(&self) -> Result<(), String> {
        Ok(())
    }

    async fn status(&self) -> Facts {
        // It needs no permission.
        let deadline = Deadline::after_millis(&*self.clock, ASK_MS);
        let ctx = Ctx { principal: Principal::nobody(), deadline, request_id: "florin".into(), idempotency_key: None };
        told(self.identity.status(&ctx).await)
    }
}

fn told(status: Result<IdentityStatus, IdentityError>) -> Facts {
    match status {
        Ok(status) => facts([("terms", json!(status.version)), ("waiting", json!(status.waiting))]),
        Err(error) => facts([("error", json!(error.code()))]),
    }
}
