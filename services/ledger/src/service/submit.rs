//! Transactions on their way to the lane: form checked, tags added, one by one or in batches.

use kernel::Ctx;
use ledger_api::{
    Account, Batch, BatchReply, LedgerError, LineOutcome, Operation, Override, Refusal, Submit, Transaction,
};
use platform::access;
use platform::error::Failure;

use super::errors::{forbidden, refused};
use super::{KeyedOperation, LedgerService, book, reach};
use crate::command::{Body, Line, Lines, Outcome, Reach, Recorded, Reply, Scope};
use crate::{check, view};

/// A line that is ready for the lane, or its refusal of form.
type CheckedLine = Result<Line, LedgerError>;

impl LedgerService {
    pub(super) async fn submit_one(&self, ctx: &Ctx, mut command: Submit) -> Result<Transaction, LedgerError> {
        let reach = reach(ctx, "transactions", "create")?;
        book::strip(&self.books.name, &mut command.operation)?;
        check_override(ctx, &command.operation)?;
        check::operation(&command.operation)?;
        let scope = self.scope(ctx, KeyedOperation::Transaction, 0, &command);
        if command.operation.id().is_none() && scope.is_none() && !command.dry_run {
            return Err(Refusal::IdempotencyMissing.into());
        }
        let tag = self.tag(command.operation.id(), scope);
        let line = Line { tag, operation: command.operation };
        let lines = Lines { atomic: false, dry_run: command.dry_run, lines: vec![line] };
        let mut outcomes = self.lines(ctx, reach, lines).await?;
        outcomes.pop().ok_or(LedgerError::Failed(Failure::Internal))?.map(view::transaction).map_err(refused)
    }

    pub(super) async fn submit_many(&self, ctx: &Ctx, mut command: Batch) -> Result<BatchReply, LedgerError> {
        let reach = reach(ctx, "transactions", "create")?;
        book::strip_all(&self.books.name, &mut command)?;
        check::batch(&command)?;
        // As a whole, as for a remote call: none of its lines was begun.
        if ctx.deadline.is_past(self.clock.monotonic()) {
            return Err(LedgerError::Failed(Failure::DeadlineExceeded));
        }
        let digest =
            ctx.idempotency_key.is_some().then(|| self.digest(&serde_json::to_vec(&command).unwrap_or_default()));
        let mut checked = Vec::with_capacity(command.lines.len());
        for (place, operation) in command.lines.into_iter().enumerate() {
            let scope = self.scope(ctx, KeyedOperation::Batch, place, &digest);
            checked.push(self.check_line(ctx, operation, scope, command.dry_run));
        }
        if command.atomic {
            return self.atomic_batch(ctx, reach, checked, command.dry_run).await;
        }
        self.loose_batch(ctx, reach, checked, command.dry_run).await
    }

    pub(super) async fn account_command(&self, ctx: &Ctx, body: Body, reach: Reach) -> Result<Account, LedgerError> {
        match self.run(ctx, reach, body).await? {
            Reply::Account(outcome) => outcome.map(view::account).map_err(refused),
            Reply::Lines(_) | Reply::Asset(_) => Err(LedgerError::Failed(Failure::Internal)),
        }
    }

    pub(super) async fn lines(
        &self,
        ctx: &Ctx,
        reach: Reach,
        lines: Lines,
    ) -> Result<Vec<Outcome<Recorded>>, LedgerError> {
        match self.run(ctx, reach, Body::Lines(lines)).await? {
            Reply::Lines(outcomes) => Ok(outcomes),
            Reply::Account(_) | Reply::Asset(_) => Err(LedgerError::Failed(Failure::Internal)),
        }
    }

    fn check_line(&self, ctx: &Ctx, operation: Operation, scope: Option<Scope>, dry_run: bool) -> CheckedLine {
        check_override(ctx, &operation)?;
        check::operation(&operation)?;
        if operation.id().is_none() && scope.is_none() && !dry_run {
            return Err(Refusal::IdempotencyMissing.into());
        }
        let tag = self.tag(operation.id(), scope);
        Ok(Line { tag, operation })
    }

    /// A malformed line fails an atomic batch before it reaches the books, so nothing is remembered.
    async fn atomic_batch(
        &self,
        ctx: &Ctx,
        reach: Reach,
        checked: Vec<CheckedLine>,
        dry_run: bool,
    ) -> Result<BatchReply, LedgerError> {
        if let Some(failed) = checked.iter().position(Result::is_err) {
            let sibling = || LedgerError::from(Refusal::SiblingFailed { line: failed });
            let outcome = |line: CheckedLine| LineOutcome::Failed(line.err().unwrap_or_else(sibling));
            return Ok(BatchReply { lines: checked.into_iter().map(outcome).collect() });
        }
        let lines = checked.into_iter().flatten().collect();
        let outcomes = self.lines(ctx, reach, Lines { atomic: true, dry_run, lines }).await?;
        Ok(BatchReply { lines: outcomes.into_iter().map(line_outcome).collect() })
    }

    /// Non-atomic lines go to the lane in pieces of a group's size, in order.
    async fn loose_batch(
        &self,
        ctx: &Ctx,
        reach: Reach,
        checked: Vec<CheckedLine>,
        dry_run: bool,
    ) -> Result<BatchReply, LedgerError> {
        let mut answers = Vec::with_capacity(checked.len());
        let mut checked = checked.into_iter().peekable();
        while checked.peek().is_some() {
            let piece: Vec<CheckedLine> = checked.by_ref().take(self.config.batch_max).collect();
            let lines = piece.iter().flatten().cloned().collect();
            // The results of earlier pieces are not lost: a piece without a reply fails line by line.
            let outcomes = self.lines(ctx, reach.clone(), Lines { atomic: false, dry_run, lines }).await;
            let mut outcomes = outcomes.map(Vec::into_iter);
            for line in piece {
                answers.push(match (line, &mut outcomes) {
                    (Err(malformed), _) => LineOutcome::Failed(malformed),
                    (Ok(_), Ok(outcomes)) => outcomes
                        .next()
                        .map_or(LineOutcome::Failed(LedgerError::Failed(Failure::Internal)), line_outcome),
                    (Ok(_), Err(error)) => LineOutcome::Failed(error.clone()),
                });
            }
        }
        Ok(BatchReply { lines: answers })
    }
}

fn line_outcome(outcome: Outcome<Recorded>) -> LineOutcome {
    match outcome {
        Ok(recorded) => LineOutcome::Done(Box::new(view::transaction(recorded))),
        Err(refused_line) => LineOutcome::Failed(refused(refused_line)),
    }
}

fn check_override(ctx: &Ctx, operation: &Operation) -> Result<(), LedgerError> {
    let Operation::Create(create) = operation else { return Ok(()) };
    if create.postings.iter().any(|posting| posting.override_limit == Some(Override::Floor)) {
        access::check(ctx, "ledger", "override-floor", None).map_err(forbidden)?;
    }
    Ok(())
}
