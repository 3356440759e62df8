//! Devices of people that get push messages.

use kernel::{Id, IdKind, Secret, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy)]
pub struct DeviceTag;

impl IdKind for DeviceTag {
    const PREFIX: &'static str = "dev";
}

pub type DeviceId = Id<DeviceTag>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DeviceKind {
    /// A browser, by its push service.
    Web,
    /// An app, by Firebase Cloud Messaging.
    Fcm,
}

/// Where a device is reached: exactly one of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviceAddress {
    Web(WebSubscription),
    /// The registration token of an app.
    Fcm(FcmRegistration),
}

/// What a browser's `PushSubscription` is as JSON; its expiration time is of no use to us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebSubscription {
    #[schema(example = "https://push.example.com/p/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV")]
    pub endpoint: String,
    pub keys: WebKeys,
    /// Browsers send it; it is not used.
    #[serde(default, rename = "expirationTime", skip_serializing_if = "Option::is_none")]
    pub expiration_time: Option<u64>,
}

/// In base64url without padding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebKeys {
    /// The browser's public key: an uncompressed point of P-256.
    pub p256dh: String,
    /// 16 bytes that only the browser and we know.
    #[schema(value_type = String)]
    pub auth: Secret,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FcmRegistration {
    #[schema(value_type = String)]
    pub token: Secret,
}

/// Adds a device of a person. The same address again changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddDevice {
    /// The caller's own, unless they may choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    pub address: DeviceAddress,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Device {
    #[schema(value_type = String)]
    pub id: DeviceId,
    pub subject: String,
    pub kind: DeviceKind,
    /// The host of a browser's push service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// All of one person; there are few.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceList {
    pub items: Vec<Device>,
}

/// What a browser needs to subscribe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PushKey {
    /// `applicationServerKey`, in base64url without padding. Absent if web push is not used here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web: Option<String>,
}
