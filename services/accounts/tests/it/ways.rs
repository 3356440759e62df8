//! The same calls in process, over HTTP/2 and over a network that loses and repeats them.

use accounts_api::*;
use jiff::civil::date;
use testkit::{Stage, on_each_way};

use crate::harness::{Desk, euro, open, savings};

async fn start(stage: &Stage<'_>) -> (std::sync::Arc<dyn Accounts>, Desk) {
    let desk = open(stage).await;
    (desk.face.clone(), desk)
}

fn ann() -> CreateCustomer {
    let profile = Profile { name: "Ann Miller".to_owned(), ..Profile::default() };
    let (kind, state) = (CustomerKind::Person, Some(CustomerState::Active));
    CreateCustomer { id: None, kind, state, profile, external_id: Some("crm-1".to_owned()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_sent_twice_has_one_effect() {
    on_each_way(&FACE, start, async |accounts, desk| {
        let ann = accounts.create_customer(&accounts.keyed(), ann()).await.unwrap().id;
        let user = PutUser { customer: ann, subject: "usr_ann".to_owned(), role: Role::Owner, up_to: None };
        assert_eq!(accounts.put_user(&accounts.keyed(), user).await.unwrap().items.len(), 1);
        let remove = RemoveUser { customer: ann, subject: "usr_ann".to_owned() };
        assert_eq!(accounts.remove_user(&accounts.keyed(), remove).await.unwrap().items, []);
        let product = accounts.create_product(&accounts.keyed(), savings("3.65")).await.unwrap().id;
        assert_eq!(accounts.activate_product(&accounts.keyed(), product).await.unwrap().version, 1);
        let terms = savings("1").terms;
        let version = NewVersion { id: product, terms };
        assert_eq!(accounts.new_version(&accounts.keyed(), version).await.unwrap().newest, 2);
        let rates = Rates { from: date(2026, 3, 1), credit: Vec::new(), overdraft: None, fees: None };
        let set = SetRates { id: product, rates, correction: false };
        assert_eq!(accounts.set_rates(&accounts.keyed(), set).await.unwrap().rates.len(), 2);
        let open = || OpenAccount { product, holders: vec![ann], overdraft: None, term: None };
        let account = accounts.open_account(&accounts.keyed(), open()).await.unwrap();
        assert_eq!(account.state, AccountState::Active);
        let other = accounts.open_account(&accounts.keyed(), open()).await.unwrap().id;
        let reason = "stolen".to_owned();
        let block = AddBlock { account: account.id, kind: BlockKind::Debit, reason, expires_at: None };
        let blocks = accounts.add_block(&accounts.keyed(), block).await.unwrap().blocks;
        assert_eq!(blocks.len(), 1);
        let remove = RemoveBlock { account: account.id, block: blocks[0].id };
        assert_eq!(accounts.remove_block(&accounts.keyed(), remove).await.unwrap().blocks, []);
        let change = ChangeAccount { id: account.id, overdraft: euro(5_000) };
        assert_eq!(accounts.change_account(&accounts.keyed(), change).await.unwrap().overdraft, euro(5_000));
        desk.move_money(1, account.id, 100_000, &[("kind", "cash")]).await;
        desk.pass_days(1);
        let run = accounts.close_day(&accounts.ctx(), date(2026, 1, 31)).await.unwrap();
        assert_eq!((run.phase, run.totals[0].paid), (DayPhase::Done, euro(10)));
        let close = CloseAccount { id: account.id, rest_to: Some(other) };
        assert_eq!(accounts.close_account(&accounts.keyed(), close).await.unwrap().state, AccountState::Closed);
        assert_eq!(desk.paper.posted(&format!("customers:{other}")), 100_010);
        assert_eq!(accounts.retire_product(&accounts.keyed(), product).await.unwrap().state, ProductState::Retired);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_answer_by_each_way() {
    on_each_way(&FACE, start, async |accounts, desk| {
        let ann = accounts.create_customer(&accounts.keyed(), ann()).await.unwrap();
        assert_eq!(accounts.customer(&accounts.ctx(), ann.id).await.unwrap(), ann);
        let find = Some(Find::ExternalId("crm-1".to_owned()));
        let query = CustomerQuery { find, after: None, limit: 10 };
        assert_eq!(accounts.customers(&accounts.ctx(), query).await.unwrap().items, std::slice::from_ref(&ann));
        assert_eq!(accounts.users(&accounts.ctx(), ann.id).await.unwrap().items, []);
        let product = desk.savings("3.65").await;
        let known = accounts.product(&accounts.ctx(), product).await.unwrap();
        let query = ProductQuery { after: None, limit: 10 };
        assert_eq!(accounts.products(&accounts.ctx(), query).await.unwrap().items, [known]);
        let id = desk.account(product, ann.id).await;
        desk.move_money(1, id, 100_000, &[("kind", "cash"), ("text", "Paid in")]).await;
        let account = accounts.account(&accounts.ctx(), id).await.unwrap();
        assert_eq!(account.balances.unwrap().posted, euro(100_000));
        let query = AccountQuery { customer: Some(ann.id), after: None, limit: 10 };
        assert_eq!(accounts.accounts(&accounts.ctx(), query).await.unwrap().items.len(), 1);
        let facts = accounts.facts(&accounts.ctx(), FindAccount::Number(account.number)).await.unwrap();
        assert_eq!((facts.id, facts.ledger_path), (id, format!("customers:{id}")));
        desk.pass_days(1);
        let run = accounts.close_day(&accounts.ctx(), date(2026, 1, 31)).await.unwrap();
        assert_eq!(accounts.day(&accounts.ctx(), date(2026, 1, 31)).await.unwrap(), run);
        let query = InterestQuery { account: id, before: None, limit: 10 };
        assert_eq!(accounts.interest(&accounts.ctx(), query).await.unwrap().items[0].millionths, 10_000_000);
        desk.caught_up().await;
        assert_eq!(
            accounts.verify(&accounts.ctx(), Verify {}).await.unwrap(),
            Verified { accounts: 1, findings: Vec::new() }
        );
        of_statements(&*accounts.shared(), &accounts.ctx(), (id, ann.id)).await;
        let query = MovementQuery { kind: Some(Kind::Interest), limit: 10, ..MovementQuery::default() };
        let page = accounts.movements(&accounts.ctx(), query).await.unwrap();
        assert_eq!((page.items.len(), page.items[0].amount), (1, euro(10)));
        assert_eq!(accounts.movement(&accounts.ctx(), page.items[0].id).await.unwrap(), page.items[0]);
        let chosen = SetCategory { id: page.items[0].id, category: Category::Income, for_counterparty: false };
        assert_eq!(accounts.set_category(&accounts.ctx(), chosen).await.unwrap().category, Category::Income);
        let gone = accounts
            .create_customer(&accounts.keyed(), CreateCustomer { external_id: None, ..self::ann() })
            .await
            .unwrap();
        let change = ChangeCustomer { id: gone.id, profile: None, state: Some(CustomerState::Restricted) };
        assert_eq!(accounts.change_customer(&accounts.keyed(), change).await.unwrap().state, CustomerState::Restricted);
        assert_eq!(accounts.erase_customer(&accounts.keyed(), gone.id).await.unwrap().profile, None);
    })
    .await;
}

async fn of_statements(accounts: &dyn Accounts, ctx: &kernel::Ctx, (account, customer): (AccountId, CustomerId)) {
    let list = accounts.statements(ctx, account).await.unwrap().items;
    let query = StatementQuery { account, number: 1, after: None, limit: 10 };
    let statement = accounts.statement(ctx, query).await.unwrap();
    assert_eq!((list.len(), statement.from, statement.closing), (1, list[0].from, euro(100_000)));
    let (from, to, by) = (statement.from, statement.to, SummaryBy::Category);
    let summary = accounts.summary(ctx, SummaryQuery { account: Some(account), from, to, by }).await.unwrap();
    assert_eq!(summary.items[0].received, euro(100_000));
    assert_eq!(accounts.charges(ctx, account).await.unwrap().items, []);
    let charge = ChargeFee { account, fee: "letter".to_owned(), occasion: "now".to_owned() };
    assert_eq!(accounts.charge_fee(ctx, charge).await.unwrap_err().code(), "fee_unknown");
    let change = ChargeChange::Waive;
    let change = ChangeCharge { account, fee: "letter".to_owned(), occasion: "now".to_owned(), change };
    assert_eq!(accounts.change_charge(ctx, change).await.unwrap_err().code(), "charge_unknown");
    let key = format!("rule-{customer}").parse().unwrap();
    let keyed = kernel::Ctx { idempotency_key: Some(key), ..ctx.clone() };
    let add = AddRule { customer, category: Category::Travel, words: vec!["train".to_owned()] };
    let rule = accounts.add_rule(&keyed, add).await.unwrap();
    assert_eq!(accounts.rules(ctx, customer).await.unwrap().items, std::slice::from_ref(&rule));
    accounts.remove_rule(&keyed, RemoveRule { customer, rule: rule.id }).await.unwrap();
    assert_eq!(accounts.rules(ctx, customer).await.unwrap().items, []);
}
