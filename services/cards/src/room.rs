//! The description of cards as a room, and how they run in a process.

mod demo;

use std::sync::Arc;

use platform::config::Operators;
use platform::health::{Facts, Part, facts};
use platform::room::{Door, OpenError, Opened, Room, Routes, Site};
use platform::shutdown::Step;
use serde_json::json;

use crate::duty::Duty;
use crate::face::Cards;
use crate::settings::SETTINGS;
use crate::store::MIGRATIONS;
use crate::{Acquirers, CardsService, Certified, Given, Others, Settings, http};

pub static ROOM: Room = Room {
    service: "card-service",
    // The path of older guides, at the root.
    names: &[("/payments/authorize", "payment-service")],
    about: "issues cards and authorizes their payments",
    migrations: MIGRATIONS,
    outbox: true,
    once: true,
    consumes: &["ledger"],
    settings: SETTINGS,
    operators: Operators { secrets: &["legacy_token"], ..Operators::NONE },
    words: &[
        ("programmes", &["read", "change"]),
        ("cards", &["read", "issue", "change", "pause"]),
        ("authorizations", &["read", "create", "advance"]),
        ("settlements", &["create"]),
    ],
    grants: &[
        ("customer", &["cards:read:own", "cards:pause:own", "authorizations:read:own"]),
        (
            "employee",
            &[
                "programmes:read:all",
                "cards:read:all",
                "cards:issue:all",
                "cards:change:all",
                "cards:pause:all",
                "authorizations:read:all",
            ],
        ),
        ("service", &["authorizations:*:all", "cards:read:all"]),
    ],
    own: &["vault:find:all", "vault:issue:all", "vault:tokenize:all", "ledger:override-floor:all"],
    metrics: crate::count::METRICS,
    operations: http::OPERATIONS,
    tags: http::TAGS,
    document: http::api,
    ..Room::named("cards")
};

/// Opens cards, which call vault, ledger and risk.
///
/// # Errors
/// The store's, or another room's.
pub async fn open(site: Site<Settings>, others: Others) -> Result<Opened<dyn Cards>, OpenError> {
    if site.settings.duties.is_empty() {
        return Err("cards.duties names no duty; expected authorize, clearing or reversal".into());
    }
    let once = site.once()?;
    let requests = site.key()?.purpose("requests of cards");
    let Site { db, clock, ids, outbox, signal, settings, own, demo, outbound, .. } = site;
    let (network, dialect) = (settings.iso8583_listen, settings.iso8583_dialect.clone());
    let certified = match settings.iso8583_tls()? {
        Some(files) => Some(Certified::open(files, &settings.iso8583_acquirers, Arc::clone(&clock))?),
        None => None,
    };
    let given = Given { outbox, signal, clock, ids, once, requests, own, settings, outbound };
    let seeded = demo.then(|| others.clone());
    let cards = Arc::new(CardsService::start(db, others, given).await?);
    if let Some(others) = seeded {
        demo::seed(&cards, &others).await?;
    }
    let mut opened = Opened::<dyn Cards>::new(cards.clone());
    if cards.settings.duties.contains(&Duty::Reversal) {
        opened.consumers.push(Arc::new(cards.hears().await?));
        opened.periodic.push(cards.sweeping());
    }
    opened.parts.push(Arc::new(CardsPart { cards: Arc::clone(&cards) }));
    if let Some(address) = network {
        let acquirers =
            Acquirers::listen_to(address, &dialect, cards.clone(), Arc::clone(&cards.clock), certified).await?;
        tracing::info!(address = %acquirers.address, dialect, "card networks are answered");
        opened.steps.push(Step::new("iso8583", async move { acquirers.stop() }));
    }
    opened.steps.push(Step::new(ROOM.name, async move { cards.close().await }));
    Ok(opened)
}

/// The routes of cards, in this process or another.
///
/// # Errors
/// None.
pub fn mount(cards: Arc<dyn Cards>, door: Door<Settings>) -> Result<Routes, OpenError> {
    Ok(http::routes(cards, door.clock))
}

/// Ready while it commits.
struct CardsPart {
    cards: Arc<CardsService>,
}

#[async_trait::async_trait]
impl Part for CardsPart {
    fn name(&self) -> &'static str {
        ROOM.name
    }

    async fn ready(&self) -> Result<(), String> {
        match self.cards.lane.state().is_accepting() {
            true => Ok(()),
            false => Err("its store cannot be written".to_owned()),
        }
    }

    async fn status(&self) -> Facts {
        let (state, risk) = (self.cards.lane.state(), self.cards.risk.is_some());
        let duties = json!(self.cards.settings.duties);
        let waiting = json!(state.waiting());
        facts([
            ("accepting", json!(state.is_accepting())),
            ("waiting", waiting),
            ("risk", json!(risk)),
            ("duties", duties),
        ])
    }
}
