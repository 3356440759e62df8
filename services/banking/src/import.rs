//! Importing a file: its parts are received, the import becomes a row, and the caller waits for it to be applied.
//!
//! A caller who does not wait that long gets an import that is `received`, and finds the outcome later. The same file
//! of the same owner is answered with its first import (rule 1).

use std::sync::Arc;
use std::time::Duration;

use banking_api::limits::PART_BYTES_MAX;
use banking_api::*;
use kernel::Ctx;
use platform::access;
use platform::db::{DbError, Tx};
use platform::once::Turn;
use sha2::{Digest, Sha256};

use crate::service::{BankingService, Inner, subject_of};
use crate::store::import::{self, Stored};
use crate::store::upload::Upload;

/// Longest wait for a file to be applied.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// Subtracted from the caller's time, for the answer itself.
const RESERVE: Duration = Duration::from_millis(500);
/// Another process may be the one that applies it.
const LOOK_EVERY: Duration = Duration::from_millis(100);
const UPLOAD_BYTES_MAX: usize = 128;

impl Inner {
    pub(crate) async fn receive(&self, ctx: &Ctx, part: Part) -> Result<(), BankingError> {
        access::owner_term(ctx, "bank-imports", "create")?;
        let Part { upload, number, bytes: PartBytes(bytes) } = part;
        if upload.is_empty() || upload.len() > UPLOAD_BYTES_MAX {
            return Err(Refusal::field_invalid("upload", "expected 1 to 128 bytes").into());
        }
        let max = self.settings.file_bytes_max;
        let is_beyond = u64::from(number).saturating_mul(PART_BYTES_MAX as u64) >= max;
        if bytes.len() > PART_BYTES_MAX || is_beyond {
            return Err(Refusal::FileTooLarge { max }.into());
        }
        let upload = Upload { principal: ctx.principal.subject.to_string(), name: upload };
        let sealed = self.keys.seal_part(&upload.place(number), &bytes).map_err(DbError::from)?;
        let tx = self.db.begin().await?;
        upload.put(&tx, number, self.clock.now().micros(), bytes.len(), &sealed).await?;
        tx.commit().await?;
        Ok(())
    }
}

impl BankingService {
    pub(crate) async fn import_file(&self, ctx: &Ctx, mut command: ImportFile) -> Result<Import, BankingError> {
        // Customers import for themselves.
        if let Some(owner) = access::owner_term(ctx, "bank-imports", "create")? {
            (command.options.owner, command.options.entity) = (Some(owner.to_string()), None);
        }
        checked(&command, self.inner.settings.file_bytes_max)?;
        let named = (&command.sha256, command.bytes, &command.options);
        let turn = self.inner.once.begin(ctx, "import_statement", &named).await?;
        let seq = self.accepted(ctx, &turn, &command).await;
        let seq = match seq {
            Ok(seq) => seq,
            Err((tx, error)) => match tx {
                Some(tx) => return Err(turn.refused(tx, error).await),
                None => return Err(error),
            },
        };
        drop(turn);
        let service = self.clone();
        tokio::spawn(async move { service.run(seq).await });
        let stored = self.outcome(ctx, seq).await?;
        match stored.mistake {
            Some(mistake) => {
                Err(Refusal::FileRefused { import: stored.id.to_string(), mistake: Box::new(mistake) }.into())
            }
            None => {
                let tx = self.inner.db.read().await?;
                Ok(self.inner.shown_import(&tx, stored).await?)
            }
        }
    }

    /// The number of the import that this file has.
    async fn accepted(
        &self,
        ctx: &Ctx,
        turn: &Turn<Refusal>,
        command: &ImportFile,
    ) -> Result<i64, (Option<Tx>, BankingError)> {
        let tx = self.inner.db.begin().await.map_err(|error| (None, error.into()))?;
        match self.inner.accept(ctx, turn, &tx, command).await {
            Ok(seq) => match tx.commit().await {
                Ok(()) => Ok(seq),
                Err(error) => Err((None, error.into())),
            },
            Err(error) => Err((Some(tx), error)),
        }
    }

    async fn outcome(&self, ctx: &Ctx, seq: i64) -> Result<Stored, BankingError> {
        let left = ctx.deadline.micros_left(self.inner.clock.monotonic());
        let patience = Duration::from_micros(left).saturating_sub(RESERVE).min(WAIT_MAX);
        let end = tokio::time::sleep(patience);
        tokio::pin!(end);
        loop {
            let ended = self.inner.ended.notified();
            let stored = import::of_seq(&self.inner.db.read().await?, &self.inner.keys, seq).await?;
            let stored = stored.ok_or_else(|| crate::service::broken("an import was removed"))?;
            if stored.state != ImportState::Received || end.is_elapsed() {
                return Ok(stored);
            }
            tokio::select! {
                () = ended => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = &mut end => {}
            }
        }
    }
}

impl Inner {
    async fn accept(
        &self,
        ctx: &Ctx,
        turn: &Turn<Refusal>,
        tx: &Tx,
        command: &ImportFile,
    ) -> Result<i64, BankingError> {
        let upload = Upload { principal: ctx.principal.subject.to_string(), name: command.upload.clone() };
        if let Some(seq) = turn.again::<i64>(tx).await? {
            self.forget(tx, &upload, seq).await?;
            return Ok(seq);
        }
        let ImportOptions { owner, entity, .. } = &command.options;
        let subject = subject_of(owner.as_deref(), entity.as_deref());
        let digest = self.keys.digest(&[b"file", subject.as_bytes(), command.sha256.as_bytes()]);
        tx.one_at_a_time().await?;
        if let Some(known) = import::of_digest(tx, &self.keys, &digest).await? {
            self.forget(tx, &upload, known.seq).await?;
            turn.made(tx, &known.seq).await?;
            return Ok(known.seq);
        }
        self.complete(tx, &upload, command).await?;
        self.named(ctx, tx, &command.options).await?;
        let (sha256, options) = (command.sha256.clone(), command.options.clone());
        let stored = self.stored(tx, (&subject, sha256), upload, command.parts, options).await?;
        import::add(tx, &self.keys, &stored, &digest).await?;
        turn.made(tx, &stored.seq).await?;
        Ok(stored.seq)
    }

    /// A new import.
    async fn stored(
        &self,
        tx: &Tx,
        (subject, sha256): (&str, String),
        upload: Upload,
        parts: u32,
        options: ImportOptions,
    ) -> Result<Stored, DbError> {
        Ok(Stored {
            seq: import::next(tx).await?,
            id: self.ids.make(),
            state: ImportState::Received,
            sha256,
            subject: subject.to_owned(),
            owner: options.owner.clone(),
            entity: options.entity.clone(),
            upload,
            parts,
            options,
            format: None,
            counts: Counts::default(),
            warnings: Vec::new(),
            mistake: None,
            done: 0,
            created_at: self.clock.now(),
            claimed_until: 0,
        })
    }

    /// The parts of a repeated file are not needed, unless they are the import's own.
    async fn forget(&self, tx: &Tx, upload: &Upload, seq: i64) -> Result<(), BankingError> {
        let own = import::of_seq(tx, &self.keys, seq)
            .await?
            .is_some_and(|stored| stored.upload.name == upload.name && stored.upload.principal == upload.principal);
        if !own {
            upload.remove(tx).await?;
        }
        Ok(())
    }

    async fn complete(&self, tx: &Tx, upload: &Upload, command: &ImportFile) -> Result<(), BankingError> {
        let (received, bytes) = upload.received(tx).await?;
        if received == i64::from(command.parts) && bytes.unsigned_abs() == command.bytes {
            return Ok(());
        }
        let received = u32::try_from(received).unwrap_or(u32::MAX);
        Err(Refusal::UploadIncomplete { received, parts: command.parts }.into())
    }

    /// What the options name is there, and the caller's.
    async fn named(&self, ctx: &Ctx, tx: &Tx, options: &ImportOptions) -> Result<(), BankingError> {
        if let Some(id) = options.account {
            let account = crate::store::account::of_id(tx, id).await?;
            let owner = account.as_ref().map(|account| account.owner.as_deref());
            let is_others = owner.is_some_and(|owner| owner != options.owner.as_deref());
            let unknown = || BankingError::from(Refusal::AccountUnknown { id: id.to_string() });
            if owner.is_none() || (is_others && options.owner.is_some()) {
                return Err(unknown());
            }
        }
        if let Some(name) = &options.profile {
            let subject = self.subject(ctx, "bank-imports", "create")?;
            let profile = crate::store::arrangement::profile_of(tx, &subject, name).await?;
            profile.ok_or_else(|| Refusal::ProfileUnknown { name: name.clone() })?;
        }
        Ok(())
    }
}

fn checked(command: &ImportFile, max: u64) -> Result<(), BankingError> {
    let is_digest = command.sha256.len() == 64 && command.sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_digest {
        return Err(Refusal::field_invalid("sha256", "expected 64 hexadecimal digits").into());
    }
    if command.bytes > max {
        return Err(Refusal::FileTooLarge { max }.into());
    }
    let chars = |text: &Option<String>| {
        text.as_ref().is_none_or(|text| (1..=limits::NAME_CHARS_MAX).contains(&text.chars().count()))
    };
    for (field, text) in [("entity", &command.options.entity), ("owner", &command.options.owner)] {
        if !chars(text) {
            return Err(Refusal::field_invalid(field, "expected 1 to 64 characters").into());
        }
    }
    Ok(())
}

/// For statements that a bank's API hands out.
impl BankingService {
    /// Imports a whole file for a connection; a file that is known is not imported again. Ends with the import, which
    /// another process may still be applying.
    pub(crate) async fn import_bytes(
        &self,
        subject: &str,
        file: &[u8],
        options: ImportOptions,
    ) -> Result<Stored, DbError> {
        let inner = &self.inner;
        let sha256 = crate::read::hexadecimal(&Sha256::digest(file));
        let upload = Upload { principal: format!("connection of {subject}"), name: sha256.clone() };
        let digest = inner.keys.digest(&[b"file", subject.as_bytes(), sha256.as_bytes()]);
        let tx = inner.db.begin().await?;
        tx.one_at_a_time().await?;
        let seq = match import::of_digest(&tx, &inner.keys, &digest).await? {
            Some(known) => known.seq,
            None => {
                let mut parts = 0;
                for part in file.chunks(PART_BYTES_MAX) {
                    let sealed = inner.keys.seal_part(&upload.place(parts), part)?;
                    upload.put(&tx, parts, inner.clock.now().micros(), part.len(), &sealed).await?;
                    parts += 1;
                }
                let stored = inner.stored(&tx, (subject, sha256), upload, parts, options).await?;
                import::add(&tx, &inner.keys, &stored, &digest).await?;
                stored.seq
            }
        };
        tx.commit().await?;
        self.run(seq).await;
        let stored = import::of_seq(&inner.db.read().await?, &inner.keys, seq).await?;
        stored.ok_or_else(|| crate::service::broken("an import was removed"))
    }

    /// For reading the parts of a file.
    pub(crate) fn shared(&self) -> &Arc<Inner> {
        &self.inner
    }
}
