//! Files of payments that callers send: kept first, then one payment for each line.
//!
//! A line's payment has a name made from the file and the line's number, so that it is made once, whatever is killed or
//! runs twice. The same content for the same payer is the same file.

pub(crate) mod read;
mod report;

use futures_util::{StreamExt, stream};
use kernel::{Ctx, Timestamp};
use platform::access::{self, Denied};
use platform::error::Failure;
use platform::room::OpenError;
use serde::{Deserialize, Serialize};

use self::read::{FileRead, OrderLine, read};
use crate::create::{Payer, has_form};
use crate::face::*;
use crate::rail::plain;
use crate::service::PaymentsService;
use crate::store;

/// Lines that are read from the store, and carried out next to each other.
const CHUNK: usize = 256;
const AT_ONCE: usize = 64;
/// Left for the answer when the caller's deadline comes near.
const ANSWER_US: u64 = 2_000_000;
/// After which the periodic work goes on with a file that a caller has sent.
const LEFT_BEHIND_US: i64 = 15_000_000;
/// For one chunk of lines.
const PATIENCE_MS: u64 = 30_000;

/// One row of `upload`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptUpload {
    pub(crate) shown: Upload,
    /// The paying account's owner.
    pub(crate) owner: Option<String>,
}

/// One row of `upload_line`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptLine {
    pub(crate) order: OrderLine,
    /// Why it has no payment.
    pub(crate) refused: Option<String>,
}

/// With its row's id and its payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredLine {
    pub(crate) id: [u8; 16],
    pub(crate) payment: Option<PaymentId>,
    pub(crate) kept: KeptLine,
}

impl PaymentsService {
    pub(crate) async fn new_upload(&self, ctx: &Ctx, command: UploadFile) -> Result<Upload, PaymentsError> {
        let from = Side::path(command.from.clone());
        let (payer, currency) = self.payer_account(ctx, &from, ("payments", "create")).await?;
        let digest = self.digest(&["upload", command.from.as_str(), &command.content]);
        let known = store::upload::by_digest(&self.db.read().await?, digest).await?;
        if let Some(kept) = known {
            return Ok(Upload { replayed: true, ..self.worked(ctx, kept).await?.shown });
        }
        let file = read(command.content.as_bytes(), self.today());
        let mut file = file.map_err(|detail| Refusal::UploadRefused { detail })?;
        refuse_others(&mut file, currency.code());
        let message = file.message.as_ref().map(|id| self.digest(&["message", command.from.as_str(), id]));
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        if let Some(kept) = store::upload::by_digest(&tx, digest).await? {
            drop(tx);
            return Ok(Upload { replayed: true, ..self.worked(ctx, kept).await?.shown });
        }
        let is_repeated = match message {
            Some(message) => store::upload::has_message(&tx, message).await?,
            None => false,
        };
        if is_repeated {
            file.refusals.push(repeated_message());
            file.wrong += 1;
        }
        let refused = !file.refusals.is_empty() || (!file.broken.is_empty() && !command.partial);
        let kept = KeptUpload { shown: self.shown(ctx, &command, &file, refused), owner: payer.owner };
        // A refused file can be mended and sent again under its own id.
        let message = message.filter(|_| !refused);
        store::upload::add(&tx, &kept, digest, message).await?;
        if !refused {
            let lines: Vec<StoredLine> = file.lines.into_iter().map(|order| self.line(order)).collect();
            for some in lines.chunks(CHUNK) {
                store::upload::add_lines(&tx, kept.shown.id, some).await?;
            }
        }
        tx.commit().await?;
        Ok(self.worked(ctx, kept).await?.shown)
    }

    fn line(&self, order: OrderLine) -> StoredLine {
        let id: UploadId = self.ids.make();
        StoredLine { id: id.to_bytes(), payment: None, kept: KeptLine { order, refused: None } }
    }

    fn shown(&self, ctx: &Ctx, command: &UploadFile, file: &FileRead, refused: bool) -> Upload {
        let mistakes = file.refusals.iter().chain(&file.broken).take(limits::MISTAKES_MAX).cloned();
        Upload {
            id: self.ids.make(),
            state: if refused { UploadState::Refused } else { UploadState::Working },
            kind: file.kind.name().to_owned(),
            message: file.message.clone(),
            from: command.from.clone(),
            lines: file.count,
            made: 0,
            wrong: file.wrong,
            mistakes: mistakes.collect(),
            made_by: ctx.principal.subject.to_string(),
            created_at: self.clock.now(),
            replayed: false,
        }
    }

    /// Makes the payments of its lines, as many as there is time for.
    async fn worked(&self, ctx: &Ctx, kept: KeptUpload) -> Result<KeptUpload, PaymentsError> {
        if kept.shown.state != UploadState::Working {
            return Ok(kept);
        }
        let (mut after, mut made) = (0, 0);
        loop {
            let lines = store::upload::lines(&self.db.read().await?, kept.shown.id, after, CHUNK).await?;
            let Some(last) = lines.last() else { break };
            if ctx.deadline.micros_left(self.clock.monotonic()) < ANSWER_US {
                return Ok(kept);
            }
            after = last.kept.order.number;
            made += lines.iter().filter(|line| line.payment.is_some()).count() as u64;
            let open = lines.into_iter().filter(|line| line.payment.is_none() && line.kept.refused.is_none());
            let open: Vec<_> = open.map(|line| self.made(ctx, &kept, line)).collect();
            let mut running = stream::iter(open).buffer_unordered(AT_ONCE);
            let mut done = Vec::new();
            while let Some(line) = running.next().await {
                done.push(line?);
            }
            made += done.iter().filter(|line| line.payment.is_some()).count() as u64;
            if !done.is_empty() {
                let tx = self.db.begin().await?;
                store::upload::put_lines(&tx, &done).await?;
                tx.commit().await?;
            }
        }
        let kept = KeptUpload { shown: Upload { state: UploadState::Done, made, ..kept.shown }, ..kept };
        let tx = self.db.begin().await?;
        store::upload::end(&tx, &kept).await?;
        tx.commit().await?;
        Ok(kept)
    }

    /// Its payment, or the code of what refuses it.
    async fn made(&self, ctx: &Ctx, upload: &KeptUpload, line: StoredLine) -> Result<StoredLine, PaymentsError> {
        match self.pay_line(ctx, upload, &line.kept.order).await {
            Ok(payment) => Ok(StoredLine { payment: Some(payment), ..line }),
            Err(error) => match error.refusal() {
                Some(_) => {
                    let refused = Some(error.code().to_owned());
                    Ok(StoredLine { kept: KeptLine { refused, ..line.kept }, ..line })
                }
                None => Err(error),
            },
        }
    }

    async fn pay_line(&self, ctx: &Ctx, upload: &KeptUpload, line: &OrderLine) -> Result<PaymentId, PaymentsError> {
        let command = CreatePayment {
            from: Side::path(upload.shown.from.clone()),
            to: line.to.clone(),
            amount: line.amount,
            text: line.text.clone(),
            reference: None,
            on: line.on,
            dry_run: false,
        };
        has_form(&command)?;
        let created = self.date_at(upload.shown.created_at);
        if line.on.is_some_and(|on| quant::calendar::days_between(created, on) > limits::DAYS_AHEAD_MAX) {
            return Err(Refusal::DayOutOfRange { found: line.on.map(|on| on.to_string()).unwrap_or_default() }.into());
        }
        let payer = Payer { path: upload.shown.from.clone(), owner: upload.owner.clone() };
        let paid = self.paid(ctx, &command.to).await?;
        if payer.path == paid.path {
            return Err(Refusal::SameAccount { account: payer.path.to_string() }.into());
        }
        self.prepare_rail(ctx, &paid, command.amount).await?;
        let name = ["upload", &upload.shown.id.to_string(), &line.number.to_string()];
        let named = self.named_as(&name, &command)?;
        let mut intent = self.intent(ctx, command, (payer, paid), Some(named), None);
        intent.made_by = upload.shown.made_by.clone();
        let begun = self.begin(ctx, intent).await?;
        Ok(self.carried_out(ctx, begun).await?.id)
    }

    /// Goes on with files that a caller has left behind.
    pub(crate) async fn finish_uploads(&self) -> Result<(), OpenError> {
        let before = Timestamp::from_micros(self.clock.now().micros().saturating_sub(LEFT_BEHIND_US));
        let working = store::upload::working(&self.db.read().await?).await?;
        for kept in working {
            if kept.shown.created_at > before {
                continue;
            }
            let (id, ctx) = (kept.shown.id, self.itself(PATIENCE_MS).await?);
            if let Err(error) = self.worked(&ctx, kept).await {
                tracing::warn!(code = error.code(), upload = %id, "a file of payments waits for its next round");
            }
        }
        Ok(())
    }

    pub(crate) async fn find_upload(&self, ctx: &Ctx, id: UploadId) -> Result<Upload, PaymentsError> {
        let kept = store::upload::by_id(&self.db.read().await?, id).await?;
        let owner = kept.as_ref().and_then(|kept| kept.owner.as_deref());
        let unknown = || PaymentsError::from(Refusal::UploadUnknown { upload: id.to_string() });
        match access::check(ctx, "payments", "read", owner) {
            Err(Denied::NotFound) => Err(unknown()),
            Err(denied) => Err(denied.into()),
            Ok(()) => kept.map(|kept| kept.shown).ok_or_else(unknown),
        }
    }

    pub(crate) async fn lines_of(&self, ctx: &Ctx, query: UploadLinesQuery) -> Result<UploadLines, PaymentsError> {
        let (given, max) = (query.limit, limits::PAGE_MAX);
        if !(1..=max).contains(&given) {
            return Err(Refusal::PageSize { given, max }.into());
        }
        self.find_upload(ctx, query.upload).await?;
        let mut items = self.lines_after(query.upload, query.after, given + 1).await?;
        let more = items.len() > given;
        items.truncate(given);
        let next = items.last().filter(|_| more).map(|last| last.number);
        Ok(UploadLines { items, next })
    }

    async fn lines_after(&self, id: UploadId, after: u64, max: usize) -> Result<Vec<UploadLine>, PaymentsError> {
        let tx = self.db.read().await?;
        let lines = store::upload::lines(&tx, id, after, max).await?;
        let ids: Vec<PaymentId> = lines.iter().filter_map(|line| line.payment).collect();
        let records = store::records(&tx, &ids).await?;
        let known: std::collections::HashMap<_, _> = records.iter().map(|record| (record.id, record)).collect();
        let line = |line: StoredLine| {
            let record = line.payment.and_then(|payment| known.get(&payment));
            let OrderLine { number, end_to_end, amount, .. } = line.kept.order;
            UploadLine {
                number,
                end_to_end,
                amount,
                payment: line.payment,
                state: record.map(|record| record.state),
                reason: line.kept.refused.or_else(|| record.and_then(|record| record.reason.clone())),
            }
        };
        Ok(lines.into_iter().map(line).collect())
    }

    pub(crate) async fn report_of(&self, ctx: &Ctx, query: UploadReportQuery) -> Result<UploadReport, PaymentsError> {
        let upload = self.find_upload(ctx, query.upload).await?;
        let lines = self.lines_after(query.upload, 0, limits::UPLOAD_LINES_MAX).await?;
        let (name, written) = match query.form {
            ReportForm::Csv => ("csv", report::csv(&lines)),
            ReportForm::Pain002 => ("pain002.xml", report::pain_002(&upload, &lines, self.clock.now())),
        };
        let bytes = written.map_err(|error| {
            tracing::error!(%error, upload = %upload.id, "the report of a file cannot be written");
            Failure::Internal
        })?;
        let content = String::from_utf8(bytes).map_err(|_| Failure::Internal)?;
        Ok(UploadReport { name: format!("{}.{name}", plain(&upload.id)), content })
    }
}

/// Lines in another currency than the payer's.
fn refuse_others(file: &mut FileRead, currency: &str) {
    let (own, others): (Vec<_>, Vec<_>) =
        std::mem::take(&mut file.lines).into_iter().partition(|line| line.amount.currency().code() == currency);
    file.lines = own;
    file.wrong += others.len() as u64;
    file.broken.extend(others.into_iter().map(|line| LineMistake {
        line: 0,
        element: format!("line {}", line.number),
        field: "currency".to_owned(),
        code: "currency_mismatch".to_owned(),
        message: format!("the paying account is in {currency}, the line in {}", line.amount.currency()),
    }));
}

fn repeated_message() -> LineMistake {
    LineMistake {
        line: 0,
        element: "GrpHdr".to_owned(),
        field: "MsgId".to_owned(),
        code: "message_repeated".to_owned(),
        message: "a different file with this id was sent before".to_owned(),
    }
}
