//! Files of payments over a rail: when they are made, what is in them, and what becomes of one that the bank does not take.

use kernel::Money;
use payments::{PaymentState, Rails, TakeAnswer};
use testkit::for_each_engine;

use super::desk::{Desk, eur};

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_made_when_the_oldest_has_waited_enough() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let paid = desk.pay_outside("rent-1", 2_500).await;
        desk.clock.advance_millis(899_000);
        desk.payments.round().await.unwrap();
        assert_eq!(desk.state(paid.id).await, PaymentState::Held);
        desk.clock.advance_millis(2_000);
        desk.payments.round().await.unwrap();
        desk.payments.round().await.unwrap();
        assert_eq!(desk.state(paid.id).await, PaymentState::Submitted);
        let files = desk.payments.rail_files(&desk.ctx()).await.unwrap().items;
        assert_eq!((files.len(), files[0].count, files[0].sum), (1, 1, Money::new(2_500, eur())));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_payment_is_in_one_file_when_two_are_made_at_once() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        for number in 0..20 {
            desk.pay_outside(&format!("rent-{number}"), 100).await;
        }
        let other = desk.again().await;
        let ctx = desk.ctx();
        let (one, two) = tokio::join!(desk.payments.make_files(&ctx), other.make_files(&ctx));
        one.and(two).unwrap();
        let files = desk.payments.rail_files(&desk.ctx()).await.unwrap().items;
        assert_eq!(files.iter().map(|file| file.count).sum::<u64>(), 20);
        assert_eq!(desk.balance("clearing:sepa").await, 2_000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_the_bank_rejects_as_a_whole_gives_everything_back() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        for number in 0..3 {
            desk.pay_outside(&format!("rent-{number}"), 1_000).await;
        }
        let file = desk.payments.make_files(&desk.ctx()).await.unwrap().items.remove(0);
        let id = file.id.to_string().split_once('_').unwrap().1.to_uppercase();
        let content = format!(
            "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.10\"><CstmrPmtStsRpt><GrpHdr><MsgId>B1</MsgId>\
             <CreDtTm>2026-01-31T12:00:00Z</CreDtTm></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>{id}</OrgnlMsgId>\
             <OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId><GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>FF01</Cd></Rsn></StsRsnInf>\
             </OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>"
        );
        let report = desk.payments.take_answer(&desk.ctx(), TakeAnswer { content }).await.unwrap();
        assert_eq!((report.lines, report.rejected, report.unmatched), (1, 3, 0));
        assert_eq!((desk.balance("customers:uta").await, desk.rail().await), (100_000, [0, 0, 0]));
    })
    .await;
}
