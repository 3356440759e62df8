//! The vault's trait, one line per method into its use case.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Clock, Ctx, IdMaker};
use platform::access;
use platform::crypto::{KeyEncryptionKey, KeyRing, PurposeKey};
use platform::db::Db;
use platform::deadline::in_time;
use platform::feed::{FeedSignal, Outbox};
use platform::once::Once;
use platform::room::OpenError;
use vault_api::{
    Destroy, Find, Found, Issue, Kept, Refusal, Renew, Reveal, Revealed, Rotation, Token, Tokenize, Vault, VaultError,
    limits,
};

use crate::fingerprints::{Fingerprints, unsealed};
use crate::store::Number;
use crate::{Settings, cvv, store};

/// What the vault is opened with, beside its store.
pub struct VaultKeys {
    /// Wraps the data keys, and derives the key of verification codes.
    pub key: KeyEncryptionKey,
    pub once: Once<Refusal>,
}

pub struct VaultService {
    pub(crate) db: Db,
    pub(crate) ring: KeyRing,
    pub(crate) codes: PurposeKey,
    pub(crate) prints: Fingerprints,
    pub(crate) once: Once<Refusal>,
    pub(crate) outbox: Outbox,
    pub(crate) signal: FeedSignal,
    pub(crate) ids: IdMaker,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
}

impl VaultService {
    /// Opens the vault on a store with this version's schema.
    ///
    /// # Errors
    /// The store's, or keys that are not this store's.
    pub async fn start(
        db: Db,
        keys: VaultKeys,
        (outbox, signal): (Outbox, FeedSignal),
        (clock, ids): (Arc<dyn Clock>, IdMaker),
        settings: Settings,
    ) -> Result<VaultService, OpenError> {
        let ring = KeyRing::open(&db, &keys.key, Arc::clone(&clock)).await?;
        let codes = keys.key.purpose("card verification codes");
        let prints = Fingerprints::default();
        prints.refresh(&db, &ring, clock.now().micros()).await?;
        Ok(VaultService { db, ring, codes, prints, once: keys.once, outbox, signal, ids, clock, settings })
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now().micros()
    }

    /// The number with this token, in clear.
    pub(crate) async fn open(&self, number: &Number) -> Result<vault_api::Pan, VaultError> {
        let row = number.token.to_bytes();
        let plain = self.ring.unseal(store_place(&row), &number.sealed).await.map_err(unsealed)?;
        let text = kernel::Secret::new(String::from_utf8_lossy(&plain).into_owned());
        text.expose()
            .parse()
            .map_err(|_| platform::db::DbError::shape("a sealed value that is not a card number").into())
    }

    async fn look(&self, command: Find) -> Result<Vec<Option<Found>>, VaultError> {
        let (keys, given) = (self.prints.all(), command.cards.len());
        if given > limits::FIND_MAX {
            return Err(Refusal::TooManyCards { given, max: limits::FIND_MAX }.into());
        }
        let macs: Vec<Vec<u8>> =
            command.cards.iter().flat_map(|card| keys.iter().map(|key| key.mac(&card.pan).to_vec())).collect();
        let tx = self.db.read().await?;
        let known = store::tokens_of(&tx, &macs).await?;
        let token = |place: usize| {
            let own = macs.iter().skip(place * keys.len()).take(keys.len());
            own.filter_map(|mac| known.iter().find(|(known, _)| known == mac)).map(|(_, token)| *token).next()
        };
        let tokens: Vec<Option<Token>> = (0..given).map(token).collect();
        let asked = command.cards.iter().zip(&tokens).filter(|(card, _)| card.cvv.is_some());
        let with_code: Vec<Token> = asked.filter_map(|(_, token)| *token).collect();
        let numbers = store::numbers(&tx, &with_code).await?;
        let found = command.cards.iter().zip(tokens).map(|(card, token)| {
            let number = numbers.iter().find(|number| Some(number.token) == token);
            let matches = |given| number.is_some_and(|at| cvv::matches(&self.codes, &card.pan, at.expiry, given));
            token.map(|token| Found { token, cvv_matches: card.cvv.as_ref().map(matches) })
        });
        Ok(found.collect())
    }
}

pub(crate) fn store_place(row: &[u8; 16]) -> platform::crypto::Place<'_> {
    platform::crypto::Place::new("card_number", "sealed", row)
}

fn may(ctx: &Ctx, action: &str) -> Result<(), VaultError> {
    Ok(access::check(ctx, "vault", action, None)?)
}

#[async_trait]
impl Vault for VaultService {
    async fn find(&self, ctx: &Ctx, command: Find) -> Result<Vec<Option<Found>>, VaultError> {
        may(ctx, "find")?;
        in_time(ctx, &self.clock, self.look(command)).await
    }

    async fn tokenize(&self, ctx: &Ctx, command: Tokenize) -> Result<Kept, VaultError> {
        may(ctx, "tokenize")?;
        in_time(ctx, &self.clock, self.keep(ctx, command)).await
    }

    async fn issue(&self, ctx: &Ctx, command: Issue) -> Result<Kept, VaultError> {
        may(ctx, "issue")?;
        in_time(ctx, &self.clock, self.make(ctx, command)).await
    }

    async fn renew(&self, ctx: &Ctx, command: Renew) -> Result<Kept, VaultError> {
        may(ctx, "issue")?;
        in_time(ctx, &self.clock, self.prolong(ctx, command)).await
    }

    async fn reveal(&self, ctx: &Ctx, command: Reveal) -> Result<Revealed, VaultError> {
        may(ctx, "reveal")?;
        in_time(ctx, &self.clock, self.show(ctx, command)).await
    }

    async fn destroy(&self, ctx: &Ctx, command: Destroy) -> Result<(), VaultError> {
        may(ctx, "destroy")?;
        in_time(ctx, &self.clock, self.remove(ctx, command.token)).await
    }

    async fn rotate(&self, ctx: &Ctx) -> Result<Rotation, VaultError> {
        may(ctx, "rotate")?;
        in_time(ctx, &self.clock, self.begin_rotation()).await
    }

    async fn rotation(&self, ctx: &Ctx) -> Result<Rotation, VaultError> {
        may(ctx, "rotate")?;
        in_time(ctx, &self.clock, self.rotation_state()).await
    }
}
