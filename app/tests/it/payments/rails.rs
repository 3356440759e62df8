//! Payments over SEPA, with a simulated bank at the other end.

use kernel::Money;
use ledger_api::AccountChange;
use payments::simulator::{Bank, BankAnswer};
use payments::{
    AnswerReport, CancelPayment, ChecksQuery, CreatePayment, Orders, Payment, PaymentId, PaymentState, PaymentsService,
    Rail, Rails, Side, TakeAnswer,
};
use testkit::for_each_engine;

use super::desk::{Desk, code, eur, order, side};
use super::kills::fresh;

pub(crate) const BOB: &str = "DE89370400440532013000";

/// Does everything right.
pub(crate) const GOOD: Bank = Bank { seed: 7, rejects: 0, returns: 0, charge: 0, is_unruly: false };

/// From `uta` to an account at another bank.
pub(crate) fn outside(minor: i64) -> CreatePayment {
    CreatePayment {
        from: side("customers:uta"),
        to: Side::iban(BOB, "Bob Müller"),
        amount: Money::new(minor, eur()),
        ..order(minor)
    }
}

impl Desk {
    pub(crate) async fn pay_outside(&self, key: &str, minor: i64) -> Payment {
        self.payments.create(&self.keyed(key), outside(minor)).await.unwrap()
    }

    pub(crate) async fn state(&self, id: PaymentId) -> PaymentState {
        self.payments.payment(&self.ctx(), id).await.unwrap().payment.state
    }

    /// Makes a file of what waits, and gets the bank's answers to it.
    async fn answers(&self, bank: Bank) -> Vec<BankAnswer> {
        let files = self.payments.make_files(&self.ctx()).await.unwrap().items;
        let [file] = files.as_slice() else { panic!("{files:?}") };
        self.answers_to(&self.payments, file.id, bank).await
    }

    pub(crate) async fn answers_to(
        &self,
        payments: &PaymentsService,
        file: payments::RailFileId,
        bank: Bank,
    ) -> Vec<BankAnswer> {
        let content = payments.rail_file_content(&self.ctx(), file).await.unwrap().content;
        bank.answers(content.as_bytes(), kernel::Timestamp::EPOCH).unwrap()
    }

    pub(crate) async fn take(&self, answer: &BankAnswer) -> AnswerReport {
        let content = String::from_utf8(answer.content.clone()).unwrap();
        self.payments.take_answer(&self.ctx(), TakeAnswer { content }).await.unwrap()
    }

    async fn take_all(&self, answers: &[BankAnswer]) -> Vec<AnswerReport> {
        let mut reports = Vec::new();
        for answer in answers {
            reports.push(self.take(answer).await);
        }
        reports
    }

    /// All payments agree with the ledger.
    pub(crate) async fn agrees(&self, payments: &PaymentsService) {
        let page = payments.checks(&self.ctx(), ChecksQuery { after: None, limit: 500 }).await.unwrap();
        assert_eq!((page.wrong, page.next), (Vec::new(), None));
        assert!(page.checked > 0);
    }

    /// The rail's clearing account, our account at the bank, and what could not be given back.
    pub(crate) async fn rail(&self) -> [i64; 3] {
        let (clearing, nostro) = (self.balance("clearing:sepa").await, self.balance("nostro:sepa").await);
        [clearing, nostro, self.balance("suspense:sepa").await]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_to_an_iban_is_held_submitted_and_settled() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let held = desk.pay_outside("rent-1", 2_500).await;
        assert_eq!((held.state, held.rail, held.transaction), (PaymentState::Held, Rail::Sepa, None));
        assert_eq!(desk.balances("customers:uta").await, (100_000, Some(97_500)));
        let answers = desk.answers(GOOD).await;
        assert_eq!(desk.state(held.id).await, PaymentState::Submitted);
        assert_eq!(desk.balances("customers:uta").await, (97_500, Some(97_500)));
        let reports = desk.take_all(&answers).await;
        assert_eq!([reports[0].accepted, reports[1].settled], [1, 1]);
        let found = desk.payments.payment(&desk.ctx(), held.id).await.unwrap();
        assert_eq!(found.payment.state, PaymentState::Settled);
        let states: Vec<&str> = found.history.iter().map(|step| step.state.name()).collect();
        assert_eq!(states, ["processing", "held", "held", "submitted", "submitted", "settled"]);
        assert_eq!(desk.rail().await, [0, -2_500, 0]);
        desk.agrees(&desk.payments).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_command_makes_one_payment_over_a_rail() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let (first, again) = (desk.pay_outside("rent-1", 2_500).await, desk.pay_outside("rent-1", 2_500).await);
        assert_eq!((first.id, again.replayed), (again.id, true));
        desk.answers(GOOD).await;
        assert!(desk.payments.make_files(&desk.ctx()).await.unwrap().items.is_empty());
        assert_eq!(desk.pay_outside("rent-1", 2_500).await.state, PaymentState::Submitted);
        assert_eq!(desk.balance("customers:uta").await, 97_500);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_bank_rejects_is_given_back() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let paid = desk.pay_outside("rent-1", 2_500).await;
        let answers = desk.answers(Bank { rejects: 100, ..GOOD }).await;
        assert_eq!(desk.take_all(&answers).await[0].rejected, 1);
        let found = desk.payments.payment(&desk.ctx(), paid.id).await.unwrap().payment;
        assert_eq!((found.state, found.reason.unwrap().len()), (PaymentState::Rejected, 4));
        assert_eq!((desk.balance("customers:uta").await, desk.rail().await), (100_000, [0, 0, 0]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_back_is_the_payers_less_the_banks_charge() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let paid = desk.pay_outside("rent-1", 2_500).await;
        let answers = desk.answers(Bank { returns: 100, charge: 30, ..GOOD }).await;
        desk.take_all(&answers).await;
        let found = desk.payments.payment(&desk.ctx(), paid.id).await.unwrap().payment;
        assert_eq!((found.state, found.returned), (PaymentState::Returned, Some(Money::new(2_470, eur()))));
        assert_eq!((desk.balance("customers:uta").await, desk.rail().await), (99_970, [0, -30, 0]));
        desk.agrees(&desk.payments).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_frozen_payer_cannot_take_back_is_kept_for_them() {
    for_each_engine(async |store| {
        for (bank, expected) in [
            (Bank { returns: 100, ..GOOD }, PaymentState::Returned),
            (Bank { rejects: 100, ..GOOD }, PaymentState::Rejected),
        ] {
            let desk = Desk::open(&fresh(store)).await;
            let paid = desk.pay_outside("rent-1", 2_500).await;
            let answers = desk.answers(bank).await;
            desk.change("customers:uta", AccountChange::Freeze).await;
            desk.take_all(&answers).await;
            assert_eq!((desk.state(paid.id).await, desk.rail().await), (expected, [0, 0, 2_500]));
            desk.agrees(&desk.payments).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_booked_out_does_not_leave() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let paid = desk.pay_outside("rent-1", 2_500).await;
        desk.change("customers:uta", AccountChange::Freeze).await;
        assert!(desk.payments.make_files(&desk.ctx()).await.unwrap().items.is_empty());
        let found = desk.payments.payment(&desk.ctx(), paid.id).await.unwrap().payment;
        assert_eq!((found.state, found.reason.as_deref()), (PaymentState::Rejected, Some("account_frozen")));
        assert_eq!((desk.balances("customers:uta").await, desk.rail().await), ((100_000, Some(100_000)), [0, 0, 0]));
        desk.agrees(&desk.payments).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_iban_needs_a_bank_in_the_settings() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let payments = desk.without_bank().await;
        assert_eq!(code(payments.create(&desk.keyed("rent-1"), outside(1_000)).await), "rail_off");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unruly_bank_changes_nothing_twice() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let mut paid = Vec::new();
        for number in 0..60 {
            paid.push(desk.pay_outside(&format!("rent-{number}"), 100 + number).await.id);
        }
        let total: i64 = (0..60).map(|number| 100 + number).sum();
        let bank = Bank { rejects: 20, returns: 30, is_unruly: true, ..GOOD };
        let reports = desk.take_all(&desk.answers(bank).await).await;
        assert!(reports.iter().all(|report| report.unmatched == 0), "{reports:?}");
        let replayed = reports.iter().filter(|report| report.replayed).count();
        assert_eq!(replayed * 2, reports.len());
        let mut settled = 0;
        for id in paid {
            let payment = desk.payments.payment(&desk.ctx(), id).await.unwrap().payment;
            match payment.state {
                PaymentState::Settled => settled += payment.amount.minor(),
                PaymentState::Rejected | PaymentState::Returned => {}
                other => panic!("{id} is {other:?}"),
            }
        }
        assert!((1..total).contains(&settled));
        assert_eq!((desk.balance("customers:uta").await, desk.rail().await), (100_000 - settled, [0, -settled, 0]));
        desk.agrees(&desk.payments).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_payment_can_be_cancelled_and_a_submitted_one_cannot() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let paid = desk.pay_outside("rent-1", 2_500).await;
        let cancel = |payment| CancelPayment { payment, reason: None };
        let cancelled = desk.payments.cancel(&desk.ctx(), cancel(paid.id)).await.unwrap();
        assert_eq!(cancelled.state, PaymentState::Cancelled);
        assert_eq!(desk.balances("customers:uta").await, (100_000, Some(100_000)));
        assert!(desk.payments.make_files(&desk.ctx()).await.unwrap().items.is_empty());
        let other = desk.pay_outside("rent-2", 2_500).await;
        desk.answers(GOOD).await;
        assert_eq!(code(desk.payments.cancel(&desk.ctx(), cancel(other.id)).await), "payment_state");
        desk.agrees(&desk.payments).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_no_payment_agrees_with_change_nothing() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let paid = desk.pay_outside("rent-1", 2_500).await;
        let answers = desk.answers(GOOD).await;
        let debit = String::from_utf8(answers[1].content.clone()).unwrap();
        let id = paid.id.to_string().split_once('_').unwrap().1.to_owned();
        let unmatched = async |content: String| {
            let report = desk.payments.take_answer(&desk.ctx(), TakeAnswer { content }).await.unwrap();
            assert_eq!((report.unmatched, report.settled), (1, 0));
            report.first_unmatched[0].reason.clone()
        };
        assert_eq!(unmatched(debit.replace("25.00", "25.01")).await, "amount_differs");
        assert_eq!(unmatched(debit.replace(&id, "01kppyzd5gfmra2qsx5rkvr8wb")).await, "payment_unknown");
        assert_eq!(unmatched(debit.replace(&id, "RENT")).await, "not_ours");
        assert_eq!(desk.state(paid.id).await, PaymentState::Submitted);
        desk.take_all(&answers).await;
        let rejection = desk.answers_of_other_bank(paid.id).await;
        assert_eq!(unmatched(rejection).await, "contradicts");
        assert_eq!((desk.state(paid.id).await, desk.rail().await), (PaymentState::Settled, [0, -2_500, 0]));
    })
    .await;
}

impl Desk {
    /// A rejection of a payment by a bank that has carried it out.
    async fn answers_of_other_bank(&self, id: PaymentId) -> String {
        let file = self.payments.payment(&self.ctx(), id).await.unwrap().payment.file.unwrap();
        let answers = self.answers_to(&self.payments, file, Bank { rejects: 100, ..GOOD }).await;
        String::from_utf8(answers[0].content.clone()).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_creditor_or_answer_is_refused_by_name() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let pay = async |to: Side, amount: Money| {
            let command = CreatePayment { to, amount, ..outside(1_000) };
            code(desk.payments.create(&desk.keyed("rent-1"), command).await)
        };
        let ten = Money::new(1_000, eur());
        assert_eq!(pay(Side::iban("DE89370400440532013001", "Bob"), ten).await, "field_invalid");
        assert_eq!(pay(Side::iban(BOB, ""), ten).await, "field_invalid");
        assert_eq!(pay(Side { bic: Some("X".to_owned()), ..Side::iban(BOB, "Bob") }, ten).await, "field_invalid");
        assert_eq!(pay(Side { name: Some("Bob".to_owned()), ..side("customers:bob") }, ten).await, "field_invalid");
        assert_eq!(pay(Side { iban: Some(BOB.to_owned()), ..Side::default() }, ten).await, "field_invalid");
        let dollars = CreatePayment { from: side("customers:ann"), to: Side::iban(BOB, "Bob"), ..order(1_000) };
        assert_eq!(code(desk.payments.create(&desk.keyed("rent-1"), dollars).await), "field_invalid");
        for bad in
            ["", "id;amount\n1;2\n", "<!DOCTYPE a><Document/>", "<Document xmlns=\"urn:x\"><CstmrPmtStsRpt><GrpHdr>"]
        {
            let answer = desk.payments.take_answer(&desk.ctx(), TakeAnswer { content: bad.to_owned() }).await;
            assert_eq!(code(answer), "answer_refused", "{bad}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_over_a_rail_holds_nothing() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let rehearsed =
            desk.payments.create(&desk.ctx(), CreatePayment { dry_run: true, ..outside(2_500) }).await.unwrap();
        assert_eq!((rehearsed.state, rehearsed.dry_run), (PaymentState::Held, true));
        let short = CreatePayment { dry_run: true, ..outside(200_000) };
        let rejected = desk.payments.create(&desk.ctx(), short).await.unwrap();
        assert_eq!(rejected.reason.as_deref(), Some("insufficient_funds"));
        assert_eq!(desk.balances("customers:uta").await, (100_000, Some(100_000)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_name_a_payment_that_was_reversed_by_hand() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let paid = desk.pay("rent-1", 1_000).await;
        let other = desk.pay_outside("rent-2", 2_500).await;
        desk.take_all(&desk.answers(GOOD).await).await;
        desk.agrees(&desk.payments).await;
        desk.reverse(paid.transaction.unwrap()).await;
        let page = desk.payments.checks(&desk.ctx(), ChecksQuery { after: None, limit: 1 }).await.unwrap();
        let wrong: Vec<(PaymentId, &str)> = page.wrong.iter().map(|one| (one.payment, one.what.as_str())).collect();
        assert_eq!((wrong, page.next), (vec![(paid.id, "reversed_elsewhere")], Some(paid.id)));
        let rest = desk.payments.checks(&desk.ctx(), ChecksQuery { after: page.next, limit: 1 }).await.unwrap();
        assert_eq!((rest.checked, rest.wrong, rest.next), (1, Vec::new(), None));
        assert_eq!(desk.state(other.id).await, PaymentState::Settled);
    })
    .await;
}
