//! Notifications' description as a room, and how it runs in a process.

mod channels;
mod feeds;

use std::sync::Arc;
use std::time::Duration;

use identity_api::Identity;
use ledger_api::Books;
use notifications_api::{Notifications, SERVICE};
use platform::feed::{Consumer, ConsumerConfig, Effect, Feed};
use platform::once::Once;
use platform::room::{Apart, Door, Later, OpenError, Opened, Periodic, Room, Routes, Site, Told};

use crate::config::{OPERATORS, SETTINGS, Settings};
use crate::http::{OPERATIONS, TAGS};
use crate::keys::{Beside, Keys};
use crate::service::{Inner, NotificationsService, OneWriter, Work};
use crate::store::MIGRATIONS;
use crate::template::Templates;
use crate::triggers::Triggers;

/// Rounds that wait for work by themselves.
const AT_ONCE: Duration = Duration::from_millis(1);
const SWEPT_EVERY: Duration = Duration::from_secs(10);

pub static ROOM: Room = Room {
    service: "notification-service",
    about: "tells people what happened, by inbox, e-mail, SMS, push and webhooks",
    migrations: MIGRATIONS,
    outbox: true,
    once: true,
    seals: true,
    consumes: &["identity", "ledger"],
    settings: SETTINGS,
    operators: OPERATORS,
    words: &[
        ("messages", &["read", "send", "retry"]),
        ("contacts", &["read", "change"]),
        ("preferences", &["read", "change"]),
        ("inbox", &["read", "change"]),
        ("templates", &["read"]),
        ("suppressions", &["read", "lift"]),
        ("webhooks", &["read", "change"]),
    ],
    grants: &[
        (
            "customer",
            &[
                "messages:read:own",
                "contacts:read:own",
                "contacts:change:own",
                "preferences:read:own",
                "preferences:change:own",
                "inbox:read:own",
                "inbox:change:own",
                "webhooks:read:own",
                "webhooks:change:own",
            ],
        ),
        (
            "employee",
            &[
                "messages:read:all",
                "messages:retry:all",
                "contacts:read:all",
                "preferences:read:all",
                "templates:read:all",
                "suppressions:read:all",
                "webhooks:read:all",
            ],
        ),
        ("service", &["messages:send:all", "messages:read:all"]),
    ],
    own: &["users:read:all"],
    metrics: crate::count::METRICS,
    operations: OPERATIONS,
    tags: &TAGS,
    document: crate::http::document,
    apart,
    ..Room::named(SERVICE)
};

fn apart(house: &Apart<'_>) -> Told {
    let erasures = house.keys.join("notifications-erasures").display().to_string();
    Told { settings: vec![("erasures_file", erasures)], lines: Vec::new() }
}

/// Opens the service. It asks identity for addresses and reads the events of identity and of the ledger's main book.
pub async fn open(
    site: Site<Settings>,
    (identity, books, events): (Arc<dyn Identity>, Arc<dyn Books>, Arc<dyn Feed>),
) -> Result<Opened<dyn Notifications>, OpenError> {
    let key = site.key()?;
    let Site { db, target, budget, settings, clock, ids, outbox, signal, own, outbound, address, demo, .. } = &site;
    let beside = Beside { target: target.clone(), budget: budget.clone(), erasures: &settings.erasures_file };
    let keys = Arc::new(Keys::open(db, beside, key, Arc::clone(clock)).await?);
    let sender = settings.sender()?;
    let templates = Templates::built_in(sender.name.as_deref().unwrap_or("Florin"))?;
    let one_writer = OneWriter::of(db);
    let ([urgent, ordinary], push_key) =
        channels::open(settings, sender, &keys, (&one_writer, outbound, *demo), clock)?;
    let public = settings.public_url.clone().or_else(|| address.clone().filter(|_| *demo));
    let inner = Arc::new(Inner {
        db: db.clone(),
        one_writer,
        settings: settings.clone(),
        clock: Arc::clone(clock),
        ids: ids.clone(),
        outbox: outbox.clone(),
        signal: signal.clone(),
        once: Once::new(key, Arc::clone(clock)),
        keys,
        templates,
        identity,
        own: Arc::clone(own),
        urgent,
        ordinary,
        outbound: outbound.clone(),
        address: address.clone().unwrap_or_default(),
        public: public.map(|url| url.trim_end_matches('/').to_owned()),
        push_key,
        work: Work::default(),
        looking: tokio::sync::Mutex::default(),
    });
    if *demo {
        crate::demo::fill(&inner).await?;
    }
    let mut opened: Opened<dyn Notifications> =
        Opened::new(Arc::new(NotificationsService { inner: Arc::clone(&inner) }));
    let ledger = feeds::Ledger { books, own: Arc::clone(own), clock: Arc::clone(clock) };
    opened.consumers = consumers(&inner, events, Arc::new(ledger));
    opened.periodic = periodic(&inner);
    Ok(opened)
}

fn consumers(inner: &Arc<Inner>, identity: Arc<dyn Feed>, ledger: Arc<dyn Feed>) -> Vec<Arc<Consumer>> {
    let effect: Arc<dyn Effect> = Arc::new(Triggers(Arc::clone(inner)));
    let consumer = |name, feed| {
        let config = ConsumerConfig::of(SERVICE, name);
        Arc::new(Consumer::new(inner.db.clone(), feed, Arc::clone(&effect), Arc::clone(&inner.clock), config))
    };
    vec![consumer("identity", identity), consumer("ledger", ledger)]
}

fn periodic(inner: &Arc<Inner>) -> Vec<Periodic> {
    let work = |name, every, run: fn(Arc<Inner>) -> Later<()>| {
        let inner = Arc::clone(inner);
        Periodic { name, every, work: Box::new(move || run(Arc::clone(&inner))) }
    };
    vec![
        work("notification_people", AT_ONCE, |at| {
            Box::pin(async move {
                at.told(&at.work.people).await;
                at.refresh_people().await
            })
        }),
        work("notification_routing", AT_ONCE, |at| {
            Box::pin(async move {
                at.told(&at.work.messages).await;
                at.route_waiting().await
            })
        }),
        work("notification_urgent", AT_ONCE, |at| {
            Box::pin(async move {
                at.told(&at.work.urgent).await;
                at.deliver(true).await
            })
        }),
        work("notification_ordinary", AT_ONCE, |at| {
            Box::pin(async move {
                at.told(&at.work.ordinary).await;
                at.deliver(false).await
            })
        }),
        work("notification_webhooks", AT_ONCE, |at| {
            Box::pin(async move {
                at.told(&at.work.posts).await;
                at.post_due().await
            })
        }),
        work("notification_sweep", SWEPT_EVERY, |at| {
            Box::pin(async move {
                at.sweep_posts().await?;
                Ok(at.sweep().await?)
            })
        }),
    ]
}

/// The routes of notifications, in this process or another.
///
/// # Errors
/// None so far.
pub fn mount(room: Arc<dyn Notifications>, door: Door<Settings>) -> Result<Routes, OpenError> {
    Ok(crate::http::routes(room, door.clock))
}
