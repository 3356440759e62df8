//! Repository checks: `cargo xtask tidy` checks the rules that a compiler cannot.
//!
//! Owns the rules of CONTRIBUTING.md in executable form. Depends on no crate of ours, so that it checks them from
//! outside. Each finding is one sentence that says what is wrong and what would be right.

mod tidy;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["tidy"] => tidy::check(),
        ["tidy", "--bless"] => tidy::bless(),
        _ => Err("usage: cargo xtask tidy [--bless]".to_owned()),
    };
    match outcome {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(said) => {
            eprintln!("{said}");
            ExitCode::FAILURE
        }
    }
}
