//! Payments in another process: the same traits over [`platform::rpc`], and the method table that answers them there.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::Ctx;
use platform::room::Face;
use platform::rpc::{Methods, MethodsOf, Repeat, RpcClient};

use crate::face::*;

/// How payments are called.
pub static FACE: Face<dyn Payments> = Face { name: SERVICE, serve, remote: |rpc| Arc::new(RemotePayments { rpc }) };

type Shared = Arc<dyn Payments>;

fn serve(payments: Shared) -> Methods {
    MethodsOf::new(SERVICE, payments)
        .on("create", |at, ctx, it| async move { at.create(&ctx, it).await })
        .on("decide", |at, ctx, it| async move { at.decide(&ctx, it).await })
        .on("cancel", |at, ctx, it| async move { at.cancel(&ctx, it).await })
        .on("payment", |at, ctx, it| async move { at.payment(&ctx, it).await })
        .on("payments", |at, ctx, it| async move { at.payments(&ctx, it).await })
        .on("checks", |at, ctx, it| async move { at.checks(&ctx, it).await })
        .on("add_payee", |at, ctx, it| async move { at.add_payee(&ctx, it).await })
        .on("remove_payee", |at, ctx, it| async move { at.remove_payee(&ctx, it).await })
        .on("payees", |at, ctx, ()| async move { at.payees(&ctx).await })
        .on("add_standing", |at, ctx, it| async move { at.add_standing(&ctx, it).await })
        .on("end_standing", |at, ctx, it| async move { at.end_standing(&ctx, it).await })
        .on("standing_orders", |at, ctx, ()| async move { at.standing_orders(&ctx).await })
        .on("propose_policy", |at, ctx, it| async move { at.propose_policy(&ctx, it).await })
        .on("confirm_policy", |at, ctx, it| async move { at.confirm_policy(&ctx, it).await })
        .on("policies", |at, ctx, ()| async move { at.policies(&ctx).await })
        .on("make_files", |at, ctx, ()| async move { at.make_files(&ctx).await })
        .on("rail_files", |at, ctx, ()| async move { at.rail_files(&ctx).await })
        .on("rail_file", |at, ctx, it| async move { at.rail_file(&ctx, it).await })
        .on("rail_file_content", |at, ctx, it| async move { at.rail_file_content(&ctx, it).await })
        .on("take_answer", |at, ctx, it| async move { at.take_answer(&ctx, it).await })
        .on("upload", |at, ctx, it| async move { at.upload(&ctx, it).await })
        .on("upload_of", |at, ctx, it| async move { at.upload_of(&ctx, it).await })
        .on("upload_lines", |at, ctx, it| async move { at.upload_lines(&ctx, it).await })
        .on("upload_report", |at, ctx, it| async move { at.upload_report(&ctx, it).await })
        .into()
}

/// Payments in another process.
#[derive(Debug, Clone)]
pub struct RemotePayments {
    rpc: RpcClient,
}

#[async_trait]
impl Orders for RemotePayments {
    async fn create(&self, ctx: &Ctx, command: CreatePayment) -> Result<Payment, PaymentsError> {
        self.rpc.call(ctx, "create", &command, Repeat::keyed(ctx)).await
    }

    /// A second approval by the same person changes nothing, but is refused.
    async fn decide(&self, ctx: &Ctx, command: DecidePayment) -> Result<Payment, PaymentsError> {
        self.rpc.call(ctx, "decide", &command, Repeat::keyed(ctx)).await
    }

    async fn cancel(&self, ctx: &Ctx, command: CancelPayment) -> Result<Payment, PaymentsError> {
        self.rpc.call(ctx, "cancel", &command, Repeat::keyed(ctx)).await
    }

    async fn payment(&self, ctx: &Ctx, id: PaymentId) -> Result<PaymentFound, PaymentsError> {
        self.rpc.call(ctx, "payment", &id, Repeat::Question).await
    }

    async fn payments(&self, ctx: &Ctx, query: PaymentQuery) -> Result<PaymentPage, PaymentsError> {
        self.rpc.call(ctx, "payments", &query, Repeat::Question).await
    }

    async fn checks(&self, ctx: &Ctx, query: ChecksQuery) -> Result<ChecksPage, PaymentsError> {
        self.rpc.call(ctx, "checks", &query, Repeat::Question).await
    }
}

#[async_trait]
impl Arrangements for RemotePayments {
    async fn add_payee(&self, ctx: &Ctx, command: AddPayee) -> Result<Payee, PaymentsError> {
        self.rpc.call(ctx, "add_payee", &command, Repeat::keyed(ctx)).await
    }

    async fn remove_payee(&self, ctx: &Ctx, id: PayeeId) -> Result<(), PaymentsError> {
        self.rpc.call(ctx, "remove_payee", &id, Repeat::keyed(ctx)).await
    }

    async fn payees(&self, ctx: &Ctx) -> Result<PayeePage, PaymentsError> {
        self.rpc.call(ctx, "payees", &(), Repeat::Question).await
    }

    async fn add_standing(&self, ctx: &Ctx, command: AddStanding) -> Result<Standing, PaymentsError> {
        self.rpc.call(ctx, "add_standing", &command, Repeat::keyed(ctx)).await
    }

    /// What has ended stays as it is.
    async fn end_standing(&self, ctx: &Ctx, id: StandingId) -> Result<Standing, PaymentsError> {
        self.rpc.call(ctx, "end_standing", &id, Repeat::Harmless).await
    }

    async fn standing_orders(&self, ctx: &Ctx) -> Result<StandingList, PaymentsError> {
        self.rpc.call(ctx, "standing_orders", &(), Repeat::Question).await
    }
}

#[async_trait]
impl Policies for RemotePayments {
    async fn propose_policy(&self, ctx: &Ctx, command: ProposePolicy) -> Result<Policy, PaymentsError> {
        self.rpc.call(ctx, "propose_policy", &command, Repeat::keyed(ctx)).await
    }

    async fn confirm_policy(&self, ctx: &Ctx, command: ConfirmPolicy) -> Result<Policy, PaymentsError> {
        self.rpc.call(ctx, "confirm_policy", &command, Repeat::keyed(ctx)).await
    }

    async fn policies(&self, ctx: &Ctx) -> Result<PolicyList, PaymentsError> {
        self.rpc.call(ctx, "policies", &(), Repeat::Question).await
    }
}

#[async_trait]
impl Rails for RemotePayments {
    /// What is in a file already is not put into another one.
    async fn make_files(&self, ctx: &Ctx) -> Result<RailFileList, PaymentsError> {
        self.rpc.call(ctx, "make_files", &(), Repeat::Harmless).await
    }

    async fn rail_files(&self, ctx: &Ctx) -> Result<RailFileList, PaymentsError> {
        self.rpc.call(ctx, "rail_files", &(), Repeat::Question).await
    }

    async fn rail_file(&self, ctx: &Ctx, id: RailFileId) -> Result<RailFile, PaymentsError> {
        self.rpc.call(ctx, "rail_file", &id, Repeat::Question).await
    }

    async fn rail_file_content(&self, ctx: &Ctx, id: RailFileId) -> Result<RailFileContent, PaymentsError> {
        self.rpc.call(ctx, "rail_file_content", &id, Repeat::Question).await
    }

    /// The content names it: the same again has no further effect.
    async fn take_answer(&self, ctx: &Ctx, command: TakeAnswer) -> Result<AnswerReport, PaymentsError> {
        self.rpc.call(ctx, "take_answer", &command, Repeat::Harmless).await
    }
}

#[async_trait]
impl Uploads for RemotePayments {
    /// The content names it: the same again is the same file.
    async fn upload(&self, ctx: &Ctx, command: UploadFile) -> Result<Upload, PaymentsError> {
        self.rpc.call(ctx, "upload", &command, Repeat::Harmless).await
    }

    async fn upload_of(&self, ctx: &Ctx, id: UploadId) -> Result<Upload, PaymentsError> {
        self.rpc.call(ctx, "upload_of", &id, Repeat::Question).await
    }

    async fn upload_lines(&self, ctx: &Ctx, query: UploadLinesQuery) -> Result<UploadLines, PaymentsError> {
        self.rpc.call(ctx, "upload_lines", &query, Repeat::Question).await
    }

    async fn upload_report(&self, ctx: &Ctx, query: UploadReportQuery) -> Result<UploadReport, PaymentsError> {
        self.rpc.call(ctx, "upload_report", &query, Repeat::Question).await
    }
}
