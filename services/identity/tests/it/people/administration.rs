//! Users as administrators see and change them.

use identity_api::{
    ChangeUser, CreateUser, IdentityError, LoginAct, Refusal, Stage, User, UserChange, UserId, UserQuery, UserStatus,
};
use kernel::Ctx;
use platform::error::Failure;
use testkit::for_each_way;

use crate::people::harness::{App, Desk, PASSWORD, new_user, refused, why};

/// Administers users, and has the permissions of those they administer.
const WRITER: [&str; 7] = [
    "users:read:all",
    "users:create:all",
    "users:change:all",
    "accounts:*:all",
    "transactions:*:all",
    "assets:read:all",
    "books:read:all",
];

async fn change(desk: &Desk, ctx: &Ctx, id: UserId, change: UserChange) -> Result<User, IdentityError> {
    desk.face.change_user(ctx, ChangeUser { id, change }).await.map(|changed| changed.user)
}

fn roles(names: &[&str]) -> UserChange {
    UserChange::SetRoles { roles: names.iter().map(|name| (*name).to_owned()).collect() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_created_found_and_changed() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        let ctx = desk.caller(&WRITER);
        let made = desk.face.create_user(&ctx, new_user("Ann", &["customer"])).await.unwrap();
        assert_eq!((made.user.username.as_str(), made.user.kind.as_str()), ("ann@example.com", "customer"));
        let id = made.user.id;
        assert_eq!(desk.face.user(&ctx, id).await.unwrap(), made.user);
        let contact = UserChange::SetContact { name: None, email: Some("new@mail.example".to_owned()), phone: None };
        let user = change(&desk, &ctx, id, contact).await.unwrap();
        assert_eq!((user.name, user.email.as_deref(), user.phone), (None, Some("new@mail.example"), None));
        let user = change(&desk, &ctx, id, roles(&["employee", "customer"])).await.unwrap();
        assert_eq!((user.kind.as_str(), user.roles.len()), ("employee", 2));
        let bare = CreateUser { subject: None, ..new_user("bob", &["customer"]) };
        let bob = desk.face.create_user(&ctx, bare).await.unwrap().user;
        assert_eq!(bob.subject, bob.id.to_string());
        let events = ["created", "contact_changed", "roles_changed", "created"].map(|it| format!("identity.user.{it}"));
        assert_eq!(desk.events().await, events);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn administering_users_needs_permission_and_recent_authentication() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        let ann = desk.person("ann", &["customer"]).await;
        let command = || new_user("bob", &["customer"]);
        for permissions in [&[][..], &["users:read:all", "accounts:*:*"], &["users:create:own", "users:change:own"]] {
            let ctx = desk.caller(permissions);
            assert_eq!(why(desk.face.create_user(&ctx, command()).await), "forbidden");
            assert_eq!(why(change(&desk, &ctx, ann.id, UserChange::Disable).await), "forbidden");
        }
        let ctx = desk.caller(&WRITER);
        desk.pass(301);
        let step_up = IdentityError::Failed(Failure::StepUpRequired { seconds: 300 });
        assert_eq!(desk.face.create_user(&ctx, command()).await, Err(step_up.clone()));
        assert_eq!(change(&desk, &ctx, ann.id, UserChange::Disable).await, Err(step_up));
        let none = desk.caller(&["accounts:read:all"]);
        assert_eq!(why(desk.face.user(&none, ann.id).await), "forbidden");
        assert_eq!(why(desk.face.users(&none, UserQuery::default()).await), "forbidden");
        let nobody = UserId::from_bits(7);
        assert_eq!(why(desk.face.user(&ctx, nobody).await), "not_found");
        assert_eq!(why(change(&desk, &desk.ctx, nobody, UserChange::Enable).await), "not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_can_read_only_themselves() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        let (ann, bob) = (desk.person("ann", &["customer"]).await, desk.person("bob", &["customer"]).await);
        let mut ctx = desk.caller(&["users:read:own"]);
        ctx.principal.subject = "sub_ann".into();
        assert_eq!(desk.face.user(&ctx, ann.id).await.unwrap().id, ann.id);
        assert_eq!(why(desk.face.user(&ctx, bob.id).await), "not_found");
        let seen = desk.face.users(&ctx, UserQuery::default()).await.unwrap().users;
        assert_eq!(seen.iter().map(|user| user.id).collect::<Vec<_>>(), [ann.id]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_listed_in_pages() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        for (name, role) in [("ann", "customer"), ("anton", "employee"), ("bob", "customer"), ("an%", "customer")] {
            desk.person(name, &[role]).await;
            desk.pass(1);
        }
        let names = async |query: UserQuery| {
            let page = desk.face.users(&desk.ctx, query).await.unwrap();
            (page.users.into_iter().map(|user| user.username).collect::<Vec<_>>(), page.more)
        };
        let (all, more) = names(UserQuery::default()).await;
        assert_eq!((all.len(), more), (4, false));
        let first = desk.face.users(&desk.ctx, UserQuery { limit: Some(3), ..UserQuery::default() }).await.unwrap();
        assert!(first.more);
        let after = Some(first.users[2].id);
        assert_eq!(names(UserQuery { after, ..UserQuery::default() }).await, (vec![all[3].clone()], false));
        let username = Some("AN".to_owned());
        assert_eq!(names(UserQuery { username: username.clone(), ..UserQuery::default() }).await.0.len(), 3);
        let role = Some("customer".to_owned());
        assert_eq!(names(UserQuery { username, role, ..UserQuery::default() }).await.0.len(), 2);
        let percent = Some("an%".to_owned());
        assert_eq!(names(UserQuery { username: percent, ..UserQuery::default() }).await.0, ["an%@example.com"]);
        for limit in [0, 501] {
            let answer = desk.face.users(&desk.ctx, UserQuery { limit: Some(limit), ..UserQuery::default() }).await;
            assert_eq!(answer, Err(refused(Refusal::PageSize { given: limit, max: 500 })));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_subjects_and_roles_are_validated() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let create = async |command: CreateUser| desk.face.create_user(&desk.ctx, command).await;
        let taken = |what: &str, name: &str| refused(Refusal::Taken { what: what.to_owned(), name: name.to_owned() });
        let answer = create(new_user("ANN", &["customer"])).await;
        assert_eq!(answer, Err(taken("username", "ann@example.com")));
        let same = CreateUser { subject: Some("sub_ann".to_owned()), ..new_user("bob", &["customer"]) };
        assert_eq!(create(same).await, Err(taken("subject", "sub_ann")));
        let unknown = create(new_user("bob", &["customer", "teller"])).await;
        assert_eq!(unknown, Err(refused(Refusal::not_found("role", "teller"))));
        assert_eq!(why(create(new_user("bob", &["service", "customer"])).await), "field_invalid");
        assert_eq!(why(create(new_user("bob", &["customer"; 33])).await), "too_many");
        let tx = desk.db.begin().await.unwrap();
        tx.execute("insert into role (name, description, permissions) values ('teller', '', '[]')", &[]).await.unwrap();
        tx.commit().await.unwrap();
        assert!(create(new_user("bob", &["customer", "teller"])).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn disabling_a_user_takes_effect_at_once_and_is_reversible() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        let ann = desk.person("ann", &["customer"]).await;
        let session = desk.session("ann").await;
        let user = change(&desk, &desk.ctx, ann.id, UserChange::Disable).await.unwrap();
        assert_eq!(user.status, UserStatus::Disabled);
        assert_eq!(why(desk.view(&session).await), "not_logged_in");
        assert_eq!(why(desk.password("ann", PASSWORD).await), "wrong_credentials");
        assert_eq!(desk.revocations().await, [r#"{"subject":{"subject":"sub_ann","epoch":2}}"#]);
        change(&desk, &desk.ctx, ann.id, UserChange::Enable).await.unwrap();
        assert!(desk.password("ann", PASSWORD).await.is_ok());
        assert_eq!(why(desk.view(&session).await), "not_logged_in", "what has ended stays so");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_role_applies_at_once_and_a_stricter_one_ends_sessions() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        let ann = desk.person("ann", &["customer"]).await;
        let session = desk.session("ann").await;
        change(&desk, &desk.ctx, ann.id, roles(&["customer"])).await.unwrap();
        assert!(desk.view(&session).await.is_ok());
        assert_eq!(desk.revocations().await.len(), 1);
        change(&desk, &desk.ctx, ann.id, roles(&["customer", "employee"])).await.unwrap();
        assert_eq!(why(desk.view(&session).await), "not_logged_in", "it began without a second factor");
        assert!(matches!(desk.password("ann", PASSWORD).await.unwrap().page.stage, Stage::Enrol { .. }));
        assert_eq!(desk.number("select epoch from person", &[]).await, 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_phone_is_replaced_at_the_next_login() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        let eve = desk.person("eve", &["employee"]).await;
        let (_, codes, session) = desk.enrolled("eve").await;
        change(&desk, &desk.ctx, eve.id, UserChange::RemoveFactors).await.unwrap();
        assert_eq!(why(desk.view(&session).await), "not_logged_in");
        let page = desk.password("eve", PASSWORD).await.unwrap().page;
        let Stage::Enrol { secret, .. } = &page.stage else { panic!("{:?}", page.stage) };
        let app = App::of(secret);
        desk.step(&page, LoginAct::Enrol { code: app.code(&desk) }).await.unwrap();
        let page = desk.at_factor("eve").await;
        assert_eq!(why(desk.step(&page, LoginAct::BackupCode { code: codes[0].clone() }).await), "wrong_code");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_ends_all_sessions_of_a_user() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        let ann = desk.person("ann", &["customer"]).await;
        let sessions = [desk.session("ann").await, desk.session("ann").await];
        change(&desk, &desk.ctx, ann.id, UserChange::EndSessions).await.unwrap();
        for session in sessions {
            assert_eq!(why(desk.view(&session).await), "not_logged_in");
        }
        assert!(desk.password("ann", PASSWORD).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_cannot_be_removed() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        let (one, two) = (desk.person("one", &["admin"]).await, desk.person("two", &["admin"]).await);
        change(&desk, &desk.ctx, one.id, UserChange::Disable).await.unwrap();
        let last = Err(refused(Refusal::LastAdmin));
        assert_eq!(change(&desk, &desk.ctx, two.id, UserChange::Disable).await, last);
        assert_eq!(change(&desk, &desk.ctx, two.id, roles(&["customer"])).await, last);
        change(&desk, &desk.ctx, two.id, roles(&["employee", "admin"])).await.unwrap();
        change(&desk, &desk.ctx, one.id, UserChange::Enable).await.unwrap();
        // Of two at the same moment one is too late.
        let both = tokio::join!(
            change(&desk, &desk.ctx, one.id, UserChange::Disable),
            change(&desk, &desk.ctx, two.id, roles(&["employee"])),
        );
        assert_eq!(usize::from(both.0.is_ok()) + usize::from(both.1.is_ok()), 1, "{both:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_administrator_can_create_or_change_one() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        let (ann, root) = (desk.person("ann", &["customer"]).await, desk.person("root", &["admin"]).await);
        desk.person("other", &["admin"]).await;
        let clerk = desk.caller(&WRITER);
        let further = "reaches_further";
        assert_eq!(why(desk.face.create_user(&clerk, new_user("x", &["admin"])).await), further);
        assert_eq!(why(change(&desk, &clerk, ann.id, roles(&["customer", "admin"])).await), further);
        for act in [UserChange::ResetPassword, UserChange::RemoveFactors, UserChange::Disable, roles(&["customer"])] {
            assert_eq!(why(change(&desk, &clerk, root.id, act).await), further);
        }
        assert!(change(&desk, &clerk, ann.id, UserChange::ResetPassword).await.is_ok());
        let chief = desk.caller(&[&WRITER[..], &["roles:change:all"]].concat());
        assert_eq!(why(change(&desk, &chief, root.id, UserChange::ResetPassword).await), further);
        let chief = desk.caller(&["*:*:all"]);
        assert!(change(&desk, &chief, root.id, UserChange::ResetPassword).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_with_an_expired_password_does_not_count() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        let one = desk.person("one", &["admin"]).await;
        let two = desk.face.create_user(&desk.ctx, new_user("two", &["admin"])).await.unwrap().user;
        // As long as the other one's is good, either may go.
        change(&desk, &desk.ctx, one.id, UserChange::Disable).await.unwrap();
        change(&desk, &desk.ctx, one.id, UserChange::Enable).await.unwrap();
        desk.pass(72 * 60 * 60);
        let last = Err(refused(Refusal::LastAdmin));
        assert_eq!(change(&desk, &desk.ctx, one.id, UserChange::Disable).await, last);
        assert_eq!(change(&desk, &desk.ctx, one.id, roles(&["customer"])).await, last);
        // With a new one they can log in again.
        change(&desk, &desk.ctx, two.id, UserChange::ResetPassword).await.unwrap();
        change(&desk, &desk.ctx, one.id, UserChange::Disable).await.unwrap();
    })
    .await;
}
