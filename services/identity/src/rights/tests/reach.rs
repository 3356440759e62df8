//! Granting only what one holds, and not taking over anybody who holds more.

use identity_api::{
    ChangeClient, ChangeUser, ClientChange, ClientKind, Clients, CreateClient, CreateUser, People, TryChange,
    UserChange, UserId,
};

use super::*;

const DESK: [&str; 4] = ["users:*:all", "clients:*:all", "roles:*:all", "accounts:read:all"];

impl World {
    /// A caller who administers, has just authenticated, and also holds this.
    fn clerk(&self, more: &[&str]) -> Ctx {
        let mut ctx = self.ctx(PrincipalKind::Employee, &[&DESK[..], more].concat());
        ctx.principal.proof = Some(Proof { at: self.clock.now(), second_factor: true });
        ctx
    }

    /// The same with a token limited to these scopes.
    fn with_token(&self, permissions: &[&str], scopes: &[&str]) -> Ctx {
        let mut ctx = self.admin();
        ctx.principal.permissions = permissions.iter().map(|text| text.parse().unwrap()).collect();
        ctx.principal.scopes = Some(scopes.iter().map(|text| text.parse().unwrap()).collect());
        ctx
    }

    /// Everything stored and published: a refusal leaves it unchanged.
    async fn kept(&self) -> Vec<i64> {
        let tx = self.db.read().await.unwrap();
        let mut counts = Vec::new();
        for sql in [
            "select count(*) from outbox",
            "select count(*) from person_role",
            "select count(*) from role",
            "select count(*) from client",
            "select cast(coalesce(sum(epoch), 0) as bigint) from person",
            "select cast(coalesce(sum(epoch), 0) as bigint) from client",
            "select version from terms",
        ] {
            counts.push(tx.query(sql, &[]).await.unwrap()[0].int(0).unwrap());
        }
        counts
    }
}

fn user(name: &str, roles: &[&str]) -> CreateUser {
    CreateUser { username: name.to_owned(), name: None, email: None, phone: None, subject: None, roles: names(roles) }
}

fn names(all: &[&str]) -> Vec<String> {
    all.iter().map(|one| (*one).to_owned()).collect()
}

fn program(id: &str, kind: ClientKind, scopes: &[&str], roles: &[&str]) -> CreateClient {
    let service = kind == ClientKind::Service;
    CreateClient {
        id: id.to_owned(),
        name: id.to_owned(),
        kind,
        redirect_uris: if service { Vec::new() } else { names(&["https://a.example/back"]) },
        post_logout_redirect_uris: Vec::new(),
        scopes: names(scopes),
        roles: names(roles),
        first_party: true,
        access_seconds: None,
    }
}

fn further(what: &str, name: impl ToString) -> Refusal {
    Refusal::ReachesFurther { what: what.to_owned(), name: name.to_string() }
}

#[tokio::test(flavor = "multi_thread")]
async fn assigning_a_role_needs_everything_it_grants() {
    testkit::for_each_way(async |store| {
        let world = World::new(store).await;
        world.put_role("auditor", &["accounts:read:all"]).await.unwrap();
        world.put_role("teller", &["transactions:create:all"]).await.unwrap();
        let (at, clerk) = (&world.service, world.clerk(&["transactions:read:own"]));
        let ann = at.create_user(&clerk, user("ann", &["customer", "auditor"])).await.unwrap().user.id;
        let before = world.kept().await;
        for (roles, role) in
            [(&["admin"][..], "admin"), (&["customer", "teller"], "teller"), (&["employee"], "employee")]
        {
            assert_eq!(refused(at.create_user(&clerk, user("eve", roles)).await), further("role", role));
            let change = UserChange::SetRoles { roles: names(roles) };
            let changed = at.change_user(&clerk, ChangeUser { id: ann, change }).await;
            assert_eq!(refused(changed), further("role", role));
        }
        assert_eq!(world.kept().await, before, "nothing is stored or published");
        let change = || ChangeUser { id: ann, change: UserChange::SetRoles { roles: names(&["customer", "teller"]) } };
        at.change_user(&world.clerk(&["transactions:*:all"]), change()).await.unwrap();
        assert_eq!(IdentityError::from(further("role", "admin")).code(), "reaches_further");
        assert_eq!(IdentityError::from(further("role", "admin")).status(), 403);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changing_a_user_needs_everything_they_hold() {
    testkit::for_each_way(async |store| {
        let world = World::new(store).await;
        world.person(1, "admin", &["admin"]).await;
        world.person(2, "admin", &["admin"]).await;
        let (root, clerk) = (UserId::from_bytes([1; 16]), world.clerk(&["transactions:*:all", "policies:*:all"]));
        let contact = UserChange::SetContact { name: None, email: Some("eve@mail.example".to_owned()), phone: None };
        let (before, at) = (world.kept().await, &world.service);
        for change in [
            UserChange::ResetPassword,
            UserChange::RemoveFactors,
            UserChange::Disable,
            UserChange::Enable,
            UserChange::EndSessions,
            contact,
            UserChange::SetRoles { roles: names(&["customer"]) },
        ] {
            let changed = at.change_user(&clerk, ChangeUser { id: root, change }).await;
            assert_eq!(refused(changed), further("user", root));
        }
        assert_eq!(world.kept().await, before);
        for ctx in [world.admin(), Ctx { principal: Principal::operator(), ..world.admin() }] {
            at.change_user(&ctx, ChangeUser { id: root, change: UserChange::ResetPassword }).await.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn creating_or_changing_a_client_needs_its_whole_reach() {
    testkit::for_each_way(async |store| {
        let world = World::new(store).await;
        let (at, clerk, admin) = (&world.service, world.clerk(&[]), world.admin());
        world.put_role("auditor", &["accounts:read:all"]).await.unwrap();
        use ClientKind::{Confidential, Service};
        at.create_client(&admin, program("robot", Service, &["read:accounts"], &["service"])).await.unwrap();
        at.create_client(&admin, program("console", Confidential, &["openid", "admin:users"], &[])).await.unwrap();
        at.create_client(&admin, program("wide", Confidential, &["read:*"], &[])).await.unwrap();
        at.create_client(&clerk, program("report", Service, &["admin:*"], &["auditor"])).await.unwrap();
        at.create_client(&clerk, program("page", Confidential, &["openid", "read:accounts"], &[])).await.unwrap();
        let before = world.kept().await;
        for (scope, kind, roles, refusal) in [
            ("read:accounts", Service, &["admin"][..], further("role", "admin")),
            ("read:accounts", Service, &["auditor", "service"], further("role", "service")),
            ("write:accounts", Confidential, &[], further("scope", "write:accounts")),
            ("read:transactions", Confidential, &[], further("scope", "read:transactions")),
            ("read:*", Confidential, &[], further("scope", "read:*")),
            ("admin:*", Confidential, &[], further("scope", "admin:*")),
            ("read:unheard-of", Confidential, &[], further("scope", "read:unheard-of")),
        ] {
            let made = at
                .create_client(&clerk, program("new", kind, &["openid", scope][usize::from(kind == Service)..], roles))
                .await;
            assert_eq!(refused(made), refusal);
        }
        let change =
            async |ctx: &Ctx, id: &str, change| at.change_client(ctx, ChangeClient { id: id.to_owned(), change }).await;
        let roles = |roles: &[&str]| ClientChange::SetRoles { roles: names(roles) };
        let scopes = |scopes: &[&str]| ClientChange::SetScopes { scopes: names(scopes) };
        let uris = || ClientChange::SetRedirectUris {
            redirect_uris: names(&["https://eve.example/"]),
            post_logout_redirect_uris: Vec::new(),
        };
        for (id, to) in [
            ("robot", ClientChange::NewSecret),
            ("robot", roles(&["auditor"])),
            ("robot", ClientChange::Disable),
            ("wide", uris()),
            ("wide", scopes(&["read:accounts"])),
            ("wide", ClientChange::NewSecret),
        ] {
            assert_eq!(refused(change(&clerk, id, to).await), further("client", id));
        }
        assert_eq!(refused(change(&clerk, "report", roles(&["service"])).await), further("role", "service"));
        assert_eq!(
            refused(change(&clerk, "page", scopes(&["write:accounts"])).await),
            further("scope", "write:accounts")
        );
        assert_eq!(world.kept().await, before);
        change(&clerk, "console", ClientChange::NewSecret).await.unwrap();
        change(&admin, "wide", uris()).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn putting_or_removing_a_role_needs_everything_it_grants() {
    testkit::for_each_way(async |store| {
        let world = World::new(store).await;
        let (at, clerk) = (&world.service, world.clerk(&["assets:*:own"]));
        world.put_role("teller", &["accounts:read:all", "transactions:create:all"]).await.unwrap();
        at.put_role(&clerk, role("auditor", &["accounts:read:own", "assets:read:own"])).await.unwrap();
        let before = world.kept().await;
        for beyond in ["*:*:*", "*:read:all", "accounts:*:all", "accounts:change:own", "assets:read:all"] {
            for name in ["auditor", "new"] {
                let put = || role(name, &["accounts:read:all", beyond]);
                assert_eq!(refused(at.put_role(&clerk, put()).await), further("permission", beyond));
                let tried = at.try_change(&clerk, TryChange::PutRole(put())).await;
                assert_eq!(refused(tried), further("permission", beyond));
            }
        }
        let less = || role("teller", &["accounts:read:all"]);
        assert_eq!(refused(at.put_role(&clerk, less()).await), further("role", "teller"));
        assert_eq!(refused(at.remove_role(&clerk, "teller".to_owned()).await), further("role", "teller"));
        let tried = at.try_change(&clerk, TryChange::RemoveRole { name: "teller".to_owned() }).await;
        assert_eq!(refused(tried), further("role", "teller"));
        assert_eq!(world.kept().await, before);
        at.put_role(&world.clerk(&["transactions:create:all"]), less()).await.unwrap();
        at.remove_role(&clerk, "teller".to_owned()).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tokens_scopes_limit_what_it_can_grant() {
    testkit::for_each_way(async |store| {
        let world = World::new(store).await;
        let at = &world.service;
        world.person(1, "admin", &["admin"]).await;
        let reset = || ChangeUser { id: UserId::from_bytes([1; 16]), change: UserChange::ResetPassword };
        for scopes in [&["admin:users"][..], &["read:*", "admin:users"], &["write:*"], &["admin:users", "admin:roles"]]
        {
            let narrow = world.with_token(&["*:*:*"], scopes);
            assert_eq!(refused(at.create_user(&narrow, user("eve", &["admin"])).await), further("role", "admin"));
            assert_eq!(
                refused(at.change_user(&narrow, reset()).await).to_string(),
                further("user", reset().id).to_string()
            );
        }
        let desk = world.with_token(&["*:*:*"], &["admin:users", "read:accounts", "read:transactions"]);
        at.create_user(&desk, user("ann", &["customer"])).await.unwrap();
        for scopes in [&["admin:*"][..], &["read:*", "write:*"]] {
            at.change_user(&world.with_token(&["*:*:*"], scopes), reset()).await.unwrap();
        }
    })
    .await;
}
