//! The principal of a call from another Florin process.

use kernel::PrincipalKind;

use super::*;

fn told(house: &House, caller: Caller) -> PrincipalKind {
    house.gate.principal(caller, "desk").unwrap().kind
}

#[test]
fn a_token_is_verified_again_where_it_arrives() {
    let house = House::new();
    assert_eq!(told(&house, Caller::Token(Secret::new(house.token()))), PrincipalKind::Customer);
    let expired = house.signed(&Claims { exp: house.now() - 60, ..house.claims() });
    assert_eq!(told(&house, Caller::Token(Secret::new(expired))), PrincipalKind::Nobody);
    assert_eq!(told(&house, Caller::Token(Secret::new("nonsense"))), PrincipalKind::Nobody);
}

#[test]
fn a_processs_own_claims_prove_nothing() {
    let house = House::new();
    for said in [Principal::operator(), Principal::demo(), Principal::nobody()] {
        assert_eq!(told(&house, Caller::Said(said)), PrincipalKind::Nobody);
    }
}

#[test]
fn under_demo_only_the_demo_principal_needs_no_token() {
    let house = House::with(GateSettings { demo: true, ..GateSettings::default() });
    let less = Principal::new(PrincipalKind::Demo, "someone", []);
    assert_eq!(house.gate.principal(Caller::Said(less), "desk"), Ok(Principal::demo()));
    assert_eq!(told(&house, Caller::Said(Principal::operator())), PrincipalKind::Nobody);
}

#[test]
fn a_stale_gate_refuses_calls() {
    let house = House::new();
    house.clock.advance_millis(5_001);
    let answered = house.gate.principal(Caller::Token(Secret::new(house.token())), "desk");
    assert!(matches!(answered, Err(TransportError::Stale(_))), "{answered:?}");
}
