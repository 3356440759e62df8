//! Sweeps: what the rules of a pool, or a plan over the next days, would move.

use std::collections::BTreeMap;

use kernel::{Ctx, Money, Percent};
use platform::db::Tx;
use platform::error::Failure;
use platform::feed::NewEvent;
use quant::cash::{self, DayCount, PlanAccount, PlanLimits, PlanStatus, SweepPlan, SweepProblem};
use serde_json::json;

use crate::convert::{date_of, number_of};
use crate::count;
use crate::face::*;
use crate::pools::{accounts_of, quant_pool, sizes, usable};
use crate::position;
use crate::refuse::{named, refused};
use crate::service::{Begun, Inner, Made};
use crate::store::{POOLS, sweep};

pub(crate) const WORD: &str = "sweeps";
/// As far as daily forecasts go.
const DAYS_MAX: u32 = 14;

/// What a sweep is made from.
struct Given {
    pool: Pool,
    accounts: Vec<Account>,
    balances: BTreeMap<AccountId, Money>,
}

/// What would be moved.
struct Wanted {
    way: Way,
    moves: Vec<Move>,
    skipped: Vec<Skipped>,
    plan: Option<PlanFigures>,
}

impl Inner {
    pub(crate) async fn propose(&self, ctx: &Ctx, command: ProposeSweep) -> Result<Sweep, TreasuryError> {
        self.may(ctx, WORD, "propose")?;
        if command.days.is_some_and(|days| !(1..=DAYS_MAX).contains(&days)) {
            let found = command.days.unwrap_or(0).to_string();
            let (field, min, max) = ("days".to_owned(), "1".to_owned(), DAYS_MAX.to_string());
            return Err(Refusal::OutOfRange { field, min, max, found }.into());
        }
        // A plan takes up to two seconds, so that it is made before the transaction; what it was made from is checked again
        // when it is approved.
        let wanted = self.wanted(&command).await;
        let change = match self.begin::<SweepId>(ctx, "propose_sweep", &command).await? {
            Begun::Again(id) => return self.sweep_of(id).await,
            Begun::First(change) => change,
        };
        let made = match wanted {
            Ok((given, wanted)) => self.proposed(ctx, &change.tx, &given, wanted).await,
            Err(error) => Err(error),
        };
        let id = self.end(change, made).await?;
        self.sweep_of(id).await
    }

    async fn wanted(&self, command: &ProposeSweep) -> Result<(Given, Wanted), TreasuryError> {
        let given = self.given_pool(&command.pool).await?;
        let wanted = match command.days {
            None => by_rules(&given)?,
            Some(days) => self.by_plan(&given, days).await?,
        };
        Ok((given, wanted))
    }

    async fn given_pool(&self, name: &str) -> Result<Given, TreasuryError> {
        let tx = self.db.read().await?;
        let pool: Option<Pool> = POOLS.get(&tx, name).await?;
        let pool = pool.ok_or_else(|| Refusal::PoolUnknown { pool: name.to_owned() })?;
        let accounts = accounts_of(&tx, &pool.terms).await?;
        let book = self.book(&tx).await?;
        let mut balances = BTreeMap::new();
        for account in &accounts {
            balances.insert(account.id, usable(book.held(account).usable(), account)?);
        }
        Ok(Given { pool, accounts, balances })
    }

    async fn proposed(&self, ctx: &Ctx, tx: &Tx, given: &Given, wanted: Wanted) -> Made<SweepId> {
        let Wanted { way, moves, skipped, plan } = wanted;
        let is_now = moves.iter().any(|one| one.day == 0);
        let sides: Vec<_> = given.accounts.iter().map(|account| account.normal).collect();
        let by_ledger = sides.iter().all(|side| side.is_some() && Some(side) == sides.first());
        let now = self.now();
        let sweep = Sweep {
            id: self.ids.make(),
            pool: given.pool.name.clone(),
            way,
            state: if is_now { SweepState::Proposed } else { SweepState::Nothing },
            reason: None,
            on: self.today(),
            moves,
            skipped,
            plan,
            by_ledger,
            proposed_by: ctx.principal.subject.to_string(),
            decided_by: None,
            created_at: now,
            ended_at: (!is_now).then_some(now),
        };
        sweep::put(tx, &sweep).await?;
        let told = is_now.then(|| told("treasury.sweep.proposed", &sweep));
        Ok((sweep.id, told.into_iter().collect()))
    }

    async fn by_plan(&self, given: &Given, days: u32) -> Result<Wanted, TreasuryError> {
        let days = usize::try_from(days).unwrap_or(1);
        let problem = self.problem(given, days).await?;
        let solve = move || cash::plan(&problem, PlanLimits::default());
        let solved = tokio::task::spawn_blocking(solve).await.map_err(|error| {
            tracing::error!(%error, "a plan of moves panicked");
            TreasuryError::from(Failure::Internal)
        })?;
        let SweepPlan { moves, status, earns, beside_nothing, beside_rules, .. } =
            solved.map_err(|error| refused(error, "days"))?;
        let named = moves.iter().map(|one| moved(one.day, &one.from, &one.to, one.amount));
        let (status, gap) = match status {
            PlanStatus::Optimal => ("optimal", None),
            PlanStatus::Gap(gap) => ("gap", Some(gap)),
            PlanStatus::Heuristic => ("heuristic", None),
            PlanStatus::Rules => ("rules", None),
            PlanStatus::Nothing => ("nothing", None),
        };
        let plan = PlanFigures { status: status.to_owned(), gap, earns, beside_nothing, beside_rules };
        let moves = named.collect::<Result<Vec<_>, _>>()?;
        Ok(Wanted { way: Way::Plan, moves, skipped: Vec::new(), plan: Some(plan) })
    }

    /// Today is day 0: what is forecast for it and before has not come yet.
    async fn problem(&self, given: &Given, days: usize) -> Result<SweepProblem, TreasuryError> {
        let tx = self.db.read().await?;
        let book = self.book(&tx).await?;
        let today = number_of(self.today());
        let mut accounts = Vec::with_capacity(given.accounts.len());
        for account in &given.accounts {
            let mut flows = vec![0_i64; days];
            for point in self.daily(&tx, &book, account.id).await?.points {
                let day = usize::try_from(number_of(point.from) - today).unwrap_or(0);
                if let Some(flow) = flows.get_mut(day) {
                    *flow = flow.saturating_add(point.net.p50.minor());
                }
            }
            accounts.push(plan_account(account, given.balance(account), &flows));
        }
        let quant = given.quant()?;
        let (minimum, multiple) = sizes(&given.pool, given.pool.currency);
        let entity = given.accounts.first().map(|header| header.entity.as_str()).unwrap_or_default();
        let calendar = position::calendar(book.calendar(entity));
        let open = (today..).take(days).map(|day| calendar.is_business_day(date_of(day))).collect();
        let mut accounts = accounts.into_iter();
        let header = accounts.next().ok_or(Refusal::PoolOfOne)?;
        let fee = Money::new(0, given.pool.currency);
        Ok(SweepProblem { header, members: accounts.collect(), open, fee, minimum, multiple, rules: quant.members })
    }

    pub(crate) async fn sweep(&self, ctx: &Ctx, id: SweepId) -> Result<Sweep, TreasuryError> {
        self.may(ctx, WORD, "read")?;
        self.sweep_of(id).await
    }

    pub(crate) async fn sweeps(&self, ctx: &Ctx, query: SweepQuery) -> Result<SweepPage, TreasuryError> {
        self.may(ctx, WORD, "read")?;
        let limit = query.limit.clamp(1, limits::PAGE_MAX);
        let mut items = sweep::list(&self.db.read().await?, query.before, limit + 1).await?;
        let more = items.len() > limit;
        items.truncate(limit);
        Ok(SweepPage { next: items.last().filter(|_| more).map(|last| last.id), items })
    }

    pub(crate) async fn sweep_of(&self, id: SweepId) -> Result<Sweep, TreasuryError> {
        sweep::get(&self.db.read().await?, id).await?.ok_or_else(|| sweep_unknown(id))
    }

    /// What was not approved on its day is no longer right.
    pub(crate) async fn expire(&self) -> Result<(), TreasuryError> {
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let today = self.today();
        let proposed = sweep::in_state(&tx, SweepState::Proposed).await?;
        let mut events = Vec::new();
        for one in proposed.into_iter().filter(|one| one.on < today) {
            let one = Sweep { state: SweepState::Expired, ended_at: Some(self.now()), ..one };
            sweep::put(&tx, &one).await?;
            count::sweep_ended("expired");
            events.push(told("treasury.sweep.expired", &one));
        }
        self.commit(tx, events).await
    }
}

impl Given {
    fn balance(&self, account: &Account) -> Money {
        self.balances.get(&account.id).copied().unwrap_or(Money::new(0, account.currency))
    }

    fn quant(&self) -> Result<cash::Pool, Refusal> {
        let pool = quant_pool(&self.pool, &self.accounts, &|account| self.balance(account));
        pool.map_err(|error| named(error, "members"))
    }
}

fn by_rules(given: &Given) -> Result<Wanted, Refusal> {
    let proposal = cash::propose(&given.quant()?).map_err(|error| named(error, "members"))?;
    let moves = proposal.moves.iter().map(|one| moved(0, &one.from, &one.to, one.amount));
    let skipped = proposal.skipped.iter().map(|one| {
        let because = match one.because {
            cash::SkippedBecause::BelowMinimum => SkippedBecause::BelowMinimum,
            cash::SkippedBecause::Floor => SkippedBecause::Floor,
            cash::SkippedBecause::HeaderShort => SkippedBecause::HeaderShort,
        };
        Ok(Skipped { account: id(&one.account)?, amount: one.amount, because })
    });
    let skipped = skipped.collect::<Result<Vec<_>, Refusal>>()?;
    Ok(Wanted { way: Way::Rules, moves: moves.collect::<Result<_, _>>()?, skipped, plan: None })
}

fn id(name: &str) -> Result<AccountId, Refusal> {
    name.parse().map_err(|_| Refusal::AccountUnknown { account: name.to_owned() })
}

fn moved(day: usize, from: &str, to: &str, amount: Money) -> Result<Move, Refusal> {
    Ok(Move { day, from: id(from)?, to: id(to)?, amount })
}

fn plan_account(account: &Account, balance: Money, flows: &[i64]) -> PlanAccount {
    let rate = |given: Option<Percent>| {
        given.map_or(0.0, |rate| rate.millionths() as f64 / Percent::WHOLE.millionths() as f64)
    };
    let credit_rate = rate(account.terms.credit_rate);
    PlanAccount {
        account: cash::PoolAccount {
            name: account.id.to_string(),
            balance,
            floor: account.floor(),
            credit_limit: account.credit_limit(),
        },
        credit_rate,
        // An overdraft is never cheaper than a deposit.
        debit_rate: rate(account.terms.debit_rate).max(credit_rate),
        basis: match account.terms.basis {
            DayBasis::Actual360 => DayCount::Actual360,
            DayBasis::Actual365 => DayCount::Actual365,
        },
        forecast: flows.iter().map(|minor| Money::new(*minor, account.currency)).collect(),
    }
}

pub(crate) fn sweep_unknown(id: SweepId) -> TreasuryError {
    Refusal::SweepUnknown { sweep: id.to_string() }.into()
}

/// No amounts and no accounts.
pub(crate) fn told(kind: &'static str, sweep: &Sweep) -> NewEvent {
    let data =
        json!({ "pool": sweep.pool, "moves": sweep.moves.len(), "state": sweep.state, "by_ledger": sweep.by_ledger });
    NewEvent::new(kind, sweep.id.to_string(), data)
}
