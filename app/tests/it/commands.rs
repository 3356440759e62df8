//! The commands that end by themselves: what they print, and how they refuse.

use crate::common::{florin, run};

#[test]
fn config_shows_values_origins_and_no_secret() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("florin.toml"), "[storage]\npool_size = 7\n").unwrap();
    let mut command = florin(dir.path());
    command
        .arg("config")
        .env("DATABASE_URL", "postgres://ann:hunter2@db/florin")
        .env("REDIS_URL", "redis://:hunter2@redis");
    command.env("FEATURE_DARK", "hunter2");
    let (good, out, said) = run(&mut command);
    assert!(good, "{said}");
    assert!(!out.contains("hunter2"), "{out}");
    let line = |words: &str| out.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("{words}: {out}"));
    assert!(line("pool_size = 7").ends_with("# florin.toml"));
    assert!(line("database_url = \"postgres://ann:***@db/florin\"").ends_with("# $DATABASE_URL"));
    assert!(line("redis_url = \"redis://:***@redis\"").ends_with("# $REDIS_URL"));
    assert!(line("drain_ms = 10000").ends_with("# default"));
    assert_eq!(line("known, not used yet"), "# known, not used yet: FEATURE_DARK");
}

#[test]
fn config_output_is_a_valid_config_file() {
    let dir = tempfile::tempdir().unwrap();
    let (_, first, _) = run(florin(dir.path()).arg("config"));
    std::fs::write(dir.path().join("copy.toml"), &first).unwrap();
    let (good, second, said) = run(florin(dir.path()).args(["--config", "copy.toml", "config"]));
    assert!(good, "{said}");
    let settings = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.split(" #").next().unwrap().trim().to_owned()).collect()
    };
    assert_eq!(settings(&first), settings(&second));
}

#[test]
fn all_config_errors_are_shown_at_once_with_their_origin() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("florin.toml"), "[server]\nlissten = 1\n").unwrap();
    let (good, _, said) = run(florin(dir.path()).arg("serve").env("DATABASE_POOL_SIZE", "lots"));
    assert!(!good);
    assert!(said.contains("2 mistake(s)"), "{said}");
    assert!(
        said.contains("server.lissten (florin.toml): is not a key; the nearest known key is server.listen"),
        "{said}"
    );
    assert!(said.contains("storage.pool_size ($DATABASE_POOL_SIZE): expected an integer"), "{said}");
    assert!(!dir.path().join("florin-data").exists(), "something was made with an invalid configuration");
}

#[test]
fn help_and_completions_are_usable() {
    let dir = tempfile::tempdir().unwrap();
    for (args, words) in [
        (vec!["--help"], "florin serve --demo"),
        (vec!["serve", "--help"], "A second signal ends the process at once"),
        (vec!["config", "--help"], "FLORIN__SECTION__KEY"),
        (vec!["completions", "bash"], "_florin()"),
        (vec!["completions", "zsh"], "#compdef florin"),
    ] {
        let (good, out, _) = run(florin(dir.path()).args(&args));
        assert!(good && out.contains(words), "{args:?}: {out}");
    }
}
