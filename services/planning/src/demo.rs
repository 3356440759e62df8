//! Example data: Ann's household, with her account at the ledger, a home and its mortgage, three goals and a plan.

use std::collections::BTreeMap;

use kernel::{Ctx, Currency, Deadline, Money, Principal, PrincipalKind};
use planning_api::*;
use platform::room::{Introduction, OpenError};

use crate::service::PlanningService;
use crate::store::household;

const DEADLINE_MS: u64 = 60_000;
const ANN: &str = "cust_ann";
const WORDS: [&str; 5] =
    ["households:*:own", "household-assets:*:own", "goals:*:own", "plans:*:own", "accounts:read:own"];

struct Telling {
    service: PlanningService,
    currency: Currency,
    today: Month,
}

/// A store that has households is left as it is.
pub(crate) async fn fill(service: PlanningService) -> Result<Introduction, OpenError> {
    let known = {
        let tx = service.inner.db.read().await?;
        household::list(&tx, None).await?
    };
    if known.is_empty() {
        let (currency, today) = (Currency::iso("USD")?, service.inner.today().month());
        Telling { service, currency, today }.tell().await?;
    }
    Ok(Introduction::default())
}

impl Telling {
    fn ctx(&self) -> Result<Ctx, OpenError> {
        let mut words = Vec::new();
        for word in WORDS {
            words.push(word.parse()?);
        }
        let principal = Principal::new(PrincipalKind::Customer, ANN, words);
        let deadline = Deadline::after_millis(&*self.service.inner.clock, DEADLINE_MS);
        Ok(Ctx { principal, deadline, request_id: "demo".into(), idempotency_key: None })
    }

    fn usd(&self, units: i64) -> Money {
        Money::new(units * 100, self.currency)
    }

    async fn tell(&self) -> Result<(), OpenError> {
        let ann = Person {
            name: "Ann".to_owned(),
            born: self.today.plus(-38 * 12),
            retires_at: Some(65),
            until_age: Some(95),
            subject: None,
        };
        let (currency, owner) = (self.currency, None);
        let home = CreateHousehold { name: "Ann".to_owned(), currency, persons: vec![ann], owner };
        self.service.create_household(&self.ctx()?, home).await?;
        let account = Source::Ledger { book: None, account: "customers:ann".to_owned() };
        if let Err(error) = self.asset("Account", AssetClass::Cash, Wrapper::Taxable, account, &[]).await {
            tracing::info!(%error, "the demo's account is not linked");
        }
        use AssetClass::{Bonds, Debt, Property, Stocks};
        use Wrapper::{Deferred, Taxable};
        self.told("Home", Property, Taxable, &[(24, 310_000), (1, 325_000)]).await?;
        self.told("Mortgage", Debt, Taxable, &[(24, 198_000), (1, 184_000)]).await?;
        self.told("Pension fund", Stocks, Deferred, &[(24, 51_000), (12, 62_000), (1, 71_500)]).await?;
        let savings = self.told("Savings bonds", Bonds, Taxable, &[(12, 9_000), (1, 12_500)]).await?;
        self.goals(savings).await?;
        self.plan().await
    }

    async fn told(
        &self,
        name: &str,
        class: AssetClass,
        wrapper: Wrapper,
        values: &[(i32, i64)],
    ) -> Result<AssetId, OpenError> {
        self.asset(name, class, wrapper, Source::ByHand { currency: self.currency }, values).await
    }

    /// Values of so many months ago.
    async fn asset(
        &self,
        name: &str,
        class: AssetClass,
        wrapper: Wrapper,
        source: Source,
        values: &[(i32, i64)],
    ) -> Result<AssetId, OpenError> {
        let value =
            |(ago, units): &(i32, i64)| DatedValue { on: self.today.plus(-ago).first_day(), amount: self.usd(*units) };
        let values = values.iter().map(value).collect();
        let command = AddAsset { household: None, name: name.to_owned(), class, wrapper, source, values };
        Ok(self.service.add_asset(&self.ctx()?, command).await?.id)
    }

    async fn goals(&self, savings: AssetId) -> Result<(), OpenError> {
        let share = |percent: &str| -> Result<Vec<Share>, OpenError> {
            Ok(vec![Share { asset: savings, percent: percent.parse()? }])
        };
        let goals = [
            ("Reserve for six months", GoalKind::Reserve, 15_000, 18, 150, share("60")?),
            ("New roof", GoalKind::Purchase, 18_000, 42, 120, share("40")?),
            ("Retirement", GoalKind::Retirement, 600_000, 27 * 12, 0, Vec::new()),
        ];
        for (name, kind, amount, months, monthly, sources) in goals {
            let terms = GoalTerms {
                name: name.to_owned(),
                kind,
                amount: self.usd(amount),
                money_of: None,
                due: self.today.plus(months),
                priority: 3,
                monthly: Some(self.usd(monthly)),
                weights: BTreeMap::new(),
            };
            let goal = AddGoal { household: None, terms, sources };
            self.service.add_goal(&self.ctx()?, goal).await?;
        }
        Ok(())
    }

    /// Saves until 65, then spends by guardrails until 95.
    async fn plan(&self) -> Result<(), OpenError> {
        let saved = Contribution {
            amount: self.usd(9_600),
            wrapper: Wrapper::Deferred,
            from: When::Year(0),
            until: Some(When::Retirement),
            growth: Growth::Prices(0.0),
        };
        let pension = Income {
            amount: self.usd(14_000),
            from: When::Age { person: 0, years: 67 },
            until: None,
            growth: Growth::Prices(0.0),
            taxed: false,
            person: None,
            survivor_share: 0.0,
        };
        let life = Life { born: self.today.plus(-38 * 12), until_age: Some(95), table: Vec::new() };
        let policy = Policy::Guardrails { rate: Some(0.05), lower: 0.8, upper: 1.2, step: 0.1, no_cut_years: 15 };
        let scenario = Scenario {
            seed: 7,
            years: 57,
            people: vec![life],
            retirement: Some(When::Age { person: 0, years: 65 }),
            weights: BTreeMap::from([("stocks".to_owned(), 0.6), ("bonds".to_owned(), 0.3), ("cash".to_owned(), 0.1)]),
            contributions: vec![saved],
            incomes: vec![pension],
            fees: 0.003,
            ..Scenario::of_policy(policy)
        };
        let terms = PlanTerms { name: "Until 95".to_owned(), scenario, from_assets: true };
        self.service.add_plan(&self.ctx()?, AddPlan { household: None, terms }).await?;
        Ok(())
    }
}
