//! The callers of a story: their tokens are signed here and checked by a real gate.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use access::bench::Minter;
use access::{ACR_MFA, Claims, Gate, GateSettings, Hears, Role, Standing, Terms, Vocabulary, built_in_policies};
use axum::Router;
use kernel::{Clock, Permission, Secret};
use platform::config::Config;
use platform::http::{Edge, guard};
use platform::room::{Room, Routes, Word};
use platform::rpc::Trust;

use crate::Stage;

const ISSUER: &str = "https://id.example.com";
const AUDIENCE: &str = "florin";
const TOKEN_SECONDS: i64 = 600;
/// The role with all permissions.
const EVERYTHING: &str = "everything";

pub(super) struct Callers {
    gate: Gate,
    minter: Minter,
    clock: Arc<dyn Clock>,
    count: AtomicU64,
}

impl Callers {
    pub(super) fn new(room: &'static Room, stage: &Stage<'_>) -> Callers {
        let minter = Minter::new("story").unwrap();
        let settings = GateSettings { stale_ms: None, ..GateSettings::default() };
        let words = Vocabulary::of(&[room]).unwrap();
        let roles = roles(room, &words);
        let gate = Gate::new(stage.clock(), settings, words);
        let terms = Terms {
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            keys: vec![minter.public()],
            roles,
            policies: built_in_policies(),
            zone: "UTC".to_owned(),
        };
        gate.hear(Standing { version: 1, terms: Some(terms), revoked: Vec::new(), more: false });
        assert!(gate.is_ready(), "the gate does not accept the terms of {}", room.name);
        Callers { gate, minter, clock: stage.clock(), count: AtomicU64::new(0) }
    }

    /// The remote half of a room checks tokens itself.
    pub(super) fn trust(&self) -> Arc<dyn Trust> {
        Arc::new(self.gate.clone())
    }

    /// Mounted as processes mount them.
    pub(super) fn router(&self, Routes { v1, guarded, root }: Routes) -> Router {
        let guarded = access::authenticate(Router::new().nest("/v1", v1).merge(guarded), self.gate.clone(), None);
        let edge = Edge::new(&Config::defaults().unwrap(), Arc::clone(&self.clock));
        guard(guarded.merge(root), edge)
    }

    /// A token of a client with all permissions, with a change.
    pub(super) fn token(&self, change: impl FnOnce(&mut Claims)) -> Secret {
        let mut claims = self.claims();
        change(&mut claims);
        Secret::new(self.minter.signed(&claims).unwrap())
    }

    pub(super) fn of_role(&self, role: String) -> Secret {
        self.token(|claims| claims.roles = vec![role])
    }

    /// Invalid tokens, each for one reason, and the code of its refusal.
    pub(super) fn bad_tokens(&self) -> [(&'static str, Secret, &'static str); 6] {
        let past = |claims: &mut Claims| (claims.exp, claims.nbf) = (claims.nbf - 60, claims.nbf - 120);
        [
            ("no token at all", Secret::new("not-a-token"), "token_malformed"),
            ("an expired token", self.token(past), "token_expired"),
            ("a token of tomorrow", self.token(|claims| claims.nbf += 86_400), "token_not_yet_valid"),
            ("a token for others", self.token(|claims| claims.aud = "another".to_owned()), "token_invalid"),
            ("a token of another issuer", self.token(|claims| claims.iss = "another".to_owned()), "token_invalid"),
            ("a forged token", forged(&self.token(|_| {})), "token_invalid"),
        ]
    }

    /// A user who has just authenticated with a second factor.
    pub(super) fn person(&self, kind: &str, subject: &str) -> Secret {
        self.token(|claims| {
            (claims.kind, claims.sub) = (kind.to_owned(), subject.to_owned());
            claims.roles = vec![kind.to_owned()];
            (claims.sid, claims.auth_time) = (Some("ses_story".to_owned()), Some(claims.iat));
            claims.acr = Some(ACR_MFA.to_owned());
        })
    }

    fn claims(&self) -> Claims {
        let now = self.clock.now().micros().div_euclid(1_000_000);
        Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: "story".to_owned(),
            exp: now + TOKEN_SECONDS,
            nbf: now,
            iat: now,
            jti: format!("tok_{}", self.count.fetch_add(1, Ordering::Relaxed)),
            client_id: "story".to_owned(),
            scope: "admin:*".to_owned(),
            kind: "service".to_owned(),
            roles: vec![EVERYTHING.to_owned()],
            epoch: 1,
            client_epoch: 1,
            sid: None,
            auth_time: None,
            amr: Vec::new(),
            acr: None,
        }
    }
}

/// The same with its signature reversed.
fn forged(token: &Secret) -> Secret {
    let (claims, signature) = token.expose().rsplit_once('.').unwrap();
    Secret::new(format!("{claims}.{}", signature.chars().rev().collect::<String>()))
}

/// The role with this permission only.
pub(super) fn only(resource: &str, action: &str) -> String {
    format!("only {resource}:{action}")
}

/// The role with all other permissions.
pub(super) fn without(resource: &str, action: &str) -> String {
    format!("without {resource}:{action}")
}

fn roles(room: &Room, words: &Vocabulary) -> Vec<Role> {
    for operation in room.operations {
        if let Word::Needs { resource, action } = operation.word {
            let is_known = words.actions().any(|word| word == (resource, action));
            assert!(is_known, "{} needs {resource}:{action}, which the room does not define", operation.name);
        }
    }
    let all: Vec<String> = words.actions().map(|(resource, action)| format!("{resource}:{action}:all")).collect();
    let each = words.actions().flat_map(|(resource, action)| {
        let own = format!("{resource}:{action}:all");
        let others = all.iter().filter(|one| **one != own).map(String::as_str);
        [role(only(resource, action), [own.as_str()]), role(without(resource, action), others)]
    });
    let everything = role(EVERYTHING.to_owned(), ["*:*:*"]);
    words.built_in_roles().into_iter().chain([everything]).chain(each).collect()
}

fn role<'a>(name: String, permissions: impl IntoIterator<Item = &'a str>) -> Role {
    let permissions: Vec<Permission> = permissions.into_iter().map(|text| text.parse().unwrap()).collect();
    Role { description: name.clone(), name, permissions, built_in: true }
}
