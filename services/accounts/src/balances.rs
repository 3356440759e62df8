//! Balances of customers' accounts as of an instant, by page.

use std::collections::HashMap;

use accounts_api::{AccountId, AccountsError};
use kernel::{Id, Timestamp};
use ledger_api::{AccountPath, BalancesQuery, TimeBasis};

use crate::books::{self, FIRST, failed};
use crate::service::Inner;
use crate::store::interest::Span;
use crate::store::movement::account_of;

/// One page, by account, and the ids that it covers.
pub(crate) struct Balances {
    pub(crate) by_id: HashMap<AccountId, i64>,
    pub(crate) span: Span,
    /// The last path, if there are more.
    pub(crate) next: Option<AccountPath>,
}

impl Inner {
    pub(crate) async fn balances(
        &self,
        after: AccountPath,
        at: Timestamp,
        by: TimeBasis,
    ) -> Result<Balances, AccountsError> {
        let first = account_of(after.as_str()).unwrap_or(Id::from_bits(0));
        let (prefix, limit) = (books::root().map_err(failed)?, self.settings.run_page);
        let query = BalancesQuery { prefix, at: Some(at), by, after: Some(after), limit };
        let ledger = self.books.ledger().await.map_err(failed)?;
        let page = ledger.balances(&self.books.ctx().await.map_err(failed)?, query).await.map_err(failed)?;
        // Accounts of this room come first among all below the root.
        let ends = page.next.is_none() || page.items.iter().any(|item| !item.path.as_str().starts_with(FIRST));
        let own = page.items.iter().filter_map(|item| Some((account_of(item.path.as_str())?, item.posted.minor())));
        let by_id: HashMap<AccountId, i64> = own.collect();
        let last = by_id.keys().max().copied().unwrap_or(first);
        let last = if ends { Id::from_bits(u128::MAX) } else { last };
        Ok(Balances { by_id, span: (first, last), next: page.next.filter(|_| !ends) })
    }
}
