//! Sums over many accounts as of an instant: below a path, and as a trial balance.

use std::collections::{BTreeMap, HashMap};

use kernel::{Currency, Money};
use ledger_api::{
    AccountPath, CurrencyTotal, Refusal, RollUp, RollUpQuery, TrialBalance, TrialBalanceQuery, TrialCurrency, TrialLine,
};
use platform::db::{DbError, Value};

use super::asof::{Instant, Stand, instant, stands};
use super::balance::looked_at;
use super::sql;
use crate::account::AccountFacts;
use crate::query::QueryError;
use crate::snapshot::Snapshot;
use crate::store::facts;

pub(super) async fn roll_up(snapshot: &Snapshot, query: &RollUpQuery, max: usize) -> Result<RollUp, QueryError> {
    let instant = instant(snapshot, query.at, query.by).await?;
    let accounts = accounts(snapshot, Some(&query.prefix), instant, max).await?;
    let stands = stands_of(snapshot, &accounts, instant).await?;
    let mut totals: BTreeMap<Currency, (u64, [i128; 4])> = BTreeMap::new();
    for facts in &accounts {
        let (count, sums) = totals.entry(facts.currency).or_default();
        *count += 1;
        let own = stands.get(&facts.no).map(|stand| stand.sums.each()).unwrap_or_default();
        sums.iter_mut().zip(own).for_each(|(sum, own)| *sum += i128::from(own));
    }
    let currencies: Option<Vec<CurrencyTotal>> = totals.into_iter().map(currency_total).collect();
    Ok(RollUp {
        prefix: query.prefix.clone(),
        at: query.at,
        by: query.by,
        as_of_seq: looked_at(snapshot, instant),
        accounts: accounts.len() as u64,
        currencies: currencies.ok_or_else(|| overflow(&query.prefix))?,
    })
}

fn currency_total((currency, (accounts, sums)): (Currency, (u64, [i128; 4]))) -> Option<CurrencyTotal> {
    let money = |sum| money(sum, currency);
    let [posted_debits, posted_credits, pending_debits, pending_credits] = sums;
    Some(CurrencyTotal {
        currency,
        accounts,
        posted_debits: money(posted_debits)?,
        posted_credits: money(posted_credits)?,
        pending_debits: money(pending_debits)?,
        pending_credits: money(pending_credits)?,
        net_debit: money(posted_debits - posted_credits)?,
    })
}

fn money(sum: i128, currency: Currency) -> Option<Money> {
    i64::try_from(sum).ok().map(|minor| Money::new(minor, currency))
}

fn overflow(account: &AccountPath) -> QueryError {
    QueryError::Refused(Refusal::SumOverflow { account: account.clone() })
}

/// The accounts that existed at the instant, in path order. By either clock, an account has no row older than its
/// opening.
async fn accounts(
    snapshot: &Snapshot,
    prefix: Option<&AccountPath>,
    instant: Instant,
    max: usize,
) -> Result<Vec<AccountFacts>, QueryError> {
    let limit = Value::Int(i64::try_from(max).unwrap_or(i64::MAX - 1).saturating_add(1));
    let rows = match prefix {
        None => snapshot.tx.query(sql::ACCOUNTS_ALL, &[limit]).await?,
        Some(prefix) => {
            let (from, to) = (format!("{prefix}:"), format!("{prefix};"));
            let params = [Value::Text(prefix.as_str()), Value::Text(&from), Value::Text(&to), limit];
            snapshot.tx.query(sql::ACCOUNTS_BELOW, &params).await?
        }
    };
    if rows.len() > max {
        return Err(QueryError::Refused(Refusal::RollUpTooLarge { prefix: prefix.cloned(), max }));
    }
    let accounts: Vec<AccountFacts> = rows.iter().map(facts).collect::<Result<_, DbError>>()?;
    Ok(accounts.into_iter().filter(|facts| facts.opened_seq <= instant.seq).collect())
}

async fn stands_of(
    snapshot: &Snapshot,
    accounts: &[AccountFacts],
    instant: Instant,
) -> Result<HashMap<u64, Stand>, DbError> {
    let numbers: Vec<u64> = accounts.iter().map(|facts| facts.no).collect();
    stands(snapshot, &numbers, instant).await
}

pub(super) async fn trial_balance(
    snapshot: &Snapshot,
    query: &TrialBalanceQuery,
    max: usize,
) -> Result<TrialBalance, QueryError> {
    let instant = instant(snapshot, query.at, query.by).await?;
    let accounts = accounts(snapshot, query.prefix.as_ref(), instant, max).await?;
    let stands = stands_of(snapshot, &accounts, instant).await?;
    let above = query.prefix.as_ref().map_or(0, AccountPath::segments);
    let mut currencies: BTreeMap<Currency, BTreeMap<AccountPath, Group>> = BTreeMap::new();
    for facts in &accounts {
        let path = match query.depth {
            Some(depth) => facts.path.cut_to(above + usize::from(depth)),
            None => facts.path.clone(),
        };
        let group = currencies.entry(facts.currency).or_default().entry(path).or_default();
        let sums = stands.get(&facts.no).map(|stand| stand.sums).unwrap_or_default();
        group.accounts += 1;
        group.debits += i128::from(sums.posted_debits);
        group.credits += i128::from(sums.posted_credits);
    }
    let currencies: Result<Vec<TrialCurrency>, QueryError> = currencies.into_iter().map(trial_currency).collect();
    Ok(TrialBalance {
        at: query.at,
        by: query.by,
        as_of_seq: looked_at(snapshot, instant),
        prefix: query.prefix.clone(),
        depth: query.depth,
        accounts: accounts.len() as u64,
        currencies: currencies?,
    })
}

/// Accounts that share one line.
#[derive(Default)]
struct Group {
    accounts: u64,
    debits: i128,
    credits: i128,
}

impl Group {
    fn line(&self, path: &AccountPath, currency: Currency) -> Option<TrialLine> {
        let net = self.debits - self.credits;
        let (debit, credit) = if net >= 0 { (Some(net), None) } else { (None, Some(-net)) };
        let column = |net: Option<i128>| net.map_or(Some(None), |net| money(net, currency).map(Some));
        Some(TrialLine {
            path: path.clone(),
            accounts: self.accounts,
            debits: money(self.debits, currency)?,
            credits: money(self.credits, currency)?,
            debit_balance: column(debit)?,
            credit_balance: column(credit)?,
        })
    }
}

fn trial_currency((currency, groups): (Currency, BTreeMap<AccountPath, Group>)) -> Result<TrialCurrency, QueryError> {
    let mut lines = Vec::with_capacity(groups.len());
    for (path, group) in &groups {
        lines.push(group.line(path, currency).ok_or_else(|| overflow(path))?);
    }
    let total = |of: fn(&Group) -> i128| {
        let last = groups.keys().next_back().expect("a currency has an account");
        money(groups.values().map(of).sum(), currency).ok_or_else(|| overflow(last))
    };
    let (debits, credits) = (total(|group| group.debits)?, total(|group| group.credits)?);
    Ok(TrialCurrency {
        currency,
        balanced: debits == credits,
        debits,
        credits,
        debit_balances: total(|group| (group.debits - group.credits).max(0))?,
        credit_balances: total(|group| (group.credits - group.debits).max(0))?,
        lines,
    })
}
