//! Books on paper: all legs of a transaction or none.

use kernel::{Money, Timestamp};
use ledger_api::*;
use platform::error::Failure;
use platform::feed::{CloudEvent, Event};

use super::{Pages, Shelf};

impl Pages {
    /// All legs or none.
    pub(super) fn book(
        &mut self,
        id: TransactionId,
        legs: &[(String, String, Money)],
        reference: Option<Reference>,
        now: Timestamp,
    ) -> Result<Transaction, Refusal> {
        let outcome = self.booked(id, legs, reference, now);
        if let Ok(transaction) = &outcome {
            let mut data = serde_json::to_value(transaction).unwrap();
            data.as_object_mut().unwrap().remove("metadata");
            let (kind, rows) = ("ledger.transaction.posted", self.rows);
            let event = CloudEvent::new("/ledger/main", rows.to_string(), kind, id.to_string(), now, data);
            self.ledger_events.push(Event { cursor: rows, event });
        }
        self.done.insert(id, outcome.clone());
        outcome
    }

    fn booked(
        &mut self,
        id: TransactionId,
        legs: &[(String, String, Money)],
        reference: Option<Reference>,
        now: Timestamp,
    ) -> Result<Transaction, Refusal> {
        for (_, credit, amount) in legs {
            let from = &self.accounts[credit];
            let available = from.floor.map(|floor| from.posted - floor);
            if available.is_some_and(|available| available < amount.minor()) {
                let account = credit.parse().unwrap();
                let available = Money::new(available.unwrap(), from.currency);
                return Err(Refusal::InsufficientFunds { account, asked: *amount, available });
            }
        }
        self.move_all(id, legs, reference.as_ref(), now);
        let posted = |(debit, credit, amount): &(String, String, Money)| PostedLeg {
            debit: debit.parse().unwrap(),
            credit: credit.parse().unwrap(),
            amount: *amount,
            hold: None,
            overrides_floor: false,
        };
        Ok(Transaction {
            id,
            kind: TransactionKind::Posted,
            status: TransactionStatus::Posted,
            postings: legs.iter().map(posted).collect(),
            balances: Vec::new(),
            target: None,
            reversed_by: None,
            failure: None,
            recorded_at: now,
            effective_at: now,
            expires_at: None,
            reference,
            metadata: Metadata::new(),
            replayed: false,
            dry_run: false,
            as_of_seq: None,
        })
    }

    fn move_all(
        &mut self,
        id: TransactionId,
        legs: &[(String, String, Money)],
        reference: Option<&Reference>,
        now: Timestamp,
    ) {
        for (debit, credit, amount) in legs {
            self.rows += 1;
            for (path, other, direction) in [(debit, credit, Side::Debit), (credit, debit, Side::Credit)] {
                let seq = self.rows;
                let account = self.accounts.get_mut(path).unwrap();
                account.posted += if account.normal == direction { amount.minor() } else { -amount.minor() };
                let money = |minor| Money::new(minor, account.currency);
                let balance =
                    StatementBalance { posted: money(account.posted), pending_in: money(0), pending_out: money(0) };
                account.movements.push(Movement {
                    seq,
                    transaction: id,
                    kind: TransactionKind::Posted,
                    direction,
                    counterpart: other.parse().unwrap(),
                    amount: *amount,
                    reference: reference.cloned(),
                    recorded_at: now,
                    effective_at: now,
                    balance,
                });
            }
        }
    }
}

impl Shelf {
    pub(super) fn account(&self, path: &str) -> Result<Account, LedgerError> {
        let pages = self.pages();
        let found = pages.accounts.get(path).ok_or(LedgerError::Failed(Failure::NotFound))?;
        let money = |minor| Money::new(minor, found.currency);
        Ok(Account {
            path: path.parse().unwrap(),
            currency: found.currency,
            normal: found.normal,
            status: AccountStatus::Open,
            floor: None,
            ceiling: None,
            owner: None,
            reference: None,
            metadata: Metadata::new(),
            balances: Balances {
                posted: money(found.posted),
                pending_in: money(0),
                pending_out: money(0),
                available: None,
                version: 1,
            },
            opened_at: Timestamp::EPOCH,
            replayed: false,
            as_of_seq: None,
        })
    }
}
