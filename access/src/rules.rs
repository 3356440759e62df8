//! The rules as Cedar policies, compiled once per version of the terms, and decisions by them.
//!
//! Invariants: rules narrow what permissions grant; a policy whose evaluation fails denies the call; a decision only
//! evaluates the policies that may concern its action, however many others there are, and none at all where no policy can
//! forbid that action to that kind of principal.

mod built_in;
mod compile;
mod facts;
mod hours;
mod once;
pub(crate) mod schema;

use std::sync::Arc;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, Response,
    RestrictedExpression,
};
use kernel::{Asked, Clock, Object, Principal, PrincipalKind, Rules, Verdict};

pub use built_in::built_in_policies;
pub use compile::{RuleError, check_policy};
pub use facts::{Facts, MINUTES_OF_A_DAY};
pub use hours::{Hours, Moment, ZoneError};

/// Compiled policies, by the actions that they concern.
pub struct RuleSet {
    clock: Arc<dyn Clock>,
    hours: Hours,
    selected: compile::Selected,
    types: schema::Types,
    authorizer: Authorizer,
}

/// The input of a Cedar decision.
struct Question {
    request: Request,
    entities: Entities,
}

impl RuleSet {
    /// The decision at a minute of the week.
    pub fn decide_at(&self, asked: &Asked<'_>, moment: Moment) -> Verdict {
        let decided = match self.selected.action(asked.resource, asked.action) {
            Some(action) => self.ask(asked, moment, action),
            None => match self.selected.compiled(asked.resource, asked.action) {
                Ok(action) => self.ask(asked, moment, &action),
                Err(error) => Err(error.to_string()),
            },
        };
        decided.unwrap_or_else(|why| Verdict::Undecided { why })
    }

    /// The same by all policies at once: the selection by action and kind must agree with it.
    #[cfg(test)]
    fn decide_by_all(&self, asked: &Asked<'_>, moment: Moment) -> Verdict {
        let action = self.selected.unselected(asked.resource, asked.action).unwrap();
        self.evaluate(asked, moment, &action).unwrap()
    }

    fn ask(&self, asked: &Asked<'_>, moment: Moment, action: &compile::Action) -> Result<Verdict, String> {
        if self.types.of(asked.principal.kind).is_some_and(|kind| !action.may_forbid(kind)) {
            return Ok(platform::access::plain(asked));
        }
        self.evaluate(asked, moment, action)
    }

    fn evaluate(&self, asked: &Asked<'_>, moment: Moment, action: &compile::Action) -> Result<Verdict, String> {
        let Question { request, entities } = self.question(asked, moment, action)?;
        Ok(verdict(&self.authorizer.is_authorized(&request, &action.policies, &entities)))
    }

    fn question(&self, asked: &Asked<'_>, moment: Moment, action: &compile::Action) -> Result<Question, String> {
        let principal = self.principal(asked.principal)?;
        let object = self.object(asked)?;
        let context = Context::from_pairs([
            ("listed".to_owned(), RestrictedExpression::new_bool(asked.object == Object::Listed)),
            ("minute".to_owned(), RestrictedExpression::new_long(moment.minute.into())),
            ("reach".to_owned(), text(if asked.reaches_all { "all" } else { "own" })),
            ("weekday".to_owned(), RestrictedExpression::new_long(moment.weekday.into())),
        ]);
        let context = context.map_err(|error| error.to_string())?;
        let request = Request::new(principal.uid(), action.uid.clone(), object.uid(), context, None);
        let request = request.map_err(|error| error.to_string())?;
        let entities = Entities::from_entities([principal, object, action.entity.clone()], None);
        Ok(Question { request, entities: entities.map_err(|error| error.to_string())? })
    }

    fn principal(&self, principal: &Principal) -> Result<Entity, String> {
        let kind = self.types.of(principal.kind);
        let kind =
            kind.ok_or_else(|| format!("rules do not apply to a principal that is {}", principal.kind.name()))?;
        let roles = principal.roles.iter().map(|role| text(role));
        let second_factor = principal.proof.is_some_and(|proof| proof.second_factor);
        let told = [
            ("subject", Some(text(&principal.subject))),
            ("roles", Some(RestrictedExpression::new_set(roles))),
            ("client", principal.client.as_deref().map(text)),
            ("second_factor", Some(RestrictedExpression::new_bool(second_factor))),
        ];
        entity(kind, &principal.subject, told)
    }

    fn object(&self, asked: &Asked<'_>) -> Result<Entity, String> {
        let owner = match asked.object {
            Object::Of(owner) => owner,
            Object::Listed => None,
        };
        entity(&self.types.object, asked.resource, [("kind", Some(text(asked.resource))), ("owner", owner.map(text))])
    }
}

fn text(text: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(text.to_owned())
}

fn entity<const N: usize>(
    kind: &EntityTypeName,
    id: &str,
    told: [(&str, Option<RestrictedExpression>); N],
) -> Result<Entity, String> {
    let uid = EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id));
    let told = told.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    Entity::new(uid, told, Default::default()).map_err(|error| error.to_string())
}

/// A policy whose evaluation failed might have forbidden it: then nothing is allowed.
fn verdict(response: &Response) -> Verdict {
    let reasons = || {
        let mut reasons: Vec<String> = response.diagnostics().reason().map(ToString::to_string).collect();
        reasons.sort_unstable();
        reasons
    };
    let failed: Vec<String> = response.diagnostics().errors().map(ToString::to_string).collect();
    match response.decision() {
        Decision::Deny if response.diagnostics().reason().next().is_some() => Verdict::Forbidden { rules: reasons() },
        _ if !failed.is_empty() => Verdict::Undecided { why: failed.join("; ") },
        Decision::Deny => Verdict::OutOfReach,
        Decision::Allow => Verdict::Allowed,
    }
}

impl Rules for RuleSet {
    fn decide(&self, asked: &Asked<'_>) -> Verdict {
        self.decide_at(asked, self.hours.moment(self.clock.now()))
    }
}

impl std::fmt::Debug for RuleSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RuleSet").field("zone", &self.hours).finish_non_exhaustive()
    }
}

/// Rules apply to principals that come from a token.
fn under_rules() -> [PrincipalKind; 4] {
    [PrincipalKind::Customer, PrincipalKind::Employee, PrincipalKind::Admin, PrincipalKind::Service]
}

#[cfg(test)]
mod tests;
