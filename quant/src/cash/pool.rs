//! A pool of accounts around a header, and the moves that its rules ask for today.

use kernel::{Money, Percent};
use serde::{Deserialize, Serialize};

use crate::amount;
use crate::error::{QuantError, Result, at_least, at_most};

pub const MEMBERS_MAX: usize = 1_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolAccount {
    pub name: String,
    pub balance: Money,
    /// No move takes the balance below it; below zero it is an overdraft that the credit limit has to grant.
    pub floor: Money,
    pub credit_limit: Money,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// To nothing.
    Zero,
    /// To this balance.
    Target(Money),
    /// Down to one balance once it is above another; never funded.
    Threshold { above: Money, down_to: Money },
    /// Down to the upper bound, up to the lower.
    Range { low: Money, high: Money },
    /// This share of what is above the floor; never funded.
    Percent(Percent),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From members to the header.
    Concentrate,
    /// From the header to members.
    Fund,
    Both,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub account: PoolAccount,
    pub rule: Rule,
    pub direction: Direction,
    /// Smaller moves are not made.
    pub minimum: Money,
    /// Moves are multiples of it.
    pub multiple: Money,
    /// Lower numbers are funded first.
    pub priority: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    pub header: PoolAccount,
    pub members: Vec<Member>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    pub from: String,
    pub to: String,
    pub amount: Money,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SkippedBecause {
    BelowMinimum,
    /// The account would fall under its floor.
    Floor,
    /// The header has no more above its own floor.
    HeaderShort,
}

/// What a rule asked for and did not get, in whole or in part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    pub account: String,
    pub amount: Money,
    pub because: SkippedBecause,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proposal {
    pub moves: Vec<Move>,
    pub skipped: Vec<Skipped>,
}

/// First what members give, in their order, then what they get, by priority, as far as the header has it.
pub fn propose(pool: &Pool) -> Result<Proposal> {
    pool.check()?;
    let currency = pool.header.balance.currency();
    let mut proposal = Proposal::default();
    let mut header = pool.header.balance.minor();
    for member in pool.members.iter().filter(|member| member.direction != Direction::Fund) {
        let wanted = member.surplus();
        let room = (member.account.balance.minor() - member.account.floor.minor()).max(0);
        let amount = round_down(wanted.min(room), member.multiple.minor());
        let because = if wanted > room { SkippedBecause::Floor } else { SkippedBecause::BelowMinimum };
        if amount > 0 && amount >= member.minimum.minor() {
            header += amount;
            proposal.moves.push(Move {
                from: member.account.name.clone(),
                to: pool.header.name.clone(),
                amount: Money::new(amount, currency),
            });
        } else if wanted > 0 {
            proposal.skip(member, wanted, because);
        }
    }
    let mut funded: Vec<&Member> =
        pool.members.iter().filter(|member| member.direction != Direction::Concentrate).collect();
    funded.sort_by_key(|member| member.priority);
    for member in funded {
        let lacks = member.lacks();
        let wanted = round_up(lacks, member.multiple.minor());
        let room = (header - pool.header.floor.minor()).max(0);
        let amount = if wanted <= room { wanted } else { round_down(room, member.multiple.minor()) };
        if amount > 0 && amount >= member.minimum.minor() {
            header -= amount;
            proposal.moves.push(Move {
                from: pool.header.name.clone(),
                to: member.account.name.clone(),
                amount: Money::new(amount, currency),
            });
            if amount < lacks {
                proposal.skip(member, lacks - amount, SkippedBecause::HeaderShort);
            }
        } else if lacks > 0 {
            let short = wanted > room;
            proposal.skip(
                member,
                lacks,
                if short { SkippedBecause::HeaderShort } else { SkippedBecause::BelowMinimum },
            );
        }
    }
    Ok(proposal)
}

impl Proposal {
    fn skip(&mut self, member: &Member, amount: i64, because: SkippedBecause) {
        let amount = Money::new(amount, member.account.balance.currency());
        self.skipped.push(Skipped { account: member.account.name.clone(), amount, because });
    }
}

impl Member {
    /// What the rule takes out. Amounts were checked to be far from the ends of an i64.
    fn surplus(&self) -> i64 {
        let balance = self.account.balance.minor();
        let above = |bound: i64, down_to: i64| if balance > bound { balance - down_to } else { 0 };
        match self.rule {
            Rule::Zero => above(0, 0),
            Rule::Target(target) => above(target.minor(), target.minor()),
            Rule::Threshold { above: bound, down_to } => above(bound.minor(), down_to.minor()),
            Rule::Range { high, .. } => above(high.minor(), high.minor()),
            Rule::Percent(share) => {
                let free = i128::from((balance - self.account.floor.minor()).max(0));
                let part = free * i128::from(share.millionths()) / i128::from(Percent::WHOLE.millionths());
                i64::try_from(part).unwrap_or(0)
            }
        }
    }

    /// What the rule puts in.
    fn lacks(&self) -> i64 {
        let below = |bound: i64| (bound - self.account.balance.minor()).max(0);
        match self.rule {
            Rule::Zero => below(0),
            Rule::Target(target) => below(target.minor()),
            Rule::Range { low, .. } => below(low.minor()),
            Rule::Threshold { .. } | Rule::Percent(_) => 0,
        }
    }

    fn amounts(&self) -> Vec<Money> {
        let mut amounts = vec![self.minimum, self.multiple];
        match self.rule {
            Rule::Target(target) => amounts.push(target),
            Rule::Threshold { above, down_to } => amounts.extend([above, down_to]),
            Rule::Range { low, high } => amounts.extend([low, high]),
            Rule::Zero | Rule::Percent(_) => {}
        }
        amounts
    }

    fn check(&self) -> Result<()> {
        if self.minimum.minor() < 0 || self.multiple.minor() < 1 {
            return Err(QuantError::NotPositive { field: "minimum and multiple", at: 0 });
        }
        let upside_down = match self.rule {
            Rule::Threshold { above, down_to } => down_to.minor() > above.minor(),
            Rule::Range { low, high } => low.minor() > high.minor(),
            _ => false,
        };
        if upside_down { Err(QuantError::EndsBeforeStart { field: "rule" }) } else { Ok(()) }
    }
}

impl PoolAccount {
    pub(super) fn check(&self) -> Result<()> {
        let (floor, limit) = (self.floor.minor(), self.credit_limit.minor());
        if limit < 0 || floor < -limit {
            return Err(QuantError::FloorBelowLimit { account: self.name.clone(), floor, limit });
        }
        Ok(())
    }
}

impl Pool {
    fn check(&self) -> Result<()> {
        at_least("members", self.members.len(), 1).map_err(|_| QuantError::PoolOfOne)?;
        at_most("members", self.members.len(), MEMBERS_MAX)?;
        let currency = self.header.balance.currency();
        let accounts = || std::iter::once(&self.header).chain(self.members.iter().map(|member| &member.account));
        let mut names: Vec<&str> = accounts().map(|account| account.name.as_str()).collect();
        names.sort_unstable();
        if let Some((name, _)) = names.iter().zip(names.iter().skip(1)).find(|(one, next)| one == next) {
            return Err(QuantError::Duplicate { field: "accounts", name: (*name).to_owned() });
        }
        let amounts = accounts().flat_map(|account| [account.balance, account.floor, account.credit_limit]);
        for one in amounts.chain(self.members.iter().flat_map(Member::amounts)) {
            amount::units("pool", one, currency)?;
        }
        accounts().try_for_each(PoolAccount::check)?;
        self.members.iter().try_for_each(Member::check)
    }
}

fn round_down(amount: i64, multiple: i64) -> i64 {
    amount - amount.rem_euclid(multiple.max(1))
}

fn round_up(amount: i64, multiple: i64) -> i64 {
    round_down(amount + multiple.max(1) - 1, multiple)
}
