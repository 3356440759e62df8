//! The service: what it is made of, and its traits, one line per method into its use case.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use async_trait::async_trait;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kernel::{Clock, Ctx, IdMaker, Timestamp};
use ledger_api::{AccountPath, Books};
use platform::access::{self, Denied};
use platform::crypto::PurposeKey;
use platform::db::Db;
use platform::deadline::in_time;
use platform::error::Failure;
use platform::feed::{FeedSignal, Outbox};
use platform::frame::ActsAs;
use platform::lane::{Lane, LaneConfig, Runner};
use platform::once::Once;
use platform::room::OpenError;
use serde::Serialize;

use crate::books::PaymentBooks;
use crate::face::*;
use crate::rail::pain::OwnSide;
use crate::record::Record;
use crate::work::Work;
use crate::work::command::Named;
use crate::{Settings, store};

/// After the caller's deadline nobody waits for the answer; the sweeper leaves this much for a commit on its way.
const SWEEP_AFTER_US: i64 = 500_000;
const DEADLINE_MAX_US: i64 = 10_000_000;
const EPOCH: Date = Date::constant(1970, 1, 1);

/// What the service is given, beside its store.
pub struct Given {
    pub books: Arc<dyn Books>,
    /// Payments itself, for its calls to the ledger.
    pub own: Arc<dyn ActsAs>,
    pub outbox: Outbox,
    pub signal: FeedSignal,
    pub clock: Arc<dyn Clock>,
    pub ids: IdMaker,
    pub once: Once<Refusal>,
    /// Recognises commands without storing them.
    pub requests: PurposeKey,
    pub settings: Settings,
}

pub struct PaymentsService {
    pub(crate) db: Db,
    pub(crate) lane: Lane<Work>,
    pub(crate) books: PaymentBooks,
    own: Arc<dyn ActsAs>,
    pub(crate) once: Once<Refusal>,
    requests: PurposeKey,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: IdMaker,
    pub(crate) settings: Settings,
    zone: TimeZone,
    /// Our account at the bank, if payments go out of the house.
    pub(crate) bank: Option<OwnSide>,
    /// The accounts of rails are known to be there.
    pub(crate) has_rail_accounts: AtomicBool,
}

impl PaymentsService {
    /// Opens payments on a store with this version's schema.
    ///
    /// # Errors
    /// The store's.
    pub async fn start(db: Db, given: Given) -> Result<PaymentsService, OpenError> {
        let Given { books, own, outbox, signal, clock, ids, once, requests, settings } = given;
        let zone = TimeZone::get(&settings.zone)?;
        let bank = settings.bank()?;
        let config = LaneConfig {
            name: "payments",
            batch_max: settings.batch_max,
            queue_max: settings.queue_max,
            clock_behind_max_ms: settings.clock_behind_max_ms,
            runner: Runner::Thread,
        };
        let work = Work::new(outbox, signal, ids.clone());
        let lane = Lane::start(db.clone(), work, config, Arc::clone(&clock)).await?;
        let books = PaymentBooks::new(books);
        let has_rail_accounts = AtomicBool::new(false);
        Ok(PaymentsService {
            db,
            lane,
            books,
            own,
            once,
            requests,
            clock,
            ids,
            settings,
            zone,
            bank,
            has_rail_accounts,
        })
    }

    pub async fn close(&self) {
        self.lane.close().await;
    }

    /// The same call, by payments itself on behalf of the caller.
    pub(crate) async fn own(&self, ctx: &Ctx) -> Result<Ctx, Failure> {
        let principal = self.own.principal().await.map_err(|why| {
            tracing::warn!(why, "payments has no credentials of its own");
            Failure::Unavailable
        })?;
        let principal = principal.acting_for(&ctx.principal);
        Ok(Ctx { principal, idempotency_key: None, ..ctx.clone() })
    }

    /// A context for what payments does by itself.
    pub(crate) async fn itself(&self, millis: u64) -> Result<Ctx, OpenError> {
        let principal = self.own.principal().await?;
        let deadline = kernel::Deadline::after_millis(&*self.clock, millis);
        Ok(Ctx { principal, deadline, request_id: "payments".into(), idempotency_key: None })
    }

    /// When the sweeper looks at what this call leaves behind.
    pub(crate) fn due_after(&self, ctx: &Ctx) -> Timestamp {
        let left = i64::try_from(ctx.deadline.micros_left(self.clock.monotonic())).unwrap_or(i64::MAX);
        self.clock.now().plus_micros(left.min(DEADLINE_MAX_US).saturating_add(SWEEP_AFTER_US))
    }

    /// Whose command it is, and what it says, as digests; nothing without an idempotency key.
    pub(crate) fn named(&self, ctx: &Ctx, operation: &str, command: &impl Serialize) -> Result<Option<Named>, Failure> {
        let Some(key) = &ctx.idempotency_key else { return Ok(None) };
        self.named_as(&[&ctx.principal.subject, operation, key.as_str()], command).map(Some)
    }

    pub(crate) fn named_as(&self, name: &[&str], command: &impl Serialize) -> Result<Named, Failure> {
        let command = serde_json::to_vec(command).map_err(|_| Failure::Internal)?;
        Ok(Named { key: self.digest(name), command: self.requests.mac(&command) })
    }

    /// Under which the use of an account is counted.
    pub(crate) fn use_key(&self, path: &AccountPath) -> [u8; 16] {
        self.digest(&["account", path.as_str()])
    }

    pub(crate) fn digest(&self, parts: &[&str]) -> [u8; 16] {
        let mut bytes = Vec::new();
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        self.requests.mac(&bytes).first_chunk().copied().unwrap_or_default()
    }

    /// Refuses what is out of the caller's reach like what does not exist.
    pub(crate) async fn may(&self, ctx: &Ctx, action: &str, id: PaymentId) -> Result<Record, PaymentsError> {
        let record = store::record(&self.db.read().await?, id).await?;
        let owner = record.as_ref().and_then(|record| record.owner.as_deref());
        let unknown = || PaymentsError::from(Refusal::PaymentUnknown { payment: id.to_string() });
        match access::check(ctx, "payments", action, owner) {
            Err(Denied::NotFound) => Err(unknown()),
            Err(denied) => Err(denied.into()),
            Ok(()) => record.ok_or_else(unknown),
        }
    }

    pub(crate) fn today(&self) -> Date {
        self.date_at(self.clock.now())
    }

    pub(crate) fn date_at(&self, at: Timestamp) -> Date {
        let instant = jiff::Timestamp::from_microsecond(at.micros()).unwrap_or_default();
        instant.to_zoned(self.zone.clone()).date()
    }

    /// The first instant of a day.
    pub(crate) fn start_of(&self, day: Date) -> Timestamp {
        let begun = self.zone.to_zoned(day.at(0, 0, 0, 0));
        Timestamp::from_micros(begun.map_or(i64::MAX, |at| at.timestamp().as_microsecond()))
    }

    /// The day on which a payment counts.
    pub(crate) fn day_number(&self, on: Option<Date>) -> i64 {
        number_of(on.unwrap_or_else(|| self.today()))
    }

    pub(crate) fn month_number(&self, on: Option<Date>) -> i64 {
        number_of(on.unwrap_or_else(|| self.today()).first_of_month())
    }
}

/// Days after 1970-01-01.
fn number_of(date: Date) -> i64 {
    date.since(EPOCH).map_or(0, |span| i64::from(span.get_days()))
}

pub(crate) fn date_of(number: i64) -> Date {
    EPOCH.saturating_add(number.clamp(-4_000_000, 4_000_000).days())
}

#[async_trait]
impl Orders for PaymentsService {
    async fn create(&self, ctx: &Ctx, command: CreatePayment) -> Result<Payment, PaymentsError> {
        in_time(ctx, &self.clock, self.create_payment(ctx, command)).await
    }

    async fn decide(&self, ctx: &Ctx, command: DecidePayment) -> Result<Payment, PaymentsError> {
        in_time(ctx, &self.clock, self.decide_payment(ctx, command)).await
    }

    async fn cancel(&self, ctx: &Ctx, command: CancelPayment) -> Result<Payment, PaymentsError> {
        in_time(ctx, &self.clock, self.cancel_payment(ctx, command)).await
    }

    async fn payment(&self, ctx: &Ctx, id: PaymentId) -> Result<PaymentFound, PaymentsError> {
        in_time(ctx, &self.clock, self.find_payment(ctx, id)).await
    }

    async fn payments(&self, ctx: &Ctx, query: PaymentQuery) -> Result<PaymentPage, PaymentsError> {
        in_time(ctx, &self.clock, self.list_payments(ctx, query)).await
    }

    async fn checks(&self, ctx: &Ctx, query: ChecksQuery) -> Result<ChecksPage, PaymentsError> {
        in_time(ctx, &self.clock, self.check_payments(ctx, query)).await
    }
}

#[async_trait]
impl Arrangements for PaymentsService {
    async fn add_payee(&self, ctx: &Ctx, command: AddPayee) -> Result<Payee, PaymentsError> {
        in_time(ctx, &self.clock, self.new_payee(ctx, command)).await
    }

    async fn remove_payee(&self, ctx: &Ctx, id: PayeeId) -> Result<(), PaymentsError> {
        in_time(ctx, &self.clock, self.without_payee(ctx, id)).await
    }

    async fn payees(&self, ctx: &Ctx) -> Result<PayeePage, PaymentsError> {
        in_time(ctx, &self.clock, self.list_payees(ctx)).await
    }

    async fn add_standing(&self, ctx: &Ctx, command: AddStanding) -> Result<Standing, PaymentsError> {
        in_time(ctx, &self.clock, self.new_standing(ctx, command)).await
    }

    async fn end_standing(&self, ctx: &Ctx, id: StandingId) -> Result<Standing, PaymentsError> {
        in_time(ctx, &self.clock, self.ended_standing(ctx, id)).await
    }

    async fn standing_orders(&self, ctx: &Ctx) -> Result<StandingList, PaymentsError> {
        in_time(ctx, &self.clock, self.list_standing(ctx)).await
    }
}

#[async_trait]
impl Policies for PaymentsService {
    async fn propose_policy(&self, ctx: &Ctx, command: ProposePolicy) -> Result<Policy, PaymentsError> {
        in_time(ctx, &self.clock, self.propose(ctx, command)).await
    }

    async fn confirm_policy(&self, ctx: &Ctx, command: ConfirmPolicy) -> Result<Policy, PaymentsError> {
        in_time(ctx, &self.clock, self.confirm(ctx, command)).await
    }

    async fn policies(&self, ctx: &Ctx) -> Result<PolicyList, PaymentsError> {
        in_time(ctx, &self.clock, self.list_policies(ctx)).await
    }
}

#[async_trait]
impl Rails for PaymentsService {
    async fn make_files(&self, ctx: &Ctx) -> Result<RailFileList, PaymentsError> {
        in_time(ctx, &self.clock, self.new_rail_files(ctx)).await
    }

    async fn rail_files(&self, ctx: &Ctx) -> Result<RailFileList, PaymentsError> {
        in_time(ctx, &self.clock, self.list_rail_files(ctx)).await
    }

    async fn rail_file(&self, ctx: &Ctx, id: RailFileId) -> Result<RailFile, PaymentsError> {
        in_time(ctx, &self.clock, self.find_rail_file(ctx, id)).await
    }

    async fn rail_file_content(&self, ctx: &Ctx, id: RailFileId) -> Result<RailFileContent, PaymentsError> {
        in_time(ctx, &self.clock, self.content_of(ctx, id)).await
    }

    async fn take_answer(&self, ctx: &Ctx, command: TakeAnswer) -> Result<AnswerReport, PaymentsError> {
        in_time(ctx, &self.clock, self.new_answer(ctx, command)).await
    }
}

#[async_trait]
impl Uploads for PaymentsService {
    async fn upload(&self, ctx: &Ctx, command: UploadFile) -> Result<Upload, PaymentsError> {
        in_time(ctx, &self.clock, self.new_upload(ctx, command)).await
    }

    async fn upload_of(&self, ctx: &Ctx, id: UploadId) -> Result<Upload, PaymentsError> {
        in_time(ctx, &self.clock, self.find_upload(ctx, id)).await
    }

    async fn upload_lines(&self, ctx: &Ctx, query: UploadLinesQuery) -> Result<UploadLines, PaymentsError> {
        in_time(ctx, &self.clock, self.lines_of(ctx, query)).await
    }

    async fn upload_report(&self, ctx: &Ctx, query: UploadReportQuery) -> Result<UploadReport, PaymentsError> {
        in_time(ctx, &self.clock, self.report_of(ctx, query)).await
    }
}
