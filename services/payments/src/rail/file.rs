//! Files to the bank: waiting payments are put into one, booked out, and then it is ready.
//!
//! The file and who is in it are one commit. Killed after it, the next round goes on with the file: it has its content
//! only when each of its payments is booked out.

use futures_util::future::join_all;
use kernel::{Ctx, Currency, Money};
use platform::access;
use platform::error::Failure;
use platform::room::OpenError;

use super::pain::pain;
use super::{Step, plain, step_of, target_day};
use crate::face::{PaymentsError, Rail, RailFile, RailFileContent, RailFileId, RailFileList, RailFileState, Refusal};
use crate::record::Record;
use crate::service::PaymentsService;
use crate::store;
use crate::work::command::{Command, No};

/// For one file or answer, when no caller waits for it.
pub(crate) const PATIENCE_MS: u64 = 60_000;
const FILE: &str = "payment-files";
const MICROS_PER_SECOND: i64 = 1_000_000;

impl PaymentsService {
    pub(crate) async fn new_rail_files(&self, ctx: &Ctx) -> Result<RailFileList, PaymentsError> {
        access::check(ctx, FILE, "change", None)?;
        let mut items = Vec::new();
        if let Some(id) = self.begin_file(ctx).await? {
            self.finish_file(ctx, id).await?;
            items.extend(store::rail::file(&self.db.read().await?, id).await?);
        }
        Ok(RailFileList { items })
    }

    pub(crate) async fn list_rail_files(&self, ctx: &Ctx) -> Result<RailFileList, PaymentsError> {
        access::check(ctx, FILE, "read", None)?;
        Ok(RailFileList { items: store::rail::files(&self.db.read().await?).await? })
    }

    pub(crate) async fn find_rail_file(&self, ctx: &Ctx, id: RailFileId) -> Result<RailFile, PaymentsError> {
        access::check(ctx, FILE, "read", None)?;
        let file = store::rail::file(&self.db.read().await?, id).await?;
        file.ok_or_else(|| Refusal::RailFileUnknown { file: id.to_string() }.into())
    }

    pub(crate) async fn content_of(&self, ctx: &Ctx, id: RailFileId) -> Result<RailFileContent, PaymentsError> {
        let file = self.find_rail_file(ctx, id).await?;
        if file.state != RailFileState::Ready {
            return Err(Refusal::RailFileNotReady.into());
        }
        let own = self.bank.as_ref().ok_or(Refusal::RailOff)?;
        let payments = self.members(id).await?;
        let bytes = pain(&file, own, &payments).map_err(|error| {
            tracing::error!(%error, file = %id, "a file to the bank cannot be written");
            Failure::Internal
        })?;
        let content = String::from_utf8(bytes).map_err(|_| Failure::Internal)?;
        Ok(RailFileContent { id, name: format!("{}.pain001.xml", plain(&id)), content })
    }

    /// Its payments, in the order of their ids.
    async fn members(&self, id: RailFileId) -> Result<Vec<Record>, PaymentsError> {
        let tx = self.db.read().await?;
        let ids = store::rail::members(&tx, id).await?;
        let mut records = store::records(&tx, &ids).await?;
        records.sort_by_key(|record| record.id);
        Ok(records)
    }

    /// One round of files and answers.
    pub(crate) async fn rail_round(&self) -> Result<(), OpenError> {
        if self.bank.is_none() {
            return Ok(());
        }
        self.finish_answers().await?;
        let unfinished = store::rail::unfinished(&self.db.read().await?).await?;
        for id in unfinished {
            let ctx = self.itself(PATIENCE_MS).await?;
            if let Err(error) = self.finish_file(&ctx, id).await {
                tracing::warn!(code = error.code(), file = %id, "a file to the bank waits for its next round");
            }
        }
        if self.is_time().await? {
            let ctx = self.itself(PATIENCE_MS).await?;
            self.begin_file(&ctx).await.map_err(|error| error.code())?;
        }
        Ok(())
    }

    async fn is_time(&self) -> Result<bool, OpenError> {
        let every_us = self.settings.sepa_file_every_s.saturating_mul(MICROS_PER_SECOND);
        if every_us == 0 {
            return Ok(false);
        }
        let oldest = store::rail::oldest_waiting(&self.db.read().await?).await?;
        Ok(oldest.is_some_and(|held| self.clock.now().micros_since(held) >= every_us))
    }

    /// Takes everything that waits, at most one file's worth, in one commit.
    async fn begin_file(&self, ctx: &Ctx) -> Result<Option<RailFileId>, PaymentsError> {
        let euro = Currency::iso("EUR").map_err(|_| Failure::Internal)?;
        let file = RailFile {
            id: self.ids.make(),
            rail: Rail::Sepa,
            state: RailFileState::Making,
            count: 0,
            sum: Money::new(0, euro),
            execute_on: target_day(self.today()),
            created_at: self.clock.now(),
            ready_at: None,
        };
        let (id, due_at) = (file.id, self.due_after(ctx));
        match self.lane.submit(Command::Cut { file, due_at }, ctx.deadline).await? {
            Ok(_) => Ok(Some(id)),
            Err(No::NothingWaits) => Ok(None),
            Err(no) => Err(no.into()),
        }
    }

    /// Books out each of its payments, and then makes it ready. A file without payments is removed.
    async fn finish_file(&self, ctx: &Ctx, id: RailFileId) -> Result<(), PaymentsError> {
        let mut leaving = self.members(id).await?;
        leaving.retain(|record| step_of(record) == Some(Step::Leave));
        let own = self.own(ctx).await?;
        let answers = if leaving.is_empty() { Vec::new() } else { self.books.leave(&own, &leaving).await? };
        let all: Vec<_> = leaving
            .iter()
            .zip(answers)
            .filter_map(|(record, booked)| Some(self.concluded(ctx, record, Step::Leave, booked?)))
            .collect();
        for answer in join_all(all).await {
            // What does not leave gives back its hold.
            self.carry_out(ctx, answer?).await?;
        }
        self.make_ready(id).await
    }

    async fn make_ready(&self, id: RailFileId) -> Result<(), PaymentsError> {
        let members = self.members(id).await?;
        if members.iter().any(|record| step_of(record) == Some(Step::Leave)) {
            // The ledger has not answered for all of them.
            return Err(Failure::Unavailable.into());
        }
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let Some(file) = store::rail::file(&tx, id).await?.filter(|file| file.state == RailFileState::Making) else {
            return Ok(());
        };
        if members.is_empty() {
            store::rail::remove_file(&tx, id).await?;
        } else {
            let zero = Money::new(0, file.sum.currency());
            let sum = members.iter().try_fold(zero, |sum, record| sum.plus(record.amount));
            let (count, ready_at) = (members.len() as u64, Some(self.clock.now()));
            let sum = sum.map_err(|_| Failure::Internal)?;
            let file = RailFile { state: RailFileState::Ready, count, sum, ready_at, ..file };
            store::rail::end_file(&tx, &file).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
