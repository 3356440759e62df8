//! A test in a separate process, for things a process has only one of: a metrics recorder, a subscriber, libraries that
//! are loaded before the program.

use std::ffi::OsStr;
use std::process::Command;

const ALONE: &str = "FLORIN_TEST_ALONE";

/// True in a process that runs only `test`. Elsewhere this runs the test in such a process, fails if it fails there,
/// and returns false, so that the caller returns: `if !testkit::alone("traces::spans_are_sent") { return; }`
///
/// `test` is the test's full path in its binary.
#[must_use = "the test continues only where it is alone"]
pub fn alone(test: &str) -> bool {
    if std::env::var_os(ALONE).is_some_and(|alone| alone == test) {
        return true;
    }
    run_alone::<&str, &str>(test, []);
    false
}

/// Runs `test` in a separate process, with `env` added to its environment; fails if it fails.
pub fn run_alone<K: AsRef<OsStr>, V: AsRef<OsStr>>(test: &str, env: impl IntoIterator<Item = (K, V)>) {
    let binary = std::env::current_exe().expect("find this test's binary");
    let mut again = Command::new(binary);
    again.args([test, "--exact", "--nocapture"]).env(ALONE, test).envs(env);
    let output = again.output().expect("run this test's binary");
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{test}, alone:\n{said}{complained}");
    assert!(said.contains("test result: ok. 1 passed"), "no test is named {test}:\n{said}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_isolated_test_runs_in_another_process() {
        const TEST: &str = "alone::tests::an_isolated_test_runs_in_another_process";
        let pid = std::process::id().to_string();
        match std::env::var("FLORIN_TEST_PARENT") {
            Ok(parent) => assert!(alone(TEST) && parent != pid),
            Err(_) => run_alone(TEST, [("FLORIN_TEST_PARENT", pid)]),
        }
    }

    #[test]
    #[should_panic(expected = "no test is named alone::tests::nothing")]
    fn a_test_that_does_not_exist_is_refused() {
        run_alone::<&str, &str>("alone::tests::nothing", []);
    }

    #[test]
    fn a_test_that_fails_in_its_own_process_fails_here() {
        const TEST: &str = "alone::tests::a_test_that_fails_in_its_own_process_fails_here";
        if std::env::var_os(ALONE).is_some() {
            panic!("it failed there");
        }
        let failed = std::panic::catch_unwind(|| alone(TEST)).unwrap_err();
        assert!(failed.downcast::<String>().unwrap().contains("it failed there"));
    }
}
