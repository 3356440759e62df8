//! Two at the same moment: a code is used once, and tries are not multiplied.

use std::sync::Arc;

use identity_api::{Login, LoginAct, LoginPage, LoginStep};
use testkit::for_each_engine;

use crate::harness::{Answer, Desk, here, new_user};

/// The same act on each of these logins at the same moment; how many succeeded.
async fn at_once(desk: &Arc<Desk>, pages: &[LoginPage], act: &LoginAct) -> usize {
    let each = pages.iter().map(|page| {
        let (desk, key, act) = (Arc::clone(desk), page.key.clone(), act.clone());
        tokio::spawn(async move {
            let step = LoginStep { key, origin: here(), act };
            let answer: Answer<_> = desk.service.login(&desk.ctx, step).await;
            answer.is_ok_and(|reply| reply.session.is_some())
        })
    });
    let running: Vec<_> = each.collect();
    let mut sessions = 0;
    for one in running {
        sessions += usize::from(one.await.unwrap());
    }
    sessions
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_logins_with_the_same_code_one_succeeds() {
    for_each_engine(async |store| {
        let desk = Arc::new(Desk::open(store).await);
        desk.person("eve", &["employee"]).await;
        let (app, codes, _) = desk.enrolled("eve").await;
        desk.pass(60);
        for act in [LoginAct::Code { code: app.code(&desk) }, LoginAct::BackupCode { code: codes[0].clone() }] {
            let mut pages = Vec::new();
            for _ in 0..4 {
                pages.push(desk.at_factor("eve").await);
            }
            assert_eq!(at_once(&desk, &pages, &act).await, 1, "{act:?}");
            desk.pass(900);
        }
        let [same, other] = [desk.at_factor("eve").await, desk.at_factor("eve").await];
        let act = LoginAct::Code { code: app.code(&desk) };
        assert_eq!(at_once(&desk, &[same.clone(), same, other], &act).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_tries_at_the_same_moment_are_counted_as_many() {
    for_each_engine(async |store| {
        let desk = Arc::new(Desk::open(store).await);
        desk.person("ann", &["customer"]).await;
        let hashed = desk.service.passwords_hashed();
        let mut tries = Vec::new();
        for _ in 0..24 {
            let (desk, page) = (Arc::clone(&desk), desk.begin().await);
            tries.push(tokio::spawn(async move {
                let act = crate::harness::by_password("ann", "wrong");
                desk.step(&page, act).await.unwrap_err().code()
            }));
        }
        let mut codes = Vec::new();
        for one in tries {
            codes.push(one.await.unwrap());
        }
        assert!(codes.contains(&"too_many_failures"), "{codes:?}");
        assert_eq!(desk.service.passwords_hashed() - hashed, 6, "five are free, and the sixth begins the wait");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_given_once() {
    use identity_api::People;
    for_each_engine(async |store| {
        let desk = Arc::new(Desk::open(store).await);
        let each = (0..4).map(|_| {
            let desk = Arc::clone(&desk);
            tokio::spawn(async move { desk.service.create_user(&desk.ctx, new_user("ann", &["customer"])).await })
        });
        let running: Vec<_> = each.collect();
        let mut made = 0;
        for one in running {
            match one.await.unwrap() {
                Ok(_) => made += 1,
                Err(error) => assert_eq!(error.code(), "taken"),
            }
        }
        assert_eq!(made, 1);
    })
    .await;
}
