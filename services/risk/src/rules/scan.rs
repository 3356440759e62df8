//! A look at a condition's characters before it is parsed: how long, how deep and how much, so that the parser is never given
//! something that it would take long over or overflow its stack with.

use risk_api::limits::{RULE_BYTES_MAX, RULE_DEPTH_MAX, RULE_LIST_MAX, RULE_NODES_MAX};

use super::Found;

/// Signs that stand for no node of their own: an operator of two characters has two.
const SIGNS_MAX: usize = 3 * RULE_NODES_MAX;

pub(super) fn bounded(source: &str) -> Result<(), Found> {
    if source.len() > RULE_BYTES_MAX {
        let text = format!("expected at most {RULE_BYTES_MAX} bytes, found {}", source.len());
        return Err(Found { line: 1, column: 1, text });
    }
    let mut scan = Scan::default();
    let mut rest = source.chars();
    while let Some(sign) = rest.next() {
        if matches!(sign, '"' | '\'') {
            scan.skip_text(sign, &mut rest);
        } else {
            scan.take(sign)?;
        }
    }
    Ok(())
}

#[derive(Debug, Default)]
struct Scan {
    line: u32,
    column: u32,
    depth: usize,
    signs: usize,
    commas: usize,
}

impl Scan {
    fn take(&mut self, sign: char) -> Result<(), Found> {
        match sign {
            '(' | '[' | '{' => {
                self.depth += 1;
                self.within(self.depth, RULE_DEPTH_MAX, "levels of brackets")?;
            }
            ')' | ']' | '}' => self.depth = self.depth.saturating_sub(1),
            ',' => {
                self.commas += 1;
                self.within(self.commas, RULE_LIST_MAX, "commas")?;
            }
            sign if sign.is_ascii_punctuation() && !matches!(sign, '_') => {
                // A list of numbers has a point or a minus for each; what counts is what stands between commas.
                self.signs += usize::from(!matches!(sign, '.' | '-') || self.commas == 0 || self.depth == 0);
                self.within(self.signs, SIGNS_MAX, "signs")?;
            }
            _ => {}
        }
        self.advance(sign);
        Ok(())
    }

    fn within(&self, found: usize, max: usize, what: &str) -> Result<(), Found> {
        if found <= max {
            return Ok(());
        }
        Err(Found { line: self.line + 1, column: self.column + 1, text: format!("expected at most {max} {what}") })
    }

    /// To the end of a text, so that what it says is not counted.
    fn skip_text(&mut self, quote: char, rest: &mut std::str::Chars<'_>) {
        self.advance(quote);
        let mut escaped = false;
        for sign in rest.by_ref() {
            self.advance(sign);
            match sign {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                sign if sign == quote => return,
                _ => {}
            }
        }
    }

    fn advance(&mut self, sign: char) {
        if sign == '\n' {
            (self.line, self.column) = (self.line + 1, 0);
        } else {
            self.column += 1;
        }
    }
}
