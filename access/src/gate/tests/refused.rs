//! Each refusal, in the order of the enum.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};

use super::*;
use crate::RevokedAs;

/// A token with a different header, with any signature.
fn headed(house: &House, head: &Value) -> String {
    let token = house.token();
    let (_, rest) = token.split_once('.').unwrap();
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(head.to_string()))
}

fn head() -> Value {
    json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": "key-1" })
}

fn headed_with(house: &House, name: &str, value: Value) -> String {
    let mut head = head();
    head[name] = value;
    headed(house, &head)
}

#[test]
fn an_oversized_token_is_refused_unread() {
    let house = House::new();
    let max = TOKEN_BYTES_MAX;
    assert_eq!(house.refused(&"a".repeat(max + 1)), TokenRefusal::TooLong { max });
    let long = house.signed(&Claims { scope: "x".repeat(max), ..house.claims() });
    assert_eq!(house.refused(&long), TokenRefusal::TooLong { max });
}

#[test]
fn text_that_is_not_a_token_is_malformed() {
    let house = House::new();
    let token = house.token();
    for bad in ["", ".", "..", "a.b", "a.b.c", "....", &format!("{token}.x"), &token.replace('.', " "), "ü.ü.ü"] {
        assert_eq!(house.refused(bad), TokenRefusal::Malformed, "{bad}");
    }
    let no_object = format!("{}.e30.e30", URL_SAFE_NO_PAD.encode("[1]"));
    assert_eq!(house.refused(&no_object), TokenRefusal::Malformed);
    let twice = format!("{}.e30.e30", URL_SAFE_NO_PAD.encode(r#"{"alg":"EdDSA","alg":"none"}"#));
    assert_eq!(house.refused(&twice), TokenRefusal::Malformed);
}

#[test]
fn an_unsigned_token_is_refused() {
    let house = House::new();
    for none in ["none", "None", "NONE"] {
        let token = headed_with(&house, "alg", json!(none));
        assert_eq!(house.refused(&token), TokenRefusal::Unsigned);
        let (unsigned, _) = token.rsplit_once('.').unwrap();
        assert_eq!(house.refused(&format!("{unsigned}.")), TokenRefusal::Unsigned);
    }
}

#[test]
fn a_public_key_cannot_be_used_as_a_shared_secret() {
    let house = House::new();
    let public = house.minter.public();
    let bytes = URL_SAFE_NO_PAD.decode(&public.x).unwrap();
    for secret in [bytes.as_slice(), public.x.as_bytes()] {
        let header = Header { alg: Algorithm::HS256, ..house.minter.header() };
        let token = jsonwebtoken::encode(&header, &house.claims(), &EncodingKey::from_secret(secret)).unwrap();
        assert_eq!(house.refused(&token), TokenRefusal::WrongAlgorithm);
    }
}

#[test]
fn the_key_determines_the_algorithm_not_the_token() {
    let house = House::new();
    for other in ["ES256", "RS256", "HS512", "eddsa", "Ed25519", ""] {
        assert_eq!(house.refused(&headed_with(&house, "alg", json!(other))), TokenRefusal::WrongAlgorithm, "{other}");
    }
    // A good signature, by a key of the other kind with the same id.
    let other = Minter::es256("key-1").unwrap();
    assert_eq!(house.refused(&other.sign(&other.header(), &house.claims()).unwrap()), TokenRefusal::WrongAlgorithm);
}

#[test]
fn a_token_must_name_a_known_key() {
    let house = House::new();
    let no_kid = Header { kid: None, ..house.minter.header() };
    assert_eq!(house.refused(&house.minter.sign(&no_kid, &house.claims()).unwrap()), TokenRefusal::NoKeyId);
    for unknown in ["key-2", "", "../key-1"] {
        let kid = Header { kid: Some(unknown.to_owned()), ..house.minter.header() };
        let token = house.minter.sign(&kid, &house.claims()).unwrap();
        assert_eq!(house.refused(&token), TokenRefusal::UnknownKey);
    }
}

#[test]
fn a_key_embedded_in_a_token_is_ignored() {
    let house = House::new();
    let own = Minter::new("key-1").unwrap();
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": own.public().x });
    let mut header = serde_json::to_value(own.header()).unwrap();
    header["jwk"] = jwk;
    let header: Header = serde_json::from_value(header).unwrap();
    assert_eq!(house.refused(&own.sign(&header, &house.claims()).unwrap()), TokenRefusal::WrongSignature);
}

#[test]
fn critical_extensions_are_refused() {
    let house = House::new();
    for critical in [json!(["exp"]), json!([]), json!("b64")] {
        assert_eq!(house.refused(&headed_with(&house, "crit", critical)), TokenRefusal::Critical);
    }
}

#[test]
fn a_token_of_another_type_is_refused() {
    let house = House::new();
    for typ in [None, Some("JWT"), Some("id+jwt"), Some("application/at+jwt"), Some("")] {
        let header = Header { typ: typ.map(str::to_owned), ..house.minter.header() };
        let token = house.minter.sign(&header, &house.claims()).unwrap();
        assert_eq!(house.refused(&token), TokenRefusal::WrongType, "{typ:?}");
    }
}

#[test]
fn a_signature_must_match_the_bytes_and_the_key() {
    let house = House::new();
    let good = house.token();
    let (signed, _) = good.rsplit_once('.').unwrap();
    let stranger = Minter::new("key-1").unwrap();
    let foreign = stranger.sign(&stranger.header(), &house.claims()).unwrap();
    let other = house.signed(&Claims { sub: "cust_2".to_owned(), ..house.claims() });
    let (_, others) = other.rsplit_once('.').unwrap();
    for bad in
        [format!("{signed}."), format!("{signed}.{others}"), format!("{signed}.AAAA"), foreign, headed(&house, &head())]
    {
        // The last one is the same header in a different order: other bytes.
        assert_eq!(house.refused(&bad), TokenRefusal::WrongSignature);
        assert_eq!(house.refused(&bad), TokenRefusal::WrongSignature, "a refusal is not cached as valid");
    }
    assert_eq!(house.gate.0.remembered.len(), 0);
}

#[test]
fn every_claim_is_required_and_well_formed() {
    let house = House::new();
    for name in ["iss", "aud", "sub", "exp", "nbf", "iat", "jti", "client_id", "kind", "epoch", "client_epoch"] {
        assert_eq!(house.refused(&house.changed(name, Value::Null)), TokenRefusal::WrongClaims, "{name}");
    }
    for (name, value) in [
        ("aud", json!(["florin"])),
        ("aud", json!(["florin", "other"])),
        ("exp", json!("tomorrow")),
        ("exp", json!(1e300)),
        ("epoch", json!(-1)),
        ("sub", json!("")),
        ("jti", json!("")),
        ("client_id", json!("")),
        ("kind", json!("operator")),
        ("kind", json!("demo")),
        ("kind", json!("nobody")),
        ("kind", json!("root")),
    ] {
        assert_eq!(house.refused(&house.changed(name, value.clone())), TokenRefusal::WrongClaims, "{name} {value}");
    }
}

#[test]
fn issuer_and_audience_must_be_ours() {
    let house = House::new();
    for issuer in ["https://id.example.com/", "https://evil.example.com", ""] {
        assert_eq!(house.refused(&house.changed("iss", json!(issuer))), TokenRefusal::WrongIssuer);
    }
    for audience in ["app", "Florin", "florin ", ""] {
        assert_eq!(house.refused(&house.changed("aud", json!(audience))), TokenRefusal::WrongAudience);
    }
}

#[test]
fn a_token_expires_by_our_clock_with_five_seconds_leeway() {
    let house = House::with(GateSettings { stale_ms: None, ..GateSettings::default() });
    let token = house.token();
    house.clock.advance_millis(3_604_999);
    assert!(house.gate.verify(&token).is_ok());
    house.clock.advance_millis(1);
    assert_eq!(house.refused(&token), TokenRefusal::Expired, "although it is cached");
    assert_eq!(house.refused(&house.signed(&Claims { exp: house.now() - 5, ..house.claims() })), TokenRefusal::Expired);
}

#[test]
fn a_token_begins_by_our_clock_with_five_seconds_leeway() {
    let house = House::new();
    let from = |seconds: i64| house.signed(&Claims { nbf: house.now() + seconds, ..house.claims() });
    assert!(house.gate.verify(&from(5)).is_ok());
    let early = from(6);
    assert_eq!(house.refused(&early), TokenRefusal::NotYetValid);
    house.clock.advance_millis(1_000);
    assert!(house.gate.verify(&early).is_ok());
    house.clock.step_back_millis(2_000);
    assert_eq!(house.refused(&early), TokenRefusal::NotYetValid, "although it is cached");
}

#[test]
fn a_revocation_takes_effect_on_the_next_check() {
    let claims = House::new().claims();
    let subject = |epoch| RevokedWhat::Subject { subject: claims.sub.clone(), epoch };
    let client = |epoch| RevokedWhat::Client { client: claims.client_id.clone(), epoch };
    let token = |jti: &str| RevokedWhat::Token { jti: jti.to_owned() };
    for (what, as_what) in [
        (subject(2), Some(RevokedAs::Subject)),
        (client(2), Some(RevokedAs::Client)),
        (session(claims.sid.as_ref().unwrap()), Some(RevokedAs::Session)),
        (token(&claims.jti), Some(RevokedAs::Token)),
        (subject(1), None),
        (client(1), None),
        (session("another"), None),
        (token("another"), None),
    ] {
        for remembered in [true, false] {
            let house = House::new();
            let token = house.token();
            if remembered {
                house.gate.verify(&token).unwrap();
            }
            house.hear(1, None, vec![house.revoked(1, what.clone())]);
            let expected = as_what.map_or(Ok(()), |what| Err(TokenRefusal::Revoked(what)));
            assert_eq!(house.gate.verify(&token).map(drop), expected, "{what:?}");
            let newer = house.signed(&Claims {
                epoch: 2,
                client_epoch: 2,
                sid: Some("new".to_owned()),
                jti: "new".to_owned(),
                ..house.claims()
            });
            assert!(house.gate.verify(&newer).is_ok(), "a token issued after the revocation is valid");
        }
    }
}

#[test]
fn without_a_copy_no_token_is_accepted() {
    let house = House::new();
    let empty = Gate::new(Arc::new(house.clock.clone()), GateSettings::default(), crate::vocabulary::sample());
    assert_eq!(empty.verify(&house.token()).unwrap_err(), TokenRefusal::NoCopy);
    // A copy is complete once it has all revocations.
    empty.hear(Standing { version: 1, terms: Some(house.terms()), revoked: Vec::new(), more: true });
    assert_eq!(empty.verify(&house.token()).unwrap_err(), TokenRefusal::NoCopy);
    empty.hear(Standing { version: 1, terms: None, revoked: Vec::new(), more: false });
    assert!(empty.verify(&house.token()).is_ok());
}

#[test]
fn an_old_copy_refuses_and_a_local_one_is_never_old() {
    for (stale_ms, refused) in [(Some(5_000), true), (None, false)] {
        let house = House::with(GateSettings { stale_ms, ..GateSettings::default() });
        let token = house.token();
        house.clock.advance_millis(5_000);
        assert!(house.gate.verify(&token).is_ok());
        house.clock.advance_millis(1);
        assert_eq!(house.gate.verify(&token).err(), refused.then_some(TokenRefusal::Stale));
        assert_eq!(house.gate.is_ready(), !refused);
        house.hear(1, None, Vec::new());
        assert!(house.gate.verify(&token).is_ok(), "it is recent again");
    }
}
