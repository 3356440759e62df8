//! The description of payments as a room, and how they run in a process.

use std::sync::Arc;

use ledger_api::Books;
use platform::health::{Facts, Part, facts};
use platform::room::{Door, OpenError, Opened, Room, Routes, Site};
use platform::shutdown::Step;
use serde_json::json;

use crate::face::{Payments, SERVICE};
use crate::settings::SETTINGS;
use crate::store::MIGRATIONS;
use crate::{Given, PaymentsService, Settings, http};

const OWN: &[&str] = &[
    "payments:create:own",
    "payments:read:own",
    "payments:cancel:own",
    "payees:read:own",
    "payees:change:own",
    "standing-orders:read:own",
    "standing-orders:change:own",
];

pub static ROOM: Room = Room {
    service: "payment-service",
    about: "carries out payments, with approvals, limits and standing orders",
    migrations: MIGRATIONS,
    outbox: true,
    once: true,
    settings: SETTINGS,
    words: &[
        ("payments", &["create", "read", "approve", "cancel"]),
        ("payees", &["read", "change"]),
        ("standing-orders", &["read", "change"]),
        ("payment-policies", &["read", "change"]),
        ("payment-files", &["read", "change"]),
    ],
    grants: &[
        ("customer", OWN),
        (
            "employee",
            &[
                "payments:read:all",
                "payments:create:all",
                "payments:approve:all",
                "payments:cancel:all",
                "payment-policies:read:all",
                "payment-files:read:all",
                "payment-files:change:all",
                "payees:*:own",
                "standing-orders:*:own",
            ],
        ),
        ("service", &["payments:create:all", "payments:read:all"]),
    ],
    metrics: crate::count::METRICS,
    operations: http::OPERATIONS,
    tags: http::TAGS,
    document: http::document,
    ..Room::named(SERVICE)
};

/// Opens payments, which call the ledger.
///
/// # Errors
/// The store's.
pub async fn open(site: Site<Settings>, books: Arc<dyn Books>) -> Result<Opened<dyn Payments>, OpenError> {
    let once = site.once()?;
    let requests = site.key()?.purpose("requests of payments");
    let Site { db, clock, ids, outbox, signal, settings, own, .. } = site;
    let given = Given { books, own, outbox, signal, clock, ids, once, requests, settings };
    let payments = Arc::new(PaymentsService::start(db, given).await?);
    let mut opened = Opened::<dyn Payments>::new(payments.clone());
    opened.periodic.push(payments.sweeping());
    opened.parts.push(Arc::new(PaymentsPart { payments: Arc::clone(&payments) }));
    opened.steps.push(Step::new(ROOM.name, async move { payments.close().await }));
    Ok(opened)
}

/// The routes of payments, in this process or another.
///
/// # Errors
/// None.
pub fn mount(payments: Arc<dyn Payments>, _: Door<Settings>) -> Result<Routes, OpenError> {
    Ok(http::routes(payments))
}

/// Ready while it commits.
struct PaymentsPart {
    payments: Arc<PaymentsService>,
}

#[async_trait::async_trait]
impl Part for PaymentsPart {
    fn name(&self) -> &'static str {
        ROOM.name
    }

    async fn ready(&self) -> Result<(), String> {
        match self.payments.lane.state().is_accepting() {
            true => Ok(()),
            false => Err("its store cannot be written".to_owned()),
        }
    }

    async fn status(&self) -> Facts {
        let state = self.payments.lane.state();
        // Who is asked between the row and the ledger.
        facts([
            ("accepting", json!(state.is_accepting())),
            ("waiting", json!(state.waiting())),
            ("screening", json!("allow within limits")),
            ("sepa", json!(if self.payments.bank.is_some() { "on" } else { "off" })),
        ])
    }
}
