//! Queries: payments, with their steps.

use kernel::Ctx;
use platform::access;

use crate::face::*;
use crate::record::Record;
use crate::service::PaymentsService;
use crate::store::{self, Listed};

impl PaymentsService {
    pub(crate) async fn find_payment(&self, ctx: &Ctx, id: PaymentId) -> Result<PaymentFound, PaymentsError> {
        let record = self.may(ctx, "read", id).await?;
        let history = store::steps_of(&self.db.read().await?, id).await?;
        Ok(PaymentFound { payment: record.shown(false), history })
    }

    pub(crate) async fn list_payments(&self, ctx: &Ctx, query: PaymentQuery) -> Result<PaymentPage, PaymentsError> {
        let (given, max) = (query.limit, limits::PAGE_MAX);
        if !(1..=max).contains(&given) {
            return Err(Refusal::PageSize { given, max }.into());
        }
        let owner = access::owner_term(ctx, "payments", "read")?;
        let before = query.before.unwrap_or(PaymentId::from_bits(u128::MAX));
        let tx = self.db.read().await?;
        let listed = match (&query.from, &owner, query.state) {
            (Some(path), _, _) => Listed::Account(self.use_key(path)),
            (None, Some(owner), _) => Listed::Owner(owner),
            (None, None, Some(state)) if !crate::state::is_end(state) => Listed::Waiting(state),
            (None, None, _) => Listed::All,
        };
        let mut records = store::list(&tx, listed, before, query.limit + 1).await?;
        let more = records.len() > query.limit;
        records.truncate(query.limit);
        let next = records.last().filter(|_| more).map(|last| last.id);
        let own = |record: &Record| owner.as_deref().is_none_or(|owner| record.owner.as_deref() == Some(owner));
        let wanted = |record: &Record| query.state.is_none_or(|state| record.state == state);
        records.retain(|record| own(record) && wanted(record));
        Ok(PaymentPage { items: records.iter().map(|record| record.shown(false)).collect(), next })
    }
}
