//! The list of waiting transactions, and who sees which of them.

use kernel::Clock;
use ledger_api::{
    FindTransaction, LedgerError, OpenAccount, Operation, Override, ScheduledQuery, Side, TransactionStatus, limits,
};
use platform::error::{Failure, Refusal as _};

use crate::service::harness::{Desk, cancel, create, id, may_go_negative, opening, pay, posting, refusal, scheduled};
use crate::service::schedule::{clean, later};
use crate::service::way::for_each_way;

#[tokio::test(flavor = "multi_thread")]
async fn the_scheduled_list_is_paged_by_due_time() {
    for_each_way(async |store| {
        let desk = Desk::with_people(store).await;
        for (bits, seconds) in [(1, 30), (2, 10), (3, 20), (4, 10), (5, 20)] {
            desk.run(scheduled(pay(bits, "bank", "ann", 1), later(&desk, 0).plus_seconds(seconds))).await.unwrap();
        }
        let start = desk.clock.now();
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let query = ScheduledQuery { after, limit: Some(2) };
            let page = desk.ledger.scheduled(&desk.ctx, query).await.unwrap();
            assert!(page.items.len() <= 2);
            seen.extend(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen.iter().map(|one| one.id).collect::<Vec<_>>(), [2, 4, 3, 5, 1].map(id));
        for one in &seen {
            assert_eq!(*one, desk.find_item(one.id.bits()).await, "with the time at which it was scheduled");
        }
        assert_eq!(desk.clock.now(), start);
        for limit in [0, limits::PAGE_MAX + 1] {
            let query = ScheduledQuery { after: None, limit: Some(limit) };
            assert_eq!(refusal(desk.ledger.scheduled(&desk.ctx, query).await).code(), "page_size");
        }
        desk.ledger.close().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_see_and_cancel_only_their_own_scheduled_ones() {
    for_each_way(async |store| {
        let desk = Desk::with_people(store).await;
        for (name, owner) in [("hers:1", "ann-1"), ("hers:2", "ann-1"), ("his:1", "bob-1"), ("his:2", "bob-1")] {
            let open = opening(name, Side::Credit, may_go_negative());
            let open = OpenAccount { owner: Some(owner.parse().unwrap()), ..open };
            desk.ledger.open_account(&desk.ctx, open).await.unwrap();
        }
        let rights = ["transactions:create:own", "transactions:read:own"];
        let (ann, bob) = (desk.caller("ann-1", &rights), desk.caller("bob-1", &rights));
        let at = later(&desk, 60);
        desk.run_as(&ann, scheduled(pay(1, "hers:1", "hers:2", 1), at)).await.unwrap();
        desk.run_as(&bob, scheduled(pay(2, "his:1", "his:2", 1), at)).await.unwrap();
        desk.run(scheduled(pay(3, "his:1", "hers:1", 1), at)).await.unwrap();
        let list = async |ctx| {
            let page = desk.ledger.scheduled(ctx, ScheduledQuery::default()).await.unwrap();
            page.items.iter().map(|one| one.id.bits()).collect::<Vec<_>>()
        };
        assert_eq!((list(&ann).await, list(&bob).await, list(&desk.ctx).await), (vec![1], vec![2], vec![1, 2, 3]));
        let find = async |ctx, bits| desk.ledger.transaction(ctx, FindTransaction::Id(id(bits))).await;
        assert_eq!(refusal(find(&bob, 1).await).code(), "not_found");
        assert_eq!(refusal(desk.run_as(&bob, cancel(10, 1)).await).code(), "transaction_unknown");
        assert_eq!(
            refusal(desk.run_as(&bob, scheduled(pay(11, "his:1", "hers:1", 1), at)).await).code(),
            "account_unknown"
        );
        desk.run_as(&ann, cancel(12, 1)).await.unwrap();
        assert_eq!(refusal(find(&bob, 12).await).code(), "not_found");
        assert_eq!(find(&ann, 12).await.unwrap().target, Some(id(1)));
        assert_eq!((list(&ann).await, find(&ann, 1).await.unwrap().status), (vec![], TransactionStatus::Cancelled));
        // Needs its own permission, checked when it is scheduled.
        let mut forced = posting("hers:1", "hers:2", 1);
        forced.override_limit = Some(Override::Floor);
        let forced = scheduled(Operation::Create(create(13, vec![forced])), at);
        assert_eq!(desk.run_as(&ann, forced).await.unwrap_err(), LedgerError::Failed(Failure::Forbidden));
        let stranger = desk.caller("eve-1", &[]);
        let listed = desk.ledger.scheduled(&stranger, ScheduledQuery::default()).await;
        assert_eq!(listed.unwrap_err(), LedgerError::Failed(Failure::Forbidden));
        clean(desk, store).await;
    })
    .await;
}
