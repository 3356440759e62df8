//! Parses a text into CEL's own tree with the `cel` crate.
//!
//! Its parser is a recursive one. The text has been looked over before ([`scan`](super::scan)), and it runs on a thread with a stack
//! of its own size that may panic without harm.

use cel::common::ast::{Expr, IdedExpr, SourceInfo};
use cel::parser::{ParseErrors, Parser};
use risk_api::{Rule, limits};

use super::{Found, scan};

/// Enough for the deepest condition in a build without optimisation.
const STACK_BYTES: usize = 32 << 20;
/// Mistakes of one condition that are told.
const MISTAKES_MAX: usize = 8;

/// A condition as CEL reads it, and where each part of it stands.
pub(super) struct Syntax {
    pub(super) root: IdedExpr,
    info: SourceInfo,
}

impl std::fmt::Debug for Syntax {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Syntax")
    }
}

/// Each rule's condition, in order.
pub(super) fn read_all(rules: &[Rule]) -> Vec<Result<Syntax, Vec<Found>>> {
    std::thread::scope(|scope| {
        let reading = std::thread::Builder::new().name("rules".to_owned()).stack_size(STACK_BYTES);
        let reading = reading.spawn_scoped(scope, || rules.iter().map(|rule| read(&rule.when)).collect());
        let read = reading.ok().and_then(|reading| reading.join().ok());
        read.unwrap_or_else(|| rules.iter().map(|_| Err(vec![unread("the rules could not be read")])).collect())
    })
}

fn unread(text: &str) -> Found {
    Found { line: 1, column: 1, text: text.to_owned() }
}

fn read(source: &str) -> Result<Syntax, Vec<Found>> {
    scan::bounded(source).map_err(|found| vec![found])?;
    let parse = || Parser::new().max_recursion_depth(limits::RULE_DEPTH_MAX as u16 + 1).parse_with_source_info(source);
    match std::panic::catch_unwind(parse) {
        Ok(Ok((root, info))) => Ok(Syntax { root, info }),
        Ok(Err(errors)) => Err(mistakes(errors)),
        Err(_) => Err(vec![unread("expected a condition in CEL")]),
    }
}

fn mistakes(errors: ParseErrors) -> Vec<Found> {
    let told = errors.errors.into_iter().take(MISTAKES_MAX);
    let number = |place: isize| u32::try_from(place).unwrap_or_default().max(1);
    let found =
        told.map(|error| Found { line: number(error.pos.0), column: number(error.pos.1), text: plain(&error.msg) });
    let found: Vec<_> = found.collect();
    if found.is_empty() { vec![unread("expected a condition in CEL")] } else { found }
}

/// The parser's own words, cut short.
fn plain(message: &str) -> String {
    if message.contains("Recursion limit") {
        return format!("expected at most {} levels", limits::RULE_DEPTH_MAX);
    }
    let cut: String = message.chars().take(200).collect();
    format!("expected a condition in CEL: {cut}")
}

impl Syntax {
    /// A mistake at one part.
    pub(super) fn found(&self, part: &IdedExpr, text: String) -> Vec<Found> {
        let start = self.start(part).unwrap_or_default();
        let before: Vec<char> = self.info.source.chars().take(start).collect();
        let line = before.iter().filter(|sign| **sign == '\n').count();
        let column = before.iter().rev().take_while(|sign| **sign != '\n').count();
        let number = |place: usize| u32::try_from(place).unwrap_or(u32::MAX - 1) + 1;
        vec![Found { line: number(line), column: number(column), text }]
    }

    /// The start of a part; an operator's own position is after its left side.
    fn start(&self, part: &IdedExpr) -> Option<usize> {
        let own = self.info.offset_for(part.id).map(|(start, _)| start as usize);
        let first = match &part.expr {
            Expr::Call(call) => call.target.as_deref().or(call.args.first()).and_then(|first| self.start(first)),
            Expr::Select(select) => self.start(&select.operand),
            _ => None,
        };
        match (own, first) {
            (Some(own), Some(first)) => Some(own.min(first)),
            (own, first) => own.or(first),
        }
    }
}
