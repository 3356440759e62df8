//! Planted bugs stay out of every build of the product: the feature `planted` is only turned on by hand.
//!
//! Features are unified over a whole build, so one manifest that enables it would enable it for the binary.

use super::workspace::Crate;

const PLANTED: &str = "planted";
/// Builds the binary, and has no planted bug of its own.
const WITHOUT: &str = "app";

pub(super) fn check(crates: &[Crate]) -> Vec<String> {
    crates.iter().flat_map(check_one).collect()
}

fn check_one(one: &Crate) -> Vec<String> {
    let mut broken = Vec::new();
    for (name, _) in one.asks.iter().filter(|(_, features)| features.iter().any(|feature| feature == PLANTED)) {
        broken.push(format!(
            "{}: the dependency on {name} enables the feature {PLANTED}, which adds bugs; tests enable it with --features",
            one.folder
        ));
    }
    let turned_on = |feature: &String| feature == PLANTED || feature.ends_with("/planted");
    let other = one.features.iter().filter(|(name, on)| *name != PLANTED && on.iter().any(turned_on));
    for (name, _) in other {
        broken.push(format!("{}: the feature {name} enables {PLANTED}, which adds bugs", one.folder));
    }
    if one.folder == WITHOUT && one.features.contains_key(PLANTED) {
        broken.push(format!("{}: the crate of the binary must not have a feature {PLANTED}", one.folder));
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
    fn a_feature_that_is_only_enabled_by_hand_is_allowed() {
        let ledger = with("services/ledger", &[("platform", "other")], &[("planted", "platform/planted")]);
        assert_eq!(check(&[ledger, with("app", &[], &[("default", "quick")])]), Vec::<String>::new());
    }

    #[test]
    fn anything_that_enables_it_for_the_binary_is_named() {
        for (bad, said) in [
            (with("app", &[("ledger", "planted")], &[]), "app: the dependency on ledger enables"),
            (with("services/ledger", &[("platform", "planted")], &[]), "the dependency on platform enables"),
            (with("services/ledger", &[], &[("default", "planted")]), "the feature default enables planted"),
            (with("services/ledger", &[], &[("tests", "platform/planted")]), "the feature tests enables planted"),
            (with("app", &[], &[("planted", "ledger/planted")]), "must not have a feature planted"),
        ] {
            let found = check(&[bad]);
            assert!(matches!(found.as_slice(), [only] if only.contains(said)), "{said}: {found:?}");
        }
    }
}
