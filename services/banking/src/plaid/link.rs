//! Linking a bank through Plaid, and removing it there.

use banking_api::*;
use kernel::{Ctx, Secret};
use platform::access;
use platform::error::Failure;
use serde_json::{Value, json};

use super::read::text;
use super::{Plaid, PlaidTrouble};
use crate::bank::Trouble;
use crate::service::{Inner, subject_of};
use crate::store::connection::Linked;
use crate::store::item::{self, Item};

impl Inner {
    /// A token for Plaid's own page, where a person chooses a bank, or consents again for a connection.
    pub(crate) async fn link_token(&self, ctx: &Ctx, command: LinkBank) -> Result<LinkToken, BankingError> {
        let owner = access::owner_term(ctx, "bank-connections", "change")?;
        let subject = subject_of(owner.as_deref().or(command.owner.as_deref()), command.entity.as_deref());
        let known = match command.connection {
            Some(id) => {
                let tx = self.db.read().await?;
                let linked = self.linked(ctx, "change", &tx, id).await?;
                item::of_connection(&tx, linked.seq).await?.map(|item| (linked, item))
            }
            None => None,
        };
        let base_url = known.as_ref().map_or(&self.settings.plaid_url, |(linked, _)| &linked.base_url);
        let plaid = Plaid::open(self, None, base_url).map_err(refused)?;
        // Plaid gets a digest, never who it is.
        let user = crate::read::hexadecimal(&self.keys.digest(&[b"plaid user", subject.as_bytes()]));
        let (token, products) = match &known {
            Some((linked, item)) => (Some(self.token(linked, item).await?), None),
            None => (None, Some(["transactions"])),
        };
        let mut body = json!({
            "client_name": "Florin", "language": "en", "country_codes": self.settings.plaid_countries,
            "user": { "client_user_id": user }, "access_token": token.as_ref().map(Secret::expose), "products": products
        });
        if let Some(fields) = body.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        let answer = plaid.ask("/link/token/create", &body).await.map_err(refused)?;
        let field = |pointer| text(&answer, pointer).map_err(refused);
        Ok(LinkToken { link_token: field("/link_token")?, expiration: field("/expiration")? })
    }

    /// The access token for what a person has chosen.
    pub(crate) async fn exchanged(&self, base_url: &str, public_token: &str) -> Result<Secret, BankingError> {
        let plaid = Plaid::open(self, None, base_url).map_err(refused)?;
        let body = json!({ "public_token": public_token });
        let answer = plaid.ask("/item/public_token/exchange", &body).await.map_err(refused)?;
        Ok(Secret::new(text(&answer, "/access_token").map_err(refused)?))
    }

    /// From now on Plaid announces changes of a connection here.
    pub(crate) async fn announce(&self, linked: &Linked, token: &Secret) -> Result<(), BankingError> {
        let Some(address) = &self.settings.public_url else { return Ok(()) };
        let webhook = format!("{}/v1/banking/webhooks/{}", address.trim_end_matches('/'), linked.id);
        let body = json!({ "access_token": token.expose(), "webhook": webhook });
        self.tell(linked, "/item/webhook/update", &body).await
    }

    /// Ends the access at Plaid.
    pub(crate) async fn unlink(&self, linked: &Linked, item: &Item) -> Result<(), BankingError> {
        let token = self.token(linked, item).await?;
        self.tell(linked, "/item/remove", &json!({ "access_token": token.expose() })).await
    }

    async fn tell(&self, linked: &Linked, path: &str, body: &Value) -> Result<(), BankingError> {
        let plaid = Plaid::open(self, Some(linked.seq), &linked.base_url).map_err(refused)?;
        match plaid.ask(path, body).await {
            // It is removed already.
            Err(PlaidTrouble::Refused(code)) if code == "ITEM_NOT_FOUND" => Ok(()),
            other => other.map(drop).map_err(refused),
        }
    }

    pub(crate) async fn token(&self, linked: &Linked, item: &Item) -> Result<Secret, BankingError> {
        let token = self.keys.unseal_item(&linked.id.to_string(), &item.token).await;
        let token = token.map_err(platform::db::DbError::from)?;
        Ok(Secret::new(String::from_utf8_lossy(&token).into_owned()))
    }
}

fn refused(trouble: impl Into<PlaidTrouble>) -> BankingError {
    match trouble.into() {
        PlaidTrouble::Refused(reason) => Refusal::LinkRefused { reason }.into(),
        PlaidTrouble::Other(Trouble::KeyMissing) => Refusal::LinkRefused { reason: "key_missing".to_owned() }.into(),
        _ => Failure::Unavailable.into(),
    }
}
