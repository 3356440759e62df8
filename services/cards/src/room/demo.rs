//! A programme and the classic card numbers, so that a first look at `serve --demo` can pay.
//!
//! Invariant: created once, however often the process starts. It uses the traits of the rooms like any caller.

use kernel::{Ctx, Currency, Deadline, IdempotencyKey, Money, Principal};
use ledger_api::{BookName, LedgerError, Limits, Metadata, OpenAccount, Side};
use platform::room::OpenError;
use vault_api::{Expiry, Tokenize};

use crate::card::CardChange;
use crate::face::{Change, ChangeCard, IssueCard, Issuing, PutProgramme};
use crate::programme::{Programme, StandIn, Terms, plain_terms};
use crate::refusal::Refusal;
use crate::{CardsService, Controls, Others};

/// Number, the account that pays, and what is done to the card after it was issued.
const CARDS: [(&str, &str, &[CardChange]); 4] = [
    ("4111111111111111", "customers:ann", &[CardChange::Activate]),
    ("4242424242424242", "customers:bob", &[CardChange::Activate]),
    ("5555555555554444", "customers:ann", &[CardChange::Activate, CardChange::Pause]),
    ("378282246310005", "customers:bob", &[CardChange::Activate, CardChange::ReportLost]),
];

/// Path and the side on which it grows. They may go below zero: the network decides what they hold.
const ACCOUNTS: [(&str, Side); 3] =
    [("cards:settlement", Side::Credit), ("cards:disputes", Side::Debit), ("income:card-fees", Side::Credit)];

const ASK_MS: u64 = 10_000;
const APPROVE_UP_TO: i64 = 50_000;

pub(super) async fn seed(cards: &CardsService, others: &Others) -> Result<(), OpenError> {
    let usd = Currency::iso("USD")?;
    let ctx = |key: &str| -> Result<Ctx, OpenError> {
        let deadline = Deadline::after_millis(&*cards.clock, ASK_MS);
        let key: IdempotencyKey = format!("demo-{key}").parse()?;
        Ok(Ctx { principal: Principal::demo(), deadline, request_id: "florin".into(), idempotency_key: Some(key) })
    };
    let ledger = others.books.book(&BookName::main()).await?;
    for (path, normal) in ACCOUNTS {
        let limits = Limits { may_go_negative: true, ..Limits::default() };
        let account = OpenAccount {
            path: path.parse()?,
            currency: usd,
            normal,
            limits,
            owner: None,
            reference: None,
            metadata: Metadata::new(),
        };
        // A visitor may have changed it since.
        match ledger.open_account(&Ctx { idempotency_key: None, ..ctx("account")? }, account).await {
            Ok(_) | Err(LedgerError::Refused { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let expiry: Expiry = "4912".parse()?;
    for (number, account, changes) in CARDS {
        let bin = number.get(..6).unwrap_or_default();
        let mut terms = plain_terms("Demo", usd).ok_or("the demo's programme is malformed")?;
        (terms.name, terms.bin) = (format!("Demo {bin}"), bin.to_owned());
        terms.stand_in = StandIn { approve_up_to: Some(Money::new(APPROVE_UP_TO, usd)) };
        let programme = programme(cards, (&ctx("programmes")?, &ctx(&format!("programme-{bin}"))?), terms).await?;
        let kept = others.vault.tokenize(&ctx("number")?, Tokenize { pan: number.parse()?, expiry }).await?;
        let issue = IssueCard {
            programme: programme.id,
            account: account.parse()?,
            expiry,
            token: Some(kept.token),
            controls: Controls::default(),
            replaces: None,
        };
        // Keys are forgotten after a month, which a demo's clock may have moved on by.
        let card = match cards.issue(&ctx(&format!("card-{bin}"))?, issue).await {
            Ok(card) => card,
            Err(error) if matches!(error.refusal(), Some(Refusal::NumberTaken)) => continue,
            Err(error) => return Err(error.into()),
        };
        for change in changes {
            let command = ChangeCard { card: card.id, change: Change::Status(*change) };
            match cards.change(&ctx(&format!("{}-{bin}", change.name()))?, command).await {
                Ok(_) => {}
                Err(error) if error.refusal().is_some() => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

/// The programme of this name, made now or before.
async fn programme(cards: &CardsService, (ask, make): (&Ctx, &Ctx), terms: Terms) -> Result<Programme, OpenError> {
    let known = cards.programmes(ask).await?.into_iter().find(|known| known.terms.name == terms.name);
    match known {
        Some(known) => Ok(known),
        None => Ok(cards.put_programme(make, PutProgramme { id: None, terms }).await?),
    }
}
