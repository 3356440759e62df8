//! Every mode of `florin bench` on tiny stores: results are reported, and every goal can be missed.

use std::path::Path;

use crate::common::{florin, run};
use platform::db::Engine;
use serde_json::{Value, json};
use testkit::for_each_engine;

const LEDGER: &str = "bench ledger --accounts 50 --seconds 1 --warm-up-seconds 0 --raw-seconds 1 --json";
const SPLIT: &str = "bench split --accounts 50 --seconds 1 --warm-up-seconds 0 --json";
const HISTORY: &str =
    "bench history --entries 2000 --accounts 20 --writes-per-second 100 --seconds 1 --warm-up-seconds 0";

const IDENTITY: &str = "bench identity --accounts 50 --in-flight 4 --logins-in-flight 3 --transfers-per-second 200 --pairs 2 \
                        --seconds 1 --warm-up-seconds 0 --raw-seconds 1 --json";

/// Whether it succeeded, its JSON document, and its output. The URL is that of a server; a benchmark makes its own
/// databases.
fn bench(dir: &Path, url: Option<&str>, common: &str, more: &str) -> (bool, Value, String) {
    let mut command = florin(dir);
    // Anything that is left behind next to the stores shows as well.
    command.env("TMPDIR", dir);
    // A password hash as cheap as allowed: its cost is not what is tested.
    command.env("FLORIN__IDENTITY__ARGON2_MEMORY_KIB", "7168").env("FLORIN__IDENTITY__ARGON2_PASSES", "1");
    command.args(common.split(' ')).args(more.split_whitespace()).envs(url.map(|url| ("DATABASE_URL", url)));
    let (good, out, said) = run(&mut command);
    (good, serde_json::from_str(&out).unwrap_or_default(), said)
}

fn missed(said: &str, what: &str) {
    let line = said.lines().find(|line| line.starts_with("florin: missed 1 of 1 goals: "));
    assert!(line.is_some_and(|line| line.contains(what)), "{what}: {said}");
}

/// Checks that nothing is left except what was asked for.
fn left(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

async fn on_each_engine(body: impl Fn(&Path, Option<&str>)) {
    for_each_engine(async |store| {
        let dir = tempfile::tempdir().unwrap();
        tokio::task::block_in_place(|| body(dir.path(), (store.engine() == Engine::Postgres).then(|| store.url())));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures for some seconds: .ci/run deep"]
async fn a_list_of_runs_is_reported_and_plotted() {
    on_each_engine(|dir, url| {
        let (good, told, said) = bench(dir, url, LEDGER, "--in-flight 1,8 --plot list.svg --at-least 1");
        assert!(good, "{said}");
        let run = &told["runs"][1];
        assert_eq!((&run["in_flight"], run["series"]["per_second"].as_array().unwrap().len()), (&8.into(), 60));
        for figure in ["per_second", "longest_commit_us", "longest_gap_us", "raw_per_second"] {
            assert!(run[figure].as_f64().unwrap() > 0.0, "{figure}: {run}");
        }
        assert_eq!(url.is_none(), run["store"]["bytes_a_transfer"].is_number());
        assert!(told["memory"]["peak_kb"].as_u64().unwrap() > 0);
        assert_eq!(told["goals"][0]["met"], true);
        assert_eq!(left(dir), ["list.svg"]);
        assert!(std::fs::read_to_string(dir.join("list.svg")).unwrap().contains("p99 of a request, ms"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures for some seconds: .ci/run deep"]
async fn a_filled_store_is_compared_with_an_empty_one() {
    on_each_engine(|dir, url| {
        let more = "--in-flight 8 --stored 2000 --against empty --pairs 2 --ratio-at-least 10000 --plot pairs.svg";
        let (good, told, said) = bench(dir, url, LEDGER, more);
        assert!(!good);
        missed(&said, "median ratio in percent");
        assert!(said.contains("filling the store: 2000 of 2000 transfers"), "{said}");
        let pairs = told["pairs"].as_array().unwrap();
        assert_eq!(pairs.iter().map(|pair| &pair["first"]).collect::<Vec<_>>(), ["this", "other"]);
        let ratios: Vec<f64> = pairs.iter().map(|pair| pair["ratio_percent"].as_f64().unwrap()).collect();
        let median = told["median_ratio_percent"].as_f64().unwrap();
        assert!((median - (ratios[0] + ratios[1]) / 2.0).abs() < 1e-6);
        let done = |side: &str| pairs.iter().map(|pair| pair[side]["rows"].as_u64().unwrap()).collect::<Vec<_>>();
        // The full one holds what was stored, its accounts' money and both runs; the empty one is new for each pair.
        assert_eq!(told["this"]["store"]["transfers"], 2_050 + done("this").iter().sum::<u64>());
        assert_eq!(told["other"]["store"]["transfers"], 50 + done("other")[1]);
        assert_eq!(left(dir), ["pairs.svg"]);
    })
    .await;
}

#[test]
#[ignore = "measures for some seconds: .ci/run deep"]
fn each_comparison_differs_in_one_thing() {
    let dir = tempfile::tempdir().unwrap();
    for (more, this, other) in [
        ("--stored 1500 --random-ids --against ordered", ("random", 50, 1_500), ("uniform", 50, 1_500)),
        ("--hot --against uniform", ("hot", 50, 0), ("uniform", 50, 0)),
        ("--against accounts=10", ("uniform", 50, 0), ("uniform", 10, 0)),
    ] {
        let (good, told, said) = bench(dir.path(), None, LEDGER, &format!("{more} --in-flight 8"));
        assert!(good, "{more}: {said}");
        for (side, (load, accounts, stored)) in [("this", this), ("other", other)] {
            let told = &told[side];
            assert_eq!(
                (&told["load"], &told["accounts"], &told["stored"]),
                (&load.into(), &accounts.into(), &stored.into())
            );
        }
    }
}

#[test]
#[ignore = "measures for some seconds: .ci/run deep"]
fn every_goal_of_a_run_can_be_missed() {
    let dir = tempfile::tempdir().unwrap();
    for (goal, what) in [
        ("--at-least 1e9", "transfers per second, 4 in flight"),
        ("--steady 100000", "last third of the run in percent of the first"),
        ("--commit-at-most 0.001", "longest commit in ms, 4 in flight"),
        ("--bytes-at-most 1", "bytes per transfer, 4 in flight"),
    ] {
        let (good, told, said) = bench(dir.path(), None, LEDGER, &format!("--in-flight 4 {goal}"));
        assert!(!good && told["goals"][0]["met"] == false, "{goal}: {told}");
        missed(&said, what);
        assert!(told["runs"][0]["per_second"].as_f64().unwrap() > 0.0, "the figures are told all the same");
    }
}

#[test]
fn over_http_the_goal_and_server_memory_are_reported() {
    let dir = tempfile::tempdir().unwrap();
    let (good, told, said) = bench(dir.path(), None, LEDGER, "--over http --in-flight 4 --batch 10 --at-least 1e9");
    assert!(!good);
    missed(&said, "transfers per second, 4 in flight");
    assert!(told["runs"][0]["server_memory"]["peak_kb"].as_u64().unwrap() > 0, "{told}");
    assert!(left(dir.path()).is_empty(), "{:?}", left(dir.path()));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures for some seconds: .ci/run deep"]
async fn a_remote_ledger_is_compared_with_a_local_one() {
    on_each_engine(|dir, url| {
        let (good, told, said) = bench(dir, url, SPLIT, "--in-flight 8 --pairs 2 --connections 2 --plot split.svg");
        assert!(good, "{said}");
        let turns = told["turns"].as_array().unwrap();
        let of = |name: &str| turns.iter().map(|turn| turn[name].clone()).collect::<Vec<_>>();
        assert_eq!((json!(of("in_flight")), json!(of("first"))), (json!([8, 8]), json!(["here", "there"])));
        for (turn, side) in turns.iter().flat_map(|turn| [(turn, "here"), (turn, "there")]) {
            let told = &turn[side];
            assert!(told["per_second"].as_f64().unwrap() > 0.0, "{told}");
            assert!(told["latency_us"]["p50"].as_u64().unwrap() <= told["latency_us"]["p99"].as_u64().unwrap());
            // Only the ledger of this process reports how long its commits take.
            assert_eq!(told["longest_commit_us"].is_number(), side == "here");
        }
        let ratio = |turn: &Value| {
            turn["there"]["per_second"].as_f64().unwrap() * 100.0 / turn["here"]["per_second"].as_f64().unwrap()
        };
        let median = told["medians"][0]["ratio_percent"].as_f64().unwrap();
        assert!((median - (ratio(&turns[0]) + ratio(&turns[1])) / 2.0).abs() < 1e-6, "{told}");
        // Both stores hold their accounts' money and what was acknowledged, and nothing else.
        for side in ["here", "there"] {
            let rows: u64 = turns.iter().map(|turn| turn[side]["rows"].as_u64().unwrap()).sum();
            assert_eq!(told[side]["store"]["transfers"], 50 + rows);
        }
        assert!(told["there"]["memory"]["peak_kb"].as_u64().unwrap() > 0);
        assert_eq!(told["connections"], 2);
        assert_eq!(left(dir), ["split.svg"]);
        assert!(std::fs::read_to_string(dir.join("split.svg")).unwrap().contains("in another process"));
    })
    .await;
}

#[test]
#[ignore = "measures for some seconds: .ci/run deep"]
fn the_goals_of_the_split_can_be_missed() {
    let dir = tempfile::tempdir().unwrap();
    let goals = "--in-flight 2,4 --batch 5 --ratio-at-least 100000 --p99-at-most 0.001";
    let (good, told, said) = bench(dir.path(), None, SPLIT, goals);
    assert!(!good && told["batch"] == 5, "{told}");
    assert!(said.contains("florin: missed 4 of 4 goals: median ratio in percent, 2 in flight: "), "{said}");
    assert!(said.contains("p99 of a remote call in ms, 4 in flight"), "{said}");
    assert!(left(dir.path()).is_empty());
}

#[test]
fn contradictory_options_are_refused_before_any_work() {
    let dir = tempfile::tempdir().unwrap();
    for (more, sentence) in [
        ("--against empty", "--against empty needs --stored, otherwise both sides are the same"),
        ("--against ordered", "--against ordered needs --random-ids"),
        ("--against uniform", "--against uniform needs --hot"),
        ("--against accounts=50", "--against accounts=N needs a different N"),
        ("--against accounts=9 --in-flight 1,2", "--against needs a single number for --in-flight"),
        ("--over http --stored 10", "can only be measured in process"),
        ("--against accounts=1", "expected empty, ordered, uniform or accounts=N"),
        ("--pairs 2", "--against <WHAT>"),
        ("--at-least 0", "expected a number above zero"),
    ] {
        let (good, _, said) = bench(dir.path(), None, LEDGER, more);
        assert!(!good && said.contains(sentence), "{more}: {said}");
    }
    let (good, _, said) = bench(dir.path(), Some("postgres://nobody@127.0.0.1:1/none"), LEDGER, "--bytes-at-most 1");
    assert!(!good && said.contains("a database's cannot be seen"), "{said}");
    assert!(left(dir.path()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures for some seconds: .ci/run deep"]
async fn history_is_queried_correctly_during_writes() {
    on_each_engine(|dir, url| {
        let (good, told, said) = bench(dir, url, HISTORY, "--json --readers 2 --late-percent 20 --plot history.svg");
        assert!(good, "{said}");
        let answers = told["answers"].as_array().unwrap();
        let names: Vec<&str> = answers.iter().map(|of| of["question"].as_str().unwrap()).collect();
        assert_eq!(
            names,
            ["balance by record time", "page by record time", "balance by event time", "page by event time"]
        );
        assert!(answers.iter().all(|of| of["answers"].as_u64().unwrap() > 0));
        assert!(told["written_per_second"].as_f64().unwrap() > 80.0, "{told}");
        assert_eq!(left(dir), ["history.svg"]);
    })
    .await;
}

#[test]
#[ignore = "measures for some seconds: .ci/run deep"]
fn the_goals_of_both_clocks_can_be_missed() {
    let dir = tempfile::tempdir().unwrap();
    for (goal, what) in [("--p99-at-most 0.001", "by record time"), ("--event-p99-at-most 0.001", "by event time")] {
        let (good, _, said) = bench(dir.path(), None, HISTORY, goal);
        assert!(!good && said.contains("florin: missed 2 of 2 goals: "), "{said}");
        assert!(said.contains(&format!("p99 of a balance {what} in ms")), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures for some seconds: .ci/run deep"]
async fn each_part_of_authentication_is_measured() {
    on_each_engine(|dir, url| {
        let (good, told, said) = bench(dir, url, IDENTITY, "--grants-at-least 0.1 --plot storm.svg");
        assert!(good, "{said}");
        for part in ["grants", "logins"] {
            let told = &told[part];
            for figure in ["done", "per_second", "server_cores", "per_core", "raw_per_core"] {
                assert!(told[figure].as_f64().unwrap() > 0.0, "{part} {figure}: {told}");
            }
            assert!(told["latency_us"]["p50"].as_u64().unwrap() <= told["latency_us"]["p99"].as_u64().unwrap());
        }
        let costs = told["costs"].as_array().unwrap();
        let names: Vec<&str> = costs.iter().map(|cost| cost["what"].as_str().unwrap()).collect();
        assert_eq!(names, ["SHA-256 of a token", "remembered token", "token seen first", "decision among 1,000"]);
        let turns = told["storm"]["turns"].as_array().unwrap();
        assert_eq!(turns.iter().map(|turn| &turn["first"]).collect::<Vec<_>>(), ["quiet", "storm"]);
        for turn in turns {
            assert!(turn["logins_per_second"].as_f64().unwrap() > 0.0, "{turn}");
            let p99 = |side: &str| turn[side]["p99"].as_f64().unwrap();
            assert!((turn["ratio_percent"].as_f64().unwrap() - p99("storm_us") * 100.0 / p99("quiet_us")).abs() < 1e-6);
        }
        assert_eq!(left(dir), ["storm.svg"]);
        assert!(std::fs::read_to_string(dir.join("storm.svg")).unwrap().contains("during a login storm"));
    })
    .await;
}

#[test]
#[ignore = "measures for some seconds: .ci/run deep"]
fn every_identity_goal_can_be_missed_and_parts_run_alone() {
    let dir = tempfile::tempdir().unwrap();
    for (part, goal, what) in [
        ("checks", "--check-at-most 0.0001", "check of a cached token in us"),
        ("checks", "--decision-at-most 0.0001", "decision in us"),
        ("grants", "--grants-at-least 1e9", "grants per core and second"),
        ("logins", "--logins-at-least 1e9", "logins per core and second"),
        ("storm", "--storm-at-most 0.001", "p99 of a transfer during a login storm"),
    ] {
        let (good, told, said) = bench(dir.path(), None, IDENTITY, &format!("--only {part} {goal}"));
        assert!(!good, "{part}: {told}");
        missed(&said, what);
        let parts = ["costs", "grants", "logins", "storm"].map(|part| told[part].is_null());
        assert_eq!(parts.iter().filter(|missing| **missing).count(), 3, "{part} alone: {told}");
    }
    assert!(left(dir.path()).is_empty());
}
