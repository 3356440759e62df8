//! What is to be moved: every transfer of a seed, in pieces that callers take.

use kernel::{Id, Money};
use ledger_api::{AccountPath, NewTransaction, Operation, Posting, TransactionId};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

pub(crate) const ACCOUNTS: u64 = 12;
/// What each account starts with; a few of the transfers are for more than that.
pub(crate) const FUNDS: i64 = 20_000;
const AMOUNT_MAX: i64 = 900;
/// Transfers that a caller takes at once.
pub(crate) const PIECE: u64 = 100;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) transfers: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Transfer {
    pub(crate) id: u128,
    pub(crate) debit: u64,
    pub(crate) credit: u64,
    pub(crate) minor: i64,
}

impl Plan {
    /// The pieces that must be done.
    pub(crate) fn pieces(self) -> u64 {
        self.transfers.div_ceil(PIECE)
    }

    /// One piece; there are more of them than must be done.
    pub(crate) fn piece(self, number: u64) -> Vec<Transfer> {
        let mut random = StdRng::seed_from_u64(self.seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let one = |place| {
            let debit = random.random_range(0..ACCOUNTS);
            let credit = (debit + random.random_range(1..ACCOUNTS)) % ACCOUNTS;
            let minor = random.random_range(1..=AMOUNT_MAX);
            Transfer { id: (u128::from(number + 1) << 64) | u128::from(place), debit, credit, minor }
        };
        (0..PIECE).map(one).collect()
    }
}

impl Transfer {
    pub(crate) fn id(self) -> TransactionId {
        Id::from_bits(self.id)
    }

    pub(crate) fn operation(self) -> Operation {
        Operation::Create(NewTransaction {
            id: Some(self.id()),
            postings: vec![posting(&path(self.debit), &path(self.credit), self.minor)],
            ..NewTransaction::default()
        })
    }
}

pub(crate) fn path(account: u64) -> AccountPath {
    format!("bank:{account:02}").parse().unwrap()
}

pub(crate) fn usd(minor: i64) -> Money {
    Money::new(minor, "USD".parse().unwrap())
}

pub(crate) fn posting(debit: &AccountPath, credit: &AccountPath, minor: i64) -> Posting {
    Posting {
        debit: Some(debit.clone()),
        credit: Some(credit.clone()),
        amount: usd(minor),
        up_to_available: false,
        split: Vec::new(),
        override_limit: None,
        book: None,
    }
}
