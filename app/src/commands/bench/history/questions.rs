//! One reader: queries a random instant of the filling, measures the time, and checks the reply against what is known.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hdrhistogram::Histogram;
use kernel::Timestamp;
use ledger_api::{BalanceQuery, Movement, Side, Statement, StatementOrder, StatementQuery, TimeBasis};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::What;
use super::filling::between;
use super::known::Known;
use super::writer::Lates;
use crate::commands::bench::books::Books;
use crate::commands::bench::client::InProcess;
use crate::failure::Failure;

const PAGE: usize = 50;

#[derive(Clone)]
pub(super) struct Question {
    pub what: What,
    pub by: TimeBasis,
    pub known: Arc<Known>,
    pub lates: Arc<Lates>,
}

pub(super) struct Asking {
    caller: InProcess,
    question: Question,
    random: StdRng,
}

enum Answer {
    Balance(i64),
    Page(Box<Statement>),
}

impl Asking {
    pub(super) fn new(books: &Books, question: Question, seed: u64) -> Asking {
        Asking { caller: books.caller(), question, random: StdRng::seed_from_u64(seed) }
    }

    pub(super) async fn run(
        mut self,
        measuring: Arc<AtomicBool>,
        stopped: Arc<AtomicBool>,
    ) -> Result<Histogram<u64>, Failure> {
        let mut latency = Histogram::new(3)?;
        let (first, last) = self.question.known.span;
        while !stopped.load(Ordering::Relaxed) {
            let at = between(&mut self.random, (first, last + 1));
            let counted = measuring.load(Ordering::Relaxed);
            let least = self.question.least(at);
            let start = self.caller.whom.clock.monotonic();
            let answer = self.ask(at).await?;
            let micros = self.caller.whom.clock.monotonic().micros_since(start);
            self.question.check(at, least, &answer)?;
            if counted {
                latency.record(micros)?;
            }
        }
        Ok(latency)
    }

    async fn ask(&self, at: Timestamp) -> Result<Answer, Failure> {
        let (path, by) = (self.question.known.path.clone(), self.question.by);
        let ctx = self.caller.whom.ctx();
        let ledger = &self.caller.ledger;
        match self.question.what {
            What::Balance => {
                let balance = ledger.balance(&ctx, BalanceQuery { path, at: Some(at), by }).await?;
                Ok(Answer::Balance(balance.posted.minor()))
            }
            What::Page => {
                let query = StatementQuery {
                    path,
                    from: Some(at),
                    to: None,
                    by,
                    order: StatementOrder::OldestFirst,
                    holds: false,
                    after: None,
                    limit: Some(PAGE),
                };
                Ok(Answer::Page(Box::new(ledger.statement(&ctx, query).await?)))
            }
        }
    }
}

impl Question {
    /// The first instant that is no longer included: a balance includes its instant, a page does not include its end.
    fn end(&self, at: Timestamp) -> i64 {
        match self.what {
            What::Balance => at.micros() + 1,
            What::Page => at.micros(),
        }
    }

    /// What the writer is known to have added before the query.
    fn least(&self, at: Timestamp) -> i64 {
        if self.by == TimeBasis::Event { self.lates.least(self.end(at)) } else { 0 }
    }

    fn most(&self, at: Timestamp) -> i64 {
        if self.by == TimeBasis::Event { self.lates.most(self.end(at)) } else { 0 }
    }

    fn check(&self, at: Timestamp, least: i64, answer: &Answer) -> Result<(), Failure> {
        let order = self.known.order(self.by);
        let (filled, told) = match answer {
            Answer::Balance(posted) => (order.balance(order.up_to(at.micros())), *posted),
            Answer::Page(page) => (order.balance(order.before(at.micros())), page.opening.posted.minor()),
        };
        let (least, most) = (filled + least, filled + self.most(at));
        if !(least..=most).contains(&told) {
            return Err(self.wrong(at, &format!("expected a balance from {least} to {most}, found {told}")));
        }
        match answer {
            Answer::Balance(_) => Ok(()),
            Answer::Page(page) => self.check_page(at, page),
        }
    }

    /// The rows run on from the opening, in order, and those of the filling follow each other.
    fn check_page(&self, at: Timestamp, page: &Statement) -> Result<(), Failure> {
        let (mut balance, mut time) = (page.opening.posted.minor(), at);
        let order = self.known.order(self.by);
        let first = order.before(at.micros());
        let mut expected = order.from(first);
        for movement in &page.movements {
            balance += delta(movement);
            let moved = self.time(movement);
            if movement.balance.posted.minor() != balance || moved < time {
                return Err(self.wrong(at, &format!("row {} does not follow from the previous one", movement.seq)));
            }
            time = moved;
            let filled = movement.recorded_at.micros() <= self.known.span.1;
            if filled && expected.next() != Some((moved.micros(), delta(movement))) {
                return Err(self.wrong(at, &format!("row {} is not the next one of the filling", movement.seq)));
            }
        }
        let wanted = order.from(first).take(PAGE).count();
        if page.movements.len() < wanted {
            return Err(self.wrong(at, &format!("expected {wanted} rows, found {}", page.movements.len())));
        }
        Ok(())
    }

    fn time(&self, movement: &Movement) -> Timestamp {
        match self.by {
            TimeBasis::Record => movement.recorded_at,
            TimeBasis::Event => movement.effective_at,
        }
    }

    fn wrong(&self, at: Timestamp, why: &str) -> Failure {
        Failure::new(format!("a wrong answer ({:?} as of {at} by {:?} time): {why}", self.what, self.by))
    }
}

/// The long account is a credit account.
fn delta(movement: &Movement) -> i64 {
    match movement.direction {
        Side::Credit => movement.amount.minor(),
        Side::Debit => -movement.amount.minor(),
    }
}
