//! Bugs that tests plant stay out of every build of the product: the feature `planted` is turned on by hand alone.
//!
//! Features add up over a whole build, so that one manifest that asks for it would give it to the binary.

use super::workspace::Crate;

const PLANTED: &str = "planted";
/// Makes the binary, and has no bug of its own.
const WITHOUT: &str = "app";

pub(super) fn check(crates: &[Crate]) -> Vec<String> {
    crates.iter().flat_map(check_one).collect()
}

fn check_one(one: &Crate) -> Vec<String> {
    let mut broken = Vec::new();
    for (name, _) in one.asks.iter().filter(|(_, features)| features.iter().any(|feature| feature == PLANTED)) {
        broken.push(format!(
            "{}: the dependency on {name} asks for the feature {PLANTED}, which puts bugs in; tests turn it on with --features",
            one.folder
        ));
    }
    let turned_on = |feature: &String| feature == PLANTED || feature.ends_with("/planted");
    let other = one.features.iter().filter(|(name, on)| *name != PLANTED && on.iter().any(turned_on));
    for (name, _) in other {
        broken.push(format!("{}: the feature {name} turns on {PLANTED}, which puts bugs in", one.folder));
    }
    if one.folder == WITHOUT && one.features.contains_key(PLANTED) {
        broken.push(format!("{}: the crate that makes the binary has no feature {PLANTED}", one.folder));
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(folder: &str, asks: &[(&str, &str)], features: &[(&str, &str)]) -> Crate {
        let asks = asks.iter().map(|(name, feature)| ((*name).to_owned(), vec![(*feature).to_owned()])).collect();
        let features = features.iter().map(|(name, on)| ((*name).to_owned(), vec![(*on).to_owned()])).collect();
        Crate { folder: folder.to_owned(), asks, features, ..Crate::default() }
    }

    #[test]
    fn a_feature_that_is_turned_on_by_hand_alone_is_allowed() {
        let ledger = with("services/ledger", &[("platform", "other")], &[("planted", "platform/planted")]);
        assert_eq!(check(&[ledger, with("app", &[], &[("default", "quick")])]), Vec::<String>::new());
    }

    #[test]
    fn whatever_would_give_it_to_the_binary_is_named() {
        for (bad, said) in [
            (with("app", &[("ledger", "planted")], &[]), "app: the dependency on ledger asks for"),
            (with("services/ledger", &[("platform", "planted")], &[]), "the dependency on platform asks for"),
            (with("services/ledger", &[], &[("default", "planted")]), "the feature default turns on planted"),
            (with("services/ledger", &[], &[("tests", "platform/planted")]), "the feature tests turns on planted"),
            (with("app", &[], &[("planted", "ledger/planted")]), "has no feature planted"),
        ] {
            let found = check(&[bad]);
            assert!(matches!(found.as_slice(), [only] if only.contains(said)), "{said}: {found:?}");
        }
    }
}
