//! Recurring flows: rules that make a flow for each of their days, moved to business days, for a year and some ahead.

use jiff::civil::Date;
use kernel::{Ctx, Money};
use platform::db::Tx;
use quant::calendar::{self, DayRule, Recurrence};

use crate::accounts::{account_unknown, in_currency};
use crate::convert::{date_of, number_of};
use crate::face::*;
use crate::names::{name, too_many};
use crate::position;
use crate::refuse::refused;
use crate::service::Inner;
use crate::store::{ACCOUNTS, ENTITIES, RECURRING, cash, flow};

/// How far ahead flows are made; a forecast of twelve months ends before.
const AHEAD_DAYS: i64 = 400;
/// Once so few of them are left.
const TOPPED_UP_DAYS: i64 = 370;

impl Inner {
    pub(crate) async fn put_recurring(&self, ctx: &Ctx, command: PutRecurring) -> Result<Recurring, TreasuryError> {
        self.may(ctx, "flows", "change")?;
        name("name", &command.name)?;
        let terms = &command.terms;
        self.check_flow(&NewFlow {
            account: terms.account,
            amount: terms.amount,
            due: self.today(),
            category: terms.category.clone(),
            reference: None,
            counterparty: terms.counterparty.clone(),
        })?;
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let account: Option<Account> = ACCOUNTS.get(&tx, &terms.account.to_string()).await?;
        let account = account.ok_or_else(|| account_unknown(terms.account))?;
        in_currency(terms.amount, account.currency)?;
        let is_new = RECURRING.get::<Recurring>(&tx, &command.name).await?.is_none();
        if is_new && RECURRING.count(&tx).await? >= limits::RECURRING_MAX {
            return Err(too_many("recurring flows", limits::RECURRING_MAX));
        }
        // What was made by other terms for days to come is made again by these.
        flow::remove_after(&tx, &command.name, self.today()).await?;
        let made = Recurring { name: command.name, terms: command.terms, made_to: yesterday(self.today()) };
        let made = self.make_flows(&tx, made, &account).await?;
        cash::want(&tx, &account.source.key()).await?;
        self.commit(tx, Vec::new()).await?;
        Ok(made)
    }

    pub(crate) async fn recurring(&self, ctx: &Ctx) -> Result<RecurringList, TreasuryError> {
        self.may(ctx, "flows", "read")?;
        Ok(RecurringList { items: RECURRING.all(&self.db.read().await?).await? })
    }

    /// Makes the flows of the days that came closer.
    pub(crate) async fn top_up(&self) -> Result<(), TreasuryError> {
        let enough = number_of(self.today()) + TOPPED_UP_DAYS;
        let all: Vec<Recurring> = RECURRING.all(&self.db.read().await?).await?;
        for one in all.into_iter().filter(|one| number_of(one.made_to) < enough) {
            let tx = self.db.begin().await?;
            tx.one_at_a_time().await?;
            let known: Option<Recurring> = RECURRING.get(&tx, &one.name).await?;
            let Some(known) = known.filter(|known| *known == one) else { continue };
            let account: Option<Account> = ACCOUNTS.get(&tx, &known.terms.account.to_string()).await?;
            let Some(account) = account else { continue };
            self.make_flows(&tx, known, &account).await?;
            self.commit(tx, Vec::new()).await?;
        }
        Ok(())
    }

    async fn make_flows(&self, tx: &Tx, one: Recurring, account: &Account) -> Result<Recurring, TreasuryError> {
        let (first, last) = (tomorrow(one.made_to), date_of(number_of(self.today()) + AHEAD_DAYS));
        let entity: Option<Entity> = ENTITIES.get(tx, &account.entity).await?;
        let calendar = position::calendar(entity.map(|entity| entity.calendar).unwrap_or_default());
        let dates = recurrence(&one.terms).dates(first, last, &calendar).map_err(|error| refused(error, "every"))?;
        for due in dates {
            let origin = format!("{}/{due}", one.name);
            if flow::of_origin(tx, &origin).await?.is_some() {
                continue;
            }
            let flow = Flow {
                id: self.ids.make(),
                account: one.terms.account,
                amount: one.terms.amount,
                due,
                category: one.terms.category.clone(),
                reference: None,
                counterparty: one.terms.counterparty.clone(),
                recurring: Some(one.name.clone()),
                state: FlowState::Planned,
                matched: Money::new(0, one.terms.amount.currency()),
                created_at: self.now(),
            };
            flow::put(tx, &flow, Some(&origin)).await?;
        }
        let made = Recurring { made_to: last, ..one };
        RECURRING.put(tx, &made.name, &made).await?;
        Ok(made)
    }
}

fn yesterday(day: Date) -> Date {
    date_of(number_of(day) - 1)
}

fn tomorrow(day: Date) -> Date {
    date_of(number_of(day) + 1)
}

fn recurrence(terms: &RecurringTerms) -> Recurrence {
    let every = match terms.every {
        Every::Weeks(weeks) => calendar::Every::Weeks(weeks),
        Every::Months { months, on } => {
            let on = match on {
                DayOfMonth::Day(day) => calendar::DayOfMonth::Day(day),
                DayOfMonth::BusinessDay(place) => calendar::DayOfMonth::BusinessDay(place),
            };
            calendar::Every::Months { months, on }
        }
    };
    let rule = match terms.rule {
        BusinessDayRule::Unadjusted => DayRule::Unadjusted,
        BusinessDayRule::Following => DayRule::Following,
        BusinessDayRule::ModifiedFollowing => DayRule::ModifiedFollowing,
        BusinessDayRule::Preceding => DayRule::Preceding,
        BusinessDayRule::ModifiedPreceding => DayRule::ModifiedPreceding,
    };
    Recurrence { start: terms.start, until: terms.until, every, rule }
}
