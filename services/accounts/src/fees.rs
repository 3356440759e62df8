//! Fees: taken as far as there is money, the rest at the end of each following day; waived and refunded by a person.
//!
//! At most one charge for an account, a fee and an occasion. An attempt at it is stored before the ledger is asked, and
//! its number is part of the ledger's id: a process that is killed between the two leaves an attempt that is made again
//! under the same id, and a charge with such an attempt changes in no other way. Start reading at `Inner::take`.

use accounts_api::*;
use jiff::civil::Date;
use kernel::{Ctx, Currency, Money};
use ledger_api::{Batch, LineOutcome, Operation, Submit};
use platform::db::Tx;
use platform::error::Failure;

use crate::books::{self, Own, failed, posting, transaction};
use crate::calendar;
use crate::meaning;
use crate::opening::in_state;
use crate::profile::text;
use crate::service::{Inner, may};
use crate::store::charge::{self, ChargeRow, NewCharge};
use crate::terms::Catalogue;

const READ: (&str, &str) = ("accounts", "read");
const CHANGE: (&str, &str) = ("accounts", "change");

/// A charge, and what an attempt took of it.
pub(crate) type Taken = (ChargeRow, i64);

impl Inner {
    pub(crate) async fn charges(&self, ctx: &Ctx, id: AccountId) -> Result<ChargeList, AccountsError> {
        let tx = self.db.read().await?;
        let (row, _) = self.reached_account(&tx, ctx, READ, id).await?;
        let currency = self.terms_of(&tx, &row).await?.currency;
        let rows = charge::of_account(&tx, row.seq, limits::PAGE_MAX).await?;
        Ok(ChargeList { items: rows.into_iter().map(|row| shown(row, currency)).collect() })
    }

    pub(crate) async fn charge_fee(&self, ctx: &Ctx, command: ChargeFee) -> Result<Charge, AccountsError> {
        may(ctx, CHANGE.0, CHANGE.1)?;
        text("occasion", &command.occasion, limits::TEXT_CHARS_MAX)?;
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let (begun, currency) = self.charged(&tx, ctx, &command).await?;
        tx.commit().await?;
        if !begun.trying {
            return Ok(shown(begun, currency));
        }
        Ok(shown(self.finished(begun).await?, currency))
    }

    /// The charge, with its first attempt begun if it is new.
    async fn charged(&self, tx: &Tx, ctx: &Ctx, command: &ChargeFee) -> Result<(ChargeRow, Currency), AccountsError> {
        let ChargeFee { account, fee, occasion } = command;
        let (row, _) = self.reached_account(tx, ctx, CHANGE, *account).await?;
        let currency = self.terms_of(tx, &row).await?.currency;
        if let Some(known) = charge::of(tx, row.seq, fee, occasion).await? {
            return Ok((known, currency));
        }
        let catalogue = Catalogue::load(tx).await?;
        let mut fees = catalogue.fees(row.product, self.today()).iter();
        let found = fees.find(|one| one.code == *fee && one.when == FeeWhen::Occasion);
        let minor = found.ok_or_else(|| Refusal::FeeUnknown { fee: fee.clone() })?.amount.minor();
        in_state(&row, AccountState::Active)?;
        let (day, fee, occasion) = (calendar::number(self.today()), fee.clone(), occasion.clone());
        let new = NewCharge { account: row.seq, fee, occasion, day, minor, waived: false };
        charge::add(tx, std::slice::from_ref(&new)).await?;
        let added = charge::of(tx, row.seq, &new.fee, &new.occasion).await?.ok_or(Failure::Internal)?;
        let begun = charge::begin(tx, added, day).await?.ok_or(Failure::Internal)?;
        Ok((begun, currency))
    }

    /// With the result of its attempt.
    async fn finished(&self, begun: ChargeRow) -> Result<ChargeRow, AccountsError> {
        let taken = self.take(vec![begun.clone()]).await?;
        let tx = self.db.begin().await?;
        store(&tx, &taken).await?;
        let now = charge::of(&tx, begun.account, &begun.fee, &begun.occasion).await?.ok_or(Failure::Internal)?;
        tx.commit().await?;
        Ok(now)
    }

    pub(crate) async fn change_charge(&self, ctx: &Ctx, command: ChangeCharge) -> Result<Charge, AccountsError> {
        may(ctx, CHANGE.0, CHANGE.1)?;
        let ChangeCharge { account, fee, occasion, change } = command;
        let tx = self.db.read().await?;
        let (row, _) = self.reached_account(&tx, ctx, CHANGE, account).await?;
        let terms = self.terms_of(&tx, &row).await?;
        let unknown = || Refusal::ChargeUnknown { fee: fee.clone(), occasion: occasion.clone() };
        let mut known = charge::of(&tx, row.seq, &fee, &occasion).await?.ok_or_else(unknown)?;
        drop(tx);
        if known.trying {
            known = self.finished(known).await?;
        }
        let changed_by = Some(ctx.principal.subject.to_string());
        let next = match (change, known.state) {
            (ChargeChange::Waive, ChargeState::Waived) | (ChargeChange::Refund, ChargeState::Refunded) => {
                return Ok(shown(known, terms.currency));
            }
            (ChargeChange::Waive, ChargeState::Open) => {
                ChargeRow { state: ChargeState::Waived, changed_by, ..known.clone() }
            }
            (ChargeChange::Refund, ChargeState::Charged | ChargeState::Waived) if known.taken > 0 => {
                self.give_back(&known, (terms.product, terms.currency)).await?;
                ChargeRow { state: ChargeState::Refunded, taken: 0, changed_by, ..known.clone() }
            }
            (_, state) => {
                let state: &str = state.into();
                return Err(Refusal::ChargeState { fee, occasion, state: state.to_owned() }.into());
            }
        };
        self.changed_charge(&known, &next).await?;
        Ok(shown(next, terms.currency))
    }

    async fn changed_charge(&self, before: &ChargeRow, after: &ChargeRow) -> Result<(), AccountsError> {
        let tx = self.db.begin().await?;
        if !charge::change(&tx, before, after).await? {
            // An attempt came between; the caller decides again.
            return Err(Failure::Unavailable.into());
        }
        Ok(tx.commit().await?)
    }

    async fn give_back(
        &self,
        known: &ChargeRow,
        (product, currency): (ProductId, Currency),
    ) -> Result<(), AccountsError> {
        let (fees, account) = (Own::Fees.path(product).map_err(failed)?, books::path(known.id).map_err(failed)?);
        let id = id_of("refund", known);
        let operation = transaction(id, "refund", vec![posting(fees, account, Money::new(known.taken, currency))]);
        if self.books.submit(Submit { operation, dry_run: false }).await? {
            return Ok(());
        }
        // The ledger remembers the refusal under the id: the next request has another number.
        self.changed_charge(known, known).await?;
        Err(Refusal::RefundRefused { id: known.id.to_string() }.into())
    }

    /// Makes attempts that have begun: what is available is taken.
    pub(crate) async fn take(&self, begun: Vec<ChargeRow>) -> Result<Vec<Taken>, AccountsError> {
        if begun.is_empty() {
            return Ok(Vec::new());
        }
        let tx = self.db.read().await?;
        let catalogue = Catalogue::load(&tx).await?;
        drop(tx);
        let lines: Vec<Operation> =
            begun.iter().map(|charge| attempt(&catalogue, charge)).collect::<Result<_, AccountsError>>()?;
        let outcomes = self.books.batch(Batch { atomic: false, dry_run: false, lines }).await?.lines;
        let taken = |(charge, outcome)| match outcome {
            LineOutcome::Done(done) => Ok((charge, done.postings.first().map_or(0, |leg| leg.amount.minor()))),
            LineOutcome::Failed(error) if error.refusal().is_some() => Ok((charge, 0)),
            LineOutcome::Failed(error) => Err(failed(error)),
        };
        begun.into_iter().zip(outcomes).map(taken).collect()
    }
}

/// Stores the results of attempts.
pub(crate) async fn store(tx: &Tx, all: &[Taken]) -> Result<(), AccountsError> {
    for (charge, by) in all {
        let taken = charge.taken.checked_add(*by).ok_or(Failure::Internal)?;
        let state = if taken >= charge.minor { ChargeState::Charged } else { ChargeState::Open };
        charge::end(tx, charge, taken, state).await?;
    }
    Ok(())
}

fn attempt(catalogue: &Catalogue, charge: &ChargeRow) -> Result<Operation, AccountsError> {
    let (product, currency) = catalogue.product(charge.product)?;
    let (fees, account) = (Own::Fees.path(product).map_err(failed)?, books::path(charge.id).map_err(failed)?);
    let mut taken = posting(account, fees, Money::new(charge.minor - charge.taken, currency));
    taken.up_to_available = true;
    Ok(transaction(id_of("fee", charge), "fee", vec![taken]))
}

fn id_of(what: &str, charge: &ChargeRow) -> ledger_api::TransactionId {
    let what = format!("{what} {} {}", charge.fee, charge.occasion);
    let attempt = u32::try_from(charge.attempt).unwrap_or(u32::MAX);
    meaning::id(&what, charge.id.bits(), calendar::of_number(charge.day), attempt)
}

fn shown(row: ChargeRow, currency: Currency) -> Charge {
    let ChargeRow { fee, occasion, day, minor, taken, state, changed_by, .. } = row;
    let (amount, taken) = (Money::new(minor, currency), Money::new(taken, currency));
    Charge { fee, occasion, day: calendar::of_number(day), amount, taken, state, changed_by }
}

/// What falls due for an account at the end of a day.
pub(crate) fn due(fees: &[Fee], account: i64, balance: i64, day: Date) -> Vec<NewCharge> {
    let new = |fee: &Fee, occasion: String, waived| NewCharge {
        account,
        fee: fee.code.clone(),
        occasion,
        day: calendar::number(day),
        minor: fee.amount.minor(),
        waived,
    };
    let each = |fee: &Fee| match fee.when {
        FeeWhen::Monthly if day == day.last_of_month() => {
            let waived = fee.waived_from.is_some_and(|from| balance >= from.minor());
            Some(new(fee, format!("{:04}-{:02}", day.year(), day.month()), waived))
        }
        FeeWhen::OverdraftDay if balance < 0 => Some(new(fee, day.to_string(), false)),
        FeeWhen::Monthly | FeeWhen::OverdraftDay | FeeWhen::Occasion => None,
    };
    fees.iter().filter_map(each).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn fees_fall_due_once_for_their_occasion() {
        let euro = |minor| Money::new(minor, Currency::iso("EUR").unwrap());
        let fee = |code: &str, when, waived_from| Fee { code: code.to_owned(), when, amount: euro(300), waived_from };
        let fees = [
            fee("account_fee", FeeWhen::Monthly, Some(euro(100_000))),
            fee("overdraft_fee", FeeWhen::OverdraftDay, None),
            fee("letter", FeeWhen::Occasion, None),
        ];
        let of = |balance, day| {
            let due = due(&fees, 7, balance, day);
            due.into_iter().map(|new| (new.fee, new.occasion, new.waived)).collect::<Vec<_>>()
        };
        let monthly = |waived| ("account_fee".to_owned(), "2027-02".to_owned(), waived);
        assert_eq!(of(5, date(2027, 2, 27)), []);
        assert_eq!(of(99_999, date(2027, 2, 28)), [monthly(false)]);
        assert_eq!(of(100_000, date(2027, 2, 28)), [monthly(true)]);
        let overdrawn = ("overdraft_fee".to_owned(), "2027-02-28".to_owned(), false);
        assert_eq!(of(-1, date(2027, 2, 28)), [monthly(false), overdrawn]);
    }
}
