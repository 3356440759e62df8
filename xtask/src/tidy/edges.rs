//! Allowed dependencies. The Cargo graph is the call graph, so an edge is the largest change one can make.

use super::workspace::Crate;

/// A crate's place in the architecture, given by its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Room {
    Kernel,
    /// Computes, without waiting or I/O: file formats, series and forecasts.
    Pure,
    Platform,
    Access,
    Api,
    Domain,
    /// Shows services to people and programs, over their api crates.
    Face,
    App,
    Testkit,
    Xtask,
}

fn room(folder: &str) -> Option<Room> {
    match folder.split('/').collect::<Vec<_>>().as_slice() {
        ["kernel"] => Some(Room::Kernel),
        ["formats" | "quant"] => Some(Room::Pure),
        ["platform"] => Some(Room::Platform),
        ["access"] => Some(Room::Access),
        ["console" | "graphql"] => Some(Room::Face),
        ["app"] => Some(Room::App),
        ["testkit"] => Some(Room::Testkit),
        ["xtask"] => Some(Room::Xtask),
        ["services", _] => Some(Room::Domain),
        ["services", _, "api"] => Some(Room::Api),
        _ => None,
    }
}

pub(super) fn check(crates: &[Crate]) -> Vec<String> {
    crates.iter().flat_map(check_one).collect()
}

fn check_one(one: &Crate) -> Vec<String> {
    let Some(from) = room(&one.folder) else {
        return vec![format!(
            "{}: a crate lives in kernel, formats, quant, platform, access, console, graphql, app, testkit, xtask, \
             services/<domain> or services/<domain>/api; a new kind of room needs a decision page and a rule in xtask",
            one.folder
        )];
    };
    let mut broken: Vec<String> = name_rule(one).into_iter().collect();
    for to in &one.depends_on {
        broken.extend(refusal(&from, to).map(|rule| format!("{} must not depend on {to}: {rule}", one.folder)));
    }
    for to in one.dev_depends_on.iter().filter(|to| *to != "testkit" || refuses_testkit(&from)) {
        broken.extend(refusal(&from, to).map(|rule| format!("{} must not test with {to}: {rule}", one.folder)));
    }
    broken
}

/// Crates without I/O are tested with tables and properties next to the code.
fn refuses_testkit(room: &Room) -> bool {
    matches!(room, Room::Kernel | Room::Pure | Room::Xtask)
}

fn name_rule(one: &Crate) -> Option<String> {
    let expected = match one.folder.strip_prefix("services/") {
        Some(rest) => rest.replace('/', "-"),
        None => one.folder.clone(),
    };
    (one.name != expected).then(|| {
        format!("{}: expected the crate to be named after its folder, {expected}, found {}", one.folder, one.name)
    })
}

/// The rule that an edge breaks, if any.
fn refusal(from: &Room, to: &str) -> Option<&'static str> {
    use Room::{Access, Api, App, Domain, Face, Kernel, Platform, Pure, Testkit, Xtask};
    let to = room(to)?;
    match (from, to) {
        (Xtask, _) => Some("xtask judges the other crates from outside and depends on none of them"),
        (_, Xtask) => Some("xtask is a tool that nothing is built on"),
        (_, Testkit) => Some("testkit is for tests; it may be a dev-dependency only"),
        (Kernel, _) => Some("the kernel has the types that every crate shares and depends on no crate of ours"),
        (Platform | Access | Pure, Kernel) | (Access, Platform) => None,
        (Pure, _) => Some("a pure crate computes and does no I/O; it depends on the kernel only"),
        (Platform, _) => Some("the platform has no business rule and depends on the kernel only"),
        (Access, _) => {
            Some("access decides who may do what and knows no service; it depends on the kernel and the platform only")
        }
        (_, App) => Some("app puts everything together; nothing depends on it"),
        (App, _) => None,
        (_, Domain) => Some("only app sees services; call another domain through its api crate, or consume its events"),
        (_, Face) => Some("only app sees console and graphql; they show services, and no service needs them"),
        (Api, Api) => Some("an api crate stands alone, so that calling one domain does not bring in another"),
        (Testkit, Api) => Some("the testkit knows no service; a test passes in the face that it tests"),
        (Api | Domain | Face | Testkit, Kernel | Pure | Platform | Access) | (Domain | Face, Api) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(folder: &str, depends_on: &[&str], dev: &[&str]) -> Crate {
        let own = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        let name = folder.trim_start_matches("services/").replace('/', "-");
        let (depends_on, dev_depends_on) = (own(depends_on), own(dev));
        Crate { name, folder: folder.to_owned(), depends_on, dev_depends_on, ..Crate::default() }
    }

    #[test]
    fn the_intended_dependencies_are_allowed() {
        let house = [
            one("kernel", &[], &[]),
            one("platform", &["kernel"], &["testkit"]),
            one("access", &["kernel", "platform"], &["testkit"]),
            one("services/ledger/api", &["kernel", "platform"], &["testkit"]),
            one("services/ledger", &["kernel", "platform", "services/ledger/api"], &["testkit"]),
            one("services/cards", &["kernel", "access", "services/ledger/api", "services/risk/api"], &[]),
            one("formats", &["kernel"], &[]),
            one("quant", &["kernel"], &["kernel"]),
            one("services/banking/api", &["kernel", "platform", "formats"], &[]),
            one("services/planning", &["kernel", "quant", "services/banking/api"], &["testkit"]),
            one("console", &["kernel", "platform", "access", "services/ledger/api", "formats"], &["testkit"]),
            one("graphql", &["kernel", "platform", "access", "services/ledger/api", "services/risk/api"], &[]),
            one("testkit", &["kernel", "platform", "access"], &[]),
            one(
                "app",
                &["kernel", "formats", "platform", "console", "graphql", "services/ledger", "services/ledger/api"],
                &["testkit"],
            ),
            one("xtask", &[], &[]),
        ];
        assert_eq!(check(&house), Vec::<String>::new());
    }

    #[test]
    fn each_forbidden_dependency_is_named_with_its_rule() {
        for (from, to, said) in [
            ("services/cards", "services/ledger", "services/cards must not depend on services/ledger: only app sees"),
            ("services/cards/api", "services/ledger/api", "an api crate stands alone"),
            ("services/cards/api", "services/cards", "only app sees services"),
            ("kernel", "platform", "depends on no crate of ours"),
            ("platform", "services/ledger/api", "depends on the kernel only"),
            ("access", "services/ledger/api", "no service"),
            ("platform", "access", "depends on the kernel only"),
            ("formats", "platform", "depends on the kernel only"),
            ("quant", "formats", "depends on the kernel only"),
            ("quant", "services/ledger/api", "depends on the kernel only"),
            ("kernel", "quant", "depends on no crate of ours"),
            ("platform", "formats", "depends on the kernel only"),
            ("access", "quant", "no service"),
            ("console", "services/cards", "only app sees services"),
            ("console", "graphql", "only app sees console and graphql"),
            ("console", "app", "nothing depends on it"),
            ("access", "console", "no service"),
            ("platform", "graphql", "depends on the kernel only"),
            ("services/cards/api", "console", "only app sees console and graphql"),
            ("testkit", "graphql", "only app sees console and graphql"),
            ("testkit", "services/ledger", "only app sees services"),
            ("testkit", "services/ledger/api", "the testkit knows no service"),
            ("services/cards", "graphql", "only app sees console and graphql"),
            ("services/cards", "app", "nothing depends on it"),
            ("app", "testkit", "dev-dependency only"),
            ("platform", "testkit", "dev-dependency only"),
            ("xtask", "kernel", "depends on none of them"),
            ("app", "xtask", "nothing is built on"),
        ] {
            let found = check(&[one(from, &[to], &[])]);
            assert!(matches!(found.as_slice(), [only] if only.contains(said)), "{from} -> {to}: {found:?}");
        }
    }

    #[test]
    fn tests_may_only_add_the_testkit() {
        assert_eq!(check(&[one("services/cards", &[], &["testkit"])]), Vec::<String>::new());
        for (from, to) in [
            ("services/cards", "services/ledger"),
            ("kernel", "testkit"),
            ("quant", "testkit"),
            ("xtask", "testkit"),
            ("console", "services/ledger"),
        ] {
            let found = check(&[one(from, &[], &[to])]);
            assert!(matches!(found.as_slice(), [only] if only.contains("must not test with")), "{found:?}");
        }
    }

    #[test]
    fn a_crate_has_its_folders_name_and_a_known_place() {
        let misnamed = Crate { name: "florin-ledger".to_owned(), ..one("services/ledger", &[], &[]) };
        assert!(check(&[misnamed]).concat().contains("named after its folder, ledger,"));
        assert!(check(&[one("tools/extra", &[], &[])]).concat().contains("needs a decision page"));
    }
}
