//! Who asks, how that was proved, and the rules that hold for them.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Permission, Secret, Timestamp, TokenScope};

/// Who asks. Services trust it as it stands; whoever builds a `Ctx` has to have established it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    pub kind: PrincipalKind,
    /// An opaque id, also the value of `owner` on the objects that belong to this principal.
    pub subject: Arc<str>,
    /// Names, for rules that speak of them.
    #[serde(default)]
    pub roles: Arc<[Box<str>]>,
    /// What the roles grant.
    pub permissions: Arc<[Permission]>,
    /// How much of that its token is for. None: there is no token, and so all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Arc<[TokenScope]>>,
    /// The client that a token was issued to; none where there is no token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Arc<str>>,
    /// The session that a person logged in with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Arc<str>>,
    /// When and how a person proved who they are. None: not a person, or nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// What this principal was established from. It travels instead of the principal, so that whoever is called verifies it.
    #[serde(skip)]
    pub token: Option<Arc<Secret>>,
    /// What else is asked before something is allowed. It never travels: each process has its own copy.
    #[serde(skip)]
    pub rules: Option<RulesInForce>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrincipalKind {
    /// The person at the machine: whoever can run the binary on its data. Never comes through a port.
    Operator,
    /// Stands in for everybody without a token under `--demo`.
    Demo,
    Customer,
    Employee,
    Admin,
    Service,
    /// Whoever has not said who they are, or could not prove it.
    Nobody,
}

/// How fresh a person's word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    pub at: Timestamp,
    /// Whether a second factor was part of it.
    pub second_factor: bool,
}

impl Principal {
    pub fn operator() -> Principal {
        Principal::new(PrincipalKind::Operator, "operator", [Permission::everything()])
    }

    pub fn demo() -> Principal {
        Principal::new(PrincipalKind::Demo, "demo", [Permission::everything()])
    }

    pub fn nobody() -> Principal {
        Principal::new(PrincipalKind::Nobody, "nobody", [])
    }

    /// Whether all of `permission` is within what this principal may do: a permission of theirs includes it, and the scopes of
    /// their token leave it open.
    pub fn holds(&self, permission: &Permission) -> bool {
        let granted = self.permissions.iter().any(|held| held.includes(permission));
        granted && self.scopes.as_ref().is_none_or(|scopes| TokenScope::leave_open(scopes, permission))
    }

    pub fn new(kind: PrincipalKind, subject: &str, permissions: impl IntoIterator<Item = Permission>) -> Principal {
        let (subject, permissions) = (subject.into(), permissions.into_iter().collect());
        Principal {
            kind,
            subject,
            roles: Arc::default(),
            permissions,
            scopes: None,
            client: None,
            session: None,
            proof: None,
            token: None,
            rules: None,
        }
    }
}

impl PrincipalKind {
    /// As policies, tokens and logs name it.
    pub fn name(self) -> &'static str {
        match self {
            PrincipalKind::Operator => "operator",
            PrincipalKind::Demo => "demo",
            PrincipalKind::Customer => "customer",
            PrincipalKind::Employee => "employee",
            PrincipalKind::Admin => "admin",
            PrincipalKind::Service => "service",
            PrincipalKind::Nobody => "nobody",
        }
    }

    /// The kinds that a token may speak of. The others are never established by one.
    pub fn of_token(name: &str) -> Option<PrincipalKind> {
        [PrincipalKind::Customer, PrincipalKind::Employee, PrincipalKind::Admin, PrincipalKind::Service]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// Rules beyond permissions, such as office hours. They narrow what a permission grants and never widen it.
pub trait Rules: fmt::Debug + Send + Sync {
    /// Answers without waiting for anybody.
    fn decide(&self, asked: &Asked<'_>) -> Verdict;
}

/// What somebody wants to do, after it was found that a permission of theirs covers it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub principal: &'a Principal,
    pub resource: &'a str,
    pub action: &'a str,
    /// Whether the widest permission reaches what others own.
    pub reaches_all: bool,
    pub object: Object<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object<'a> {
    /// One thing, and whom it belongs to; none: it is the house's own.
    Of(Option<&'a str>),
    /// Whatever a list will hold; of a principal that reaches its own things only, those.
    Listed,
}

/// What the rules say. The names of the rules are for the log, never for the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    /// No rule allows it: the object is out of reach.
    OutOfReach,
    /// A rule forbids it.
    Forbidden {
        rules: Vec<String>,
    },
    /// The rules cannot be asked, or one of them fails on this question: nothing is allowed.
    Undecided {
        why: String,
    },
}

/// Equal whatever they are: two principals are compared by who they are.
#[derive(Clone)]
pub struct RulesInForce(pub Arc<dyn Rules>);

impl fmt::Debug for RulesInForce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RulesInForce")
    }
}

impl PartialEq for RulesInForce {
    fn eq(&self, _: &RulesInForce) -> bool {
        true
    }
}

impl Eq for RulesInForce {}
