//! The rooms' sections: defaults, bounds, and where each room runs.

use serde::Deserialize;

use super::{Config, Mode, Operators, Section, Settings, Sources, default_text, refused, service_name, with};

pub(super) const PEBBLES: Section = Section {
    name: "pebbles",
    settings: Settings {
        text: "\
[pebbles]
# Pebbles thrown at once, at most.
batch_max = 10
# Pebbles that may wait.
queue_max = 100
# Where they are thrown.
pond = \"north\"
",
        ranges: &[("batch_max", 1..=50), ("queue_max", 1..=1_000)],
        texts: &[("pond", service_name)],
        together: |given| match given.int("queue_max") < given.int("batch_max") {
            true => Err(("queue_max", "is smaller than pebbles.batch_max".to_owned())),
            false => Ok(()),
        },
    },
    operators: Operators {
        variables: &[("POND_NAME", "pond"), ("PEBBLES_MAX", "queue_max")],
        address: Some("PEBBLE_SERVICE"),
        secrets: &["pond"],
    },
};

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pebbles {
    batch_max: usize,
    queue_max: usize,
    pond: String,
}

#[test]
fn a_room_reads_its_section_as_its_own_struct() {
    let config = with(&[("FLORIN__PEBBLES__QUEUE_MAX", "20"), ("FLORIN__PEBBLES__POND", "south")]).unwrap();
    let expected = Pebbles { batch_max: 10, queue_max: 20, pond: "south".to_owned() };
    assert_eq!(config.section::<Pebbles>("pebbles").unwrap(), expected);
    assert!(config.section::<Pebbles>("stones").unwrap_err().to_string().contains("stones"));
    let row = config.effective().iter().find(|row| row.key == "pebbles.pond").unwrap();
    assert_eq!((row.value.as_str(), row.origin.to_string()), ("\"***\"", "$FLORIN__PEBBLES__POND".to_owned()));
    assert!(default_text(&[PEBBLES]).ends_with("# Where they are thrown.\npond = \"north\"\n"));
}

#[test]
fn a_rooms_checks_of_its_settings_apply() {
    refused(with(&[("FLORIN__PEBBLES__BATCH_MAX", "51")]), "pebbles.batch_max", "expected 1 to 50, found 51");
    refused(with(&[("FLORIN__PEBBLES__POND", "")]), "pebbles.pond", "1 to 63 letters");
    refused(with(&[("FLORIN__PEBBLES__QUEUE_MAX", "9")]), "pebbles.queue_max", "smaller than pebbles.batch_max");
    refused(with(&[("FLORIN__PEBBLES__PONDS", "x")]), "pebbles.ponds", "the nearest known key is pebbles.pond");
}

#[test]
fn a_room_runs_locally_or_at_its_addresses() {
    let remote = |addresses| {
        with(&[("FLORIN__SERVICES__PEBBLES__MODE", "remote"), ("FLORIN__SERVICES__PEBBLES__ADDRESSES", addresses)])
    };
    let config = remote("127.0.0.1:7070,127.0.0.1:7071").unwrap();
    assert_eq!((config.service("pebbles").mode, config.service("pebbles").addresses.len()), (Mode::Remote, 2));
    assert_eq!(with(&[]).unwrap().service("pebbles").mode, Mode::Local);
    refused(
        with(&[("FLORIN__SERVICES__PEBBLES__MODE", "remote")]),
        "services.pebbles.addresses",
        "at least one address",
    );
    let without = with(&[("FLORIN__SERVICES__PEBBLES__ADDRESSES", "127.0.0.1:7070")]);
    refused(without, "services.pebbles.addresses", "which calls no address");
    refused(with(&[("FLORIN__SERVICES__PEBBLES__MODE", "away")]), "services.pebbles.mode", "expected \"local\" or");
    refused(with(&[("FLORIN__SERVICES__STONES__MODE", "remote")]), "services.stones.mode", "is not a key");
}

#[test]
fn operators_names_set_a_rooms_keys_and_its_place() {
    let config = with(&[
        ("POND_NAME", "south"),
        ("PEBBLES_MAX", "20"),
        ("PEBBLE_SERVICE", "http://pebble:8080/"),
        ("FLORIN__RPC__PLAIN_BEHIND_MESH", "true"),
    ])
    .unwrap();
    assert_eq!(config.section::<Pebbles>("pebbles").unwrap().queue_max, 20);
    let place = config.service("pebbles");
    assert_eq!((place.mode, place.addresses), (Mode::Remote, vec!["pebble:8080".to_owned()]));
    let pond = config.effective().iter().find(|row| row.key == "pebbles.pond").unwrap();
    assert_eq!(pond.value, "\"***\"");
    refused(with(&[("PEBBLES_MAX", "many")]), "pebbles.queue_max", "expected an integer");
}

#[test]
fn a_room_has_its_own_section_and_no_other() {
    const GREEDY: Section = Section {
        name: "pebbles",
        settings: Settings { text: "[pebbles]\n# One.\na = 1\n[stones]\n# Two.\nb = 2", ..Settings::NONE },
        operators: Operators::NONE,
    };
    const BROKEN: Section = Section {
        name: "pebbles",
        settings: Settings { text: "[pebbles\n", ..Settings::NONE },
        operators: Operators::NONE,
    };
    const OF_THE_FRAME: Section = Section {
        name: "storage",
        settings: Settings { text: "[storage]\n# One.\na = 1", ..Settings::NONE },
        operators: Operators::NONE,
    };
    for (room, words) in
        [(GREEDY, "section [pebbles] and no other"), (BROKEN, "is not TOML"), (OF_THE_FRAME, "[storage] and no other")]
    {
        refused(Config::load(&Sources { rooms: vec![room], ..Sources::default() }), room.name, words);
    }
}
