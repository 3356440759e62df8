//! Pools: accounts around a header, and what `quant` makes of them.

use kernel::{Ctx, Currency, Money};
use platform::db::Tx;
use quant::cash;

use crate::accounts::{account_unknown, in_currency};
use crate::face::*;
use crate::names::{name, too_many};
use crate::refuse::{named, refused};
use crate::service::Inner;
use crate::store::{ACCOUNTS, POOLS};

const WORD: &str = "sweeps";

impl Inner {
    pub(crate) async fn put_pool(&self, ctx: &Ctx, command: PutPool) -> Result<Pool, TreasuryError> {
        self.may(ctx, WORD, "propose")?;
        name("pool", &command.name)?;
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let accounts = accounts_of(&tx, &command.terms).await?;
        let header = accounts.first().ok_or(Refusal::PoolOfOne)?;
        let pool = Pool { name: command.name, currency: header.currency, terms: command.terms };
        let nothing = |account: &Account| Money::new(0, account.currency);
        let checked = quant_pool(&pool, &accounts, &nothing).and_then(|pool| cash::propose(&pool));
        checked.map_err(|error| refused(error, "members"))?;
        let known: Vec<Pool> = POOLS.all(&tx).await?;
        let is_new = !known.iter().any(|one| one.name == pool.name);
        if is_new && known.len() >= limits::POOLS_MAX {
            return Err(too_many("pools", limits::POOLS_MAX));
        }
        without_circle(known.iter().filter(|one| one.name != pool.name).chain([&pool]))?;
        POOLS.put(&tx, &pool.name, &pool).await?;
        self.commit(tx, Vec::new()).await?;
        Ok(pool)
    }

    pub(crate) async fn pools(&self, ctx: &Ctx) -> Result<PoolList, TreasuryError> {
        self.may(ctx, WORD, "read")?;
        Ok(PoolList { items: POOLS.all(&self.db.read().await?).await? })
    }
}

/// The header, then the members.
pub(crate) async fn accounts_of(tx: &Tx, terms: &PoolTerms) -> Result<Vec<Account>, TreasuryError> {
    let mut accounts = Vec::with_capacity(terms.members.len() + 1);
    for id in std::iter::once(terms.header).chain(terms.members.iter().map(|member| member.account)) {
        let found: Option<Account> = ACCOUNTS.get(tx, &id.to_string()).await?;
        accounts.push(found.ok_or_else(|| account_unknown(id))?);
    }
    Ok(accounts)
}

fn without_circle<'a>(pools: impl Iterator<Item = &'a Pool>) -> Result<(), Refusal> {
    let named_pools: Vec<(String, Vec<String>)> = pools
        .map(|pool| {
            let members = pool.terms.members.iter().map(|member| member.account.to_string());
            (pool.terms.header.to_string(), members.collect())
        })
        .collect();
    let members: Vec<Vec<&str>> =
        named_pools.iter().map(|(_, members)| members.iter().map(String::as_str).collect()).collect();
    let pools: Vec<(&str, &[&str])> =
        named_pools.iter().zip(&members).map(|((header, _), members)| (header.as_str(), members.as_slice())).collect();
    cash::check_headers(&pools).map_err(|error| named(error, "header"))
}

/// With the balances that each account has.
pub(crate) fn quant_pool(
    pool: &Pool,
    accounts: &[Account],
    balance: &dyn Fn(&Account) -> Money,
) -> Result<cash::Pool, quant::QuantError> {
    let pool_account = |account: &Account| cash::PoolAccount {
        name: account.id.to_string(),
        balance: balance(account),
        floor: account.floor(),
        credit_limit: account.credit_limit(),
    };
    let (Some(header), Some(members)) = (accounts.first(), accounts.get(1..)) else {
        return Err(quant::QuantError::PoolOfOne);
    };
    let members = members.iter().zip(&pool.terms.members).map(|(account, member)| cash::Member {
        account: pool_account(account),
        rule: rule(member.rule),
        direction: match member.direction {
            Direction::Concentrate => cash::Direction::Concentrate,
            Direction::Fund => cash::Direction::Fund,
            Direction::Both => cash::Direction::Both,
        },
        minimum: member.minimum.unwrap_or(Money::new(0, pool.currency)),
        multiple: member.multiple.unwrap_or(Money::new(1, pool.currency)),
        priority: member.priority,
    });
    Ok(cash::Pool { header: pool_account(header), members: members.collect() })
}

fn rule(rule: Rule) -> cash::Rule {
    match rule {
        Rule::Zero => cash::Rule::Zero,
        Rule::Target(target) => cash::Rule::Target(target),
        Rule::Threshold { above, down_to } => cash::Rule::Threshold { above, down_to },
        Rule::Range { low, high } => cash::Rule::Range { low, high },
        Rule::Percent(share) => cash::Rule::Percent(share),
    }
}

/// What can be used of an account.
pub(crate) fn usable(minor: Option<i64>, account: &Account) -> Result<Money, Refusal> {
    let minor = minor.ok_or_else(|| Refusal::BalanceUnknown { account: account.id.to_string() })?;
    in_currency(Money::new(minor, account.currency), account.currency)
}

/// The smallest minimum and multiple that suit all members.
pub(crate) fn sizes(pool: &Pool, currency: Currency) -> (Money, Money) {
    let largest = |pick: &dyn Fn(&Member) -> Option<Money>, least: i64| {
        let all = pool.terms.members.iter().filter_map(pick).map(|money| money.minor());
        Money::new(all.max().unwrap_or(least).max(least), currency)
    };
    (largest(&|member| member.minimum, 0), largest(&|member| member.multiple, 1))
}
