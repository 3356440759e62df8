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
        .on("add_payee", |at, ctx, it| async move { at.add_payee(&ctx, it).await })
        .on("remove_payee", |at, ctx, it| async move { at.remove_payee(&ctx, it).await })
        .on("payees", |at, ctx, ()| async move { at.payees(&ctx).await })
        .on("add_standing", |at, ctx, it| async move { at.add_standing(&ctx, it).await })
        .on("end_standing", |at, ctx, it| async move { at.end_standing(&ctx, it).await })
        .on("standing_orders", |at, ctx, ()| async move { at.standing_orders(&ctx).await })
        .on("propose_policy", |at, ctx, it| async move { at.propose_policy(&ctx, it).await })
        .on("confirm_policy", |at, ctx, it| async move { at.confirm_policy(&ctx, it).await })
        .on("policies", |at, ctx, ()| async move { at.policies(&ctx).await })
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
