//! People, programs, rights and logins by each way on each engine: what was done is there once, and was told once.

use std::sync::Arc;

use identity_api::{
    BeginLogin, ChangeClient, ChangeUser, ClientChange, ClientKind, CreateClient, FACE, Identity, LoginStep, PutPolicy,
    PutRole, SecurityAct, SecurityStep, Stage, TryChange, UserChange, UserQuery,
};
use testkit::on_each_way;

use crate::people::harness::{Desk, PASSWORD, by_password, here, new_user};

async fn open(stage: &testkit::Stage<'_>) -> (Arc<dyn Identity>, Desk) {
    let desk = Desk::open_on(stage).await;
    (desk.service.clone(), desk)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_made_changed_and_found_once() {
    on_each_way(&FACE, open, async |identity, desk| {
        let new = identity.create_user(&identity.keyed(), new_user("ann", &["customer"])).await.unwrap();
        let id = new.user.id;
        // Only the first answer has it, and that one may be lost.
        assert_ne!(new.one_time_password.is_some(), new.replayed);
        assert_eq!(identity.user(&identity.ctx(), id).await.unwrap(), new.user);
        for change in [UserChange::Disable, UserChange::Enable] {
            identity.change_user(&identity.keyed(), ChangeUser { id, change }).await.unwrap();
        }
        let query = UserQuery { username: Some("ann".to_owned()), ..UserQuery::default() };
        let page = identity.users(&identity.ctx(), query).await.unwrap();
        assert_eq!(page.users.iter().map(|user| user.id).collect::<Vec<_>>(), [id]);
        let told = ["created", "disabled", "enabled"].map(|what| format!("identity.user.{what}"));
        assert_eq!(desk.events().await, told);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_made_changed_and_found_once() {
    on_each_way(&FACE, open, async |identity, desk| {
        let command = CreateClient {
            id: "reporting".to_owned(),
            name: "Reporting".to_owned(),
            kind: ClientKind::Service,
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            scopes: vec!["read:users".to_owned()],
            roles: Vec::new(),
            first_party: false,
            access_seconds: None,
        };
        let new = identity.create_client(&identity.keyed(), command).await.unwrap();
        assert_ne!(new.secret.is_some(), new.replayed);
        let change = ChangeClient { id: "reporting".to_owned(), change: ClientChange::Disable };
        let changed = identity.change_client(&identity.keyed(), change).await.unwrap().client;
        assert_eq!(identity.client(&identity.ctx(), "reporting".to_owned()).await.unwrap(), changed);
        assert_eq!(identity.clients(&identity.ctx()).await.unwrap(), [changed]);
        assert_eq!(desk.events().await, ["identity.client.created", "identity.client.changed"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_and_a_policy_come_and_go_once() {
    on_each_way(&FACE, open, async |identity, desk| {
        let ctx = identity.ctx();
        let permissions = vec!["accounts:read:all".parse().unwrap()];
        let role = PutRole { name: "auditor".to_owned(), description: String::new(), permissions };
        let effect = identity.try_change(&ctx, TryChange::PutRole(role.clone())).await.unwrap();
        assert!(effect.gains.is_empty() && effect.loses.is_empty(), "nobody has the role: {effect:?}");
        let put = identity.put_role(&ctx, role).await.unwrap();
        assert!(identity.roles(&ctx).await.unwrap().contains(&put));
        let policy = PutPolicy {
            id: "closed".to_owned(),
            description: String::new(),
            text: "forbid (principal is Customer, action, resource);".to_owned(),
            enabled: false,
        };
        let put = identity.put_policy(&ctx, policy).await.unwrap();
        assert!(identity.policies(&ctx).await.unwrap().contains(&put));
        identity.remove_role(&ctx, "auditor".to_owned()).await.unwrap();
        identity.remove_policy(&ctx, "closed".to_owned()).await.unwrap();
        let told =
            ["role.changed", "policy.changed", "role.removed", "policy.removed"].map(|what| format!("identity.{what}"));
        assert_eq!(desk.events().await, told);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_begins_one_session_which_ends_once() {
    on_each_way(&FACE, open, async |identity, desk| {
        desk.person("ann", &["customer"]).await;
        let ctx = identity.ctx();
        let begin = BeginLogin { return_to: "/account".to_owned(), origin: here(), again: None, second_factor: false };
        let page = identity.begin_login(&ctx, begin).await.unwrap();
        assert_eq!(identity.resume_login(&ctx, page.key.clone()).await.unwrap(), page);
        let wrong = LoginStep { key: page.key.clone(), origin: here(), device: None, act: by_password("ann", "wrong") };
        assert_eq!(identity.login(&ctx, wrong).await.unwrap_err().code(), "wrong_credentials");
        let step = LoginStep { key: page.key, origin: here(), device: None, act: by_password("ann", PASSWORD) };
        let reply = identity.login(&ctx, step).await.unwrap();
        assert_eq!(reply.page.stage, Stage::Done);
        let session = reply.session.unwrap().cookie;
        let view = identity.security(&ctx, session.clone()).await.unwrap();
        assert_eq!(view.sessions.len(), 1);
        let act = SecurityAct::EndSession { id: view.sessions[0].id.clone() };
        let end = SecurityStep { session: session.clone(), form_key: view.form_key, origin: here(), act };
        identity.secure(&ctx, end).await.unwrap();
        assert_eq!(identity.security(&ctx, session).await.unwrap_err().code(), "not_logged_in");
        let told =
            ["user.created", "login.failed", "session.began", "session.ended"].map(|what| format!("identity.{what}"));
        assert_eq!(desk.events().await, told);
    })
    .await;
}
