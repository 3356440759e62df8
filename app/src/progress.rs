//! Progress of long work: a bar on a terminal, a plain line per tenth elsewhere. Both on standard error.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

pub(crate) struct Progress {
    what: String,
    unit: &'static str,
    bar: Option<ProgressBar>,
    /// The last tenth that was printed.
    told: u64,
}

const TEMPLATE: &str = "{msg} {wide_bar} {human_pos}/{human_len} {eta}";

impl Progress {
    pub(crate) fn new(what: impl Into<String>, unit: &'static str) -> Progress {
        let what = what.into();
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr()).with_message(what.clone());
            // The template is our own text; should it ever be wrong, the plain bar will do.
            match ProgressStyle::with_template(TEMPLATE) {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            }
        });
        Progress { what, unit, bar, told: 0 }
    }

    pub(crate) fn at(&mut self, done: u64, all: u64) {
        if let Some(bar) = &self.bar {
            bar.set_length(all);
            bar.set_position(done);
            return;
        }
        let tenth = done.saturating_mul(10).checked_div(all).unwrap_or(0);
        if tenth > self.told {
            self.told = tenth;
            eprintln!("{}: {done} of {all} {}", self.what, self.unit);
        }
    }

    /// For work of unknown length: a line per million.
    pub(crate) fn so_far(&mut self, done: u64) {
        const STEP: u64 = 1_000_000;
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        } else if done / STEP > self.told {
            self.told = done / STEP;
            eprintln!("{}: {done} {}", self.what, self.unit);
        }
    }

    pub(crate) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
