//! Checks of a command's form, without looking at the books.

use std::collections::BTreeSet;

use kernel::{Currency, Money, Percent};
use ledger_api::{
    AccountPath, Batch, DeclareAsset, Limits, Metadata, NewTransaction, OpenAccount, Operation, Posting, Refusal,
    WantedStatus, limits,
};

pub(crate) fn batch(batch: &Batch) -> Result<(), Refusal> {
    let given = batch.lines.len();
    let max = if batch.atomic { limits::ATOMIC_LINES_MAX } else { limits::LINES_MAX };
    if given == 0 {
        return Err(Refusal::BatchEmpty);
    }
    if given > max {
        return Err(Refusal::BatchTooLarge { given, max });
    }
    let postings = batch.lines.iter().map(postings).sum();
    if postings > limits::REQUEST_POSTINGS_MAX {
        return Err(Refusal::BatchTooLarge { given: postings, max: limits::REQUEST_POSTINGS_MAX });
    }
    Ok(())
}

fn postings(operation: &Operation) -> usize {
    match operation {
        Operation::Create(create) => shares(create),
        Operation::Post(_) | Operation::Void(_) | Operation::Increase(_) => 1,
        Operation::Reverse(_) | Operation::Cancel(_) => 1,
    }
}

/// Postings after splits.
fn shares(create: &NewTransaction) -> usize {
    create.postings.iter().map(|posting| posting.split.len().max(1)).sum()
}

pub(crate) fn operation(operation: &Operation) -> Result<(), Refusal> {
    metadata(operation.metadata())?;
    match operation {
        Operation::Create(create) => new_transaction(create),
        Operation::Post(post) if !post.amounts.is_empty() => amounts(&post.amounts),
        Operation::Void(void) if !void.amounts.is_empty() => amounts(&void.amounts),
        Operation::Increase(increase) if increase.amounts.is_empty() => Err(Refusal::NoPostings),
        Operation::Increase(increase) => amounts(&increase.amounts),
        Operation::Post(_) | Operation::Void(_) | Operation::Reverse(_) | Operation::Cancel(_) => Ok(()),
    }
}

fn new_transaction(create: &NewTransaction) -> Result<(), Refusal> {
    // Counted as if no share were empty, so that it does not depend on the books.
    let given = shares(create);
    if given == 0 {
        return Err(Refusal::NoPostings);
    }
    if given > limits::POSTINGS_MAX {
        return Err(Refusal::TooManyPostings { given, max: limits::POSTINGS_MAX });
    }
    if create.expires_at.is_some() && create.status == WantedStatus::Posted {
        return Err(Refusal::ExpiryInvalid { detail: "only a pending transaction can expire".to_owned() });
    }
    if create.scheduled && create.effective_at.is_none() {
        return Err(Refusal::ScheduleTimeMissing);
    }
    create.postings.iter().enumerate().try_for_each(|(place, posting)| check_posting(place, posting))
}

fn check_posting(place: usize, posting: &Posting) -> Result<(), Refusal> {
    check_amount(place, posting.amount)?;
    let malformed = |detail: &str| Err(Refusal::PostingMalformed { posting: place, detail: detail.to_owned() });
    match (&posting.debit, &posting.credit, posting.split.is_empty()) {
        (Some(debit), Some(credit), true) if debit == credit => {
            Err(Refusal::SameAccount { posting: place, account: debit.clone() })
        }
        (Some(_), Some(_), true) => Ok(()),
        (Some(_), Some(_), false) => malformed("a split replaces either debit or credit"),
        (None, None, _) => malformed("debit or credit is missing"),
        (Some(_), None, true) => malformed("credit is missing"),
        (None, Some(_), true) => malformed("debit is missing"),
        (Some(one), None, false) | (None, Some(one), false) => {
            if let Some(share) = posting.split.iter().find(|share| share.account == *one) {
                return Err(Refusal::SameAccount { posting: place, account: share.account.clone() });
            }
            let accounts: BTreeSet<&AccountPath> = posting.split.iter().map(|share| &share.account).collect();
            if accounts.len() < posting.split.len() {
                return malformed("an account has two shares of one split");
            }
            let total: u64 = posting.split.iter().map(|share| share.percent.millionths()).sum();
            match total == Percent::WHOLE.millionths() {
                true => Ok(()),
                false => malformed("the shares of a split must add up to 100 percent"),
            }
        }
    }
}

fn check_amount(posting: usize, amount: Money) -> Result<(), Refusal> {
    match amount.minor() {
        0 => Err(Refusal::AmountZero { posting }),
        minor if minor < 0 => Err(Refusal::AmountNegative { posting }),
        minor if minor > limits::AMOUNT_MAX => Err(Refusal::AmountTooLarge { posting, max: limits::AMOUNT_MAX }),
        _ => Ok(()),
    }
}

/// With several amounts some may be zero, for postings that do not change.
fn amounts(given: &[Money]) -> Result<(), Refusal> {
    if given.len() > limits::POSTINGS_MAX {
        return Err(Refusal::TooManyPostings { given: given.len(), max: limits::POSTINGS_MAX });
    }
    for (place, amount) in given.iter().enumerate().filter(|(_, amount)| amount.minor() != 0) {
        check_amount(place, *amount)?;
    }
    if given.iter().all(|amount| amount.minor() == 0) {
        return Err(Refusal::AmountZero { posting: 0 });
    }
    Ok(())
}

pub(crate) fn metadata(metadata: &Metadata) -> Result<(), Refusal> {
    let keys = metadata.len();
    let bytes: usize = metadata.iter().map(|(key, value)| key.len() + value.len()).sum();
    let detail = if keys > limits::METADATA_KEYS_MAX {
        format!("expected at most {} metadata keys, found {keys}", limits::METADATA_KEYS_MAX)
    } else if bytes > limits::METADATA_BYTES_MAX {
        format!("expected at most {} bytes of metadata, found {bytes}", limits::METADATA_BYTES_MAX)
    } else if metadata.keys().any(String::is_empty) {
        "a metadata key is empty".to_owned()
    } else if metadata.iter().any(|(key, value)| key.contains('\0') || value.contains('\0')) {
        // PostgreSQL cannot store it in a text.
        "metadata contains the character U+0000".to_owned()
    } else {
        return Ok(());
    };
    Err(Refusal::MetadataTooLarge { detail })
}

pub(crate) fn open_account(open: &OpenAccount) -> Result<(), Refusal> {
    metadata(&open.metadata)?;
    account_limits(&open.limits, Some(open.currency))
}

pub(crate) fn account_limits(limits: &Limits, currency: Option<Currency>) -> Result<(), Refusal> {
    let invalid = |detail: &str| Err(Refusal::LimitsInvalid { detail: detail.to_owned() });
    let given = || [limits.floor, limits.ceiling].into_iter().flatten();
    if currency.is_some_and(|currency| given().any(|money| money.currency() != currency)) {
        return invalid("floor and ceiling must be in the account's currency");
    }
    if given().any(|money| money.minor().unsigned_abs() > i64::MAX.unsigned_abs() / 2) {
        return invalid("floor and ceiling can be at most half of the 64-bit range");
    }
    match (limits.floor, limits.ceiling) {
        (Some(floor), Some(ceiling)) if floor.currency() != ceiling.currency() => {
            invalid("floor and ceiling have different currencies")
        }
        (Some(floor), Some(ceiling)) if floor.minor() > ceiling.minor() => invalid("the floor is above the ceiling"),
        _ => Ok(()),
    }
}

pub(crate) fn declare_asset(declare: &DeclareAsset) -> Result<(), Refusal> {
    match Currency::with_scale(&declare.code, declare.scale) {
        Err(error) => Err(Refusal::AssetInvalid { detail: error.to_string() }),
        Ok(currency) if currency.is_iso() => Err(Refusal::AssetInvalid {
            detail: format!("{currency} is an ISO 4217 currency and needs no declaration"),
        }),
        Ok(_) => Ok(()),
    }
}
