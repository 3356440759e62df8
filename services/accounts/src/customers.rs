//! Customers: making, finding and changing them.

use accounts_api::*;
use kernel::Ctx;
use platform::db::{DbError, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::keys::Sealer;
use crate::profile::{all_keys, check, found_by, text, words};
use crate::service::{Inner, may, page};
use crate::store::account;
use crate::store::customer::{self, CustomerRow, Key};
use crate::store::{json as parsed, json_text};

/// What is sealed under the customer's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Sealed {
    profile: Profile,
    external_id: Option<String>,
}

impl Inner {
    pub(crate) async fn create_customer(&self, ctx: &Ctx, command: CreateCustomer) -> Result<Customer, AccountsError> {
        may(ctx, "customers", "create")?;
        check(&command.profile, command.kind, self.today())?;
        if let Some(id) = &command.external_id {
            text("external_id", id, limits::TEXT_CHARS_MAX)?;
        }
        let state = command.state.unwrap_or(CustomerState::Pending);
        if !matches!(state, CustomerState::Pending | CustomerState::Active) {
            return Err(Refusal::field_invalid("state", "expected pending or active").into());
        }
        let turn = self.once.begin(ctx, "create_customer", &command).await?;
        let tx = self.db.begin().await?;
        if let Some(id) = turn.again::<CustomerId>(&tx).await? {
            return self.known(&tx, id).await;
        }
        match self.created(&tx, command, state).await {
            Ok((customer, cursor)) => {
                turn.made(&tx, &customer.id).await?;
                tx.commit().await?;
                cursor.iter().for_each(|cursor| self.signal.committed(*cursor));
                Ok(customer)
            }
            Err(error) => Err(turn.refused(tx, error).await),
        }
    }

    async fn created(
        &self,
        tx: &Tx,
        command: CreateCustomer,
        state: CustomerState,
    ) -> Result<(Customer, Option<u64>), AccountsError> {
        tx.one_at_a_time().await?;
        let CreateCustomer { id, kind, profile, external_id, .. } = command;
        let sealed = Sealed { profile, external_id };
        if let Some(id) = id
            && let Some(row) = customer::of_id(tx, id).await?
        {
            let same = row.kind == kind && self.opened(tx, &row).await?.as_ref() == Some(&sealed);
            let taken = Refusal::CustomerExists { id: id.to_string() };
            return if same { Ok((self.shown_row(row, Some(sealed)), None)) } else { Err(taken.into()) };
        }
        let keys = all_keys(&self.keys, &sealed.profile, sealed.external_id.as_deref());
        if let Some(external) = keys.iter().find(|(kind, _)| *kind == Key::ExternalId)
            && !customer::with_key(tx, *external, 0, 1).await?.is_empty()
        {
            let id = sealed.external_id.unwrap_or_default();
            return Err(Refusal::CustomerExists { id }.into());
        }
        let seq = customer::next(tx).await?;
        let (id, created_at) = (id.unwrap_or_else(|| self.ids.make()), self.clock.now());
        let sealer = self.keys.make(tx, seq).await.map_err(DbError::from)?;
        let sealed_bytes = Some(closed(&sealer, seq, &sealed)?);
        let row = CustomerRow { seq, id, kind, state, sealed: sealed_bytes, created_at, erased_at: None };
        customer::add(tx, &row).await?;
        customer::set_keys(tx, seq, &keys).await?;
        let data = json!({ "kind": kind, "state": state });
        let cursor = self.tell(tx, "accounts.customer.created", id.to_string(), data).await?;
        Ok((self.shown_row(row, Some(sealed)), Some(cursor)))
    }

    async fn known(&self, tx: &Tx, id: CustomerId) -> Result<Customer, AccountsError> {
        let row = customer::of_id(tx, id).await?.ok_or_else(|| Refusal::CustomerUnknown { id: id.to_string() })?;
        Ok(self.shown_customer(tx, row).await?)
    }

    /// What is personal; nothing once the customer was erased.
    async fn opened(&self, tx: &Tx, row: &CustomerRow) -> Result<Option<Sealed>, DbError> {
        let Some(bytes) = &row.sealed else { return Ok(None) };
        let Some(sealer) = self.keys.one(tx, row.seq).await? else { return Ok(None) };
        opened(&sealer, row.seq, bytes).map(Some)
    }

    async fn shown_customer(&self, tx: &Tx, row: CustomerRow) -> Result<Customer, DbError> {
        let sealed = self.opened(tx, &row).await?;
        Ok(self.shown_row(row, sealed))
    }

    fn shown_row(&self, row: CustomerRow, sealed: Option<Sealed>) -> Customer {
        let CustomerRow { id, kind, state, created_at, erased_at, .. } = row;
        let (profile, external_id) = sealed.map_or((None, None), |sealed| (Some(sealed.profile), sealed.external_id));
        Customer { id, kind, state, profile, external_id, created_at, erased_at }
    }

    pub(crate) async fn customer(&self, ctx: &Ctx, id: CustomerId) -> Result<Customer, AccountsError> {
        let tx = self.db.read().await?;
        let row = self.reached_customer(&tx, ctx, ("customers", "read"), id).await?;
        Ok(self.shown_customer(&tx, row).await?)
    }

    pub(crate) async fn customers(&self, ctx: &Ctx, query: CustomerQuery) -> Result<CustomerPage, AccountsError> {
        let limit = page(query.limit)?;
        let tx = self.db.read().await?;
        let own = self.own_customers(&tx, ctx, ("customers", "read")).await?;
        let after = match query.after {
            Some(id) => customer::of_id(&tx, id).await?.map_or(0, |row| row.seq),
            None => 0,
        };
        let mut rows = match (&query.find, &own) {
            (Some(find), _) => customer::of_seqs(&tx, &self.found(&tx, find).await?).await?,
            (None, Some(own)) => customer::of_seqs(&tx, own).await?,
            (None, None) => customer::page(&tx, after, limit + 1).await?,
        };
        rows.retain(|row| row.seq > after && own.as_ref().is_none_or(|own| own.contains(&row.seq)));
        let more = rows.len() > limit;
        rows.truncate(limit);
        let seqs: Vec<i64> = rows.iter().map(|row| row.seq).collect();
        let sealers = self.keys.of(&tx, &seqs).await.map_err(DbError::from)?;
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            let sealed = match (sealers.get(&row.seq), &row.sealed) {
                (Some(sealer), Some(bytes)) => Some(opened(sealer, row.seq, bytes)?),
                _ => None,
            };
            items.push(self.shown_row(row, sealed));
        }
        Ok(CustomerPage { items, more })
    }

    /// In order of creation.
    async fn found(&self, tx: &Tx, find: &Find) -> Result<Vec<i64>, AccountsError> {
        let max = limits::PAGE_MAX + 1;
        let one = |kind, value: &str| found_by(&self.keys, kind, value);
        let key = match find {
            Find::ExternalId(id) => one(Key::ExternalId, id),
            Find::Email(email) => one(Key::Email, email),
            Find::Phone(phone) => one(Key::Phone, phone),
            Find::TaxId(number) => one(Key::TaxId, number),
            Find::Number(number) => {
                let found = account::of_number(tx, &self.checked_number(number)?).await?;
                let Some(found) = found else { return Ok(Vec::new()) };
                return Ok(account::holders(tx, found.seq).await?.into_iter().map(|(seq, _)| seq).collect());
            }
            Find::Name(name) => {
                let mut common: Option<Vec<i64>> = None;
                for word in words(name) {
                    let with = customer::with_key(tx, one(Key::Word, &word), 0, limits::ROWS_LOOKED_MAX).await?;
                    common = Some(match common {
                        Some(common) => common.into_iter().filter(|seq| with.binary_search(seq).is_ok()).collect(),
                        None => with,
                    });
                }
                return Ok(common.unwrap_or_default());
            }
        };
        Ok(customer::with_key(tx, key, 0, max).await?)
    }

    pub(crate) async fn change_customer(&self, ctx: &Ctx, command: ChangeCustomer) -> Result<Customer, AccountsError> {
        let tx = self.db.begin().await?;
        let row = self.reached_customer(&tx, ctx, ("customers", "change"), command.id).await?;
        drop(tx);
        if let Some(profile) = &command.profile {
            check(profile, row.kind, self.today())?;
        }
        let turn = self.once.begin(ctx, "change_customer", &command).await?;
        let tx = self.db.begin().await?;
        if let Some(id) = turn.again::<CustomerId>(&tx).await? {
            return self.known(&tx, id).await;
        }
        match self.changed(&tx, command).await {
            Ok((customer, cursor)) => {
                turn.made(&tx, &customer.id).await?;
                tx.commit().await?;
                self.signal.committed(cursor);
                Ok(customer)
            }
            Err(error) => Err(turn.refused(tx, error).await),
        }
    }

    async fn changed(&self, tx: &Tx, command: ChangeCustomer) -> Result<(Customer, u64), AccountsError> {
        tx.one_at_a_time().await?;
        let id = command.id;
        let unknown = || Refusal::CustomerUnknown { id: id.to_string() };
        let mut row = customer::of_id(tx, id).await?.ok_or_else(unknown)?;
        let state: &str = row.state.into();
        let refused = Refusal::CustomerState { id: id.to_string(), state: state.to_owned() };
        let mut sealed = self.opened(tx, &row).await?;
        if let Some(next) = command.state.filter(|next| *next != row.state) {
            if !row.state.may_become(next) {
                return Err(refused.into());
            }
            if next == CustomerState::Closed {
                self.holds_nothing(tx, &row).await?;
            }
            row.state = next;
        }
        if let Some(profile) = command.profile {
            let (Some(known), Some(sealer)) = (sealed.take(), self.keys.one(tx, row.seq).await.map_err(DbError::from)?)
            else {
                return Err(refused.into());
            };
            let next = Sealed { profile, external_id: known.external_id };
            row.sealed = Some(closed(&sealer, row.seq, &next)?);
            let keys = all_keys(&self.keys, &next.profile, next.external_id.as_deref());
            customer::set_keys(tx, row.seq, &keys).await?;
            sealed = Some(next);
        }
        customer::change(tx, &row).await?;
        let kind =
            if row.state == CustomerState::Closed { "accounts.customer.closed" } else { "accounts.customer.changed" };
        let cursor = self.tell(tx, kind, id.to_string(), json!({ "state": row.state })).await?;
        Ok((self.shown_row(row, sealed), cursor))
    }

    pub(crate) async fn holds_nothing(&self, tx: &Tx, row: &CustomerRow) -> Result<(), AccountsError> {
        match account::open_of(tx, row.seq).await? {
            0 => Ok(()),
            accounts => Err(Refusal::CustomerHasAccounts { id: row.id.to_string(), accounts }.into()),
        }
    }
}

fn closed(sealer: &Sealer, seq: i64, sealed: &Sealed) -> Result<Vec<u8>, DbError> {
    Ok(sealer.seal([seq, 0], json_text(sealed)?.as_bytes())?)
}

fn opened(sealer: &Sealer, seq: i64, bytes: &[u8]) -> Result<Sealed, DbError> {
    let plain = sealer.unseal([seq, 0], bytes)?;
    parsed(std::str::from_utf8(&plain).map_err(|error| DbError::shape(error.to_string()))?)
}
