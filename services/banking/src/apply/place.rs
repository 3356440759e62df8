//! Statements find their accounts; an account that is new is made.

use banking_api::{AccountKind, InterimReports, Mistake};
use formats::Format;
use formats::statement::{self, Coverage};
use kernel::Currency;
use platform::db::{DbError, Tx};

use super::{ApplyError, CLAIM_US};
use crate::entry::{coverage_number, source_of};
use crate::knowing::Span;
use crate::read::Facts;
use crate::service::{BankingService, subject_of};
use crate::store::account::{self, Account};
use crate::store::import::{self, Stored};
use crate::store::statement::{self as statements, Stated};

impl BankingService {
    pub(super) async fn place_statements(
        &self,
        stored: &mut Stored,
        format: &Format,
        all: &[Facts],
    ) -> Result<(), ApplyError> {
        let tx = self.inner.db.begin().await?;
        tx.one_at_a_time().await?;
        self.renew(&tx, stored).await?;
        let mut seq = statements::next(&tx).await?;
        let mut stated = Vec::with_capacity(all.len());
        for (place, facts) in (0..).zip(all) {
            let account = self.account_of(&tx, stored, facts).await?;
            stated.push(self.stated(seq, (stored.seq, place), &account, format, facts));
            seq += 1;
        }
        statements::add(&tx, &stated).await?;
        import::save(&tx, &self.inner.keys, banking_api::ImportState::Received, stored).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The claim lasts a while longer, unless another process has taken the import over.
    pub(super) async fn renew(&self, tx: &Tx, stored: &mut Stored) -> Result<(), ApplyError> {
        let until = self.inner.clock.now().micros() + CLAIM_US;
        if !import::claim(tx, stored.seq, stored.claimed_until, until).await? {
            return Err(ApplyError::Lost);
        }
        stored.claimed_until = until;
        Ok(())
    }

    fn stated(
        &self,
        seq: i64,
        (import, place): (i64, i64),
        account: &Account,
        format: &Format,
        facts: &Facts,
    ) -> Stated {
        let now = self.inner.clock.now().micros();
        let today = now.div_euclid(86_400_000_000);
        let identity = facts.identity.as_ref().map(|text| self.inner.keys.short(&[text.as_bytes()]));
        let coverage = match (facts.coverage, account.interim) {
            (Coverage::Interim, InterimReports::News) => Coverage::News,
            (coverage, _) => coverage,
        };
        let span = Span {
            statement: seq,
            source: source_of(format),
            identity,
            from: facts.from.unwrap_or(today),
            to: facts.to.unwrap_or(today),
            opening: facts.opening,
            closing: facts.closing,
            last_sum: facts.last_sum,
        };
        Stated {
            seq,
            import,
            place,
            account: account.seq,
            coverage: coverage_number(coverage),
            span,
            adds_up: facts.adds_up,
            told_at: facts.told_at.unwrap_or(now),
            rows: (0, 0),
            withdrawn: false,
            effect: facts.effect,
        }
    }

    async fn account_of(&self, tx: &Tx, stored: &Stored, facts: &Facts) -> Result<Account, ApplyError> {
        let refused = |reason: &str, message: &str| Err(ApplyError::Refused(Box::new(Mistake::whole(reason, message))));
        let named = match stored.options.account {
            Some(id) => account::of_id(tx, id).await?,
            None => None,
        };
        let number = facts.account.number().map(plain).filter(|number| !number.is_empty());
        let Some(number) = number else {
            return match named {
                Some(account) => Ok(account),
                None => refused("account_missing", "the file names no account; name one with `account`"),
            };
        };
        let key = self.number_key(&number);
        let found = account::of_number(tx, &key).await?;
        match (found, named) {
            (Some(found), _) if is_elsewhere(&found, stored) => {
                refused("account_elsewhere", "the file describes an account of somebody else")
            }
            (Some(found), Some(named)) if found.seq != named.seq => {
                refused("account_differs", "the file describes another account than the one named")
            }
            (Some(found), _) if found.subject.is_empty() => {
                refused("account_erased", "the owner of the account was erased")
            }
            (Some(found), _) => Ok(found),
            // The named account was made without a number, or is another one: the file's own number counts.
            (None, Some(_)) => refused("account_differs", "the file describes another account than the one named"),
            (None, None) => match facts.currency {
                Some(currency) => {
                    let owner = Owner { owner: stored.owner.as_deref(), entity: stored.entity.as_deref() };
                    let kind = kind(facts.account.kind);
                    Ok(self
                        .add_account(tx, owner, &Named { number: &number, last_four: None, kind, currency }, &key)
                        .await?)
                }
                None => refused("currency_missing", "neither the account nor its balances and entries tell a currency"),
            },
        }
    }

    fn number_key(&self, number: &str) -> [u8; 32] {
        self.inner.keys.digest(&[b"account", number.as_bytes()])
    }

    /// The account that a bank's API tells of; made if it is new.
    pub(crate) async fn account_of_number(
        &self,
        tx: &Tx,
        owner: Owner<'_>,
        named: &Named<'_>,
    ) -> Result<Account, ApplyError> {
        let number = plain(named.number);
        let key = self.number_key(&number);
        let refused = |reason: &str, message: &str| Err(ApplyError::Refused(Box::new(Mistake::whole(reason, message))));
        match account::of_number(tx, &key).await? {
            Some(found) if found.subject.is_empty() => refused("account_erased", "the owner of the account was erased"),
            Some(found) if found.owner.as_deref() != owner.owner => {
                refused("account_elsewhere", "the bank tells of an account of somebody else")
            }
            Some(found) => Ok(found),
            None => Ok(self.add_account(tx, owner, &Named { number: &number, ..*named }, &key).await?),
        }
    }

    async fn add_account(&self, tx: &Tx, owner: Owner<'_>, named: &Named<'_>, key: &[u8]) -> Result<Account, DbError> {
        let Named { number, last_four, kind, currency } = *named;
        let subject = subject_of(owner.owner, owner.entity);
        self.inner.keys.sealer(tx, &subject).await?;
        let skipped = number.chars().count().saturating_sub(4);
        let last_four = last_four.map_or_else(|| number.chars().skip(skipped).collect(), str::to_owned);
        let account = Account {
            seq: account::next(tx).await?,
            id: self.inner.ids.make(),
            subject,
            owner: owner.owner.map(str::to_owned),
            entity: owner.entity.map(str::to_owned),
            kind,
            currency,
            last_four,
            interim: InterimReports::default(),
            created_at: self.inner.clock.now(),
            leading: None,
        };
        account::add(tx, &account, key).await?;
        Ok(account)
    }
}

/// Whose accounts a file or a connection describes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner<'a> {
    pub(crate) owner: Option<&'a str>,
    pub(crate) entity: Option<&'a str>,
}

/// An account as its bank names it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named<'a> {
    pub(crate) number: &'a str,
    /// Of the number, unless the bank tells it apart from that.
    pub(crate) last_four: Option<&'a str>,
    pub(crate) kind: AccountKind,
    pub(crate) currency: Currency,
}

/// A command that names neither owner nor company means the account that there is.
fn is_elsewhere(account: &Account, stored: &Stored) -> bool {
    (stored.owner.is_some() && account.owner != stored.owner)
        || (stored.entity.is_some() && account.entity != stored.entity)
}

/// Spaces and case are the printer's.
fn plain(number: &str) -> String {
    number.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

fn kind(kind: statement::AccountKind) -> AccountKind {
    match kind {
        statement::AccountKind::Unsaid | statement::AccountKind::Current => AccountKind::Current,
        statement::AccountKind::Savings => AccountKind::Savings,
        statement::AccountKind::Card => AccountKind::Card,
        statement::AccountKind::Loan => AccountKind::Loan,
        statement::AccountKind::Brokerage => AccountKind::Brokerage,
    }
}
