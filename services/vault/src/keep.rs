//! Card numbers that are stored, made, renewed, revealed and destroyed.

use kernel::Ctx;
use platform::access;
use platform::db::{DbError, Tx};
use platform::error::Failure;
use serde_json::json;
use vault_api::{
    Expiry, Issue, Kept, Pan, Refusal, Renew, Reveal, Revealed, Token, TokenTag, Tokenize, VaultError, limits,
    with_check_digit,
};

use crate::change::access as accessed;
use crate::fingerprints::unsealed;
use crate::service::store_place;
use crate::store::Number;
use crate::{VaultService, cvv, store};

/// Digits of a made number, with its check digit.
const DIGITS: usize = 16;
/// Random numbers that are tried below one BIN.
const TRIES_MAX: u32 = 20;

impl VaultService {
    pub(crate) async fn keep(&self, ctx: &Ctx, command: Tokenize) -> Result<Kept, VaultError> {
        let Tokenize { pan, expiry } = command;
        let tx = self.db.begin().await?;
        match self.add(&tx, &pan, expiry).await? {
            Some(token) => {
                self.commit(tx, accessed(ctx, "vault.number.stored", token, json!({}))).await?;
                Ok(kept(token, &pan, expiry, false))
            }
            None => self.stored_before(&tx, &pan).await,
        }
    }

    async fn stored_before(&self, tx: &Tx, pan: &Pan) -> Result<Kept, VaultError> {
        let macs: Vec<Vec<u8>> = self.prints.all().iter().map(|key| key.mac(pan).to_vec()).collect();
        let known = store::tokens_of(tx, &macs).await?.first().map(|(_, token)| *token);
        let token = known.ok_or_else(|| DbError::shape("a fingerprint that exists and is not found"))?;
        let number = self.number(tx, token).await?;
        Ok(kept(token, pan, number.expiry, true))
    }

    /// Nothing if the number is stored already.
    async fn add(&self, tx: &Tx, pan: &Pan, expiry: Expiry) -> Result<Option<Token>, VaultError> {
        let token: Token = self.ids.make::<TokenTag>();
        for key in self.prints.all().iter() {
            if !store::add_fingerprint(tx, &key.mac(pan), key.id, token).await? {
                return Ok(None);
            }
        }
        let row = token.to_bytes();
        let sealed = self.ring.seal(store_place(&row), pan.expose().as_bytes()).map_err(unsealed)?;
        let key = platform::crypto::KeyRing::key_of(&sealed).unwrap_or_default();
        store::add_number(tx, &Number { token, sealed, key, expiry, made_at: self.now() }).await?;
        Ok(Some(token))
    }

    pub(crate) async fn make(&self, ctx: &Ctx, command: Issue) -> Result<Kept, VaultError> {
        let digits = command.bin.bytes().all(|byte| byte.is_ascii_digit());
        if !(6..=9).contains(&command.bin.len()) || !digits {
            return Err(Refusal::BinInvalid.into());
        }
        if ctx.idempotency_key.is_none() {
            return Err(Failure::IdempotencyMissing.into());
        }
        let turn = self.once.begin(ctx, "issue_number", &command).await?;
        let tx = self.db.begin().await?;
        if let Some(token) = turn.again::<Token>(&tx).await? {
            let number = self.number(&tx, token).await?;
            let pan = self.open(&number).await?;
            return Ok(kept(token, &pan, number.expiry, true));
        }
        match self.draw(&tx, &command).await {
            Ok((token, pan)) => {
                turn.made(&tx, &token).await?;
                self.commit(tx, accessed(ctx, "vault.number.issued", token, json!({}))).await?;
                Ok(kept(token, &pan, command.expiry, false))
            }
            Err(error) => Err(turn.refused(tx, error).await),
        }
    }

    /// An unused number.
    async fn draw(&self, tx: &Tx, Issue { bin, expiry }: &Issue) -> Result<(Token, Pan), VaultError> {
        let random = DIGITS - 1 - bin.len();
        for _ in 0..TRIES_MAX {
            // The low half of an id is random.
            let drawn = self.ids.make::<TokenTag>().bits() % 10_u128.pow(u32::try_from(random).unwrap_or(0));
            let digits = with_check_digit(&format!("{bin}{drawn:0random$}"));
            let pan: Pan = digits.parse().map_err(|_| Refusal::BinInvalid)?;
            if let Some(token) = self.add(tx, &pan, *expiry).await? {
                return Ok((token, pan));
            }
        }
        Err(Refusal::BinExhausted { bin: bin.clone() }.into())
    }

    pub(crate) async fn prolong(&self, ctx: &Ctx, command: Renew) -> Result<Kept, VaultError> {
        let Renew { token, expiry } = command;
        let tx = self.db.begin().await?;
        let number = self.number(&tx, token).await?;
        let pan = self.open(&number).await?;
        if number.expiry == expiry {
            return Ok(kept(token, &pan, expiry, true));
        }
        store::renew(&tx, token, expiry).await?;
        self.commit(tx, accessed(ctx, "vault.number.renewed", token, json!({ "expiry": expiry }))).await?;
        Ok(kept(token, &pan, expiry, false))
    }

    /// The event is committed before the number is returned.
    pub(crate) async fn show(&self, ctx: &Ctx, command: Reveal) -> Result<Revealed, VaultError> {
        let Reveal { token, reason } = command;
        if !(1..=limits::REASON_BYTES_MAX).contains(&reason.len()) {
            return Err(Refusal::ReasonInvalid { max: limits::REASON_BYTES_MAX }.into());
        }
        let fresh = access::check_fresh(ctx, self.clock.now(), self.settings.reveal_fresh_seconds);
        let result = if fresh.is_ok() { "revealed" } else { "refused" };
        let tx = self.db.begin().await?;
        let number = self.number(&tx, token).await?;
        let pan = self.open(&number).await?;
        let data = json!({ "reason": reason, "result": result });
        self.commit(tx, accessed(ctx, "vault.number.revealed", token, data)).await?;
        metrics::counter!("vault_reveals_total", "result" => result).increment(1);
        fresh?;
        let cvv = cvv::code(&self.codes, &pan, number.expiry);
        Ok(Revealed { pan: pan.into(), expiry: number.expiry, cvv })
    }

    pub(crate) async fn remove(&self, ctx: &Ctx, token: Token) -> Result<(), VaultError> {
        let tx = self.db.begin().await?;
        if !store::remove(&tx, token).await? {
            return Err(unknown(token));
        }
        self.commit(tx, accessed(ctx, "vault.number.destroyed", token, json!({}))).await
    }

    async fn number(&self, tx: &Tx, token: Token) -> Result<Number, VaultError> {
        store::number_of(tx, token).await?.ok_or_else(|| unknown(token))
    }
}

fn unknown(token: Token) -> VaultError {
    Refusal::TokenUnknown { token: token.to_string() }.into()
}

fn kept(token: Token, pan: &Pan, expiry: Expiry, replayed: bool) -> Kept {
    Kept { token, bin: pan.bin().to_owned(), last_four: pan.last_four().to_owned(), expiry, replayed }
}
