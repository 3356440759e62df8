//! Files of payments that callers send.

use payments::{
    Orders, PaymentQuery, PaymentState, ReportForm, Upload, UploadFile, UploadLinesQuery, UploadReportQuery,
    UploadState, Uploads,
};
use testkit::for_each_engine;

use super::desk::{Desk, code};
use super::rails::BOB;
use crate::cards::gate::At;

const HEADER: &str = "amount,currency,counterparty,counterparty_account,text,end_to_end_id";

fn csv(lines: &[&str]) -> UploadFile {
    let content = [HEADER].iter().chain(lines).map(|line| format!("{line}\r\n")).collect();
    UploadFile { from: "customers:ann".parse().unwrap(), partial: false, content }
}

fn to_bob(number: usize) -> String {
    format!("1.00,USD,Bob,customers:bob,rent,E{number}")
}

/// pain.001 with one batch; the counts and sums are the caller's.
fn pain(id: &str, count: usize, sum: &str, ibans: &[(&str, &str)]) -> UploadFile {
    let lines = ibans.iter().enumerate().map(|(number, (iban, amount))| {
        format!(
            "<CdtTrfTxInf><PmtId><EndToEndId>E{number}</EndToEndId></PmtId><Amt><InstdAmt Ccy=\"EUR\">{amount}</InstdAmt></Amt>\
             <Cdtr><Nm>Bob</Nm></Cdtr><CdtrAcct><Id><IBAN>{iban}</IBAN></Id></CdtrAcct></CdtTrfTxInf>"
        )
    });
    let content = format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.001.001.09\"><CstmrCdtTrfInitn><GrpHdr><MsgId>{id}</MsgId>\
         <CreDtTm>2026-01-31T12:00:00Z</CreDtTm><NbOfTxs>{count}</NbOfTxs><CtrlSum>{sum}</CtrlSum><InitgPty><Nm>Uta</Nm></InitgPty>\
         </GrpHdr><PmtInf><PmtInfId>B1</PmtInfId><PmtMtd>TRF</PmtMtd><ReqdExctnDt><Dt>2026-01-31</Dt></ReqdExctnDt>\
         <Dbtr><Nm>Uta</Nm></Dbtr><DbtrAcct><Id><IBAN>DE02120300000000202051</IBAN></Id></DbtrAcct><DbtrAgt><FinInstnId>\
         <BICFI>BYLADEM1001</BICFI></FinInstnId></DbtrAgt>{}</PmtInf></CstmrCdtTrfInitn></Document>",
        lines.collect::<String>()
    );
    UploadFile { from: "customers:uta".parse().unwrap(), partial: false, content }
}

impl Desk {
    async fn send(&self, file: UploadFile) -> Upload {
        self.payments.upload(&self.ctx(), file).await.unwrap()
    }

    async fn made(&self) -> usize {
        let query = PaymentQuery { from: None, state: None, before: None, limit: 500 };
        self.payments.payments(&self.ctx(), query).await.unwrap().items.len()
    }

    async fn report(&self, upload: &Upload, form: ReportForm) -> String {
        let query = UploadReportQuery { upload: upload.id, form };
        self.payments.upload_report(&self.ctx(), query).await.unwrap().content
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_line_of_a_file_is_one_payment() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let lines: Vec<String> = (0..40).map(to_bob).chain(["900.00,USD,Bob,customers:bob,,E40".to_owned()]).collect();
        let file = || csv(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        let sent = desk.send(file()).await;
        assert_eq!((sent.state, sent.lines, sent.made, sent.wrong), (UploadState::Done, 41, 41, 0));
        assert_eq!(desk.balance("customers:bob").await, 14_000);
        let again = desk.send(file()).await;
        assert_eq!((again.id, again.replayed, desk.made().await), (sent.id, true, 41));
        let query = UploadLinesQuery { upload: sent.id, after: 39, limit: 1 };
        let page = desk.payments.upload_lines(&desk.ctx(), query).await.unwrap();
        assert_eq!((page.items[0].state, page.next), (Some(PaymentState::Settled), Some(40)));
        let query = UploadLinesQuery { upload: sent.id, after: 40, limit: 5 };
        let last = desk.payments.upload_lines(&desk.ctx(), query).await.unwrap().items.remove(0);
        assert_eq!((last.state, last.reason.as_deref()), (Some(PaymentState::Rejected), Some("insufficient_funds")));
        let report = desk.report(&sent, ReportForm::Csv).await;
        assert_eq!(report.lines().count(), 42);
        assert!(report.lines().last().unwrap().ends_with(",rejected,insufficient_funds"), "{report}");
        desk.agrees(&desk.payments).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_transfers_leaves_over_the_rail() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let sent = desk.send(pain("M1", 2, "35.00", &[(BOB, "10.00"), (BOB, "25.00")])).await;
        assert_eq!((sent.state, sent.made, sent.message.as_deref()), (UploadState::Done, 2, Some("M1")));
        assert_eq!(desk.balances("customers:uta").await, (100_000, Some(96_500)));
        let report = desk.report(&sent, ReportForm::Pain002).await;
        let mut items = formats::follow_up::FollowUps::open(report.as_bytes());
        assert_eq!(items.by_ref().count(), 4);
        assert!(!items.report().is_refused(false), "{report}");
        assert!(report.contains("<GrpSts>ACCP</GrpSts>") && report.contains("ACTC"), "{report}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_counts_sums_and_lines_refuse_a_file() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let refused = async |file: UploadFile, expected: &str| {
            let sent = desk.send(file).await;
            assert_eq!((sent.state, sent.made), (UploadState::Refused, 0), "{expected}");
            assert_eq!(sent.mistakes[0].code, expected);
            sent
        };
        refused(pain("M1", 3, "10.00", &[(BOB, "10.00")]), "count").await;
        refused(pain("M1", 1, "10.01", &[(BOB, "10.00")]), "total").await;
        let digit = refused(pain("M1", 1, "10.00", &[("DE89370400440532013001", "10.00")]), "check_digit").await;
        assert!(digit.mistakes[0].line > 0 && !digit.mistakes[0].field.is_empty(), "{digit:?}");
        refused(csv(&["1.00,EUR,Bob,customers:bob,,"]), "currency_mismatch").await;
        refused(csv(&["-1.00,USD,Bob,customers:bob,,"]), "value").await;
        refused(csv(&["1.00,USD,Bob,no path,,"]), "value").await;
        assert_eq!(desk.made().await, 0);
        assert_eq!(desk.send(pain("M1", 1, "10.00", &[(BOB, "10.00")])).await.state, UploadState::Done);
        refused(pain("M1", 1, "11.00", &[(BOB, "11.00")]), "message_repeated").await;
        for bad in ["", "<Document/>", "<!DOCTYPE a><Document/>"] {
            let file = UploadFile { content: bad.to_owned(), ..csv(&[]) };
            assert_eq!(code(desk.payments.upload(&desk.ctx(), file).await), "upload_refused", "{bad}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_taken_in_part_leaves_wrong_lines_out() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let file = csv(&["1.00,USD,Bob,customers:bob,,", "x,USD,Bob,customers:bob,,", "2.00,USD,Ann,customers:ann,,"]);
        let sent = desk.send(UploadFile { partial: true, ..file }).await;
        assert_eq!((sent.state, sent.lines, sent.made, sent.wrong), (UploadState::Done, 3, 1, 1));
        let query = UploadLinesQuery { upload: sent.id, after: 0, limit: 5 };
        let lines = desk.payments.upload_lines(&desk.ctx(), query).await.unwrap().items;
        let reasons: Vec<Option<&str>> = lines.iter().map(|line| line.reason.as_deref()).collect();
        assert_eq!(reasons, [None, Some("same_account")]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_killed_in_the_middle_is_carried_out_once() {
    for_each_engine(async |store| {
        for point in [At::Before("submit"), At::After("submit")] {
            let desk = Desk::open(&super::kills::fresh(store)).await;
            let lines: Vec<String> = (0..5).map(to_bob).collect();
            let file = csv(&lines.iter().map(String::as_str).collect::<Vec<_>>());
            desk.stop.set(point);
            let (payments, ctx, sent) = (desk.payments.clone(), desk.ctx(), file.clone());
            let running = tokio::spawn(async move { payments.upload(&ctx, sent).await });
            desk.stop.stopped.notified().await;
            running.abort();
            let payments = desk.again().await;
            super::rails_killed::rounds(&desk, &payments).await;
            let after = payments.upload(&desk.ctx(), file).await.unwrap();
            assert_eq!((after.state, after.made, after.replayed), (UploadState::Done, 5, true), "{point:?}");
            assert_eq!(desk.balance("customers:bob").await, 10_500, "{point:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_others_do_not_exist() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let sent = desk.payments.upload(&desk.customer("cust_ann"), csv(&[&to_bob(1)])).await.unwrap();
        assert_eq!(sent.made_by, "cust_ann");
        let bob = desk.customer("cust_bob");
        assert_eq!(code(desk.payments.upload_of(&bob, sent.id).await), "upload_unknown");
        assert_eq!(code(desk.payments.upload(&bob, csv(&[&to_bob(1)])).await), "account_unknown");
        assert!(desk.payments.upload_of(&desk.customer("cust_ann"), sent.id).await.is_ok());
    })
    .await;
}
