//! Example data: the two companies of banking's demo with all their accounts, rates, flows, a pool, exposures and histories.

use jiff::civil::Date;
use kernel::{Ctx, Currency, Deadline, Money, Principal};
use platform::room::{Introduction, OpenError};
use quant::random::{Name, Streams};

use crate::convert::{date_of, number_of};
use crate::face::*;
use crate::position;
use crate::service::TreasuryService;

const DEADLINE_MS: u64 = 60_000;
const PAGE: usize = 500;
/// The companies of banking's demo.
const ENTITIES: [(&str, &str, &str, HolidayCalendar); 2] = [
    ("acme-us", "Acme Inc.", "USD", HolidayCalendar::UnitedStates),
    ("acme-eu", "Acme GmbH", "EUR", HolidayCalendar::Target),
];
/// Banks by the first digit of their accounts' last four.
const BANKS: [(char, &str); 4] = [('1', "chase"), ('2', "wells_fargo"), ('3', "bank_of_america"), ('4', "citi")];
/// What a unit is worth in dollars, and how much that moves in a day.
const RATES: [(&str, f64, f64); 3] = [("EUR", 1.0834, 0.005), ("GBP", 1.2640, 0.006), ("JPY", 0.0067, 0.006)];
const HISTORY_DAYS: i64 = 730;
const SEED: u64 = 11;
const WALK: Name = Name::new("treasury.demo");

/// A store that has entities is left as it is.
pub(crate) async fn fill(service: TreasuryService) -> Result<Introduction, OpenError> {
    let ctx = ctx(&service);
    if service.entities(&ctx).await?.items.is_empty() {
        let told = Telling { service, ctx };
        told.entities().await?;
        let accounts = told.accounts().await?;
        told.rates_and_factors().await?;
        told.pool_and_flows(&accounts).await?;
    }
    Ok(Introduction::default())
}

struct Telling {
    service: TreasuryService,
    ctx: Ctx,
}

fn ctx(service: &TreasuryService) -> Ctx {
    let deadline = Deadline::after_millis(&*service.inner.clock, DEADLINE_MS);
    Ctx { principal: Principal::operator(), deadline, request_id: "demo".into(), idempotency_key: None }
}

fn usd(units: i64) -> Result<Money, OpenError> {
    Ok(Money::new(units * 100, Currency::iso("USD")?))
}

impl Telling {
    async fn entities(&self) -> Result<(), OpenError> {
        for (name, title, currency, calendar) in ENTITIES {
            let terms = EntityTerms { title: title.to_owned(), currency: Currency::iso(currency)?, calendar };
            self.service.put_entity(&self.ctx, PutEntity { name: name.to_owned(), terms }).await?;
        }
        Ok(())
    }

    /// By the last four characters of their numbers.
    async fn accounts(&self) -> Result<Vec<(String, Account)>, OpenError> {
        let query = banking_api::AccountQuery { account: None, after: None, limit: PAGE };
        let own = self.service.inner.itself(DEADLINE_MS).await?;
        let mut linked = Vec::new();
        for one in self.service.inner.banking.accounts(&own, query).await?.items {
            let Some(entity) = one.entity.filter(|entity| ENTITIES.iter().any(|known| known.0 == *entity)) else {
                continue;
            };
            let bank = BANKS.iter().find(|(digit, _)| one.last_four.starts_with(*digit));
            let bank = bank.map(|(_, bank)| (*bank).to_owned());
            let terms = AccountTerms {
                name: format!("{} {}", bank.as_deref().unwrap_or("account"), one.last_four),
                bank,
                floor: None,
                credit_limit: None,
                credit_rate: "1.5".parse().ok(),
                debit_rate: "9".parse().ok(),
                basis: DayBasis::Actual360,
            };
            let add = AddAccount { entity, source: Source::Bank(one.id.to_string()), terms };
            linked.push((one.last_four, self.service.add_account(&self.ctx, add).await?));
        }
        Ok(linked)
    }

    /// Two years of business days, each a random step from the day before; no market data are shipped.
    async fn rates_and_factors(&self) -> Result<(), OpenError> {
        let today = number_of(self.service.inner.today());
        let calendar = position::calendar(HolidayCalendar::Weekdays);
        let days: Vec<Date> =
            (today - HISTORY_DAYS..=today).map(date_of).filter(|day| calendar.is_business_day(*day)).collect();
        let streams = Streams::new(SEED);
        for ((code, level, step), place) in RATES.into_iter().zip(0_u64..) {
            let mut stream = streams.at(WALK, [place, 0, 0]);
            let mut moves = vec![0.0; days.len()];
            stream.fill_normal(&mut moves);
            // Backwards from today's level.
            let mut levels = vec![level];
            for normal in moves.iter().skip(1) {
                let last = levels.last().copied().unwrap_or(level);
                levels.push(last * (1.0 + step * normal).max(0.5));
            }
            levels.reverse();
            let name = format!("{code}/{}", self.service.inner.reporting.code());
            let lines: Vec<String> =
                days.iter().zip(&levels).map(|(day, level)| format!("{day},{level:.6}\n")).collect();
            let csv = format!("date,value\n{}", lines.concat());
            let put = PutFactor { name, kind: ReturnKind::Log, measure: Measure::Levels, csv };
            self.service.put_factor(&self.ctx, put).await?;
            let rate = Rate {
                base: Currency::iso(code)?,
                quote: Currency::iso("USD")?,
                on: days.last().copied().unwrap_or(date_of(today)),
                rate: format!("{level:.6}"),
                source: "demo".to_owned(),
            };
            self.service.put_rates(&self.ctx, PutRates { items: vec![rate], csv: None }).await?;
        }
        let exposure =
            Exposure { name: "euro-receivables".to_owned(), factor: "EUR/USD".to_owned(), amount: usd(250_000)? };
        self.service.put_exposures(&self.ctx, PutExposures { items: vec![exposure] }).await?;
        Ok(())
    }

    /// Dollar accounts of the American company around its largest one, and the rent that is paid from there.
    async fn pool_and_flows(&self, accounts: &[(String, Account)]) -> Result<(), OpenError> {
        let of =
            |number: &str| accounts.iter().find(|(last_four, _)| last_four == number).map(|(_, account)| account.id);
        let Some(header) = of("1001") else { return Ok(()) };
        let rules = [("1002", Rule::Target(usd(20_000)?)), ("2001", Rule::Zero), ("2002", Rule::Target(usd(5_000)?))];
        let members: Vec<Member> = rules
            .into_iter()
            .filter_map(|(number, rule)| {
                let account = of(number)?;
                let (minimum, multiple) = (usd(100).ok(), usd(1).ok());
                Some(Member { account, rule, direction: Direction::Both, minimum, multiple, priority: 1 })
            })
            .collect();
        if members.is_empty() {
            return Ok(());
        }
        let terms = PoolTerms { header, members };
        self.service.put_pool(&self.ctx, PutPool { name: "acme".to_owned(), terms }).await?;
        let terms = RecurringTerms {
            account: header,
            amount: usd(-6_500)?,
            category: "office rent".to_owned(),
            counterparty: None,
            start: self.service.inner.today(),
            until: None,
            every: Every::Months { months: 1, on: DayOfMonth::BusinessDay(1) },
            rule: BusinessDayRule::Following,
        };
        self.service.put_recurring(&self.ctx, PutRecurring { name: "office-rent".to_owned(), terms }).await?;
        Ok(())
    }
}
