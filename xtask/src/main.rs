//! Repository checks: `cargo xtask tidy` checks the rules that a compiler cannot, `cargo xtask deploy` what is shipped for
//! Kubernetes, and `cargo xtask image` writes the image.
//!
//! Owns the rules of CONTRIBUTING.md in executable form. Depends on no crate of ours, so that it checks them from
//! outside. Each finding is one sentence that says what is wrong and what would be right.

mod deploy;
mod image;
mod tidy;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["tidy"] => tidy::check(),
        ["tidy", "--bless"] => tidy::bless(),
        ["image", words @ ..] => image::run(words),
        ["deploy", words @ ..] => deploy::run(words),
        _ => Err("usage: cargo xtask tidy [--bless] | deploy ... | image ...".to_owned()),
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
