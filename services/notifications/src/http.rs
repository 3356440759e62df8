//! The room's routes, and the document that describes them.

mod dead;
mod devices;
mod inbox;
mod messages;
mod people;
mod returns;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use kernel::Clock;
use notifications_api::{Notifications, Refusal, SERVICE};
use platform::error;
use platform::http::Nothing;
use platform::http::document::Part;
use platform::room::{Operation, Routes, Word, needs};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What handlers have.
#[derive(Clone)]
pub(crate) struct Desk(Arc<dyn Notifications>, Arc<dyn Clock>);

pub(crate) const TAGS: [(&str, &str); 5] = [
    ("Messages", "Messages to people: kinds, deliveries on each channel, and each attempt."),
    ("Inbox", "The messages that a person reads here."),
    ("Recipients", "Where people are reached, and what they want to be told."),
    ("Webhooks", "Addresses of owners to which events are posted, signed as Standard Webhooks describes it."),
    ("Deliveries", "Deliveries that were given up, and addresses that get nothing any more."),
];

const READ: Word = needs("messages", "read");
const SEND: Word = needs("messages", "send");
const RETRY: Word = needs("messages", "retry");
const CHANGE: Word = needs("webhooks", "change");
const PAGE: &[&str] = &["cursor_invalid", "limit_too_large"];
const DEAD: &[&str] = &["delivery_unknown", "delivery_not_dead"];

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "send_message",
        word: SEND,
        refusals: &["field_invalid", "kind_unknown", "variable_missing", "recipient_unreachable", "subject_erased"],
    },
    Operation { name: "list_messages", word: READ, refusals: PAGE },
    Operation { name: "get_message", word: READ, refusals: &["message_unknown"] },
    Operation { name: "cancel_message", word: SEND, refusals: &["message_unknown", "message_under_way"] },
    Operation { name: "get_kept_mail", word: READ, refusals: &["message_unknown", "mail_not_kept"] },
    Operation { name: "list_message_kinds", word: needs("templates", "read"), refusals: &[] },
    Operation {
        name: "preview_message",
        word: needs("templates", "read"),
        refusals: &["field_invalid", "kind_unknown"],
    },
    Operation { name: "list_dead_deliveries", word: RETRY, refusals: PAGE },
    Operation { name: "retry_dead_delivery", word: RETRY, refusals: DEAD },
    Operation { name: "give_up_dead_delivery", word: RETRY, refusals: DEAD },
    Operation { name: "list_suppressions", word: needs("suppressions", "read"), refusals: PAGE },
    Operation { name: "lift_suppression", word: needs("suppressions", "lift"), refusals: &["suppression_unknown"] },
    Operation { name: "get_contact", word: needs("contacts", "read"), refusals: &["contact_unknown"] },
    Operation {
        name: "put_contact",
        word: needs("contacts", "change"),
        refusals: &["field_invalid", "contact_unknown", "recipient_unreachable", "subject_erased"],
    },
    Operation {
        name: "verify_contact",
        word: needs("contacts", "change"),
        refusals: &["contact_unknown", "nothing_to_verify", "code_wrong"],
    },
    Operation { name: "get_preferences", word: needs("preferences", "read"), refusals: &["contact_unknown"] },
    Operation {
        name: "put_preferences",
        word: needs("preferences", "change"),
        refusals: &["field_invalid", "contact_unknown"],
    },
    Operation {
        name: "next_message",
        word: needs("preferences", "read"),
        refusals: &["kind_unknown", "contact_unknown"],
    },
    Operation {
        name: "add_device",
        word: needs("contacts", "change"),
        refusals: &["field_invalid", "too_many_devices", "subject_erased"],
    },
    Operation { name: "list_devices", word: needs("contacts", "read"), refusals: &["field_invalid"] },
    Operation { name: "remove_device", word: needs("contacts", "change"), refusals: &["device_unknown"] },
    Operation { name: "get_push_key", word: needs("contacts", "read"), refusals: &[] },
    Operation { name: "add_webhook", word: CHANGE, refusals: &["field_invalid", "too_many_endpoints"] },
    Operation { name: "list_webhooks", word: needs("webhooks", "read"), refusals: PAGE },
    Operation { name: "remove_webhook", word: CHANGE, refusals: &["endpoint_unknown"] },
    Operation { name: "enable_webhook", word: CHANGE, refusals: &["endpoint_unknown"] },
    Operation { name: "test_webhook", word: CHANGE, refusals: &["endpoint_unknown"] },
    Operation { name: "rotate_webhook_secret", word: CHANGE, refusals: &["endpoint_unknown"] },
    Operation { name: "replay_webhook", word: CHANGE, refusals: &["field_invalid", "endpoint_unknown"] },
    Operation {
        name: "list_webhook_posts",
        word: needs("webhooks", "read"),
        refusals: &["endpoint_unknown", "cursor_invalid", "limit_too_large"],
    },
    Operation { name: "resend_webhook", word: CHANGE, refusals: &["post_unknown"] },
    Operation { name: "list_inbox", word: needs("inbox", "read"), refusals: PAGE },
    Operation { name: "count_unread", word: needs("inbox", "read"), refusals: &[] },
    Operation { name: "read_inbox_entry", word: needs("inbox", "change"), refusals: &["entry_unknown"] },
    Operation { name: "archive_inbox_entry", word: needs("inbox", "change"), refusals: &["entry_unknown"] },
];

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PageParams {
    /// `next` of the page before.
    #[serde(default)]
    cursor: Option<String>,
    /// 50 unless given, at most 500.
    #[serde(default)]
    limit: Option<u32>,
}

pub(crate) fn routes(room: Arc<dyn Notifications>, clock: Arc<dyn Clock>) -> Routes {
    let desk = Desk(room, clock);
    let v1 = Router::from(router()).with_state(desk.clone());
    Routes { root: returns::routes().with_state(desk), ..Routes::under_v1(v1) }
}

pub(crate) fn document() -> OpenApi {
    let part = Part {
        room: SERVICE,
        tags: &TAGS,
        samples: error::samples::<Refusal>(),
        operations: OPERATIONS,
        story: include_str!("../story.json"),
    };
    part.finish(router().into_openapi())
}

fn router() -> OpenApiRouter<Desk> {
    let all = OpenApiRouter::new()
        .routes(routes!(messages::send_message, messages::list_messages))
        .routes(routes!(messages::get_message))
        .routes(routes!(messages::cancel_message))
        .routes(routes!(messages::get_kept_mail))
        .routes(routes!(messages::list_message_kinds))
        .routes(routes!(messages::preview_message))
        .routes(routes!(inbox::list_inbox))
        .routes(routes!(inbox::count_unread))
        .routes(routes!(inbox::read_inbox_entry))
        .routes(routes!(inbox::archive_inbox_entry))
        .routes(routes!(people::get_contact, people::put_contact))
        .routes(routes!(people::verify_contact))
        .routes(routes!(people::get_preferences, people::put_preferences))
        .routes(routes!(people::next_message))
        .routes(routes!(devices::add_device, devices::list_devices))
        .routes(routes!(devices::remove_device))
        .routes(routes!(devices::get_push_key))
        .routes(routes!(webhooks::add_webhook, webhooks::list_webhooks))
        .routes(routes!(webhooks::remove_webhook))
        .routes(routes!(webhooks::enable_webhook))
        .routes(routes!(webhooks::test_webhook))
        .routes(routes!(webhooks::rotate_webhook_secret))
        .routes(routes!(webhooks::replay_webhook))
        .routes(routes!(webhooks::list_webhook_posts))
        .routes(routes!(webhooks::resend_webhook))
        .routes(routes!(dead::list_dead_deliveries))
        .routes(routes!(dead::retry_dead_delivery))
        .routes(routes!(dead::give_up_dead_delivery))
        .routes(routes!(dead::list_suppressions))
        .routes(routes!(dead::lift_suppression));
    OpenApiRouter::new().nest("/notifications", all)
}
