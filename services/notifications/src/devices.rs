//! Devices of people: browsers and apps that get push messages. An address is sealed under the person's key, and removed
//! when its push service says that it is gone.

use aws_lc_rs::agreement::{ECDH_P256, ParsedPublicKey, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::Ctx;
use notifications_api::*;
use platform::access;
use platform::crypto::Place;
use platform::db::{DbError, Tx};
use url::Url;

use crate::keys::KeyError;
use crate::route::Addressed;
use crate::send::is_name;
use crate::service::{Inner, check};
use crate::store::{self, device as row};
use crate::webhook::endpoint;

const TOKEN_CHARS_MAX: usize = 1_024;
const ENDPOINT_CHARS_MAX: usize = 1_024;
const AUTH_BYTES: usize = 16;
pub(crate) const POINT_BYTES: usize = 65;

impl Inner {
    pub(crate) async fn add_device(&self, ctx: &Ctx, command: AddDevice) -> Result<Device, NotificationsError> {
        let own = access::owner_term(ctx, "contacts", "change")?;
        let subject = own.map(|own| own.to_string()).or(command.subject).filter(|subject| is_name(subject));
        let subject = subject.ok_or_else(|| Refusal::field_invalid("subject", "expected the owner of the device"))?;
        form(&command.address, self.settings.webhook_http)?;
        let key = self.device_key(&command.address);
        let tx = self.one_writer.begin().await?;
        tx.one_at_a_time().await?;
        if let Some(found) = row::of_address(&tx, &key).await? {
            if found.subject == subject {
                return Ok(self.device_shown(&found).await?);
            }
            // A browser that another person uses now.
            row::remove(&tx, found.id).await?;
        }
        let max = limits::DEVICES_MAX;
        if row::of_subject(&tx, &subject).await?.len() >= max {
            return Err(Refusal::TooManyDevices { max }.into());
        }
        let (kind, id): (_, DeviceId) = (kind(&command.address), self.ids.make());
        let plain = store::json_text(&command.address)?;
        let sealed = self.keys.seal(Some(&subject), place(&id.to_bytes()), plain.as_bytes()).await?;
        let device = row::Device { id, subject, kind, address_key: key, sealed, created_at: self.clock.now() };
        row::add(&tx, &device).await?;
        tx.commit().await?;
        Ok(self.device_shown(&device).await?)
    }

    pub(crate) async fn devices(&self, ctx: &Ctx, subject: Option<String>) -> Result<DeviceList, NotificationsError> {
        let own = access::owner_term(ctx, "contacts", "read")?;
        let subject = own.map(|own| own.to_string()).or(subject).filter(|subject| is_name(subject));
        let subject = subject.ok_or_else(|| Refusal::field_invalid("subject", "expected the owner of the devices"))?;
        let mut items = Vec::new();
        for device in row::of_subject(&self.db.read().await?, &subject).await? {
            items.push(self.device_shown(&device).await?);
        }
        Ok(DeviceList { items })
    }

    pub(crate) async fn remove_device(&self, ctx: &Ctx, id: DeviceId) -> Result<(), NotificationsError> {
        let unknown = || Refusal::DeviceUnknown { id: id.to_string() };
        let turn = self.once.begin(ctx, "remove_device", &id).await?;
        let tx = self.one_writer.begin().await?;
        if turn.again::<DeviceId>(&tx).await?.is_some() {
            return Ok(());
        }
        let found = row::find(&tx, id).await?;
        let owner = found.as_ref().map(|device| device.subject.as_str());
        check(ctx, ("contacts", "change"), owner, unknown())?;
        if found.is_none() {
            return Err(turn.refused(tx.tx, unknown().into()).await);
        }
        row::remove(&tx, id).await?;
        turn.made(&tx, &id).await?;
        tx.commit().await?;
        Ok(())
    }

    pub(crate) fn push_key(&self, ctx: &Ctx) -> Result<PushKey, NotificationsError> {
        access::owner_term(ctx, "contacts", "read")?;
        Ok(PushKey { web: self.push_key.clone() })
    }

    /// Addresses of a person's devices: their digests, and what is sent to.
    pub(crate) async fn device_addresses(&self, tx: &Tx, subject: &str) -> Result<Vec<Addressed>, KeyError> {
        let mut all = Vec::new();
        for device in row::of_subject(tx, subject).await? {
            let address = self.device_address(&device).await?;
            all.push((device.address_key, store::json_text(&address)?));
        }
        Ok(all)
    }

    async fn device_address(&self, device: &row::Device) -> Result<DeviceAddress, KeyError> {
        let plain = self.keys.unseal(Some(&device.subject), place(&device.id.to_bytes()), &device.sealed).await?;
        Ok(serde_json::from_slice(&plain).map_err(|error| DbError::shape(error.to_string()))?)
    }

    /// Addresses of devices are the same letter by letter only.
    fn device_key(&self, address: &DeviceAddress) -> Vec<u8> {
        let text = match address {
            DeviceAddress::Web(web) => &web.endpoint,
            DeviceAddress::Fcm(fcm) => fcm.token.expose(),
        };
        self.keys.digest(&["device", text]).to_vec()
    }

    async fn device_shown(&self, device: &row::Device) -> Result<Device, KeyError> {
        let host = match self.device_address(device).await? {
            DeviceAddress::Web(web) => Some(host(&web.endpoint)),
            DeviceAddress::Fcm(_) => None,
        };
        let (id, subject, kind) = (device.id, device.subject.clone(), device.kind);
        Ok(Device { id, subject, kind, host, created_at: device.created_at })
    }
}

fn place(id: &[u8; 16]) -> Place<'_> {
    Place::new("device", "sealed", id)
}

fn kind(address: &DeviceAddress) -> DeviceKind {
    match address {
        DeviceAddress::Web(_) => DeviceKind::Web,
        DeviceAddress::Fcm(_) => DeviceKind::Fcm,
    }
}

fn host(url: &str) -> String {
    url.parse::<Url>().ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

/// Enough of a device's address to recognise it.
pub(crate) fn masked(address: &str) -> String {
    match serde_json::from_str(address) {
        Ok(DeviceAddress::Web(web)) => host(&web.endpoint),
        Ok(DeviceAddress::Fcm(_)) => "fcm".to_owned(),
        Err(_) => String::new(),
    }
}

fn form(address: &DeviceAddress, allows_http: bool) -> Result<(), Refusal> {
    let web = match address {
        DeviceAddress::Fcm(fcm) => {
            let token = fcm.token.expose();
            let is_token =
                (1..=TOKEN_CHARS_MAX).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
            let refused = Refusal::field_invalid("address.fcm.token", "expected a registration token");
            return if is_token { Ok(()) } else { Err(refused) };
        }
        DeviceAddress::Web(web) => web,
    };
    let at = |name: &str| format!("address.web.{name}");
    if web.endpoint.len() > ENDPOINT_CHARS_MAX {
        return Err(Refusal::field_invalid(&at("endpoint"), "expected at most 1,024 characters"));
    }
    endpoint(&web.endpoint, allows_http).map_err(|expected| Refusal::field_invalid(&at("endpoint"), expected))?;
    let point = URL_SAFE_NO_PAD.decode(web.keys.p256dh.trim_end_matches('=')).unwrap_or_default();
    // Nothing but an uncompressed point of this curve has this length.
    if point.len() != POINT_BYTES || ParsedPublicKey::try_from(UnparsedPublicKey::new(&ECDH_P256, &point)).is_err() {
        return Err(Refusal::field_invalid(&at("keys.p256dh"), "expected a point of P-256 in base64url"));
    }
    let auth = URL_SAFE_NO_PAD.decode(web.keys.auth.expose().trim_end_matches('=')).unwrap_or_default();
    if auth.len() != AUTH_BYTES {
        return Err(Refusal::field_invalid(&at("keys.auth"), "expected 16 bytes in base64url"));
    }
    Ok(())
}
