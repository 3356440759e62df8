//! Cards: programmes, cards with their controls, and every authorization with its life until it is settled.
//!
//! Contains which card belongs to which account, what it may do, what was decided about each payment, and how far each
//! one is. Contains no card numbers (the vault has those) and no balances (the ledger has those). It calls vault, risk
//! and ledger as itself, under its own permissions.
//!
//! Invariants: one request has one answer and at most one hold; limits are reserved before anybody is asked, so that no
//! number of parallel authorizations overruns them; a decline leaves no hold; what has begun is finished, by a repeat or
//! by the sweeper; the books agree with each authorization's own sums (`life`); a request is recognised by a keyed
//! digest, and is never stored; of a card that an old system shares, one side answers (`legacy`).
//!
//! Start reading at `authorize` (the story), then `work` (what is committed together) and `life` (what steps book).

mod amount;
mod authorization;
mod authorize;
mod balance;
mod books;
mod calendar;
mod card;
mod clearing_line;
mod controls;
mod count;
mod duty;
mod face;
mod gather;
mod heard;
mod http;
mod iso;
mod issue;
mod label;
mod legacy;
mod life;
mod look;
mod present;
mod programme;
mod reason;
mod record;
mod refusal;
mod risk;
mod room;
mod service;
mod settings;
mod settle;
mod store;
mod sweep;
mod take_step;
mod work;

pub use crate::http::routes;
pub use amount::{Rate, RateError};
pub use authorization::{
    About, Acceptor, Amounts, Approval, Authorization, AuthorizationFound, AuthorizationId, AuthorizationTag,
    Authorize, FindAuthorization, Origin, Step, StepId, StepStatus, StepTag, Stepped, TakeStep, Totals, Trace,
};
pub use balance::{AskBalance, CardBalance};
pub use calendar::TimeOfDay;
pub use card::{Card, CardChange, CardId, CardStatus, CardTag};
pub use controls::{Allowed, Controls, Hours, Limit, Per};
pub use duty::Duty;
pub use face::{AuthorizationQuery, CardQuery, Cards, Change, ChangeCard, FACE, IssueCard, Issuing, PutProgramme};
pub use iso::{Acquirers, Certified, codec_rate, decode, sample_answer, sample_message};
pub use legacy::{
    AccountsBySide, DifferenceCount, Disagreement, ImportCards, Imported, Leaving, Legacy, LegacyCard, LegacyMode,
    LegacyReport, RejectedCard, SetLegacy, Side,
};
pub use life::{Status, StepKind};
pub use programme::{Accounts, CurrencyRate, Programme, ProgrammeId, ProgrammeTag, StandIn, Terms, Tolerance};
pub use reason::Reason;
pub use refusal::{CardsError, Refusal};
pub use room::{ROOM, mount, open};
pub use service::{CardsService, Given, Others};
pub use settings::Settings;
pub use settle::{Settle, Settlement, SettlementId, SettlementTag};
