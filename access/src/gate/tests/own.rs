//! Rooms that act as themselves in their own process.

use kernel::PrincipalKind;

use super::*;

#[test]
fn a_room_acts_as_a_service_under_the_current_terms() {
    let house = House::new();
    let own = house.gate.service("florin-cards").unwrap();
    assert_eq!(
        (own.kind, &*own.subject, own.client.as_deref()),
        (PrincipalKind::Service, "florin-cards", Some("florin-cards"))
    );
    assert!(own.token.is_none() && own.rules.is_some(), "no other process accepts it");
    let role = house.terms().roles.into_iter().find(|role| role.name == "service").unwrap();
    assert_eq!(own.permissions.to_vec(), role.permissions);
    let roles = house.terms().roles.into_iter().filter(|role| role.name != "service").collect();
    house.hear(2, Some(Terms { roles, ..house.terms() }), Vec::new());
    assert!(house.gate.service("florin-cards").unwrap().permissions.is_empty(), "its role is gone");
}

#[test]
fn without_a_fresh_copy_of_the_terms_no_room_acts() {
    let house = House::new();
    house.clock.advance_millis(5_001);
    assert_eq!(house.gate.service("florin-cards").unwrap_err(), TokenRefusal::Stale);
}

#[test]
fn a_token_for_one_room_is_valid_there_and_nowhere_else() {
    let house = House::new();
    let token = house.changed("aud", json!(format!("{}/ledger", mint::AUDIENCE)));
    for service in ["ledger", "ledger-writer"] {
        assert!(house.gate.verify_at(&token, service).is_ok(), "{service}");
    }
    for service in ["vault", "ledge", "ledgers", "", "/ledger"] {
        assert_eq!(house.gate.verify_at(&token, service).unwrap_err(), TokenRefusal::WrongAudience, "{service}");
    }
    assert_eq!(house.gate.verify(&token).unwrap_err(), TokenRefusal::WrongAudience, "not from outside");
    for audience in [format!("{}/", mint::AUDIENCE), "other/ledger".to_owned(), format!("{}ledger", mint::AUDIENCE)] {
        let token = house.changed("aud", json!(audience));
        assert_eq!(house.gate.verify_at(&token, "ledger").unwrap_err(), TokenRefusal::WrongAudience, "{audience}");
    }
    assert!(house.gate.verify_at(&house.token(), "vault").is_ok(), "a caller's own token is for all of them");
}
