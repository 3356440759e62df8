//! The caller, how they authenticated, and the rules that apply to them.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Permission, Secret, Timestamp, TokenScope};

/// The caller. Services trust it as it is; the code that builds a `Ctx` must have authenticated it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    pub kind: PrincipalKind,
    /// An opaque id, which is also the `owner` of this principal's objects.
    pub subject: Arc<str>,
    /// Role names, for rules that mention them.
    #[serde(default)]
    pub roles: Arc<[Box<str>]>,
    /// The permissions that the roles grant.
    pub permissions: Arc<[Permission]>,
    /// The scopes of its token. `None`: there is no token, so nothing is narrowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Arc<[TokenScope]>>,
    /// The client that the token was issued to; `None` without a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Arc<str>>,
    /// The session in which the user logged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Arc<str>>,
    /// When and how the user authenticated. `None`: not a user, or not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// For a service that acts for a user: the user's subject. It grants nothing; logs have both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<Arc<str>>,
    /// The credential that this principal was derived from. It is sent instead of the principal, so that the called
    /// process verifies it.
    #[serde(skip)]
    pub token: Option<Arc<Secret>>,
    /// Rules beyond permissions. They are never sent: each process has its own copy.
    #[serde(skip)]
    pub rules: Option<RulesInForce>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrincipalKind {
    /// The operator at the machine, who can run the binary on its data. Never used for calls from a port.
    Operator,
    /// Stands in for every caller without a token under `--demo`.
    Demo,
    Customer,
    Employee,
    Admin,
    Service,
    /// A caller without valid credentials.
    Nobody,
}

/// How recently and how strongly a user authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    pub at: Timestamp,
    /// Whether a second factor was used.
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

    /// The same, acting for a user; a service only.
    #[must_use]
    pub fn acting_for(self, somebody: &Principal) -> Principal {
        let on_behalf_of = (self.kind == PrincipalKind::Service).then(|| Arc::clone(&somebody.subject));
        Principal { on_behalf_of, ..self }
    }

    /// Whether this principal may do all of `permission`: one of its permissions includes it, and the token's scopes
    /// allow it.
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
            on_behalf_of: None,
            token: None,
            rules: None,
        }
    }
}

impl PrincipalKind {
    /// The name in policies, tokens and logs.
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

    /// The kinds that a token may have. The others never come from a token.
    pub fn of_token(name: &str) -> Option<PrincipalKind> {
        [PrincipalKind::Customer, PrincipalKind::Employee, PrincipalKind::Admin, PrincipalKind::Service]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// Rules beyond permissions, such as office hours. They narrow what a permission grants and never widen it.
pub trait Rules: fmt::Debug + Send + Sync {
    /// Must answer without waiting.
    fn decide(&self, asked: &Asked<'_>) -> Verdict;
}

/// An operation that one of the caller's permissions already covers.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub principal: &'a Principal,
    pub resource: &'a str,
    pub action: &'a str,
    /// Whether the widest permission covers other owners' objects.
    pub reaches_all: bool,
    pub object: Object<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object<'a> {
    /// One object and its owner; `None` if nobody owns it.
    Of(Option<&'a str>),
    /// The objects that a list will contain; only their own, if the principal's reach is its own objects.
    Listed,
}

/// The rules' decision. Rule names are for the log, never for the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    /// No rule permits it: the object is out of reach.
    OutOfReach,
    /// A rule forbids it.
    Forbidden {
        rules: Vec<String>,
    },
    /// The rules cannot be evaluated, or one of them fails for this request: nothing is allowed.
    Undecided {
        why: String,
    },
}

/// Always equal: two principals are compared by who they are.
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
