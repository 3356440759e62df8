//! The comparison itself. It needs no store, and is bounded by its number of decisions.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use access::{Facts, Policy, Role, RuleError, RuleSet, Vocabulary, built_in_policies};
use identity_api::{Effect, EffectOn, limits};
use kernel::{Object, Permission, Principal, PrincipalKind, Proof, Timestamp, Verdict};
use platform::access::reach;

use super::people::Somebody;
use super::times::Times;

/// A decision takes some microseconds.
const DECISIONS_MAX: u64 = 400_000;
/// Clients through which a user is assumed to act, if a policy depends on that.
const CLIENTS_MAX: usize = 50;

/// The roles and policies as they are, or as they would be.
pub(super) struct Side {
    roles: HashMap<String, Vec<Permission>>,
    policies: Vec<(Policy, Facts)>,
    rules: RuleSet,
}

impl Side {
    pub(super) fn new(
        words: &Vocabulary,
        roles: Vec<Role>,
        policies: &[Policy],
        rules: RuleSet,
    ) -> Result<Side, RuleError> {
        let roles = words.built_in_roles().into_iter().chain(roles).map(|role| (role.name, role.permissions)).collect();
        let policies = built_in_policies().into_iter().chain(policies.iter().cloned()).filter(|policy| policy.enabled);
        let policies = policies.map(|policy| Facts::of(&policy.id, &policy.text).map(|facts| (policy, facts)));
        Ok(Side { roles, policies: policies.collect::<Result<_, _>>()?, rules })
    }

    fn principal(&self, somebody: &Somebody, way: &Way) -> Principal {
        let permissions = somebody.roles.iter().filter_map(|role| self.roles.get(role)).flatten().cloned();
        let mut principal = Principal::new(somebody.kind, &somebody.subject, permissions);
        principal.roles = somebody.roles.iter().map(|role| role.as_str().into()).collect();
        principal.scopes = somebody.scopes.as_ref().map(|scopes| scopes.iter().cloned().collect());
        principal.client = way.client.clone();
        principal.proof = way.person.then_some(Proof { at: Timestamp::EPOCH, second_factor: way.second_factor });
        principal
    }

    /// The policies that concern an action.
    fn about<'a>(&'a self, resource: &'a str, action: &'a str) -> impl Iterator<Item = &'a (Policy, Facts)> {
        self.policies.iter().filter(move |(_, facts)| facts.speaks_of(resource, action))
    }

    fn permissions<'a>(&'a self, roles: &'a BTreeSet<String>) -> impl Iterator<Item = &'a Permission> {
        roles.iter().filter_map(|role| self.roles.get(role)).flatten()
    }
}

/// How the caller comes: a user through a client, with or without a second factor.
#[derive(Clone, Default)]
struct Way {
    person: bool,
    client: Option<Arc<str>>,
    second_factor: bool,
}

/// What is compared: an action, and what the policies about it depend on.
struct Topic {
    resource: &'static str,
    action: &'static str,
    times: Times,
    /// The policies about it differ after the change.
    rules_differ: bool,
    person: bool,
    client: bool,
    second_factor: bool,
}

pub(super) struct Comparison<'a> {
    before: &'a Side,
    after: &'a Side,
    clients: &'a [String],
    topics: Vec<Topic>,
    /// No policy depends on who the caller is, so all of one kind with the same roles are alike.
    alike: bool,
    known: HashMap<Profile, Rc<Difference>>,
    decisions: u64,
    effect: Effect,
}

/// Kind, roles and, for a program, its scopes.
type Profile = (&'static str, Vec<String>, Option<Vec<String>>);

#[derive(Default)]
struct Difference {
    gains: Vec<String>,
    loses: Vec<String>,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(words: &Vocabulary, before: &'a Side, after: &'a Side, clients: &'a [String]) -> Comparison<'a> {
        let topics: Vec<Topic> =
            words.actions().map(|(resource, action)| topic(before, after, resource, action)).collect();
        let roles_differ = before.roles != after.roles;
        let alike = !topics.iter().any(|topic| topic.person && (topic.rules_differ || roles_differ));
        let effect = Effect { gains: Vec::new(), loses: Vec::new(), asked: 0, of: 0, more: false };
        Comparison { before, after, clients, topics, alike, known: HashMap::new(), decisions: 0, effect }
    }

    /// False: the limit is reached.
    pub(super) fn ask(&mut self, somebody: &Somebody) -> bool {
        let difference = self.difference(somebody);
        if self.decisions > DECISIONS_MAX {
            return false;
        }
        self.effect.asked += 1;
        let Effect { gains, loses, more, .. } = &mut self.effect;
        for (list, what) in [(gains, &difference.gains), (loses, &difference.loses)] {
            if what.is_empty() {
                continue;
            }
            if list.len() == limits::EFFECTS_MAX {
                *more = true;
                continue;
            }
            let (subject, name) = (somebody.subject.clone(), somebody.name.clone());
            list.push(EffectOn { subject, name, kind: somebody.kind.name().to_owned(), what: what.clone() });
        }
        true
    }

    pub(super) fn effect(self, of: u64) -> Effect {
        Effect { of, ..self.effect }
    }

    fn difference(&mut self, somebody: &Somebody) -> Rc<Difference> {
        if !self.alike {
            return Rc::new(self.worked_out(somebody));
        }
        let scopes = somebody.scopes.as_ref().map(|scopes| scopes.iter().map(ToString::to_string).collect());
        let profile = (somebody.kind.name(), somebody.roles.iter().cloned().collect(), scopes);
        if let Some(known) = self.known.get(&profile) {
            return Rc::clone(known);
        }
        let difference = Rc::new(self.worked_out(somebody));
        self.known.insert(profile, Rc::clone(&difference));
        difference
    }

    fn worked_out(&mut self, somebody: &Somebody) -> Difference {
        let same_permissions = self.before.permissions(&somebody.roles).eq(self.after.permissions(&somebody.roles));
        let mut difference = Difference::default();
        let topics = std::mem::take(&mut self.topics);
        for topic in topics.iter().filter(|topic| topic.rules_differ || !same_permissions) {
            self.look(topic, somebody, &mut difference);
        }
        self.topics = topics;
        difference
    }

    fn look(&mut self, topic: &Topic, somebody: &Somebody, difference: &mut Difference) {
        let ways = ways(topic, somebody, self.clients);
        self.effect.more |= topic.client && self.clients.len() > CLIENTS_MAX;
        let changes: Vec<[Changes; 2]> = ways.iter().map(|way| self.changes(topic, somebody, way)).collect();
        let alike = changes.windows(2).all(|pair| matches!(pair, [one, other] if one == other));
        for (way, [gains, loses]) in ways.iter().zip(changes) {
            let by = if alike { String::new() } else { way.told(topic) };
            difference.gains.extend(gains.told(topic, &by));
            difference.loses.extend(loses.told(topic, &by));
            if alike {
                break;
            }
        }
    }

    /// What is gained and what is lost.
    fn changes(&mut self, topic: &Topic, somebody: &Somebody, way: &Way) -> [Changes; 2] {
        let (before, after) = (self.before.principal(somebody, way), self.after.principal(somebody, way));
        let [mut gains, mut loses] = [Changes::default(), Changes::default()];
        for (told, object) in objects(&somebody.subject) {
            let today = allowed(self.before, &before, topic, object);
            let then = allowed(self.after, &after, topic, object);
            self.decisions += (today.len() + then.len()) as u64;
            gains.add(told, topic.times.when(&turned(&today, &then)));
            loses.add(told, topic.times.when(&turned(&then, &today)));
        }
        [gains, loses]
    }
}

/// What decisions may distinguish, and its text; what includes others comes first.
fn objects(subject: &str) -> [(&'static str, Object<'_>); 4] {
    // Nobody's subject: names have no spaces.
    let strangers = Object::Of(Some("somebody else"));
    [("all", strangers), ("all", Object::Of(None)), ("own", Object::Of(Some(subject))), ("list", Object::Listed)]
}

/// At each moment of the topic.
fn allowed(side: &Side, principal: &Principal, topic: &Topic, object: Object<'_>) -> Vec<bool> {
    let moments = topic.times.moments();
    match reach(principal, topic.resource, topic.action, object) {
        Ok(asked) => moments.map(|moment| side.rules.decide_at(&asked, moment) == Verdict::Allowed).collect(),
        Err(_) => moments.map(|_| false).collect(),
    }
}

fn turned(from: &[bool], to: &[bool]) -> Vec<bool> {
    from.iter().zip(to).map(|(from, to)| !from && *to).collect()
}

/// Objects, and when it changes for them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changes(Vec<(&'static str, String)>);

impl Changes {
    /// A user who gains access to all at some time also gains it to their own, which need not be listed.
    fn add(&mut self, object: &'static str, when: Option<String>) {
        if let Some(when) = when.filter(|when| self.0.iter().all(|(_, told)| told != when)) {
            self.0.push((object, when));
        }
    }

    fn told(&self, topic: &Topic, by: &str) -> impl Iterator<Item = String> {
        self.0.iter().map(move |(object, when)| format!("{}:{}:{object}{when}{by}", topic.resource, topic.action))
    }
}

fn topic(before: &Side, after: &Side, resource: &'static str, action: &'static str) -> Topic {
    let about = |side: &'_ Side| side.about(resource, action).cloned().collect::<Vec<_>>();
    let (today, then) = (about(before), about(after));
    let text = |policies: &[(Policy, Facts)]| -> BTreeSet<(String, String)> {
        policies.iter().map(|(policy, _)| (policy.id.clone(), policy.text.clone())).collect()
    };
    let facts: Vec<&Facts> = today.iter().chain(&then).map(|(_, facts)| facts).collect();
    // Reaching one's own objects is the same for everybody.
    let added = || today.iter().chain(&then).filter(|(policy, _)| !policy.built_in).map(|(_, facts)| facts);
    Topic {
        resource,
        action,
        times: Times::of(facts.iter().copied()),
        rules_differ: text(&today) != text(&then),
        person: added().any(|facts| facts.person),
        client: added().any(|facts| facts.client),
        second_factor: added().any(|facts| facts.second_factor),
    }
}

/// What the policies about a topic could distinguish.
fn ways(topic: &Topic, somebody: &Somebody, clients: &[String]) -> Vec<Way> {
    if somebody.kind == PrincipalKind::Service {
        return vec![Way { client: Some(somebody.subject.as_str().into()), ..Way::default() }];
    }
    let mut through: Vec<Option<Arc<str>>> = vec![None];
    if topic.client {
        through.extend(clients.iter().take(CLIENTS_MAX).map(|client| Some(client.as_str().into())));
    }
    let factors: &[bool] = if topic.second_factor { &[true, false] } else { &[true] };
    let way = |client: &Option<Arc<str>>, second_factor| Way { person: true, client: client.clone(), second_factor };
    through.iter().flat_map(|client| factors.iter().map(move |second_factor| way(client, *second_factor))).collect()
}

impl Way {
    fn told(&self, topic: &Topic) -> String {
        let through = match &self.client {
            Some(client) => format!(" through {client}"),
            None if topic.client => " through another client".to_owned(),
            None => String::new(),
        };
        match self.second_factor {
            _ if !topic.second_factor => through,
            true => format!("{through} with a second factor"),
            false => format!("{through} without a second factor"),
        }
    }
}
