//! Accounts as they are shown, and blocks.

use accounts_api::*;
use kernel::{Ctx, Currency, Money};
use platform::access;
use platform::db::{DbError, Tx};
use serde_json::json;

use crate::books::{self, failed};
use crate::calendar;
use crate::number::{is_wrong_iban, plain};
use crate::profile::text;
use crate::service::{Inner, page};
use crate::store::account::{self, AccountRow};
use crate::store::{block, customer, interest, product};
use crate::terms::Catalogue;

const READ: (&str, &str) = ("accounts", "read");
const CHANGE: (&str, &str) = ("accounts", "change");
/// Days of one page of interest.
const DAYS_MAX: i64 = 500;

/// What an account was opened under.
#[derive(Debug, Clone)]
pub(crate) struct TermsOf {
    pub(crate) product: ProductId,
    pub(crate) currency: Currency,
    pub(crate) terms: Terms,
}

impl Inner {
    pub(crate) async fn terms_of(&self, tx: &Tx, row: &AccountRow) -> Result<TermsOf, DbError> {
        let missing = || DbError::shape(format!("account {} has no product", row.seq));
        let found = product::page(tx, row.product - 1, 1).await?.pop();
        let of = found.filter(|found| found.seq == row.product).ok_or_else(missing)?;
        let versions = product::versions(tx, row.product).await?;
        let terms = versions.into_iter().find(|(_, version, _)| *version == row.version).map(|(.., terms)| terms);
        Ok(TermsOf { product: of.id, currency: of.currency, terms: terms.ok_or_else(missing)? })
    }

    async fn shown(&self, tx: &Tx, row: AccountRow) -> Result<Account, DbError> {
        let terms = self.terms_of(tx, &row).await?;
        let holders = account::holders(tx, row.seq).await?.into_iter().map(|(_, id)| id).collect();
        let blocks = block::in_force(tx, row.seq, self.clock.now()).await?;
        let term = row.term.map(|term| Term {
            begins: calendar::of_number(term.begins),
            matures: calendar::of_number(term.matures),
            at_maturity: if term.again { AtMaturity::RollOver } else { AtMaturity::PayOut },
        });
        let AccountRow { id, state, number, opened_at, closed_at, version, overdraft, .. } = row;
        Ok(Account {
            id,
            product: terms.product,
            version: u32::try_from(version).unwrap_or_default(),
            state,
            currency: terms.currency,
            number,
            holders,
            overdraft: Money::new(overdraft, terms.currency),
            term,
            blocks,
            balances: None,
            opened_at,
            closed_at,
        })
    }

    /// For a caller that has been checked. Without balances: its change is done, whether the ledger answers or not.
    pub(crate) async fn shown_now(&self, id: AccountId) -> Result<Account, AccountsError> {
        let tx = self.db.read().await?;
        let row = account::of_id(&tx, id).await?.ok_or_else(|| Refusal::AccountUnknown { id: id.to_string() })?;
        Ok(self.shown(&tx, row).await?)
    }

    pub(crate) async fn account(&self, ctx: &Ctx, id: AccountId) -> Result<Account, AccountsError> {
        let tx = self.db.read().await?;
        let (row, _) = self.reached_account(&tx, ctx, READ, id).await?;
        let mut shown = self.shown(&tx, row).await?;
        drop(tx);
        if shown.state != AccountState::Opening {
            let balances = self.books.account(id).await.map_err(failed)?.balances;
            let ledger_api::Balances { posted, available, pending_in, pending_out, .. } = balances;
            shown.balances = Some(Amounts { posted, available, pending_in, pending_out });
        }
        Ok(shown)
    }

    pub(crate) async fn accounts(&self, ctx: &Ctx, query: AccountQuery) -> Result<AccountPage, AccountsError> {
        let limit = page(query.limit)?;
        let tx = self.db.read().await?;
        let own = self.own_customers(&tx, ctx, READ).await?;
        let after = match query.after {
            Some(id) => account::of_id(&tx, id).await?.map_or(0, |row| row.seq),
            None => 0,
        };
        let of = match query.customer {
            Some(id) => {
                let unknown = || Refusal::CustomerUnknown { id: id.to_string() };
                let found = customer::of_id(&tx, id).await?.map(|row| row.seq);
                let reached = found.filter(|seq| own.as_ref().is_none_or(|own| own.contains(seq)));
                Some(vec![reached.ok_or_else(unknown)?])
            }
            None => own,
        };
        let mut rows = Vec::new();
        match of {
            None => rows = account::page(&tx, after, limit + 1).await?,
            Some(customers) => {
                for customer in customers {
                    rows.extend(account::page_of(&tx, customer, after, limit + 1).await?);
                }
                rows.sort_by_key(|row: &AccountRow| row.seq);
                rows.dedup_by_key(|row| row.seq);
            }
        }
        let more = rows.len() > limit;
        rows.truncate(limit);
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            items.push(self.shown(&tx, row).await?);
        }
        Ok(AccountPage { items, more })
    }

    /// As people write it; an IBAN with wrong check digits is refused.
    pub(crate) fn checked_number(&self, text: &str) -> Result<String, Refusal> {
        let number = plain(text);
        if number.is_empty() || is_wrong_iban(&number) {
            return Err(Refusal::field_invalid("number", "its check digits are wrong"));
        }
        Ok(number)
    }

    pub(crate) async fn facts(&self, ctx: &Ctx, find: FindAccount) -> Result<AccountFacts, AccountsError> {
        let tx = self.db.read().await?;
        let id = match find {
            FindAccount::Id(id) => id,
            FindAccount::Number(number) => {
                access::owner_term(ctx, READ.0, READ.1)?;
                let number = self.checked_number(&number)?;
                let found = account::of_number(&tx, &number).await?;
                found.ok_or(Refusal::AccountUnknown { id: number })?.id
            }
        };
        let (row, holders) = self.reached_account(&tx, ctx, READ, id).await?;
        let terms = self.terms_of(&tx, &row).await?;
        let mut users = Vec::new();
        for (holder, _) in &holders {
            users.extend(customer::users(&tx, *holder).await?);
        }
        let blocks = block::in_force(&tx, row.seq, self.clock.now()).await?;
        let blocked = |kind| blocks.iter().any(|block| block.kind == kind || block.kind == BlockKind::Both);
        let today = self.today();
        let in_term = row.term.is_some_and(|term| term.again || calendar::number(today) < term.matures);
        let catalogue = Catalogue::load(&tx).await?;
        let fees = catalogue.fees(row.product, today).iter().filter(|fee| fee.when == FeeWhen::Occasion);
        Ok(AccountFacts {
            id,
            number: row.number,
            state: row.state,
            currency: terms.currency,
            ledger_path: books::path(id).map_err(failed)?.to_string(),
            holders: holders.into_iter().map(|(_, id)| id).collect(),
            users,
            debit_blocked: in_term || blocked(BlockKind::Debit),
            credit_blocked: blocked(BlockKind::Credit),
            limits: terms.terms.limits,
            fees: fees.cloned().collect(),
        })
    }

    pub(crate) async fn add_block(&self, ctx: &Ctx, command: AddBlock) -> Result<Account, AccountsError> {
        let tx = self.db.read().await?;
        self.reached_account(&tx, ctx, CHANGE, command.account).await?;
        drop(tx);
        text("reason", &command.reason, limits::TEXT_CHARS_MAX)?;
        let now = self.clock.now();
        if command.expires_at.is_some_and(|at| at <= now) {
            return Err(Refusal::field_invalid("expires_at", "expected an instant in the future").into());
        }
        let turn = self.once.begin(ctx, "add_account_block", &command).await?;
        let tx = self.db.begin().await?;
        if turn.again::<AccountId>(&tx).await?.is_some() {
            drop(tx);
            return self.shown_now(command.account).await;
        }
        match self.blocked(&tx, ctx, &command).await {
            Ok(cursor) => {
                turn.made(&tx, &command.account).await?;
                tx.commit().await?;
                self.signal.committed(cursor);
                self.shown_now(command.account).await
            }
            Err(error) => Err(turn.refused(tx, error).await),
        }
    }

    async fn blocked(&self, tx: &Tx, ctx: &Ctx, command: &AddBlock) -> Result<u64, AccountsError> {
        tx.one_at_a_time().await?;
        let (row, _) = self.reached_account(tx, ctx, CHANGE, command.account).await?;
        if row.state == AccountState::Closed {
            return Err(Refusal::AccountState { id: row.id.to_string(), state: "closed".to_owned() }.into());
        }
        let (since, max) = (self.clock.now(), limits::BLOCKS_MAX);
        if block::in_force(tx, row.seq, since).await?.len() >= max {
            return Err(Refusal::TooMany { what: "blocks".to_owned(), max }.into());
        }
        let AddBlock { kind, reason, expires_at, .. } = command.clone();
        let (id, author) = (self.ids.make(), ctx.principal.subject.to_string());
        block::add(tx, row.seq, &Block { id, kind, reason, author, since, expires_at }).await?;
        let data = json!({ "block": id, "kind": kind });
        Ok(self.tell(tx, "accounts.account.blocked", row.id.to_string(), data).await?)
    }

    pub(crate) async fn remove_block(&self, ctx: &Ctx, command: RemoveBlock) -> Result<Account, AccountsError> {
        let tx = self.db.read().await?;
        let (row, _) = self.reached_account(&tx, ctx, CHANGE, command.account).await?;
        drop(tx);
        let turn = self.once.begin(ctx, "remove_account_block", &command).await?;
        let tx = self.db.begin().await?;
        if turn.again::<AccountId>(&tx).await?.is_none() {
            tx.one_at_a_time().await?;
            if !block::end(&tx, row.seq, command.block, self.clock.now()).await? {
                return Err(turn.refused(tx, Refusal::BlockUnknown { id: command.block.to_string() }.into()).await);
            }
            turn.made(&tx, &row.id).await?;
            let data = json!({ "block": command.block });
            let cursor = self.tell(&tx, "accounts.account.unblocked", row.id.to_string(), data).await?;
            tx.commit().await?;
            self.signal.committed(cursor);
        }
        self.shown_now(row.id).await
    }

    pub(crate) async fn interest(&self, ctx: &Ctx, query: InterestQuery) -> Result<InterestPage, AccountsError> {
        let limit = page(query.limit)?;
        let tx = self.db.read().await?;
        let (row, _) = self.reached_account(&tx, ctx, READ, query.account).await?;
        let currency = self.terms_of(&tx, &row).await?.currency;
        let accrued = interest::accrued(&tx, row.seq).await?;
        let last = calendar::number(query.before.unwrap_or_else(|| self.today())) - 1;
        let first = row.opened_day.max(last - DAYS_MAX + 1).max(last - super::store::limit(limit) + 1);
        let corrected = interest::corrections(&tx, row.seq, first, last).await?;
        let mut items = Vec::new();
        for day in (first..=last).rev() {
            let found = interest::accrual(&tx, day, row.seq).await?;
            let corrected_millionths = corrected.get(&day).map_or(0, |one| one.micros);
            if found.is_none() && corrected_millionths == 0 {
                continue;
            }
            let (balance, millionths) = found.unwrap_or_default();
            let balance = Money::new(balance, currency);
            items.push(InterestDay { day: calendar::of_number(day), balance, millionths, corrected_millionths });
        }
        let more = first > row.opened_day;
        Ok(InterestPage { earned_millionths: accrued.earned, owed_millionths: accrued.owed, items, more })
    }
}
