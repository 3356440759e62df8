//! The description of cards as a room, and how they run in a process.

mod demo;

use std::sync::Arc;

use platform::health::{Facts, Part, facts};
use platform::room::{Door, OpenError, Opened, Room, Routes, Site};
use platform::shutdown::Step;
use serde_json::json;

use crate::face::Cards;
use crate::settings::SETTINGS;
use crate::store::MIGRATIONS;
use crate::{CardsService, Given, Others, Settings, http};

pub static ROOM: Room = Room {
    service: "payment-service",
    about: "issues cards and authorizes their payments",
    migrations: MIGRATIONS,
    outbox: true,
    once: true,
    consumes: &["ledger"],
    settings: SETTINGS,
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
    let once = site.once()?;
    let requests = site.key()?.purpose("requests of cards");
    let Site { db, clock, ids, outbox, signal, settings, demo, .. } = site;
    let given = Given { outbox, signal, clock, ids, once, requests, settings };
    let seeded = demo.then(|| others.clone());
    let cards = Arc::new(CardsService::start(db, others, given).await?);
    if let Some(others) = seeded {
        demo::seed(&cards, &others).await?;
    }
    let mut opened = Opened::<dyn Cards>::new(cards.clone());
    opened.consumers.push(Arc::new(cards.hears().await?));
    opened.periodic.push(cards.sweeping());
    opened.parts.push(Arc::new(CardsPart { cards: Arc::clone(&cards) }));
    opened.steps.push(Step::new(ROOM.name, async move { cards.close().await }));
    Ok(opened)
}

/// The routes of cards, in this process or another.
///
/// # Errors
/// None.
pub fn mount(cards: Arc<dyn Cards>, _: Door<Settings>) -> Result<Routes, OpenError> {
    Ok(http::routes(cards))
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
        facts([("accepting", json!(state.is_accepting())), ("waiting", json!(state.waiting())), ("risk", json!(risk))])
    }
}
