//! The comparison itself. It needs no store, and is bounded by the number of decisions that it takes.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use access::{Facts, Policy, Role, RuleError, RuleSet, built_in_policies, built_in_roles, vocabulary};
use identity_api::{Effect, EffectOn, limits};
use kernel::{Object, Permission, Principal, PrincipalKind, Proof, Timestamp, Verdict};
use platform::access::reach;

use super::people::Somebody;
use super::times::Times;

/// A decision takes some microseconds.
const DECISIONS_MAX: u64 = 400_000;
/// Programs through which a person is thought to act, where a policy looks at that.
const CLIENTS_MAX: usize = 50;

/// The house as it is, or as it would be.
pub(super) struct Side {
    roles: HashMap<String, Vec<Permission>>,
    policies: Vec<(Policy, Facts)>,
    rules: RuleSet,
}

impl Side {
    pub(super) fn new(roles: Vec<Role>, policies: &[Policy], rules: RuleSet) -> Result<Side, RuleError> {
        let roles = built_in_roles().into_iter().chain(roles).map(|role| (role.name, role.permissions)).collect();
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

    /// The policies that speak of an action.
    fn about<'a>(&'a self, resource: &'a str, action: &'a str) -> impl Iterator<Item = &'a (Policy, Facts)> {
        self.policies.iter().filter(move |(_, facts)| facts.speaks_of(resource, action))
    }

    fn permissions<'a>(&'a self, roles: &'a BTreeSet<String>) -> impl Iterator<Item = &'a Permission> {
        roles.iter().filter_map(|role| self.roles.get(role)).flatten()
    }
}

/// How somebody comes: a person through a program, with a second factor or without.
#[derive(Clone, Default)]
struct Way {
    person: bool,
    client: Option<Arc<str>>,
    second_factor: bool,
}

/// What is asked about: an action, and what the policies about it look at.
struct Topic {
    resource: &'static str,
    action: &'static str,
    times: Times,
    /// The policies about it are others behind the change.
    rules_differ: bool,
    person: bool,
    client: bool,
    second_factor: bool,
}

/// Objects that decisions may tell apart, and how they are told.
const OBJECTS: [&str; 4] = ["own", "all", "all", "list"];

pub(super) struct Comparison<'a> {
    before: &'a Side,
    after: &'a Side,
    clients: &'a [String],
    topics: Vec<Topic>,
    /// No policy looks at who somebody is, so that all of one kind with the same roles are alike.
    alike: bool,
    known: HashMap<Profile, Rc<Difference>>,
    decisions: u64,
    effect: Effect,
}

type Profile = (PrincipalKindName, Vec<String>, Option<Vec<String>>);
type PrincipalKindName = &'static str;

#[derive(Default)]
struct Difference {
    gains: Vec<String>,
    loses: Vec<String>,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(before: &'a Side, after: &'a Side, clients: &'a [String]) -> Comparison<'a> {
        let topics: Vec<Topic> =
            vocabulary::actions().map(|(resource, action)| topic(before, after, resource, action)).collect();
        let alike = !topics.iter().any(|topic| topic.person);
        let effect = Effect { gains: Vec::new(), loses: Vec::new(), asked: 0, of: 0, more: false };
        Comparison { before, after, clients, topics, alike, known: HashMap::new(), decisions: 0, effect }
    }

    /// False: no more can be asked.
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
        let same_permissions =
            self.before.permissions(&somebody.roles).eq(self.after.permissions(&somebody.roles));
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
            let by = if alike { String::new() } else { way.told() };
            difference.gains.extend(gains.told(topic, &by));
            difference.loses.extend(loses.told(topic, &by));
            if alike {
                break;
            }
        }
    }

    /// What is gained and what is lost.
    fn changes(&mut self, topic: &Topic, somebody: &Somebody, way: &Way) -> [Changes; 2] {
        let sides = [self.before, self.after].map(|side| (side, side.principal(somebody, way)));
        let mut changes = [Changes::default(), Changes::default()];
        for (place, told) in OBJECTS.iter().enumerate() {
            let object = object(place, &somebody.subject);
            let [before, after] = [0, 1].map(|side| {
                let (side, principal) = &sides[side];
                self.decisions += topic.times.moments().count() as u64;
                allowed(side, principal, topic, object)
            });
            let turned = |from: &[bool], to: &[bool]| from.iter().zip(to).map(|(from, to)| !from && *to).collect();
            let [gained, lost]: [Vec<bool>; 2] = [turned(&before, &after), turned(&after, &before)];
            for (changes, turned) in changes.iter_mut().zip([gained, lost]) {
                changes.add(told, topic.times.when(&turned));
            }
        }
        changes
    }
}
