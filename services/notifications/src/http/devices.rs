//! Devices that get push messages.

use axum::extract::State;
use http::StatusCode;
use notifications_api::{AddDevice, Device, DeviceAddress, DeviceId, DeviceList, PushKey};
use platform::http::{CallCtx, Json, Path, Problem, Query, Repeatable};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::Desk;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct DeviceAt {
    /// The device's id.
    #[param(value_type = String)]
    id: DeviceId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DeviceParams {
    /// The owner of the devices. Customers always get their own.
    #[serde(default)]
    #[param(example = "cust_ann")]
    subject: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviceBody {
    /// The owner of the device. Customers always add their own.
    #[serde(default)]
    subject: Option<String>,
    address: DeviceAddress,
}

/// Add a device
///
/// A browser's `PushSubscription` as JSON, or an app's registration token. The same address again changes nothing; one that
/// belonged to another person belongs to this one now.
#[utoipa::path(
    post, path = "/push-subscriptions", tag = "Recipients",
    request_body(content = DeviceBody, example = json!({ "address": { "web": {
        "endpoint": "https://push.example.com/p/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV",
        "keys": {
            "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "auth": "BTBZMqHH6r4Tts7J_aSIgg",
        },
    } } })),
    responses((status = 201, description = "Added", body = Device))
)]
pub(super) async fn add_device(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Json(DeviceBody { subject, address }): Json<DeviceBody>,
) -> Result<(StatusCode, Json<Device>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.0.add_device(&ctx, AddDevice { subject, address }).await?)))
}

/// List devices
///
/// All of one person, the oldest first.
#[utoipa::path(
    get, path = "/push-subscriptions", tag = "Recipients", params(DeviceParams),
    responses((status = 200, description = "The devices", body = DeviceList))
)]
pub(super) async fn list_devices(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Query(params): Query<DeviceParams>,
) -> Result<Json<DeviceList>, Problem> {
    Ok(Json(desk.0.devices(&ctx, params.subject).await?))
}

/// Remove a device
///
/// It gets no message any more.
#[utoipa::path(
    delete, path = "/push-subscriptions/{id}", tag = "Recipients", params(DeviceAt, Repeatable),
    responses((status = 204, description = "Removed"))
)]
pub(super) async fn remove_device(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<DeviceAt>,
) -> Result<StatusCode, Problem> {
    desk.0.remove_device(&ctx, at.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Read the key for browsers
///
/// What a browser needs to subscribe (`applicationServerKey`).
#[utoipa::path(
    get, path = "/push-key", tag = "Recipients",
    responses((status = 200, description = "The key", body = PushKey))
)]
pub(super) async fn get_push_key(State(desk): State<Desk>, CallCtx(ctx): CallCtx) -> Result<Json<PushKey>, Problem> {
    Ok(Json(desk.0.push_key(&ctx).await?))
}
