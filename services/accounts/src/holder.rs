//! Accounts as a holder of personal data: profiles, users, rules, and texts of movements.

use std::sync::Arc;

use accounts_api::*;
use async_trait::async_trait;
use kernel::Ctx;
use platform::db::Tx;
use platform::error::Failure;
use platform::holder::{Age, COLLECTED_MAX, Collected, Correction, Counted, Erase, Erased, Holder, Item, Kept};
use serde_json::json;

use crate::service::Inner;
use crate::store::account;
use crate::store::customer::{self, CustomerRow};

const PROFILE: &str = "profile";
const BECAUSE: &str = "the customer holds accounts that are not closed";

pub(crate) struct AccountsHolder(pub(crate) Arc<Inner>);

#[async_trait]
impl Holder for AccountsHolder {
    fn name(&self) -> &'static str {
        SERVICE
    }

    /// First who the customer is, then movements with texts, the newest first.
    async fn collect(&self, ctx: &Ctx, subject: &str, after: Option<String>) -> Result<Collected, Failure> {
        let Some(row) = self.found(ctx, "read", subject).await? else { return Ok(Collected::default()) };
        match after.as_deref().map(|after| after.trim_start_matches("movement/").parse()) {
            None => self.person(ctx, &row).await.map_err(failure),
            Some(before) => self.texts(&row, before.unwrap_or(0)).await.map_err(failure),
        }
    }

    async fn rectify(&self, ctx: &Ctx, subject: &str, correction: Correction) -> Result<bool, Failure> {
        let Some(row) = self.found(ctx, "change", subject).await? else { return Ok(false) };
        let (true, Ok(profile)) = (correction.id == PROFILE, serde_json::from_value(correction.value)) else {
            return Ok(false);
        };
        let change = ChangeCustomer { id: row.id, profile: Some(profile), state: None };
        match self.0.change_customer(ctx, change).await {
            Err(error) if error.refusal().is_some() => Ok(false),
            other => other.map(|_| true).map_err(failure),
        }
    }

    async fn erase(&self, ctx: &Ctx, subject: &str, how: Erase) -> Result<Erased, Failure> {
        let Some(row) = self.found(ctx, "erase", subject).await?.filter(|row| row.erased_at.is_none()) else {
            return Ok(Erased::default());
        };
        let tx = self.0.db.read().await?;
        let held = account::open_of(&tx, row.seq).await? as u64;
        let items = customer::users(&tx, row.seq).await?.len() as u64;
        drop(tx);
        if held > 0 {
            let kept = Kept { data_type: PROFILE.to_owned(), items: held, because: BECAUSE.to_owned() };
            return Ok(Erased { erased: Vec::new(), kept: vec![kept] });
        }
        if how == Erase::ForGood {
            self.0.erase_customer(ctx, row.id).await.map_err(failure)?;
        }
        let counted = |data_type: &str, items| Counted { data_type: data_type.to_owned(), items };
        Ok(Erased { erased: vec![counted(PROFILE, 1), counted("user", items)], kept: Vec::new() })
    }

    async fn ages(&self, _: &Ctx) -> Result<Vec<Age>, Failure> {
        let oldest = customer::oldest(&self.0.db.read().await?).await?;
        Ok(oldest.map(|oldest| Age { data_type: PROFILE.to_owned(), oldest }).into_iter().collect())
    }
}

impl AccountsHolder {
    /// `None` for a subject that is no customer of this house.
    async fn found(&self, ctx: &Ctx, action: &str, subject: &str) -> Result<Option<CustomerRow>, Failure> {
        platform::access::check(ctx, "customers", action, None).map_err(|_| Failure::Forbidden)?;
        let Ok(id) = subject.parse::<CustomerId>() else { return Ok(None) };
        Ok(customer::of_id(&self.0.db.read().await?, id).await?)
    }

    async fn person(&self, ctx: &Ctx, row: &CustomerRow) -> Result<Collected, AccountsError> {
        let item = |id: String, data_type: &str, value| Item {
            id,
            data_type: data_type.to_owned(),
            value,
            since: row.created_at,
        };
        let known = self.0.customer(ctx, row.id).await?;
        let mut items = Vec::new();
        if let Some(profile) = known.profile {
            items.push(item(PROFILE.to_owned(), PROFILE, json!(profile)));
        }
        let external = known.external_id.map(|id| item("external_id".to_owned(), "external_id", json!(id)));
        items.extend(external);
        let users = self.0.users(ctx, row.id).await?.items;
        items.extend(users.into_iter().map(|user| item(format!("user/{}", user.subject), "user", json!(user))));
        let rules = self.0.rules(ctx, row.id).await?.items;
        items.extend(rules.into_iter().map(|rule| item(format!("rule/{}", rule.id), "category_rule", json!(rule))));
        Ok(Collected { items, next: Some(format!("movement/{}", i64::MAX)) })
    }

    async fn texts(&self, row: &CustomerRow, before: i64) -> Result<Collected, AccountsError> {
        let tx: Tx = self.0.db.read().await?;
        let of = self.0.held_by(&tx, &[row.seq]).await?;
        let query =
            MovementQuery { before: Some(before.unsigned_abs()), limit: COLLECTED_MAX, ..MovementQuery::default() };
        let (found, next) = self.0.searched(&tx, of, &query).await?;
        let item = |movement: Movement| {
            let Movement { id, at, name, number, text, .. } = movement;
            let value = json!({ "name": name, "number": number, "text": text });
            Item { id: id.to_string(), data_type: "movement_text".to_owned(), value, since: at }
        };
        let said = |one: &Movement| one.name.is_some() || one.number.is_some() || one.text.is_some();
        let items = found.into_iter().filter(said).map(item).collect();
        Ok(Collected { items, next: next.map(|next| format!("movement/{next}")) })
    }
}

fn failure(error: AccountsError) -> Failure {
    match error {
        AccountsError::Failed(failure) => failure,
        AccountsError::Refused { refusal, .. } => {
            tracing::error!(%refusal, "personal data of a customer was not reached");
            Failure::Internal
        }
    }
}
