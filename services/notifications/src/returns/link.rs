//! Signed names of deliveries, which come back from outside: in the address that a mail returns to, and in the link that
//! unsubscribes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use notifications_api::{Category, DeliveryId};
use platform::crypto::same;
use strum::IntoEnumIterator;

use crate::keys::Keys;

const BOUNCE_MAC_BYTES: usize = 8;
const LINK_MAC_BYTES: usize = 16;
const LINK_BYTES: usize = 16 + 2 + LINK_MAC_BYTES;
/// Of the local part of `bounce_address`, so that with a name it stays within the 64 of RFC 5321.
pub(crate) const BOUNCE_LOCAL_MAX: usize = 64 - 1 - 26 - 1 - 2 * BOUNCE_MAC_BYTES;

/// `bounce+NAME@bank.example`. In small letters: some servers change them.
pub(crate) fn bounce(keys: &Keys, address: &str, id: DeliveryId) -> Option<String> {
    let (local, domain) = address.rsplit_once('@')?;
    Some(format!("{local}+{}@{domain}", tag(keys, id)))
}

fn tag(keys: &Keys, id: DeliveryId) -> String {
    let id = id.to_string();
    let mac = keys.digest(&["bounce", &id]);
    let mac: String = mac.iter().take(BOUNCE_MAC_BYTES).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{mac}", bare(&id))
}

/// Without its prefix.
fn bare(id: &str) -> &str {
    id.split_once('_').map_or(id, |(_, bare)| bare)
}

/// The delivery that a mail came back from, if its address is one that we have made.
pub(crate) fn of_bounce(keys: &Keys, address: &str) -> Option<DeliveryId> {
    let address = address.to_ascii_lowercase();
    let (_, found) = address.rsplit_once('@')?.0.rsplit_once('+')?;
    let (id, _) = found.split_once('-')?;
    let id: DeliveryId = format!("dlv_{id}").parse().ok()?;
    same(tag(keys, id).as_bytes(), found.as_bytes()).then_some(id)
}

/// What a link ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) delivery: DeliveryId,
    pub(crate) categories: Vec<Category>,
}

impl Link {
    pub(crate) fn token(&self, keys: &Keys) -> String {
        let set = self.categories.iter().fold(0_u16, |set, category| set | bit(*category));
        let mut bytes = self.delivery.to_bytes().to_vec();
        bytes.extend_from_slice(&set.to_be_bytes());
        let mac = mac(keys, &bytes);
        bytes.extend_from_slice(&mac);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    pub(crate) fn read(keys: &Keys, token: &str) -> Option<Link> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok().filter(|bytes| bytes.len() == LINK_BYTES)?;
        let (signed, found) = bytes.split_at_checked(LINK_BYTES - LINK_MAC_BYTES)?;
        if !same(&mac(keys, signed), found) {
            return None;
        }
        let (id, set) = signed.split_first_chunk::<16>()?;
        let set = u16::from_be_bytes(set.try_into().ok()?);
        let categories = Category::iter().filter(|category| set & bit(*category) != 0).collect();
        Some(Link { delivery: DeliveryId::from_bytes(*id), categories })
    }
}

/// Links live as long as mails do: a new category comes last.
fn bit(category: Category) -> u16 {
    1 << (category as u16)
}

fn mac(keys: &Keys, signed: &[u8]) -> Vec<u8> {
    let mac = keys.digest(&["unsubscribe", &URL_SAFE_NO_PAD.encode(signed)]);
    mac.iter().take(LINK_MAC_BYTES).copied().collect()
}
