//! A gate with a test clock, and tokens of every kind.

mod copy;
mod own;
mod refused;
mod trust;

use serde_json::{Value, json};
use testkit::FakeClock;

use super::*;
use crate::bench::{Minter, mint};
use crate::{Revoked, RevokedWhat, Role, Terms};

pub(super) struct House {
    clock: FakeClock,
    gate: Gate,
    minter: Minter,
}

impl House {
    /// Fed from another process, with version 1 just received.
    fn new() -> House {
        House::with(GateSettings::default())
    }

    fn with(settings: GateSettings) -> House {
        let clock = FakeClock::default();
        let gate = Gate::new(Arc::new(clock.clone()), settings, crate::vocabulary::sample());
        let house = House { clock, gate, minter: Minter::new("key-1").unwrap() };
        house.hear(1, Some(house.terms()), Vec::new());
        house
    }

    fn terms(&self) -> Terms {
        Terms {
            issuer: mint::ISSUER.to_owned(),
            audience: mint::AUDIENCE.to_owned(),
            keys: vec![self.minter.public()],
            roles: crate::vocabulary::sample().built_in_roles(),
            policies: crate::built_in_policies(),
            zone: "UTC".to_owned(),
        }
    }

    fn hear(&self, version: u64, terms: Option<Terms>, revoked: Vec<Revoked>) {
        self.gate.hear(Standing { version, terms, revoked, more: false });
    }

    /// A token for ann, issued now and valid for an hour.
    fn claims(&self) -> Claims {
        let now = self.now();
        Claims { exp: now + 3_600, nbf: now, iat: now, auth_time: Some(now - 60), ..mint::claims(1) }
    }

    fn now(&self) -> i64 {
        self.clock.now().micros() / 1_000_000
    }

    fn token(&self) -> String {
        self.signed(&self.claims())
    }

    fn signed(&self, claims: &Claims) -> String {
        self.minter.sign(&self.minter.header(), claims).unwrap()
    }

    /// The claims with one of them changed, or removed if the value is null.
    fn changed(&self, name: &str, value: Value) -> String {
        let mut claims = serde_json::to_value(self.claims()).unwrap();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value;
        }
        self.minter.sign(&self.minter.header(), &claims).unwrap()
    }

    fn refused(&self, token: &str) -> TokenRefusal {
        self.gate.verify(token).unwrap_err()
    }

    fn revoked(&self, seq: u64, what: RevokedWhat) -> Revoked {
        Revoked { seq, what, until: self.clock.now().plus_seconds(3_660) }
    }
}

fn session(name: &str) -> RevokedWhat {
    RevokedWhat::Session { session: name.to_owned() }
}

fn role(name: &str, permissions: &[&str]) -> Role {
    let permissions = permissions.iter().map(|text| text.parse().unwrap()).collect();
    Role { name: name.to_owned(), description: String::new(), permissions, built_in: false }
}

#[test]
fn a_valid_token_becomes_its_principal() {
    let house = House::new();
    let token = house.token();
    let principal = house.gate.verify(&token).unwrap();
    assert_eq!((principal.kind, &*principal.subject), (kernel::PrincipalKind::Customer, "cust_1"));
    let permissions: Vec<String> = principal.permissions.iter().map(ToString::to_string).collect();
    assert_eq!(permissions, ["accounts:read:own", "transactions:read:own"]);
    let scopes: Vec<String> = principal.scopes.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(scopes, ["read:balances", "read:transactions"]);
    assert_eq!((principal.client.as_deref(), &*principal.roles), (Some("app"), &["customer".into()][..]));
    assert_eq!(principal.session.as_deref(), house.claims().sid.as_deref());
    let proof = principal.proof.unwrap();
    assert!(proof.second_factor);
    assert_eq!(house.clock.now().micros_since(proof.at), 60_000_000);
    assert_eq!(principal.token.unwrap().expose(), token);
    assert!(principal.rules.is_some());
}

/// If a mailbox opened the account, or a code was sent there, identity says `pwd`: `amr` does not change that.
#[test]
fn only_acr_mfa_counts_as_a_second_factor() {
    let house = House::new();
    let proof = |amr: &[&str], acr: Option<&str>| {
        let amr = amr.iter().map(|word| (*word).to_owned()).collect();
        let claims = Claims { amr, acr: acr.map(str::to_owned), ..house.claims() };
        house.gate.verify(&house.signed(&claims)).unwrap().proof.unwrap()
    };
    for (amr, acr, second_factor) in [
        (&["pwd", "otp"][..], Some("mfa"), true),
        (&["pwd", "backup"], Some("mfa"), true),
        (&["pwd"], Some("pwd"), false),
        (&["email"], Some("pwd"), false),
        (&["pwd", "email"], Some("pwd"), false),
        (&["pwd", "sms"], Some("pwd"), false),
        (&["pwd", "otp"], None, false),
        (&["pwd", "otp"], Some("MFA"), false),
    ] {
        assert_eq!(proof(amr, acr).second_factor, second_factor, "{amr:?} {acr:?}");
    }
    let service = Claims {
        kind: "service".to_owned(),
        roles: vec!["service".to_owned()],
        auth_time: None,
        sid: None,
        amr: Vec::new(),
        ..house.claims()
    };
    let service = house.gate.verify(&house.signed(&service)).unwrap();
    assert_eq!((service.proof, service.session), (None, None));
}

#[test]
fn keys_of_both_algorithms_verify_their_own_signatures() {
    let house = House::new();
    let other = Minter::es256("key-2").unwrap();
    let mut terms = house.terms();
    terms.keys.push(other.public());
    house.hear(2, Some(terms), Vec::new());
    assert!(house.gate.verify(&other.sign(&other.header(), &house.claims()).unwrap()).is_ok());
    assert!(house.gate.verify(&house.token()).is_ok());
}

#[test]
fn the_token_cache_is_bounded_and_bad_tokens_evict_nothing() {
    let house = House::with(GateSettings { remembered_max: 64, ..GateSettings::default() });
    let good = house.token();
    house.gate.verify(&good).unwrap();
    for number in 0..300 {
        let stranger = Claims { aud: format!("other-{number}"), ..house.claims() };
        assert_eq!(house.refused(&house.signed(&stranger)), TokenRefusal::WrongAudience);
    }
    assert_eq!(house.gate.0.remembered.len(), 1);
    for number in 0..300 {
        house.gate.verify(&house.signed(&Claims { jti: number.to_string(), ..house.claims() })).unwrap();
    }
    assert!(house.gate.0.remembered.len() <= 64);
}

#[test]
fn neither_a_gate_nor_a_principal_prints_a_token() {
    let house = House::new();
    let token = house.token();
    let principal = house.gate.verify(&token).unwrap();
    assert!(!format!("{principal:?} {:?}", house.gate).contains(&token));
    assert_eq!(json!(principal).get("token"), None);
}
