//! What the room tells others: ids only.

use notifications_api::{Channel, Delivery as Shown, DeliveryState};
use platform::feed::NewEvent;
use serde_json::json;

use crate::devices;
use crate::store::delivery::Delivery;
use crate::store::message::Message;

/// Nothing for a state that only passes.
pub(crate) fn delivery(message: &Message, delivery: &Delivery) -> Option<NewEvent> {
    let kind = match delivery.state {
        DeliveryState::Sent => "notifications.delivery.sent",
        DeliveryState::Delivered => "notifications.delivery.delivered",
        DeliveryState::Bounced => "notifications.delivery.bounced",
        DeliveryState::Undelivered => "notifications.delivery.undelivered",
        DeliveryState::Complained => "notifications.delivery.complained",
        DeliveryState::Suppressed => "notifications.delivery.suppressed",
        DeliveryState::Expired => "notifications.delivery.expired",
        DeliveryState::Dead => "notifications.delivery.dead",
        _ => return None,
    };
    let data = json!({
        "message": message.id,
        "kind": message.kind,
        "channel": delivery.channel,
        "reason": delivery.reason,
    });
    Some(NewEvent::new(kind, delivery.id.to_string(), data))
}

pub(crate) fn contact_changed(subject: &str) -> NewEvent {
    NewEvent::new("notifications.contact.changed", subject, json!({}))
}

pub(crate) fn contact_verified(subject: &str, field: &'static str) -> NewEvent {
    NewEvent::new("notifications.contact.verified", subject, json!({ "field": field }))
}

/// Enough of an address to recognise it.
fn masked(channel: Channel, address: &str) -> String {
    if channel == Channel::Push {
        return devices::masked(address);
    }
    match address.split_once('@') {
        Some((name, host)) => format!("{}•••@{host}", name.chars().take(1).collect::<String>()),
        None => format!("•••{}", address.chars().skip(address.chars().count().saturating_sub(2)).collect::<String>()),
    }
}

/// For readers of a message: no address in full.
pub(crate) fn shown(delivery: &Delivery, address: Option<&str>, attempts: Vec<notifications_api::Attempt>) -> Shown {
    Shown {
        id: delivery.id,
        channel: delivery.channel,
        state: delivery.state,
        reason: delivery.reason.clone(),
        address: address.map(|address| masked(delivery.channel, address)),
        due_at: delivery.state.waits().then_some(delivery.due_at),
        attempts,
    }
}
