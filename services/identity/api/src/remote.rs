//! Identity in another process: the same traits over [`platform::rpc`], and the method table that answers them there.
//!
//! A method's name and its command are written once on each side, next to each other, so that the two cannot drift
//! apart unnoticed.

use std::sync::Arc;

use access::{Policy, Role, Since, Standing};
use async_trait::async_trait;
use kernel::{Ctx, Secret};
use platform::room::Face;
use platform::rpc::{Methods, MethodsOf, Repeat, RpcClient};

use crate::*;

/// The name under which identity's methods are served.
pub const SERVICE: &str = "identity";

/// How identity is called.
pub static FACE: Face<dyn Identity> =
    Face { name: SERVICE, serve: methods, remote: |rpc| Arc::new(RemoteIdentity::new(rpc)) };

type Answers = MethodsOf<dyn Identity>;

/// The method table that answers a [`RemoteIdentity`].
pub fn methods(identity: Arc<dyn Identity>) -> Methods {
    let methods = MethodsOf::new(SERVICE, identity)
        .on("standing", |at, ctx, it| async move { at.standing(&ctx, it).await })
        .on("status", |at, ctx, ()| async move { at.status(&ctx).await });
    rights(clients(people(tokens(logins(methods))))).into()
}

fn logins(methods: Answers) -> Answers {
    methods
        .on("begin_login", |at, ctx, it| async move { at.begin_login(&ctx, it).await })
        .on("resume_login", |at, ctx, it| async move { at.resume_login(&ctx, it).await })
        .on("login", |at, ctx, it| async move { at.login(&ctx, it).await })
        .on("security", |at, ctx, it| async move { at.security(&ctx, it).await })
        .on("secure", |at, ctx, it| async move { at.secure(&ctx, it).await })
}

fn tokens(methods: Answers) -> Answers {
    methods
        .on("authorize", |at, ctx, it| async move { at.authorize(&ctx, it).await })
        .on("consent", |at, ctx, it| async move { at.consent(&ctx, it).await })
        .on("token", |at, ctx, it| async move { at.token(&ctx, it).await })
        .on("introspect", |at, ctx, it| async move { at.introspect(&ctx, it).await })
        .on("revoke", |at, ctx, it| async move { at.revoke(&ctx, it).await })
        .on("user_info", |at, ctx, it| async move { at.user_info(&ctx, it).await })
        .on("end_session", |at, ctx, it| async move { at.end_session(&ctx, it).await })
        .on("discovery", |at, ctx, ()| async move { at.discovery(&ctx).await })
}

fn people(methods: Answers) -> Answers {
    methods
        .on("create_user", |at, ctx, it| async move { at.create_user(&ctx, it).await })
        .on("user", |at, ctx, it| async move { at.user(&ctx, it).await })
        .on("users", |at, ctx, it| async move { at.users(&ctx, it).await })
        .on("change_user", |at, ctx, it| async move { at.change_user(&ctx, it).await })
}

fn clients(methods: Answers) -> Answers {
    methods
        .on("create_client", |at, ctx, it| async move { at.create_client(&ctx, it).await })
        .on("client", |at, ctx, it| async move { at.client(&ctx, it).await })
        .on("clients", |at, ctx, ()| async move { at.clients(&ctx).await })
        .on("change_client", |at, ctx, it| async move { at.change_client(&ctx, it).await })
        .on("signing_keys", |at, ctx, ()| async move { at.signing_keys(&ctx).await })
        .on("rotate_keys", |at, ctx, ()| async move { at.rotate_keys(&ctx).await })
}

fn rights(methods: Answers) -> Answers {
    methods
        .on("roles", |at, ctx, ()| async move { at.roles(&ctx).await })
        .on("put_role", |at, ctx, it| async move { at.put_role(&ctx, it).await })
        .on("remove_role", |at, ctx, it| async move { at.remove_role(&ctx, it).await })
        .on("policies", |at, ctx, ()| async move { at.policies(&ctx).await })
        .on("put_policy", |at, ctx, it| async move { at.put_policy(&ctx, it).await })
        .on("remove_policy", |at, ctx, it| async move { at.remove_policy(&ctx, it).await })
        .on("try_change", |at, ctx, it| async move { at.try_change(&ctx, it).await })
}

/// Identity in another process.
#[derive(Debug, Clone)]
pub struct RemoteIdentity {
    rpc: RpcClient,
}

impl RemoteIdentity {
    pub fn new(rpc: RpcClient) -> RemoteIdentity {
        RemoteIdentity { rpc }
    }
}

#[async_trait]
impl Identity for RemoteIdentity {
    async fn standing(&self, ctx: &Ctx, since: Since) -> Result<Standing, IdentityError> {
        self.rpc.call(ctx, "standing", &since, Repeat::Question).await
    }

    async fn status(&self, ctx: &Ctx) -> Result<IdentityStatus, IdentityError> {
        self.rpc.call(ctx, "status", &(), Repeat::Question).await
    }
}

/// A code works once, so a step whose reply was lost is not retried.
#[async_trait]
impl Login for RemoteIdentity {
    /// If a reply is lost, its login expires unused.
    async fn begin_login(&self, ctx: &Ctx, command: BeginLogin) -> Result<LoginPage, IdentityError> {
        self.rpc.call(ctx, "begin_login", &command, Repeat::Harmless).await
    }

    async fn resume_login(&self, ctx: &Ctx, key: Secret) -> Result<LoginPage, IdentityError> {
        self.rpc.call(ctx, "resume_login", &key, Repeat::Question).await
    }

    async fn login(&self, ctx: &Ctx, command: LoginStep) -> Result<LoginReply, IdentityError> {
        self.rpc.call(ctx, "login", &command, Repeat::Never).await
    }
}

#[async_trait]
impl Security for RemoteIdentity {
    async fn security(&self, ctx: &Ctx, session: Secret) -> Result<SecurityView, IdentityError> {
        self.rpc.call(ctx, "security", &session, Repeat::Question).await
    }

    async fn secure(&self, ctx: &Ctx, command: SecurityStep) -> Result<SecurityReply, IdentityError> {
        self.rpc.call(ctx, "secure", &command, Repeat::Never).await
    }
}

#[async_trait]
impl Tokens for RemoteIdentity {
    /// If a reply is lost, its code expires within a minute.
    async fn authorize(&self, ctx: &Ctx, command: Authorize) -> Result<AuthorizeReply, IdentityError> {
        self.rpc.call(ctx, "authorize", &command, Repeat::Harmless).await
    }

    /// The consent is stored once; for its codes see above.
    async fn consent(&self, ctx: &Ctx, command: Consent) -> Result<AuthorizeReply, IdentityError> {
        self.rpc.call(ctx, "consent", &command, Repeat::Harmless).await
    }

    /// A code works once. A client that acts for itself may ask twice: both tokens are issued, each with its event, and
    /// the one whose reply was lost expires.
    async fn token(&self, ctx: &Ctx, command: TokenRequest) -> Result<TokenReply, IdentityError> {
        let harmless = matches!(command.grant, Grant::ClientCredentials { .. } | Grant::AtRoom { .. });
        let repeat = if harmless { Repeat::Harmless } else { Repeat::Never };
        self.rpc.call(ctx, "token", &command, repeat).await
    }

    async fn introspect(&self, ctx: &Ctx, command: Introspect) -> Result<Introspection, IdentityError> {
        self.rpc.call(ctx, "introspect", &command, Repeat::Question).await
    }

    async fn revoke(&self, ctx: &Ctx, command: RevokeToken) -> Result<(), IdentityError> {
        self.rpc.call(ctx, "revoke", &command, Repeat::Harmless).await
    }

    async fn user_info(&self, ctx: &Ctx, token: Secret) -> Result<UserInfo, IdentityError> {
        self.rpc.call(ctx, "user_info", &token, Repeat::Question).await
    }

    async fn end_session(&self, ctx: &Ctx, command: EndSession) -> Result<EndSessionReply, IdentityError> {
        self.rpc.call(ctx, "end_session", &command, Repeat::Harmless).await
    }

    async fn discovery(&self, ctx: &Ctx) -> Result<Discovery, IdentityError> {
        self.rpc.call(ctx, "discovery", &(), Repeat::Question).await
    }
}

/// One-time passwords are shown once, so a command that creates one is retried only with an idempotency key.
#[async_trait]
impl People for RemoteIdentity {
    async fn create_user(&self, ctx: &Ctx, command: CreateUser) -> Result<NewUser, IdentityError> {
        self.rpc.call(ctx, "create_user", &command, Repeat::keyed(ctx)).await
    }

    async fn user(&self, ctx: &Ctx, id: UserId) -> Result<User, IdentityError> {
        self.rpc.call(ctx, "user", &id, Repeat::Question).await
    }

    async fn users(&self, ctx: &Ctx, query: UserQuery) -> Result<UserPage, IdentityError> {
        self.rpc.call(ctx, "users", &query, Repeat::Question).await
    }

    async fn change_user(&self, ctx: &Ctx, command: ChangeUser) -> Result<NewUser, IdentityError> {
        self.rpc.call(ctx, "change_user", &command, Repeat::keyed(ctx)).await
    }
}

#[async_trait]
impl Clients for RemoteIdentity {
    async fn create_client(&self, ctx: &Ctx, command: CreateClient) -> Result<NewClient, IdentityError> {
        self.rpc.call(ctx, "create_client", &command, Repeat::keyed(ctx)).await
    }

    async fn client(&self, ctx: &Ctx, id: String) -> Result<Client, IdentityError> {
        self.rpc.call(ctx, "client", &id, Repeat::Question).await
    }

    async fn clients(&self, ctx: &Ctx) -> Result<Vec<Client>, IdentityError> {
        self.rpc.call(ctx, "clients", &(), Repeat::Question).await
    }

    async fn change_client(&self, ctx: &Ctx, command: ChangeClient) -> Result<NewClient, IdentityError> {
        self.rpc.call(ctx, "change_client", &command, Repeat::keyed(ctx)).await
    }

    async fn signing_keys(&self, ctx: &Ctx) -> Result<Vec<SigningKey>, IdentityError> {
        self.rpc.call(ctx, "signing_keys", &(), Repeat::Question).await
    }

    async fn rotate_keys(&self, ctx: &Ctx) -> Result<RotatedKeys, IdentityError> {
        self.rpc.call(ctx, "rotate_keys", &(), Repeat::keyed(ctx)).await
    }
}

#[async_trait]
impl Rights for RemoteIdentity {
    async fn roles(&self, ctx: &Ctx) -> Result<Vec<Role>, IdentityError> {
        self.rpc.call(ctx, "roles", &(), Repeat::Question).await
    }

    async fn put_role(&self, ctx: &Ctx, command: PutRole) -> Result<Role, IdentityError> {
        self.rpc.call(ctx, "put_role", &command, Repeat::Harmless).await
    }

    async fn remove_role(&self, ctx: &Ctx, name: String) -> Result<(), IdentityError> {
        self.rpc.call(ctx, "remove_role", &name, Repeat::keyed(ctx)).await
    }

    async fn policies(&self, ctx: &Ctx) -> Result<Vec<Policy>, IdentityError> {
        self.rpc.call(ctx, "policies", &(), Repeat::Question).await
    }

    async fn put_policy(&self, ctx: &Ctx, command: PutPolicy) -> Result<Policy, IdentityError> {
        self.rpc.call(ctx, "put_policy", &command, Repeat::Harmless).await
    }

    async fn remove_policy(&self, ctx: &Ctx, id: String) -> Result<(), IdentityError> {
        self.rpc.call(ctx, "remove_policy", &id, Repeat::keyed(ctx)).await
    }

    async fn try_change(&self, ctx: &Ctx, command: TryChange) -> Result<Effect, IdentityError> {
        self.rpc.call(ctx, "try_change", &command, Repeat::Question).await
    }
}
