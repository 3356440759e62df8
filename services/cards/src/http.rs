//! Cards over HTTP: the routes, and the document that describes them.
//!
//! Handlers parse, call the trait and map the reply; nothing is decided here. `POST /payments/authorize` is the same
//! handler as `POST /v1/cards/authorizations`, where operators' guides call it.

mod authorizations;
mod cards;
mod clearing;
mod legacy;
mod operations;
mod programmes;
mod simulate;
mod steps;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::post;
use kernel::Clock;
use platform::error;
use platform::http::Nothing;
use platform::http::document::Part;
use platform::room::Routes;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::face::Cards;
use crate::refusal::Refusal;

pub(crate) use operations::OPERATIONS;

pub(crate) const TAGS: &[(&str, &str)] = &[
    ("Programmes", "What all cards of a programme share: currency, calendar, accounts, limits, rates."),
    ("Cards", "Cards of holders' accounts, without their numbers: those are in the vault."),
    (
        "Authorizations",
        "Payments by card. `POST /payments/authorize` at the root is the same as `POST /v1/cards/authorizations`. A \
         decline is an answer with status 200: act on `status` and `reason`.",
    ),
    ("Steps", "What happens after the decision: clearing, reversal, refund, dispute."),
    (
        "Legacy",
        "Leaving an old system with the same contract: who answers for which accounts, what differs, and how accounts move.",
    ),
    ("Simulator", "What merchants and networks send, for trying things out. `florin simulate card` does the same."),
];

type Shared = Arc<dyn Cards>;

/// What handlers work with.
#[derive(Clone)]
struct Desk {
    cards: Shared,
    clock: Arc<dyn Clock>,
}

impl FromRef<Desk> for Shared {
    fn from_ref(desk: &Desk) -> Shared {
        Shared::clone(&desk.cards)
    }
}

pub fn routes(cards: Shared, clock: Arc<dyn Clock>) -> Routes {
    let desk = Desk { cards, clock };
    let guides = Router::new().route("/payments/authorize", post(authorizations::authorize_payment));
    let guarded = guides.with_state(desk.clone());
    Routes { v1: Router::from(router()).with_state(desk), guarded, ..Routes::default() }
}

/// Only the description.
pub(crate) fn api() -> OpenApi {
    let part = Part {
        room: "cards",
        tags: TAGS,
        samples: error::samples::<Refusal>(),
        operations: OPERATIONS,
        story: include_str!("../story.json"),
    };
    part.finish(router().into_openapi())
}

fn router() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(programmes::create_programme, programmes::list_programmes))
        .routes(routes!(programmes::set_programme))
        .routes(routes!(programmes::settle_day))
        .routes(routes!(cards::issue_card, cards::list_cards))
        .routes(routes!(authorizations::authorize_payment, authorizations::list_authorizations))
        .routes(routes!(authorizations::find_authorization))
        .routes(routes!(authorizations::get_authorization))
        .routes(routes!(authorizations::ask_card_balance))
        .routes(routes!(steps::take_authorization_step))
        .routes(routes!(steps::take_card_step))
        .routes(routes!(clearing::clear_file))
        .routes(routes!(simulate::simulate_card))
        .routes(routes!(legacy::set_legacy, legacy::get_legacy))
        .routes(routes!(legacy::import_legacy_cards))
        .routes(routes!(cards::get_card))
        .routes(routes!(cards::change_card))
        .routes(routes!(cards::pause_card))
        .routes(routes!(cards::resume_card))
        .routes(routes!(cards::renew_card))
        .routes(routes!(cards::set_card_controls))
}
