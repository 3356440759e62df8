//! The rooms of this binary, and which calls which: the only such list.
//!
//! A room is one line: its description, its face, what it needs, how it is opened, and its routes. A name in the third
//! position adds an edge to the call graph, which is the largest change there is.

use std::sync::Arc;

use cards::{Cards, Others};
use ledger_api::Books;
use planning::simulation;
use platform::room::{OpenError, Opened, Site};
use risk_api::Risk;
use vault_api::Vault;

use crate::failure::Failure;
use crate::house::{EventsOf, GATE, Mounted, OWN_CLIENTS, Rooms, events_of, later, room};

mod codes;

pub(crate) fn all() -> Result<Rooms, Failure> {
    Rooms::of(list())
}

/// The rooms whose events are audited, besides the ledger.
const AUDITED: [EventsOf; 10] = [
    events_of(&identity::ROOM),
    events_of(&risk::ROOM),
    events_of(&banking::ROOM),
    events_of(&vault::ROOM),
    events_of(&cards::ROOM),
    events_of(&payments::ROOM),
    events_of(&accounts::ROOM),
    events_of(&planning::ROOM),
    events_of(&notifications::ROOM),
    events_of(&treasury::ROOM),
];

/// None calls a later one.
fn list() -> Vec<Mounted> {
    Vec::from([
        room(&ledger::ROOM, &ledger_api::FACE, (), ledger::open, ledger::mount),
        room(
            &identity::ROOM,
            &identity_api::FACE,
            (GATE, OWN_CLIENTS, later(&notifications_api::FACE)),
            codes::open_identity,
            identity::mount,
        )
        .tells_the_gate(&identity_api::FACE, identity_api::TermsOf::new)
        .issues_own_tokens(&identity_api::FACE, identity_api::own_token),
        room(&risk::ROOM, &risk_api::FACE, (), risk::open, risk::mount),
        room(&banking::ROOM, &banking_api::FACE, (), banking::open, banking::mount),
        room(&vault::ROOM, &vault_api::FACE, (), vault::open, vault::mount),
        room(
            &cards::ROOM,
            &cards::FACE,
            (&vault_api::FACE, &risk_api::FACE, &ledger_api::FACE),
            open_cards,
            cards::mount,
        ),
        room(&payments::ROOM, &payments::FACE, &ledger_api::FACE, payments::open, payments::mount),
        room(&accounts::ROOM, &accounts_api::FACE, &ledger_api::FACE, accounts::open, accounts::mount),
        room(&simulation::ROOM, &planning_api::SIMULATION_FACE, (), simulation::open, simulation::mount),
        room(
            &planning::ROOM,
            &planning_api::FACE,
            ((&ledger_api::FACE, &banking_api::FACE), &planning_api::SIMULATION_FACE),
            planning::open,
            planning::mount,
        ),
        room(
            &notifications::ROOM,
            &notifications_api::FACE,
            (&identity_api::FACE, &ledger_api::FACE, events_of(&identity::ROOM)),
            notifications::open,
            notifications::mount,
        ),
        room(
            &treasury::ROOM,
            &treasury::FACE,
            ((&ledger_api::FACE, &banking_api::FACE), events_of(&banking::ROOM)),
            treasury::open,
            treasury::mount,
        ),
        room(&audit::ROOM, &audit::FACE, (&ledger_api::FACE, AUDITED), audit::open, audit::mount),
        #[cfg(test)]
        room(
            &tests::pebbles::ROOM,
            &tests::pebbles::FACE,
            &ledger_api::FACE,
            tests::pebbles::open,
            tests::pebbles::mount,
        ),
    ])
}

/// Programmes decide where risk does not answer.
async fn open_cards(
    site: Site<cards::Settings>,
    (vault, risk, books): (Arc<dyn Vault>, Arc<dyn Risk>, Arc<dyn Books>),
) -> Result<Opened<dyn Cards>, OpenError> {
    cards::open(site, Others { vault, books, risk: Some(risk) }).await
}

#[cfg(test)]
mod tests;
