//! Queries: programmes, cards and authorizations.

use kernel::Ctx;
use platform::access;
use vault_api::{Pan, Token};

use crate::authorization::{Approval, Authorization, AuthorizationFound, AuthorizationId, FindAuthorization, Trace};
use crate::card::{Card, CardId};
use crate::face::{AuthorizationQuery, CardQuery};
use crate::programme::Programme;
use crate::record::Record;
use crate::refusal::CardsError;
use crate::{CardsService, Refusal, store};

const PAGE_MAX: usize = 500;
const STEPS_MAX: usize = 500;
/// The newest authorizations of a card among which one is looked for.
const APPROVALS_MAX: usize = 500;

impl CardsService {
    pub(crate) async fn list_programmes(&self) -> Result<Vec<Programme>, CardsError> {
        Ok(store::programme_list(&self.db.read().await?).await?)
    }

    pub(crate) async fn find_card(&self, ctx: &Ctx, id: CardId) -> Result<Card, CardsError> {
        let card = store::card_of(&self.db.read().await?, id, false).await?;
        may_card(ctx, "read", id, card)
    }

    pub(crate) async fn list_cards(&self, ctx: &Ctx, query: CardQuery) -> Result<Vec<Card>, CardsError> {
        page(query.limit)?;
        let narrowed = access::owner_term(ctx, "cards", "read")?;
        // A caller who sees their own cards may ask for no others.
        let owner = match (narrowed, query.owner) {
            (Some(own), Some(asked)) if *own != *asked => return Ok(Vec::new()),
            (Some(own), _) => Some(own.to_string()),
            (None, asked) => asked,
        };
        let after = query.after.unwrap_or(CardId::from_bits(0));
        let tx = self.db.read().await?;
        Ok(store::cards_of_owner(&tx, owner.as_deref(), after, query.limit).await?)
    }

    pub(crate) async fn find_authorization(
        &self,
        ctx: &Ctx,
        find: FindAuthorization,
    ) -> Result<AuthorizationFound, CardsError> {
        let unknown = |name: &str| Refusal::AuthorizationUnknown { authorization: name.to_owned() };
        let quoted = match &find {
            FindAuthorization::Approval(Approval { pan, token, code }) => {
                let has_code = |record: &Record| record.approval_code().as_ref() == Some(code);
                self.newest(ctx, (pan.as_ref(), *token), has_code).await?
            }
            FindAuthorization::Trace(Trace { pan, ending }) => {
                let own = |record: &Record| {
                    record.caller == *ctx.principal.subject && record.request_id.ends_with(ending.as_str())
                };
                self.newest(ctx, (Some(pan), None), own).await?
            }
            FindAuthorization::Id(_) | FindAuthorization::RequestId(_) => None,
        };
        let tx = self.db.read().await?;
        let id = match &find {
            FindAuthorization::Approval(approval) => quoted.ok_or_else(|| unknown(&approval.code))?,
            FindAuthorization::Trace(trace) => quoted.ok_or_else(|| unknown(&trace.ending))?,
            FindAuthorization::Id(id) => *id,
            // One's own requests, so no permission on others' is needed.
            FindAuthorization::RequestId(request) => {
                access::owner_term(ctx, "authorizations", "read")?;
                let key = self.key_of(&ctx.principal.subject, request);
                store::request_of(&tx, key).await?.ok_or_else(|| unknown(request.as_str()))?
            }
        };
        let record = store::record(&tx, id).await?;
        let own = |record: &Record| record.caller == *ctx.principal.subject;
        if !(matches!(find, FindAuthorization::RequestId(_)) && record.as_ref().is_some_and(own)) {
            self.may(ctx, "read", id, record.as_ref())?;
        }
        let record = record.ok_or_else(|| unknown(&id.to_string()))?;
        let steps = store::steps_of(&tx, id, STEPS_MAX).await?;
        Ok(AuthorizationFound { authorization: record.shown(false), steps })
    }

    /// The newest of the card's authorizations that is the one.
    async fn newest(
        &self,
        ctx: &Ctx,
        (pan, token): (Option<&Pan>, Option<Token>),
        is_it: impl Fn(&Record) -> bool,
    ) -> Result<Option<AuthorizationId>, CardsError> {
        let token = self.named_card(ctx, pan, token, None).await?.token;
        let tx = self.db.read().await?;
        let Some(token) = token else { return Ok(None) };
        let Some(card) = store::card_of_token(&tx, token).await? else { return Ok(None) };
        let newest = AuthorizationId::from_bits(u128::MAX);
        let records = store::authorizations_of_card(&tx, card.id, newest, APPROVALS_MAX).await?;
        Ok(records.iter().find(|record| is_it(record)).map(|record| record.id))
    }

    pub(crate) async fn list_authorizations(
        &self,
        ctx: &Ctx,
        query: AuthorizationQuery,
    ) -> Result<Vec<Authorization>, CardsError> {
        page(query.limit)?;
        let tx = self.db.read().await?;
        let card = store::card_of(&tx, query.card, false).await?;
        let owner = card.as_ref().and_then(|card| card.owner.as_deref());
        let unknown = || Refusal::CardUnknown { card: query.card.to_string() };
        match access::check(ctx, "authorizations", "read", owner) {
            Err(access::Denied::NotFound) => return Err(unknown().into()),
            other => other?,
        }
        card.ok_or_else(unknown)?;
        let before = query.before.unwrap_or(AuthorizationId::from_bits(u128::MAX));
        let records = store::authorizations_of_card(&tx, query.card, before, query.limit).await?;
        Ok(records.iter().map(|record| record.shown(false)).collect())
    }
}

fn page(limit: usize) -> Result<(), Refusal> {
    if (1..=PAGE_MAX).contains(&limit) { Ok(()) } else { Err(Refusal::PageSize { given: limit, max: PAGE_MAX }) }
}

/// Foreign cards answer like ones that do not exist.
pub(crate) fn may_card(ctx: &Ctx, action: &str, id: CardId, card: Option<Card>) -> Result<Card, CardsError> {
    let owner = card.as_ref().and_then(|card| card.owner.as_deref());
    let unknown = || CardsError::from(Refusal::CardUnknown { card: id.to_string() });
    match access::check(ctx, "cards", action, owner) {
        Err(access::Denied::NotFound) => Err(unknown()),
        Err(denied) => Err(denied.into()),
        Ok(()) => card.ok_or_else(unknown),
    }
}
