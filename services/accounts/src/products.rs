//! Products: terms by version, rates by day.

use accounts_api::*;
use jiff::ToSpan;
use kernel::Ctx;
use platform::access;
use platform::db::Tx;

use crate::books::{Own, failed};
use crate::calendar;
use crate::offer::{check_rates, check_terms};
use crate::profile::text;
use crate::service::{Inner, may, page};
use crate::store::interest;
use crate::store::product::{self, ProductRow};

const CHANGE: (&str, &str) = ("products", "change");

impl Inner {
    pub(crate) async fn create_product(&self, ctx: &Ctx, command: CreateProduct) -> Result<Product, AccountsError> {
        may(ctx, CHANGE.0, CHANGE.1)?;
        text("name", &command.name, limits::NAME_CHARS_MAX)?;
        check_terms(&command.terms, command.kind, command.currency)?;
        if let Some(rates) = &command.rates {
            check_rates(rates, command.kind, command.currency)?;
        }
        let turn = self.once.begin(ctx, "create_product", &command).await?;
        let tx = self.db.begin().await?;
        if let Some(id) = turn.again::<ProductId>(&tx).await? {
            return self.shown_product(&tx, self.product_of(&tx, id).await?).await;
        }
        tx.one_at_a_time().await?;
        let CreateProduct { name, kind, currency, terms, rates } = command;
        let (seq, id, created_at) = (product::next(&tx).await?, self.ids.make(), self.clock.now());
        let state = ProductState::Draft;
        let row = ProductRow { seq, id, name, kind, currency, state, version: 0, newest: 1, created_at };
        product::add(&tx, &row).await?;
        product::put_version(&tx, seq, 1, &terms).await?;
        if let Some(rates) = rates {
            product::add_rates(&tx, seq, &rates, created_at).await?;
        }
        turn.made(&tx, &id).await?;
        let shown = self.shown_product(&tx, row).await?;
        tx.commit().await?;
        Ok(shown)
    }

    async fn product_of(&self, tx: &Tx, id: ProductId) -> Result<ProductRow, AccountsError> {
        product::of_id(tx, id).await?.ok_or_else(|| Refusal::ProductUnknown { id: id.to_string() }.into())
    }

    async fn shown_product(&self, tx: &Tx, row: ProductRow) -> Result<Product, AccountsError> {
        let versions = product::versions(tx, row.seq).await?;
        let newest = versions.into_iter().find(|(_, version, _)| *version == row.newest);
        let rates = product::rates(tx, row.seq).await?.into_iter().map(|(.., rates)| rates).collect();
        let number = |version: i64| u32::try_from(version).unwrap_or_default();
        let ProductRow { id, name, kind, currency, state, version, newest: last, created_at, .. } = row;
        let terms = newest.map(|(.., terms)| terms).unwrap_or_default();
        let (version, newest) = (number(version), number(last));
        Ok(Product { id, name, kind, currency, state, version, newest, terms, rates, created_at })
    }

    /// Products are the house's, and anybody who may read any reads all.
    pub(crate) async fn product(&self, ctx: &Ctx, id: ProductId) -> Result<Product, AccountsError> {
        access::owner_term(ctx, "products", "read")?;
        let tx = self.db.read().await?;
        self.shown_product(&tx, self.product_of(&tx, id).await?).await
    }

    pub(crate) async fn products(&self, ctx: &Ctx, query: ProductQuery) -> Result<ProductPage, AccountsError> {
        access::owner_term(ctx, "products", "read")?;
        let limit = page(query.limit)?;
        let tx = self.db.read().await?;
        let after = match query.after {
            Some(id) => product::of_id(&tx, id).await?.map_or(0, |row| row.seq),
            None => 0,
        };
        let mut rows = product::page(&tx, after, limit + 1).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            items.push(self.shown_product(&tx, row).await?);
        }
        Ok(ProductPage { items, more })
    }

    pub(crate) async fn new_version(&self, ctx: &Ctx, command: NewVersion) -> Result<Product, AccountsError> {
        may(ctx, CHANGE.0, CHANGE.1)?;
        let turn = self.once.begin(ctx, "new_product_version", &command).await?;
        let tx = self.db.begin().await?;
        if let Some(id) = turn.again::<ProductId>(&tx).await? {
            return self.shown_product(&tx, self.product_of(&tx, id).await?).await;
        }
        match self.versioned(&tx, &command).await {
            Ok(shown) => {
                turn.made(&tx, &command.id).await?;
                tx.commit().await?;
                Ok(shown)
            }
            Err(error) => Err(turn.refused(tx, error).await),
        }
    }

    /// A version in use never changes: only a draft is replaced.
    async fn versioned(&self, tx: &Tx, command: &NewVersion) -> Result<Product, AccountsError> {
        tx.one_at_a_time().await?;
        let mut row = self.product_of(tx, command.id).await?;
        not_retired(&row)?;
        check_terms(&command.terms, row.kind, row.currency)?;
        row.newest = row.version + 1;
        product::put_version(tx, row.seq, row.newest, &command.terms).await?;
        product::change(tx, &row).await?;
        self.shown_product(tx, row).await
    }

    /// Its accounts in the ledger first: an active product has them. A repeat changes nothing.
    pub(crate) async fn activate_product(&self, ctx: &Ctx, id: ProductId) -> Result<Product, AccountsError> {
        may(ctx, CHANGE.0, CHANGE.1)?;
        let tx = self.db.read().await?;
        let row = self.product_of(&tx, id).await?;
        drop(tx);
        not_retired(&row)?;
        for own in Own::ALL {
            self.books.open(own.opening(id, row.currency).map_err(failed)?).await?;
        }
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let mut row = self.product_of(&tx, id).await?;
        not_retired(&row)?;
        (row.state, row.version) = (ProductState::Active, row.newest);
        product::change(&tx, &row).await?;
        let shown = self.shown_product(&tx, row).await?;
        tx.commit().await?;
        Ok(shown)
    }

    pub(crate) async fn retire_product(&self, ctx: &Ctx, id: ProductId) -> Result<Product, AccountsError> {
        may(ctx, CHANGE.0, CHANGE.1)?;
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let mut row = self.product_of(&tx, id).await?;
        row.state = ProductState::Retired;
        product::change(&tx, &row).await?;
        let shown = self.shown_product(&tx, row).await?;
        tx.commit().await?;
        Ok(shown)
    }

    pub(crate) async fn set_rates(&self, ctx: &Ctx, command: SetRates) -> Result<Product, AccountsError> {
        may(ctx, CHANGE.0, CHANGE.1)?;
        let turn = self.once.begin(ctx, "set_product_rates", &command).await?;
        let tx = self.db.begin().await?;
        if let Some(id) = turn.again::<ProductId>(&tx).await? {
            return self.shown_product(&tx, self.product_of(&tx, id).await?).await;
        }
        match self.announced(&tx, &command).await {
            Ok(shown) => {
                turn.made(&tx, &command.id).await?;
                tx.commit().await?;
                Ok(shown)
            }
            Err(error) => Err(turn.refused(tx, error).await),
        }
    }

    async fn announced(&self, tx: &Tx, command: &SetRates) -> Result<Product, AccountsError> {
        tx.one_at_a_time().await?;
        let row = self.product_of(tx, command.id).await?;
        let SetRates { rates, correction, .. } = command;
        check_rates(rates, row.kind, row.currency)?;
        let shown = self.shown_product(tx, row.clone()).await?;
        let known: Vec<&Fee> = shown.rates.iter().flat_map(|rates| rates.fees.iter().flatten()).collect();
        let changes = |fee: &&Fee| known.iter().any(|one| one.code == fee.code && one.when != fee.when);
        if let Some(fee) = rates.fees.iter().flatten().find(changes) {
            let detail = format!("{} is charged at other times; a fee that changes so needs another code", fee.code);
            return Err(Refusal::field_invalid("rates.fees.code", detail).into());
        }
        if shown.rates.len() >= limits::RATES_MAX {
            return Err(Refusal::TooMany { what: "sets of rates".to_owned(), max: limits::RATES_MAX }.into());
        }
        let (from, notice) = (rates.from, i64::from(shown.terms.notice_days));
        let earliest = self.today().saturating_add(notice.days());
        if !correction && row.state == ProductState::Active && from < earliest {
            return Err(Refusal::NoticeTooShort { from, earliest }.into());
        }
        product::add_rates(tx, row.seq, rates, self.clock.now()).await?;
        if from < self.today() {
            interest::put_late_product(tx, row.seq, calendar::number(from)).await?;
        }
        self.shown_product(tx, row).await
    }
}

fn not_retired(row: &ProductRow) -> Result<(), AccountsError> {
    if row.state != ProductState::Retired {
        return Ok(());
    }
    Err(Refusal::ProductState { id: row.id.to_string(), state: "retired".to_owned() }.into())
}
