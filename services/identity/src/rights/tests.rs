//! Roles and policies on both engines, with a gate in the same process that follows them.

mod effect;
mod policies;
mod reach;
mod roles;
mod told;

use std::sync::Arc;

use access::{Gate, GateSettings, Hears, Since};
use identity_api::{FACE, Identity, IdentityError, PutPolicy, PutRole, Refusal, Rights};
use kernel::{Clock, Ctx, Deadline, IdMaker, Principal, PrincipalKind, Proof};
use platform::crypto::KeyEncryptionKey;
use platform::db::{Db, Value};
use platform::error::Failure;
use testkit::{FakeClock, Reached, TestStore};

use crate::{IdentityConfig, IdentityService};

pub(super) struct World {
    service: Arc<IdentityService>,
    /// The same as a caller of this test's way sees it.
    face: Reached<dyn Identity>,
    db: Db,
    clock: FakeClock,
    gate: Gate,
}

impl World {
    async fn new(store: &TestStore) -> World {
        let (db, clock) = (store.open().await, FakeClock::default());
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let settings = GateSettings { stale_ms: None, ..GateSettings::default() };
        let gate =
            Gate::new(Arc::clone(&shared), settings, access::Vocabulary::of(&[&testkit::BANK, &crate::ROOM]).unwrap());
        let (ids, hears) = (IdMaker::new(Arc::clone(&shared)), Arc::new(gate.clone()));
        let zone = "Europe/Berlin".to_owned();
        let config = IdentityConfig {
            zone,
            argon2_memory_kib: 8,
            argon2_passes: 1,
            words: access::Vocabulary::of(&[&testkit::BANK, &crate::ROOM]).unwrap(),
            ..IdentityConfig::default()
        };
        let kek = KeyEncryptionKey::random();
        let service =
            IdentityService::start(db.clone(), config, Arc::clone(&shared), ids, Some(hears), &kek).await.unwrap();
        let service = Arc::new(service);
        let face = Reached::new(&FACE, service.clone(), shared).await;
        World { service, face, db, clock, gate }
    }

    /// An administrator who has just authenticated with two factors.
    fn admin(&self) -> Ctx {
        let mut ctx = self.ctx(PrincipalKind::Admin, &["*:*:*"]);
        ctx.principal.proof = Some(Proof { at: self.clock.now(), second_factor: true });
        ctx
    }

    fn ctx(&self, kind: PrincipalKind, permissions: &[&str]) -> Ctx {
        let permissions = permissions.iter().map(|text| text.parse().unwrap());
        Ctx {
            principal: Principal::new(kind, "usr_admin", permissions),
            deadline: Deadline::after_millis(&self.clock, 10_000),
            request_id: "req-1".into(),
            idempotency_key: None,
        }
    }

    async fn put_role(&self, name: &str, permissions: &[&str]) -> Result<access::Role, IdentityError> {
        self.face.put_role(&self.admin(), role(name, permissions)).await
    }

    async fn put_policy(&self, id: &str, text: &str) -> Result<access::Policy, IdentityError> {
        self.face.put_policy(&self.admin(), policy(id, text)).await
    }

    fn since(&self) -> Since {
        self.gate.since()
    }

    /// Kinds and subjects of all events so far, except those of the signing keys, which are created at the start.
    async fn events(&self) -> Vec<(String, String)> {
        let rows = self.db.read().await.unwrap().query("select event from outbox order by seq", &[]).await.unwrap();
        let event = |row: &platform::db::Row| {
            let event: serde_json::Value = serde_json::from_str(row.text(0).unwrap()).unwrap();
            (event["type"].as_str().unwrap().to_owned(), event["subject"].as_str().unwrap().to_owned())
        };
        rows.iter().map(event).filter(|(kind, _)| !kind.starts_with("identity.key.")).collect()
    }

    async fn person(&self, number: u8, kind: &str, roles: &[&str]) {
        let tx = self.db.begin().await.unwrap();
        let id = [number; 16];
        let (username, subject) = (format!("{kind}{number}@example.com"), format!("sub_{number}"));
        let values = [Value::Bytes(&id), Value::Text(&username), Value::Text(&subject), Value::Text(kind)];
        tx.execute(PERSON, &values).await.unwrap();
        for role in roles {
            tx.execute(PERSON_ROLE, &[Value::Bytes(&id), Value::Text(role)]).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    async fn client(&self, id: &str, kind: &str, scopes: &str, roles: &str) {
        let tx = self.db.begin().await.unwrap();
        let values = [Value::Text(id), Value::Text(kind), Value::Text(scopes), Value::Text(roles)];
        tx.execute(CLIENT, &values).await.unwrap();
        tx.commit().await.unwrap();
    }
}

const PERSON: &str = "
insert into person (id, username, subject, kind, status, epoch, password_once, created_at)
values ($1, $2, $3, $4, 'active', 1, 0, 0)";

const PERSON_ROLE: &str = "
insert into person_role (person, role)
values ($1, $2)";

const CLIENT: &str = "
insert into client (id, name, kind, redirect_uris, post_logout_redirect_uris, scopes, roles, first_party, access_seconds,
    epoch, enabled, created_at)
values ($1, $1, $2, '[]', '[]', $3, $4, 1, 3600, 1, 1, 0)";

fn role(name: &str, permissions: &[&str]) -> PutRole {
    let permissions = permissions.iter().map(|text| text.parse().unwrap()).collect();
    PutRole { name: name.to_owned(), description: "as it is".to_owned(), permissions }
}

fn policy(id: &str, text: &str) -> PutPolicy {
    PutPolicy { id: id.to_owned(), description: "as it is".to_owned(), text: text.to_owned(), enabled: true }
}

const NO_ACCOUNTS: &str = "forbid (principal, action == Action::\"accounts:read\", resource);";

fn refused<T: std::fmt::Debug>(answer: Result<T, IdentityError>) -> Refusal {
    match answer {
        Err(IdentityError::Refused { refusal, .. }) => refusal,
        other => panic!("{other:?}"),
    }
}

fn field<T: std::fmt::Debug>(answer: Result<T, IdentityError>) -> String {
    match refused(answer) {
        Refusal::FieldInvalid { field, .. } => field,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changing_rights_needs_permission_and_recent_authentication() {
    testkit::for_each_way(async |store| {
        let world = World::new(store).await;
        let stale = world.ctx(PrincipalKind::Admin, &["*:*:*"]);
        let nobody = [
            world.ctx(PrincipalKind::Customer, &["accounts:read:own"]),
            world.ctx(
                PrincipalKind::Admin,
                &["roles:change:own", "policies:change:own", "roles:read:own", "policies:read:own"],
            ),
            world.ctx(PrincipalKind::Nobody, &[]),
        ];
        for (ctx, reads, changes) in [(&stale, None, IdentityError::Failed(Failure::StepUpRequired { seconds: 300 }))]
            .into_iter()
            .chain(nobody.iter().map(|ctx| {
                (ctx, Some(IdentityError::Failed(Failure::Forbidden)), IdentityError::Failed(Failure::Forbidden))
            }))
        {
            let at = &world.service;
            assert_eq!(at.roles(ctx).await.err(), reads);
            assert_eq!(at.policies(ctx).await.err(), reads);
            assert_eq!(at.put_role(ctx, role("auditor", &[])).await.err().as_ref(), Some(&changes));
            assert_eq!(at.remove_role(ctx, "auditor".to_owned()).await.err().as_ref(), Some(&changes));
            assert_eq!(at.put_policy(ctx, policy("no", NO_ACCOUNTS)).await.err().as_ref(), Some(&changes));
            assert_eq!(at.remove_policy(ctx, "no".to_owned()).await.err().as_ref(), Some(&changes));
            let tried = at.try_change(ctx, identity_api::TryChange::PutRole(role("auditor", &[]))).await;
            assert_eq!(tried.err(), reads, "it changes nothing, so it needs no recent authentication");
        }
        assert_eq!(world.events().await, []);
        assert_eq!(world.since().version, 2);
        assert!(world.put_role("auditor", &[]).await.is_ok());
    })
    .await;
}
