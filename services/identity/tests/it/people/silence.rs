//! A store that hangs: every method of identity's trait still ends at the caller's deadline, in the same process too.

use std::pin::Pin;
use std::sync::Arc;

use access::Since;
use identity::IdentityService;
use identity_api::{
    Authorize, BeginLogin, ChangeClient, ChangeUser, ClientAuth, ClientChange, ClientKind, Clients, Consent,
    CreateClient, EndSession, Grant, Identity, IdentityError, Introspect, Login, LoginStep, People, PutPolicy, PutRole,
    RevokeToken, Rights, Security, SecurityAct, SecurityStep, TokenRequest, Tokens, TryChange, UserChange, UserId,
    UserQuery, methods,
};
use kernel::{Clock, Ctx, Deadline, IdMaker, Principal, Secret, SystemClock};
use platform::crypto::KeyEncryptionKey;
use platform::db::{Access, Db};
use platform::error::Failure;
use testkit::{Fault, FaultProxy, Toxic, on_postgres, on_sqlite};

use crate::people::harness::{by_password, cheap, here, new_user};

const WAIT_MS: u64 = 700;

fn ctx_of(millis: u64) -> Ctx {
    let deadline = Deadline::after_millis(&SystemClock, millis);
    Ctx { principal: Principal::operator(), deadline, request_id: "req-1".into(), idempotency_key: None }
}

async fn identity(db: Db) -> Arc<IdentityService> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids = IdMaker::new(Arc::clone(&clock));
    let kek = KeyEncryptionKey::random();
    Arc::new(IdentityService::start(db, cheap(), clock, ids, None, &kek).await.unwrap())
}

type Said<'a> = Pin<Box<dyn Future<Output = (&'static str, Option<IdentityError>, u64)> + Send + 'a>>;

/// A call's name, its error, and how long it took.
fn call<'a, T>(what: &'static str, call: impl Future<Output = Result<T, IdentityError>> + Send + 'a) -> Said<'a> {
    Box::pin(async move {
        let start = SystemClock.monotonic();
        let said = call.await.err();
        (what, said, SystemClock.monotonic().micros_since(start) / 1_000)
    })
}

fn secret() -> Secret {
    Secret::new("a secret that nobody has")
}

fn questions<'a>(at: &'a IdentityService, ctx: &'a Ctx) -> Vec<Said<'a>> {
    let client = || ClientAuth { id: Some("reporting".to_owned()), secret: Some(secret()), basic: true };
    vec![
        call("standing", at.standing(ctx, Since { version: 0, revoked: 0, wait_ms: 0 })),
        call("status", at.status(ctx)),
        call("resume_login", at.resume_login(ctx, secret())),
        call("security", at.security(ctx, secret())),
        call("introspect", at.introspect(ctx, Introspect { client: client(), token: secret(), origin: here() })),
        call("discovery", at.discovery(ctx)),
        call("user", at.user(ctx, UserId::from_bits(7))),
        call("users", at.users(ctx, UserQuery::default())),
        call("client", at.client(ctx, "reporting".to_owned())),
        call("clients", at.clients(ctx)),
        call("signing_keys", at.signing_keys(ctx)),
        call("roles", at.roles(ctx)),
        call("policies", at.policies(ctx)),
        call("try_change", at.try_change(ctx, TryChange::RemoveRole { name: "auditor".to_owned() })),
    ]
}

fn changes<'a>(at: &'a IdentityService, ctx: &'a Ctx) -> Vec<Said<'a>> {
    let program = CreateClient {
        id: "reporting".to_owned(),
        name: "Reports".to_owned(),
        kind: ClientKind::Service,
        redirect_uris: Vec::new(),
        post_logout_redirect_uris: Vec::new(),
        scopes: vec!["read:accounts".to_owned()],
        roles: vec!["service".to_owned()],
        first_party: false,
        access_seconds: None,
    };
    let begin = BeginLogin { return_to: "/account".to_owned(), origin: here(), again: None, second_factor: false };
    let role = PutRole { name: "auditor".to_owned(), description: String::new(), permissions: Vec::new() };
    let text = "forbid (principal, action == Action::\"keys:rotate\", resource);".to_owned();
    let policy = PutPolicy { id: "closed".to_owned(), description: String::new(), text, enabled: true };
    let change = ChangeUser { id: UserId::from_bits(7), change: UserChange::Disable };
    let change_client = ChangeClient { id: "reporting".to_owned(), change: ClientChange::Disable };
    vec![
        call("begin_login", at.begin_login(ctx, begin)),
        call("create_user", at.create_user(ctx, new_user("ann", &["customer"]))),
        call("change_user", at.change_user(ctx, change)),
        call("create_client", at.create_client(ctx, program)),
        call("change_client", at.change_client(ctx, change_client)),
        call("rotate_keys", at.rotate_keys(ctx)),
        call("put_role", at.put_role(ctx, role)),
        call("remove_role", at.remove_role(ctx, "auditor".to_owned())),
        call("put_policy", at.put_policy(ctx, policy)),
        call("remove_policy", at.remove_policy(ctx, "closed".to_owned())),
    ]
}

/// Calls that read first, and write only for a known login, session or client.
fn looks<'a>(at: &'a IdentityService, ctx: &'a Ctx) -> Vec<Said<'a>> {
    let client = || ClientAuth { id: Some("reporting".to_owned()), secret: Some(secret()), basic: true };
    let asked = || Authorize { client_id: Some("reporting".to_owned()), ..Authorize::default() };
    let code = Grant::AuthorizationCode { code: secret(), redirect_uri: None, code_verifier: None };
    let step = LoginStep { key: secret(), origin: here(), device: None, act: by_password("ann", "x") };
    let act = SecurityStep { session: secret(), form_key: secret(), origin: here(), act: SecurityAct::LogOut };
    let revocation = RevokeToken { client: client(), token: secret(), hint: None, origin: here() };
    let consent = Consent { asked: asked(), form_key: secret(), agreed: true };
    vec![
        call("login", at.login(ctx, step)),
        call("secure", at.secure(ctx, act)),
        call("authorize", at.authorize(ctx, asked())),
        call("consent", at.consent(ctx, consent)),
        call("token", at.token(ctx, TokenRequest { client: client(), grant: code, origin: here() })),
        call("revoke", at.revoke(ctx, revocation)),
        call("user_info", at.user_info(ctx, secret())),
        call("end_session", at.end_session(ctx, EndSession::default())),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_outlives_its_deadline_while_postgresql_is_silent() {
    on_postgres(async |store| {
        let (proxy, url) = FaultProxy::postgres(store.url()).await;
        let service = identity(Db::open(store.target_through(&url), Access::ReadWrite, 40).await.unwrap()).await;
        proxy.set(&[Fault::both(Toxic::Timeout)]);
        let ctx = ctx_of(WAIT_MS);
        let all = questions(&service, &ctx).into_iter().chain(changes(&service, &ctx)).chain(looks(&service, &ctx));
        let said = futures_util::future::join_all(all).await;
        let mut names: Vec<&str> = said.iter().map(|(what, ..)| *what).collect();
        names.sort_unstable();
        assert_eq!(names, methods(service.clone()).names(), "a method that is in no list");
        // A secret of the wrong form is refused without asking the store.
        for (what, error, ms) in said {
            assert!(ms < WAIT_MS + 400, "{what}: {error:?} after {ms} ms");
            let expected = matches!(
                error.as_ref().and_then(IdentityError::failure),
                Some(Failure::DeadlineExceeded) | Some(Failure::Unavailable)
            );
            assert!(expected || (ms < 100 && error.is_some()), "{what}: {error:?} after {ms} ms");
            if ms >= 100 && what != "standing" {
                assert_eq!(error, Some(Failure::DeadlineExceeded.into()), "{what}");
            }
        }
        proxy.clear();
        service.users(&ctx_of(5_000), UserQuery::default()).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_change_outlives_its_deadline_while_another_process_holds_the_file() {
    on_sqlite(async |store| {
        let service = identity(store.open().await).await;
        let other = store.open().await;
        let held = other.begin().await.unwrap();
        let ctx = ctx_of(WAIT_MS);
        for (what, error, ms) in futures_util::future::join_all(changes(&service, &ctx)).await {
            assert_eq!(error, Some(Failure::DeadlineExceeded.into()), "{what} after {ms} ms");
            assert!(ms < WAIT_MS + 400, "{what} after {ms} ms");
        }
        // Queries do not wait for the writer.
        service.users(&ctx_of(5_000), UserQuery::default()).await.unwrap();
        drop(held);
        service.create_user(&ctx_of(5_000), new_user("ann", &["customer"])).await.unwrap();
    })
    .await;
}
