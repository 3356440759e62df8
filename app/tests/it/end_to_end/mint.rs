//! Tokens with any claims that a test wants, signed with the deployment's own key from its store: a refusal is due to the
//! claims, not the signature.

use access::{Claims, TOKEN_TYPE};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kernel::{Clock, Secret, SystemClock};
use platform::crypto::{KeyRing, Place};
use platform::db::{Access, Db, Target};
use std::sync::Arc;

const SIGNING: &str = "
select kid, sealed
from signing_key
where signs_from is not null
    and retired_at is null";

pub(crate) struct Mint {
    kid: String,
    key: EncodingKey,
}

impl Mint {
    pub(crate) async fn open(store: Target) -> Mint {
        let db = Db::open(store, Access::ReadWrite, 1).await.unwrap();
        let ring = KeyRing::open(&db, &testkit::master(), Arc::new(SystemClock)).await.unwrap();
        let rows = db.read().await.unwrap().query(SIGNING, &[]).await.unwrap();
        let (kid, sealed) = (rows[0].text(0).unwrap().to_owned(), rows[0].bytes(1).unwrap().to_vec());
        let private = ring.unseal(Place::new("signing_key", "sealed", &kid), &sealed).await.unwrap();
        Mint { key: EncodingKey::from_ed_der(&private), kid }
    }

    pub(crate) fn sign(&self, claims: &Claims) -> Secret {
        let mut header = Header::new(Algorithm::EdDSA);
        (header.typ, header.kid) = (Some(TOKEN_TYPE.to_owned()), Some(self.kid.clone()));
        Secret::new(jsonwebtoken::encode(&header, claims, &self.key).unwrap())
    }

    pub(crate) fn token(&self, change: impl Fn(&mut Claims)) -> Secret {
        let mut claims = good();
        change(&mut claims);
        self.sign(&claims)
    }
}

/// A client that may do everything, for the next few minutes.
fn good() -> Claims {
    let now = SystemClock.now().millis() / 1_000;
    Claims {
        iss: "http://localhost".to_owned(),
        aud: "florin".to_owned(),
        sub: "minted".to_owned(),
        exp: now + 600,
        nbf: now - 1,
        iat: now - 1,
        jti: format!("minted-{}", SystemClock.now().micros()),
        client_id: "minted".to_owned(),
        scope: "admin:*".to_owned(),
        kind: "service".to_owned(),
        roles: vec!["admin".to_owned()],
        epoch: 1,
        client_epoch: 1,
        sid: None,
        auth_time: None,
        amr: Vec::new(),
        acr: None,
    }
}
