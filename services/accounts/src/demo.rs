//! Example data: Ann with a savings account, so that moving the clock by a month shows her interest.

use accounts_api::*;
use kernel::{Ctx, Currency, Deadline, Id, Money, Principal};
use ledger_api::{Operation, Submit};
use platform::room::{Introduction, OpenError};

use crate::books::{self, posting, transaction};
use crate::meaning;
use crate::service::AccountsService;

const DEADLINE_MS: u64 = 60_000;
/// Always the same, so that she is made once.
const ANN: CustomerId = Id::from_bits(0x019b_76da_8c00_7000_8000_0000_0000_00a1);
/// Her subject in tokens, and her id in older examples.
const SUBJECT: &str = "cust_ann";
/// Of the ledger's example data.
const CASH: &str = "assets:cash";
const PAID_IN: i64 = 100_000;

pub(crate) async fn fill(service: AccountsService) -> Result<Introduction, OpenError> {
    let query = AccountQuery { customer: None, after: None, limit: 1 };
    if service.accounts(&ctx(&service), query).await?.items.is_empty() {
        seed(&service).await?;
    }
    Ok(Introduction::default())
}

fn ctx(service: &AccountsService) -> Ctx {
    let deadline = Deadline::after_millis(&*service.inner.clock, DEADLINE_MS);
    Ctx { principal: Principal::operator(), deadline, request_id: "demo".into(), idempotency_key: None }
}

async fn seed(service: &AccountsService) -> Result<(), OpenError> {
    let currency = Currency::iso("USD")?;
    let profile =
        Profile { name: "Ann Miller".to_owned(), email: Some("ann@example.com".to_owned()), ..Profile::default() };
    let ann = CreateCustomer {
        id: Some(ANN),
        kind: CustomerKind::Person,
        state: Some(CustomerState::Active),
        profile,
        external_id: Some(SUBJECT.to_owned()),
    };
    service.create_customer(&ctx(service), ann).await?;
    let user = PutUser { customer: ANN, subject: SUBJECT.to_owned(), role: Role::Owner, up_to: None };
    service.put_user(&ctx(service), user).await?;
    let product = service.create_product(&ctx(service), savings(service, currency)?).await?.id;
    service.activate_product(&ctx(service), product).await?;
    let open = OpenAccount { product, holders: vec![ANN], overdraft: None, term: None };
    let account = service.open_account(&ctx(service), open).await?.id;
    let amount = Money::new(PAID_IN, currency);
    let id = meaning::id("demo", account.bits(), service.inner.today(), 0);
    let paid_in = transaction(id, "cash", vec![posting(CASH.parse()?, books::path(account)?, amount)]);
    service.inner.books.submit(Submit { operation: with_text(paid_in), dry_run: false }).await?;
    Ok(())
}

fn with_text(operation: Operation) -> Operation {
    match operation {
        Operation::Create(mut create) => {
            create.metadata.insert("text".to_owned(), "Paid in at the counter".to_owned());
            Operation::Create(create)
        }
        other => other,
    }
}

fn savings(service: &AccountsService, currency: Currency) -> Result<CreateProduct, OpenError> {
    let tier = Tier { from: Money::new(0, currency), rate: "4".parse()? };
    let interest =
        InterestTerms { day_count: DayCount::Act365F, tiers: TierMode::Whole, posting: Posting::Monthly, tax: None };
    Ok(CreateProduct {
        name: "Savings".to_owned(),
        kind: ProductKind::Savings,
        currency,
        terms: Terms { interest: Some(interest), ..Terms::default() },
        rates: Some(Rates { from: service.inner.today(), credit: vec![tier], overdraft: None, fees: None }),
    })
}
