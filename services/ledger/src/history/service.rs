//! The trait's queries: permission, validation, and one snapshot for the reply.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::Ctx;
use ledger_api::{
    AccountBalance, AccountPath, AccountQuery, BalanceQuery, BalancesPage, BalancesQuery, History, LedgerError,
    Refusal, RollUp, RollUpQuery, Statement, StatementQuery, TrialBalance, TrialBalanceQuery, limits,
};
use platform::access;
use platform::error::Failure;

use super::{balance, balances, facts_of, statement, sums};
use crate::account::AccountFacts;
use crate::command::Reach;
use crate::service::{LedgerService, forbidden, query_error, reach};
use crate::snapshot::Snapshot;

#[async_trait]
impl History for LedgerService {
    async fn balance(&self, ctx: &Ctx, query: BalanceQuery) -> Result<AccountBalance, LedgerError> {
        let balance = async {
            let snapshot = self.books.snapshot().await?;
            let account = readable(ctx, &snapshot, &query.path).await?;
            balance::balance(&snapshot, &account, &query).await.map_err(LedgerError::from)
        };
        self.in_time(ctx, balance).await
    }

    async fn balances(&self, ctx: &Ctx, query: BalancesQuery) -> Result<BalancesPage, LedgerError> {
        let (given, max) = (query.limit, limits::BALANCES_MAX);
        if !(1..=max).contains(&given) {
            return Err(Refusal::PageSize { given, max }.into());
        }
        let owner = match reach(ctx, "accounts", "read")? {
            Reach::All => None,
            Reach::Owner(subject) => Some(subject.parse().map_err(|_| LedgerError::Failed(Failure::Forbidden))?),
        };
        let (prefix, after) = (Some(query.prefix.clone()), query.after.clone());
        let of = AccountQuery { prefix, owner, after, ..AccountQuery::default() };
        let page = async {
            let snapshot = self.books.snapshot().await?;
            balances::balances(&snapshot, &of, &query).await.map_err(query_error)
        };
        self.in_time(ctx, page).await
    }

    async fn roll_up(&self, ctx: &Ctx, query: RollUpQuery) -> Result<RollUp, LedgerError> {
        access::check(ctx, "accounts", "read", None).map_err(forbidden)?;
        let total = async {
            let snapshot = self.books.snapshot().await?;
            sums::roll_up(&snapshot, &query, self.config.rollup_accounts_max).await.map_err(query_error)
        };
        self.in_time(ctx, total).await
    }

    async fn trial_balance(&self, ctx: &Ctx, query: TrialBalanceQuery) -> Result<TrialBalance, LedgerError> {
        access::check(ctx, "accounts", "read", None).map_err(forbidden)?;
        if let Some(given) = query.depth.filter(|depth| !(1..=limits::DEPTH_MAX).contains(depth)) {
            return Err(Refusal::DepthOutOfRange { given, max: limits::DEPTH_MAX }.into());
        }
        let balance = async {
            let snapshot = self.books.snapshot().await?;
            sums::trial_balance(&snapshot, &query, self.config.rollup_accounts_max).await.map_err(query_error)
        };
        self.in_time(ctx, balance).await
    }

    async fn statement(&self, ctx: &Ctx, query: StatementQuery) -> Result<Statement, LedgerError> {
        let limit = query.limit.unwrap_or(limits::PAGE_DEFAULT);
        if !(1..=limits::PAGE_MAX).contains(&limit) {
            return Err(Refusal::PageSize { given: limit, max: limits::PAGE_MAX }.into());
        }
        if let (Some(from), Some(to)) = (query.from, query.to)
            && from >= to
        {
            return Err(Refusal::RangeEmpty { from, to }.into());
        }
        let page = async {
            let snapshot = self.books.snapshot().await?;
            let account = readable(ctx, &snapshot, &query.path).await?;
            statement::statement(&snapshot, &account, &query, limit).await.map_err(query_error)
        };
        let (statement, cost) = self.in_time(ctx, page).await?;
        tracing::debug!(?cost, movements = statement.movements.len(), "read a page of a statement");
        Ok(statement)
    }
}

/// The account, if it exists for the caller.
async fn readable(ctx: &Ctx, snapshot: &Snapshot, path: &AccountPath) -> Result<Arc<AccountFacts>, LedgerError> {
    let unknown = || Refusal::NotFound { what: "account".to_owned(), name: path.to_string() };
    // A caller who may read no account must not learn whether one exists.
    reach(ctx, "accounts", "read")?;
    let account = facts_of(snapshot, path).await?.ok_or_else(unknown)?;
    let owner = account.owner.as_ref().map(|owner| owner.as_str());
    match access::check(ctx, "accounts", "read", owner) {
        Ok(()) => Ok(account),
        Err(access::Denied::NotFound) => Err(unknown().into()),
        Err(access::Denied::Forbidden) => Err(LedgerError::Failed(Failure::Forbidden)),
    }
}
