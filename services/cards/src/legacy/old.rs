//! The old system as cards use it: the same HTTP contract as ours. It may be slow, lose answers, and forget requests.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use kernel::{Clock, Deadline, Secret};
use platform::outbound::{Call, Outbound};
use platform::room::OpenError;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;
use vault_api::Token;

use crate::authorization::{Authorization, AuthorizationFound, AuthorizationId, Authorize, Stepped};
use crate::balance::{AskBalance, CardBalance};
use crate::card::CardId;

/// Authorizations in one page, and pages of one card.
const PAGE: usize = 500;
const PAGES_MAX: usize = 20;

/// Why the old system gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("the old system was not reached")]
    NotSent,
    #[error("the old system may have acted, and gave no answer")]
    Unsure,
    #[error("the old system refused: {status} {code}")]
    Refused { status: u16, code: String },
    #[error("the card has more authorizations than can be moved")]
    TooMany,
}

impl Trouble {
    pub(crate) fn is_absence(&self) -> bool {
        matches!(self, Trouble::Refused { status: 404, .. })
    }
}

pub(crate) struct OldSystem {
    outbound: Outbound,
    base: String,
    bearer: Option<HeaderValue>,
    clock: Arc<dyn Clock>,
    patience_ms: u64,
}

#[derive(Deserialize)]
struct Listed {
    items: Vec<Authorization>,
    #[serde(default)]
    next: Option<String>,
}

impl OldSystem {
    /// Nothing without an address.
    ///
    /// # Errors
    /// The address is not an HTTP URL, or the token not a header's value.
    pub(crate) fn new(
        outbound: Outbound,
        clock: Arc<dyn Clock>,
        (address, token): (&str, &Secret),
        patience_ms: u64,
    ) -> Result<Option<OldSystem>, OpenError> {
        if address.is_empty() {
            return Ok(None);
        }
        let url: Url = address.parse().map_err(|error| format!("cards.legacy_url: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("cards.legacy_url: expected an HTTP or HTTPS address".into());
        }
        let bearer = match token.expose() {
            "" => None,
            token => Some(HeaderValue::from_str(&format!("Bearer {token}"))?),
        };
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Some(OldSystem { outbound, base, bearer, clock, patience_ms }))
    }

    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::after_millis(&*self.clock, self.patience_ms)
    }

    async fn ask<T: DeserializeOwned>(&self, path: &str, body: Option<Vec<u8>>, by: Deadline) -> Result<T, Trouble> {
        let url = format!("{}{path}", self.base).parse().map_err(|_| Trouble::NotSent)?;
        let mut call = match body {
            Some(body) => Call::post(url, Bytes::from(body), by),
            None => Call::get(url, by),
        };
        if call.method == Method::POST {
            call.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some(bearer) = &self.bearer {
            call.headers.insert(AUTHORIZATION, bearer.clone());
        }
        let answer = self
            .outbound
            .send("legacy", &call)
            .await
            .map_err(|error| if error.may_have_been_carried_out() { Trouble::Unsure } else { Trouble::NotSent })?;
        match answer.status {
            StatusCode::OK | StatusCode::CREATED => serde_json::from_slice(&answer.body).map_err(|_| Trouble::Unsure),
            StatusCode::TOO_MANY_REQUESTS => Err(Trouble::NotSent),
            status if status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT => {
                let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                let code = problem.get("code").and_then(Value::as_str).unwrap_or_default().to_owned();
                Err(Trouble::Refused { status: status.as_u16(), code })
            }
            _ => Err(Trouble::Unsure),
        }
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl serde::Serialize + Sync),
        by: Deadline,
    ) -> Result<T, Trouble> {
        let body = serde_json::to_vec(body).map_err(|_| Trouble::NotSent)?;
        self.ask(path, Some(body), by).await
    }

    pub(crate) async fn authorize(&self, command: &Authorize, by: Deadline) -> Result<Authorization, Trouble> {
        self.post("/v1/cards/authorizations", command, by).await
    }

    pub(crate) async fn authorization(&self, id: AuthorizationId) -> Result<AuthorizationFound, Trouble> {
        self.ask(&format!("/v1/cards/authorizations/{id}"), None, self.deadline()).await
    }

    /// What it has of a request. It may have forgotten the request and still have what came of it, so the card's own list
    /// is looked through too.
    pub(crate) async fn look(&self, request: &str, card: Option<CardId>) -> Result<Option<Authorization>, Trouble> {
        let path = format!("/v1/cards/requests/{request}");
        match self.ask::<AuthorizationFound>(&path, None, self.deadline()).await {
            Ok(found) => Ok(Some(found.authorization)),
            Err(trouble) if trouble.is_absence() => {
                let Some(card) = card else { return Ok(None) };
                let Listed { items, .. } = self.page(card, None).await?;
                Ok(items.into_iter().find(|one| one.request_id == request))
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// All authorizations of a card, the newest first.
    pub(crate) async fn of_card(&self, card: CardId) -> Result<Vec<Authorization>, Trouble> {
        let (mut all, mut cursor) = (Vec::new(), None);
        for _ in 0..PAGES_MAX {
            let Listed { items, next } = self.page(card, cursor.as_deref()).await?;
            all.extend(items);
            if next.is_none() {
                return Ok(all);
            }
            cursor = next;
        }
        Err(Trouble::TooMany)
    }

    async fn page(&self, card: CardId, cursor: Option<&str>) -> Result<Listed, Trouble> {
        let from = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        self.ask(&format!("/v1/cards/authorizations?card={card}&limit={PAGE}{from}"), None, self.deadline()).await
    }

    pub(crate) async fn balance(&self, token: Token, by: Deadline) -> Result<CardBalance, Trouble> {
        let command = AskBalance { pan: None, token: Some(token), expiry: None, cvv: None };
        self.post("/v1/cards/balance-inquiries", &command, by).await
    }

    pub(crate) async fn step(&self, id: AuthorizationId, body: &Value) -> Result<Stepped, Trouble> {
        self.post(&format!("/v1/cards/authorizations/{id}/steps"), body, self.deadline()).await
    }

    /// A step without an authorization.
    pub(crate) async fn card_step(&self, body: &Value) -> Result<Stepped, Trouble> {
        self.post("/v1/cards/steps", body, self.deadline()).await
    }
}
