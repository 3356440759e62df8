//! Concurrent requests: a code is used once, and attempts are not multiplied.

use std::sync::Arc;

use identity_api::{
    ChangeUser, ClientKind, Clients, CreateClient, LoginAct, LoginPage, LoginStep, People, PutRole, Rights, UserChange,
};
use platform::db::{Tx, Value};
use testkit::for_each_engine;

use crate::people::harness::{Answer, Desk, by_password, here, new_user, why};

/// The same act on each of these logins at the same moment; returns how many succeeded.
async fn at_once(desk: &Arc<Desk>, pages: &[LoginPage], act: &LoginAct) -> usize {
    let each = pages.iter().map(|page| {
        let (desk, key, act) = (Arc::clone(desk), page.key.clone(), act.clone());
        tokio::spawn(async move {
            let step = LoginStep { key, origin: here(), device: None, act };
            let answer: Answer<_> = desk.face.login(&desk.ctx, step).await;
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
async fn of_concurrent_logins_with_one_code_one_succeeds() {
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
async fn concurrent_attempts_are_all_counted() {
    for_each_engine(async |store| {
        let desk = Arc::new(Desk::open(store).await);
        desk.person("ann", &["customer"]).await;
        let hashed = desk.service.passwords_hashed();
        let mut tries = Vec::new();
        for _ in 0..24 {
            let (desk, page) = (Arc::clone(&desk), desk.begin().await);
            tries.push(tokio::spawn(async move {
                let act = by_password("ann", "wrong");
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

/// A stranger's attempt on a name holds its count from everywhere, and then takes that of its network.
#[tokio::test(flavor = "multi_thread")]
async fn clearing_a_names_waits_cannot_deadlock_with_attempts() {
    for_each_engine(async |store| {
        let desk = Arc::new(Desk::open(store).await);
        let ann = desk.person("ann", &["customer"]).await.id;
        for address in 1..=4 {
            if address == 3 {
                // The count from everywhere was cleared, and is now the younger row.
                let tx = desk.db.begin().await.unwrap();
                tx.execute("delete from failure where about is not null and failures = 2", &[]).await.unwrap();
                tx.commit().await.unwrap();
            }
            let answer = desk.password_from("ann", "wrong", &format!("192.0.2.{address}")).await;
            assert_eq!(why(answer), "wrong_credentials");
        }
        let tx = desk.db.begin().await.unwrap();
        let taken = tx.execute("update failure set name = name where about is not null and failures = 2", &[]).await;
        assert_eq!(taken.unwrap(), 1);
        let other = Arc::clone(&desk);
        let change = ChangeUser { id: ann, change: UserChange::Enable };
        let enabled = tokio::spawn(async move { other.service.change_user(&other.ctx, change).await });
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        let taken = tx.execute("update failure set name = name where about is not null and failures = 1", &[]).await;
        assert_eq!(taken.unwrap(), 4);
        tx.commit().await.unwrap();
        enabled.await.unwrap().unwrap();
        assert_eq!(desk.number("select count(*) from failure where about is not null", &[]).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_creations_give_a_name_once() {
    for_each_engine(async |store| {
        let desk = Arc::new(Desk::open(store).await);
        let each = (0..4).map(|_| {
            let desk = Arc::clone(&desk);
            tokio::spawn(async move { desk.face.create_user(&desk.ctx, new_user("ann", &["customer"])).await })
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

/// Stands in for a transaction of this kind in progress.
async fn under_way(desk: &Desk, sql: &'static str, values: &[Value<'_>]) -> Tx {
    let tx = desk.db.begin().await.unwrap();
    tx.execute("update terms set one = one where one = 1", &[]).await.unwrap();
    tx.execute(sql, values).await.unwrap();
    tx
}

/// The act begins during that transaction, and is answered after it.
async fn behind<T: Send + 'static>(tx: Tx, act: impl Future<Output = Answer<T>> + Send + 'static) -> Answer<T> {
    let act = tokio::spawn(act);
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    tx.commit().await.unwrap();
    act.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_cannot_be_removed_while_it_is_being_assigned() {
    for_each_engine(async |store| {
        let desk = Arc::new(Desk::open(store).await);
        let ann = desk.person("ann", &["customer"]).await.id;
        let role = || PutRole { name: "teller".to_owned(), description: String::new(), permissions: Vec::new() };
        desk.face.put_role(&desk.ctx, role()).await.unwrap();
        let given = "insert into person_role (person, role) values ($1, 'teller')";
        let tx = under_way(&desk, given, &[Value::Bytes(&ann.to_bytes())]).await;
        let other = Arc::clone(&desk);
        let removed = behind(tx, async move { other.service.remove_role(&other.ctx, "teller".to_owned()).await });
        assert_eq!(removed.await.unwrap_err().code(), "role_in_use");
        // And the other way round, for users and for clients.
        let removed = "delete from role where name = 'teller'";
        let tx = under_way(&desk, removed, &[]).await;
        let other = Arc::clone(&desk);
        let roles = ["customer", "teller"].map(str::to_owned).to_vec();
        let change = ChangeUser { id: ann, change: UserChange::SetRoles { roles } };
        let given = behind(tx, async move { other.service.change_user(&other.ctx, change).await });
        assert_eq!(given.await.unwrap_err().code(), "not_found");
        desk.face.put_role(&desk.ctx, role()).await.unwrap();
        let tx = under_way(&desk, removed, &[]).await;
        let other = Arc::clone(&desk);
        let given = behind(tx, async move { other.service.create_client(&other.ctx, program()).await });
        assert_eq!(given.await.unwrap_err().code(), "not_found");
    })
    .await;
}

fn program() -> CreateClient {
    CreateClient {
        id: "program".to_owned(),
        name: "Program".to_owned(),
        kind: ClientKind::Service,
        redirect_uris: Vec::new(),
        post_logout_redirect_uris: Vec::new(),
        scopes: vec!["read:accounts".to_owned()],
        roles: vec!["teller".to_owned()],
        first_party: false,
        access_seconds: None,
    }
}
