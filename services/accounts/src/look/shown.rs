//! Movements as they are shown: with their account, its currency, and texts as long as the customer is not erased.

use std::collections::HashMap;

use accounts_api::Movement;
use kernel::{Currency, Money, Timestamp};
use platform::db::{DbError, Tx};

use crate::follow::Texts;
use crate::keys::Sealer;
use crate::service::Inner;
use crate::store::account::{self, AccountRow};
use crate::store::movement::MovementRow;
use crate::store::product;

/// What rows are shown with.
pub(crate) struct Context {
    accounts: HashMap<i64, AccountRow>,
    currencies: HashMap<i64, Currency>,
    sealers: HashMap<i64, Sealer>,
}

impl Context {
    pub(crate) async fn load(inner: &Inner, tx: &Tx, rows: &[MovementRow]) -> Result<Context, DbError> {
        let mut seqs: Vec<i64> = rows.iter().map(|row| row.key.account).collect();
        seqs.sort_unstable();
        seqs.dedup();
        let accounts = account::of_seqs(tx, &seqs).await?;
        let mut owners: Vec<i64> = accounts.values().map(|account| account.owner).collect();
        owners.sort_unstable();
        owners.dedup();
        let sealers = inner.keys.of(tx, &owners).await?;
        let products = if rows.is_empty() { Vec::new() } else { product::page(tx, 0, usize::MAX).await? };
        let currencies = products.into_iter().map(|product| (product.seq, product.currency)).collect();
        Ok(Context { accounts, currencies, sealers })
    }

    pub(crate) fn shown(&self, row: MovementRow) -> Result<Movement, DbError> {
        let missing = || DbError::shape(format!("a movement of account {}, which does not exist", row.key.account));
        let account = self.accounts.get(&row.key.account).ok_or_else(missing)?;
        let currency = self.currencies.get(&account.product).copied().ok_or_else(missing)?;
        // Without a key the customer was erased.
        let texts = match self.sealers.get(&account.owner) {
            Some(sealer) if !row.sealed.is_empty() => {
                Texts::read(&sealer.unseal([row.key.account, row.key.seq], &row.sealed)?)?
            }
            _ => Texts::default(),
        };
        let at = Timestamp::from_micros(row.at);
        let effective_at = (row.effective_at != row.at).then(|| Timestamp::from_micros(row.effective_at));
        Ok(Movement {
            id: row.key.id(),
            account: account.id,
            transaction: row.txn.to_string(),
            status: row.status,
            amount: Money::new(row.minor, currency),
            kind: row.kind,
            category: row.category,
            at,
            effective_at,
            counterpart: row.counterpart,
            source: row.source,
            name: texts.name,
            number: texts.number,
            text: texts.text,
            mcc: row.mcc,
        })
    }
}
