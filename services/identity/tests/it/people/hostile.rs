//! User input is a value and never part of a statement, on both engines.

use identity_api::{CreateUser, LoginAct, UserQuery};
use kernel::Secret;
use testkit::for_each_way;

use crate::people::harness::{Desk, PASSWORD, by_password, new_user, why};

const HOSTILE: [&str; 6] = [
    "'or'1'='1",
    "ann@example.com'--",
    "'||(select password from person)||'",
    "x');drop table person;--",
    "\\'; delete from person where ''='",
    "$1",
];

#[tokio::test(flavor = "multi_thread")]
async fn user_input_is_never_part_of_an_sql_statement() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        for (number, text) in HOSTILE.iter().enumerate() {
            let name = format!("h{number}'\"%_;--");
            let hostile = CreateUser { name: Some((*text).to_owned()), email: None, ..new_user(&name, &["customer"]) };
            let made = desk.face.create_user(&desk.ctx, hostile).await.unwrap().user;
            let found = desk.face.user(&desk.ctx, made.id).await.unwrap();
            assert_eq!((found.name.as_deref(), found.username), (Some(*text), format!("{name}@example.com")));
            let query = UserQuery { role: Some((*text).to_owned()), ..UserQuery::default() };
            assert_eq!(desk.face.users(&desk.ctx, query).await.unwrap().users, [], "{text}");
            let query = UserQuery { username: Some((*text).to_owned()), ..UserQuery::default() };
            assert_eq!(desk.face.users(&desk.ctx, query).await.unwrap().users, [], "{text}");
            let typed = LoginAct::Password { username: (*text).to_owned(), password: Secret::new(PASSWORD) };
            let refused = why(desk.step(&desk.begin().await, typed).await);
            assert!(matches!(refused, "wrong_credentials" | "field_invalid"), "{text}: {refused}");
            let wrong = by_password("ann", text);
            assert_eq!(why(desk.step(&desk.begin().await, wrong).await), "wrong_credentials", "{text}");
            desk.pass(4_000);
        }
        // Nor does a wildcard character.
        for text in ["%", "_", "an_", "a%m"] {
            let query = UserQuery { username: Some(text.to_owned()), ..UserQuery::default() };
            assert_eq!(desk.face.users(&desk.ctx, query).await.unwrap().users, [], "{text}");
        }
        assert_eq!(desk.number("select count(*) from person", &[]).await, 1 + HOSTILE.len() as i64);
    })
    .await;
}
