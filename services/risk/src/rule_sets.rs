//! Versions of the rules: drafted, validated, run in the shadow, proposed, approved by a second person, taken back.

use std::sync::Arc;

use kernel::Ctx;
use platform::db::{DbError, Tx};
use platform::feed::NewEvent;
use risk_api::{
    ChangeRuleSet, DraftRuleSet, Refusal, RiskError, RuleSet, RuleSetChange, RuleSetId, RuleSetPage, RuleSetQuery,
    RuleSetState, limits,
};
use serde_json::json;

use crate::live;
use crate::rules::compile;
use crate::service::{Inner, not_found};
use crate::store::rule_sets as store;

/// Bytes of a whole set at most.
const SET_BYTES_MAX: usize = 1 << 20;

pub(crate) async fn draft(inner: &Arc<Inner>, ctx: &Ctx, command: DraftRuleSet) -> Result<RuleSet, RiskError> {
    inner.may(ctx, "rules", "change")?;
    check_form(&command)?;
    let turn = inner.once.begin(ctx, "draft_rule_set", &command).await?;
    let tx = inner.db.begin().await?;
    if let Some(id) = turn.again::<RuleSetId>(&tx).await? {
        return store::by_id(&tx, id).await?.ok_or_else(not_found);
    }
    match add_draft(inner, &tx, ctx, command).await {
        Ok(set) => {
            turn.made(&tx, &set.id).await?;
            inner.commit(tx, Vec::new()).await?;
            Ok(set)
        }
        Err(error) => Err(turn.refused(tx, error).await),
    }
}

fn check_form(command: &DraftRuleSet) -> Result<(), Refusal> {
    let found = command.rules.len();
    if found > limits::RULES_MAX {
        return Err(Refusal::TooMany { what: "rules".to_owned(), max: limits::RULES_MAX, found });
    }
    let bytes: usize = command.rules.iter().map(|rule| rule.when.len() + rule.text.len()).sum();
    if bytes > SET_BYTES_MAX {
        let expected = format!("at most {SET_BYTES_MAX} bytes");
        return Err(Refusal::FieldInvalid { field: "rules".to_owned(), expected });
    }
    if command.kinds.is_empty() {
        return Err(Refusal::FieldInvalid { field: "kinds".to_owned(), expected: "at least one kind".to_owned() });
    }
    Ok(())
}

async fn add_draft(inner: &Inner, tx: &Tx, ctx: &Ctx, command: DraftRuleSet) -> Result<RuleSet, RiskError> {
    tx.one_at_a_time().await?;
    let (version, changed) = store::last(tx).await?;
    let mut set = RuleSet {
        id: inner.ids.make(),
        version: version + 1,
        state: RuleSetState::Draft,
        kinds: command.kinds,
        note: command.note,
        rules: command.rules,
        author: ctx.principal.subject.to_string(),
        created_at: inner.clock.now(),
        proposed_by: None,
        approved_by: None,
        live_since: None,
        after: None,
        problems: Vec::new(),
    };
    let Some(replaced) = command.replaces else {
        store::add(tx, &set, changed + 1).await?;
        return Ok(set);
    };
    let before = store::by_id(tx, replaced).await?.ok_or_else(not_found)?;
    if before.state != RuleSetState::Draft {
        return Err(Refusal::RuleSetState { state: before.state, change: "replace".to_owned() }.into());
    }
    (set.id, set.version, set.created_at) = (before.id, before.version, before.created_at);
    store::change(tx, &set, changed + 1).await?;
    Ok(set)
}

pub(crate) async fn change(inner: &Arc<Inner>, ctx: &Ctx, command: ChangeRuleSet) -> Result<RuleSet, RiskError> {
    let promotes = matches!(command.change, RuleSetChange::Propose | RuleSetChange::Approve | RuleSetChange::RollBack);
    let (action, operation) = if promotes { ("promote", "promote_rule_set") } else { ("change", "edit_rule_set") };
    inner.may(ctx, "rules", action)?;
    let turn = inner.once.begin(ctx, operation, &command).await?;
    let tx = inner.db.begin().await?;
    if let Some(id) = turn.again::<RuleSetId>(&tx).await? {
        return store::by_id(&tx, id).await?.ok_or_else(not_found);
    }
    let moved = move_on(inner, &tx, ctx, &command).await;
    match moved {
        Ok((set, events)) => {
            turn.made(&tx, &set.id).await?;
            inner.commit(tx, events).await?;
            live::reload(inner).await?;
            Ok(set)
        }
        Err(error) => Err(turn.refused(tx, error).await),
    }
}

async fn move_on(
    inner: &Inner,
    tx: &Tx,
    ctx: &Ctx,
    command: &ChangeRuleSet,
) -> Result<(RuleSet, Vec<NewEvent>), RiskError> {
    tx.one_at_a_time().await?;
    let mut set = store::by_id(tx, command.id).await?.ok_or_else(not_found)?;
    let (_, changed) = store::last(tx).await?;
    let who = ctx.principal.subject.to_string();
    let mut events = Vec::new();
    match (command.change.clone(), set.state) {
        (RuleSetChange::Validate, RuleSetState::Draft) => {
            let problems = compile(&set.rules).err().unwrap_or_default();
            set.state = if problems.is_empty() { RuleSetState::Validated } else { RuleSetState::Draft };
            set.problems = problems;
        }
        (RuleSetChange::Shadow | RuleSetChange::Propose | RuleSetChange::Approve, RuleSetState::Draft) => {
            return Err(Refusal::RulesUnsound { problems: set.problems.len() }.into());
        }
        (RuleSetChange::Shadow, RuleSetState::Validated) => {
            retire(tx, RuleSetState::Shadow, RuleSetState::Validated, &set, changed + 1).await?;
            set.state = RuleSetState::Shadow;
        }
        (RuleSetChange::Propose, RuleSetState::Validated | RuleSetState::Shadow) => set.proposed_by = Some(who),
        (RuleSetChange::Approve, RuleSetState::Validated | RuleSetState::Shadow) => {
            let Some(proposed_by) = &set.proposed_by else { return Err(Refusal::NotProposed.into()) };
            if who == set.author || who == *proposed_by {
                return Err(Refusal::SecondPersonNeeded.into());
            }
            set.after = retire(tx, RuleSetState::Live, RuleSetState::Retired, &set, changed + 1).await?;
            set.approved_by = Some(who);
            (set.state, set.live_since) = (RuleSetState::Live, Some(inner.clock.now()));
            events.push(promoted(&set));
        }
        (RuleSetChange::RollBack, RuleSetState::Live) => {
            let before = match set.after {
                Some(before) => store::by_id(tx, before).await?,
                None => None,
            };
            let mut before = before.ok_or(Refusal::NothingBefore)?;
            (before.state, before.live_since) = (RuleSetState::Live, Some(inner.clock.now()));
            (set.state, set.proposed_by, set.approved_by) = (RuleSetState::Retired, None, None);
            store::change(tx, &before, changed + 1).await?;
            events.push(promoted(&before));
        }
        (RuleSetChange::Retire, RuleSetState::Draft | RuleSetState::Validated | RuleSetState::Shadow) => {
            set.state = RuleSetState::Retired;
        }
        (change, state) => {
            return Err(Refusal::RuleSetState { state, change: name(change).to_owned() }.into());
        }
    }
    store::change(tx, &set, changed + 1).await?;
    Ok((set, events))
}

fn name(change: RuleSetChange) -> &'static str {
    match change {
        RuleSetChange::Validate => "validate",
        RuleSetChange::Shadow => "shadow",
        RuleSetChange::Propose => "propose",
        RuleSetChange::Approve => "approve",
        RuleSetChange::RollBack => "roll_back",
        RuleSetChange::Retire => "retire",
    }
}

fn promoted(set: &RuleSet) -> NewEvent {
    let data =
        json!({ "rule_set": set.id, "version": set.version, "kinds": set.kinds, "approved_by": set.approved_by });
    NewEvent::new("risk.rule_set.promoted", set.id.to_string(), data)
}

/// Sets of the same kinds make room. One set has one place: where it would keep some of its kinds, it gives up all of them.
async fn retire(
    tx: &Tx,
    from: RuleSetState,
    to: RuleSetState,
    by: &RuleSet,
    changed: i64,
) -> Result<Option<RuleSetId>, DbError> {
    let mut last = None;
    for mut other in store::in_state(tx, from).await? {
        if other.id != by.id && other.kinds.iter().any(|kind| by.kinds.contains(kind)) {
            other.state = to;
            store::change(tx, &other, changed).await?;
            last = Some(other.id);
        }
    }
    Ok(last)
}

pub(crate) async fn one(inner: &Arc<Inner>, ctx: &Ctx, id: RuleSetId) -> Result<RuleSet, RiskError> {
    inner.may(ctx, "risk", "read")?;
    let tx = inner.db.read().await?;
    store::by_id(&tx, id).await?.ok_or_else(not_found)
}

pub(crate) async fn page(inner: &Arc<Inner>, ctx: &Ctx, query: RuleSetQuery) -> Result<RuleSetPage, RiskError> {
    inner.may(ctx, "risk", "read")?;
    let limit = query.limit.unwrap_or(limits::PAGE_DEFAULT).clamp(1, limits::PAGE_MAX);
    let tx = inner.db.read().await?;
    let (mut rule_sets, mut before) = (Vec::new(), query.before.unwrap_or(u32::MAX));
    loop {
        let page = store::before(&tx, before, limit).await?;
        let Some(last) = page.last() else { return Ok(RuleSetPage { rule_sets, next: None }) };
        before = last.version;
        for set in page {
            let wanted = query.state.is_none_or(|state| set.state == state)
                && query.kind.is_none_or(|kind| set.kinds.contains(&kind));
            if wanted && rule_sets.len() == limit {
                let next = rule_sets.last().map(|last: &RuleSet| last.version);
                return Ok(RuleSetPage { rule_sets, next });
            }
            rule_sets.extend(wanted.then_some(set));
        }
    }
}
