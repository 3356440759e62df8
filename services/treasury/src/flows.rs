//! Flows that are expected: told one by one or by table, matched with what comes, and dropped when they do not.

use jiff::civil::{Date, date};
use kernel::{Ctx, Currency, Money};
use platform::db::Tx;
use platform::feed::NewEvent;
use quant::calendar::days_between;
use serde_json::json;

use crate::accounts::{account_unknown, in_currency};
use crate::face::*;
use crate::matching::{self, Movement};
use crate::names::{text, too_many};
use crate::service::{Begun, Inner, Made};
use crate::store::{ACCOUNTS, cash, flow};
use crate::table;

const WORD: &str = "flows";
/// For which an overdue flow still counts.
const OVERDUE_DAYS: i64 = 10;
const FIRST_DAY: Date = date(1970, 1, 1);
const LAST_DAY: Date = date(9999, 12, 31);

impl Inner {
    pub(crate) async fn add_flows(&self, ctx: &Ctx, command: AddFlows) -> Result<FlowList, TreasuryError> {
        self.may(ctx, WORD, "change")?;
        let mut items = command.items.clone();
        if let Some(csv) = &command.csv {
            items.extend(of_table(csv)?);
        }
        if items.is_empty() {
            return Err(Refusal::field_invalid("items", "expected at least one flow").into());
        }
        if items.len() > limits::ITEMS_MAX {
            return Err(too_many("flows", limits::ITEMS_MAX));
        }
        items.iter().try_for_each(|one| self.check_flow(one))?;
        let change = match self.begin::<Vec<FlowId>>(ctx, "add_flows", &command).await? {
            Begun::Again(ids) => return self.flows_of(&ids).await,
            Begun::First(change) => change,
        };
        let made = self.new_flows(&change.tx, items).await;
        let ids = self.end(change, made).await?;
        self.flows_of(&ids).await
    }

    async fn new_flows(&self, tx: &Tx, items: Vec<NewFlow>) -> Made<Vec<FlowId>> {
        let mut ids = Vec::with_capacity(items.len());
        for item in items {
            let account: Option<Account> = ACCOUNTS.get(tx, &item.account.to_string()).await?;
            let account = account.ok_or_else(|| account_unknown(item.account))?;
            in_currency(item.amount, account.currency)?;
            let flow = Flow {
                id: self.ids.make(),
                account: item.account,
                amount: item.amount,
                due: item.due,
                category: item.category,
                reference: item.reference,
                counterparty: item.counterparty,
                recurring: None,
                state: FlowState::Planned,
                matched: Money::new(0, item.amount.currency()),
                created_at: self.now(),
            };
            flow::put(tx, &flow, None).await?;
            // What has come before it was expected is found too.
            cash::want(tx, &account.source.key()).await?;
            ids.push(flow.id);
        }
        Ok((ids, Vec::new()))
    }

    async fn flows_of(&self, ids: &[FlowId]) -> Result<FlowList, TreasuryError> {
        let tx = self.db.read().await?;
        let mut items = Vec::with_capacity(ids.len());
        for id in ids {
            items.extend(flow::get(&tx, *id).await?);
        }
        Ok(FlowList { items })
    }

    pub(crate) fn check_flow(&self, one: &NewFlow) -> Result<(), Refusal> {
        text("category", &one.category)?;
        one.reference.iter().try_for_each(|reference| text("reference", reference))?;
        one.counterparty.iter().try_for_each(|counterparty| text("counterparty", counterparty))?;
        if one.amount.minor() == 0 {
            return Err(Refusal::field_invalid("amount", "expected an amount that is not zero"));
        }
        if days_between(self.today(), one.due).abs() > limits::DAYS_AHEAD_MAX {
            return Err(Refusal::field_invalid("due", "expected a day within ten years"));
        }
        Ok(())
    }

    pub(crate) async fn flows(&self, ctx: &Ctx, query: FlowQuery) -> Result<FlowPage, TreasuryError> {
        self.may(ctx, WORD, "read")?;
        let days = (query.from.unwrap_or(FIRST_DAY), query.to.unwrap_or(LAST_DAY));
        let limit = query.limit.clamp(1, limits::PAGE_MAX);
        let mut items = flow::list(&self.db.read().await?, query.account, days, query.after, limit + 1).await?;
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(|last| (last.due, last.id));
        Ok(FlowPage { items, next })
    }

    pub(crate) async fn cancel_flow(&self, ctx: &Ctx, id: FlowId) -> Result<Flow, TreasuryError> {
        self.may(ctx, WORD, "change")?;
        let change = match self.begin::<FlowId>(ctx, "cancel_flow", &id).await? {
            Begun::Again(id) => return self.flow_of(id).await,
            Begun::First(change) => change,
        };
        let made = self.cancelled(&change.tx, id).await;
        self.end(change, made).await?;
        self.flow_of(id).await
    }

    async fn cancelled(&self, tx: &Tx, id: FlowId) -> Made<FlowId> {
        let found = flow::get(tx, id).await?.ok_or_else(|| flow_unknown(id))?;
        if !found.is_open() {
            let state = serde_json::to_value(found.state).unwrap_or_default();
            return Err(Refusal::FlowState { state: state.as_str().unwrap_or_default().to_owned() }.into());
        }
        flow::put(tx, &Flow { state: FlowState::Cancelled, ..found }, None).await?;
        Ok((id, Vec::new()))
    }

    async fn flow_of(&self, id: FlowId) -> Result<Flow, TreasuryError> {
        flow::get(&self.db.read().await?, id).await?.ok_or_else(|| flow_unknown(id))
    }

    /// What came of the flows of an account, in the transaction in which its balance is written.
    pub(crate) async fn match_movements(
        &self,
        tx: &Tx,
        account: &Account,
        movements: &[Movement],
    ) -> Result<(), TreasuryError> {
        let mut open = flow::open(tx, &account.id.to_string()).await?;
        let mut news = Vec::new();
        for movement in movements {
            if !open.is_empty() && !flow::is_matched(tx, &movement.id).await? {
                news.push(movement.clone());
            }
        }
        for found in matching::matched(&open, &news) {
            flow::add_match(tx, &found.movement, found.flow, found.minor).await?;
            if let Some(one) = open.iter_mut().find(|one| one.id == found.flow) {
                one.matched = Money::new(one.matched.minor().saturating_add(found.minor), one.amount.currency());
                if one.rest() == 0 {
                    one.state = FlowState::Matched;
                }
                flow::put(tx, one, None).await?;
            }
        }
        Ok(())
    }

    /// Flows whose day has passed are overdue, and after ten more days they no longer count.
    pub(crate) async fn age_flows(&self) -> Result<(), TreasuryError> {
        let today = self.today();
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let mut told = Vec::new();
        for one in flow::overdue(&tx, today).await? {
            let late = days_between(one.due, today);
            let state = if late > OVERDUE_DAYS { FlowState::Dropped } else { FlowState::Overdue };
            if state == one.state {
                continue;
            }
            let kind = match state {
                FlowState::Dropped => "treasury.flow.dropped",
                _ => "treasury.flow.overdue",
            };
            told.push(NewEvent::new(kind, one.id.to_string(), json!({ "account": one.account, "due": one.due })));
            flow::put(&tx, &Flow { state, ..one }, None).await?;
        }
        self.commit(tx, told).await
    }
}

fn flow_unknown(id: FlowId) -> TreasuryError {
    Refusal::FlowUnknown { flow: id.to_string() }.into()
}

fn of_table(csv: &str) -> Result<Vec<NewFlow>, Refusal> {
    let columns = ["account", "amount", "currency", "due", "category"];
    let rows = table::rows(csv, &columns, &["reference", "counterparty"])?;
    let flow = |row: &table::Row| {
        let currency = row.text("currency")?;
        Currency::iso(currency).map_err(|error| row.refused(error.to_string()))?;
        let amount = row.text("amount")?;
        let amount = Money::parse(amount, currency).map_err(|error| row.refused(error.to_string()))?;
        Ok(NewFlow {
            account: row.parsed("account", "the id of an account")?,
            amount,
            due: row.parsed("due", "a day such as 2026-01-31")?,
            category: row.text("category")?.to_owned(),
            reference: row.optional("reference").map(str::to_owned),
            counterparty: row.optional("counterparty").map(str::to_owned),
        })
    };
    rows.iter().map(flow).collect()
}
