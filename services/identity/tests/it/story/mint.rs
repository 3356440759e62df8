//! Tokens with any claims, signed with identity's own key from its store: a refusal is due to the claims, not to the signature.

use std::sync::Arc;

use access::{Claims, TOKEN_TYPE};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kernel::{Secret, SystemClock};
use platform::crypto::{KeyRing, Place};
use platform::db::{Access, Db, Target};

const SIGNING: &str = "
select kid, sealed
from signing_key
where signs_from is not null
    and retired_at is null";

pub(super) struct Mint {
    kid: String,
    key: EncodingKey,
}

impl Mint {
    pub(super) async fn open(store: Target) -> Mint {
        let db = Db::open(store, Access::ReadWrite, 1).await.unwrap();
        let ring = KeyRing::open(&db, &testkit::master(), Arc::new(SystemClock)).await.unwrap();
        let rows = db.read().await.unwrap().query(SIGNING, &[]).await.unwrap();
        let (kid, sealed) = (rows[0].text(0).unwrap().to_owned(), rows[0].bytes(1).unwrap().to_vec());
        let private = ring.unseal(Place::new("signing_key", "sealed", &kid), &sealed).await.unwrap();
        Mint { key: EncodingKey::from_ed_der(&private), kid }
    }

    pub(super) fn sign(&self, claims: &Claims) -> Secret {
        let mut header = Header::new(Algorithm::EdDSA);
        (header.typ, header.kid) = (Some(TOKEN_TYPE.to_owned()), Some(self.kid.clone()));
        Secret::new(jsonwebtoken::encode(&header, claims, &self.key).unwrap())
    }
}

/// The same token with its signature reversed.
pub(super) fn forged(token: &Secret) -> Secret {
    let (rest, signature) = token.expose().rsplit_once('.').unwrap();
    let turned: String = signature.chars().rev().collect();
    Secret::new(format!("{rest}.{turned}"))
}
