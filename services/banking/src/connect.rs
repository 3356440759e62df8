//! Connections as people see them: made, listed, changed and tested.

use banking_api::*;
use kernel::Ctx;
use platform::access;
use platform::db::{DbError, Tx};
use platform::once::Turn;

use crate::bank::{Bank, Trouble};
use crate::service::{BankingService, Inner, check, subject_of};
use crate::store::connection::{self, Linked};
use crate::store::import::{self, Stored};
use crate::store::upload::Upload;
use crate::sync::accounts;

const WORD: &str = "bank-connections";

impl Inner {
    pub(crate) async fn connect(&self, ctx: &Ctx, mut command: Connect) -> Result<Connection, BankingError> {
        // Customers connect their own accounts.
        if let Some(owner) = access::owner_term(ctx, WORD, "change")? {
            (command.owner, command.entity) = (Some(owner.to_string()), None);
        }
        let turn = self.once.begin(ctx, "connect_bank", &command).await?;
        let tx = self.db.begin().await?;
        match self.connected_once(&turn, &tx, command).await {
            Ok(linked) => {
                tx.commit().await?;
                Ok(self.shown_connection(&self.db.read().await?, linked).await?)
            }
            Err(error) => Err(turn.refused(tx, error).await),
        }
    }

    async fn connected_once(&self, turn: &Turn<Refusal>, tx: &Tx, command: Connect) -> Result<Linked, BankingError> {
        if let Some(seq) = turn.again::<i64>(tx).await? {
            let known = connection::of_seq(tx, seq).await?;
            return Ok(known.ok_or_else(|| crate::service::broken("a connection was removed"))?);
        }
        let Connect { bank, base_url, entity, owner } = command;
        let dialect = self.dialects.get(&bank).ok_or_else(|| Refusal::BankUnknown { bank: bank.clone() })?;
        let base_url = base_url.unwrap_or_else(|| dialect.host.clone());
        let is_url =
            url::Url::parse(&base_url).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
        if !is_url || base_url.len() > 1_024 {
            return Err(
                Refusal::field_invalid("base_url", "expected an address such as https://api.bank.example").into()
            );
        }
        tx.one_at_a_time().await?;
        let subject = subject_of(owner.as_deref(), entity.as_deref());
        let import = self.import_of_connection(tx, (&bank, &subject), &owner, &entity).await?;
        let now = self.clock.now();
        let linked = Linked {
            seq: connection::next(tx).await?,
            id: self.ids.make(),
            bank,
            base_url,
            subject,
            owner,
            entity,
            import,
            state: ConnectionState::New,
            reason: None,
            since: now,
            synced_at: None,
            due_at: now.micros(),
            claimed_until: 0,
            failures: 0,
            created_at: now,
        };
        connection::add(tx, &linked).await?;
        turn.made(tx, &linked.seq).await?;
        Ok(linked)
    }

    /// Everything that a connection tells is one import, so that it can be withdrawn.
    async fn import_of_connection(
        &self,
        tx: &Tx,
        (bank, subject): (&str, &str),
        owner: &Option<String>,
        entity: &Option<String>,
    ) -> Result<i64, BankingError> {
        let seq = import::next(tx).await?;
        let mut stored = Stored {
            seq,
            id: self.ids.make(),
            state: ImportState::Received,
            sha256: String::new(),
            subject: subject.to_owned(),
            owner: owner.clone(),
            entity: entity.clone(),
            upload: Upload { principal: String::new(), name: String::new() },
            parts: 0,
            options: ImportOptions::default(),
            format: Some(bank.to_owned()),
            counts: Counts::default(),
            warnings: Vec::new(),
            mistake: None,
            done: 0,
            created_at: self.clock.now(),
            claimed_until: 0,
        };
        import::add(tx, &self.keys, &stored, &seq.to_be_bytes()).await?;
        stored.state = ImportState::Applied;
        import::save(tx, &self.keys, ImportState::Received, &stored).await?;
        Ok(seq)
    }

    async fn linked(&self, ctx: &Ctx, action: &str, tx: &Tx, id: ConnectionId) -> Result<Linked, BankingError> {
        let linked = connection::of_id(tx, id).await?;
        let unknown = || Refusal::ConnectionUnknown { id: id.to_string() };
        check(ctx, (WORD, action), linked.as_ref().map(|linked| linked.owner.as_deref()), unknown())?;
        linked.ok_or_else(|| unknown().into())
    }

    pub(crate) async fn connections(&self, ctx: &Ctx) -> Result<ConnectionList, BankingError> {
        let owner = access::owner_term(ctx, WORD, "read")?;
        let tx = self.db.read().await?;
        let mut items = Vec::new();
        for linked in connection::list(&tx, owner.as_deref()).await? {
            items.push(self.shown_connection(&tx, linked).await?);
        }
        Ok(ConnectionList { items })
    }

    pub(crate) async fn connection(&self, ctx: &Ctx, id: ConnectionId) -> Result<Connection, BankingError> {
        let tx = self.db.read().await?;
        let linked = self.linked(ctx, "read", &tx, id).await?;
        Ok(self.shown_connection(&tx, linked).await?)
    }

    pub(crate) async fn change_connection(
        &self,
        ctx: &Ctx,
        command: ChangeConnection,
    ) -> Result<Connection, BankingError> {
        let tx = self.db.begin().await?;
        let mut linked = self.linked(ctx, "change", &tx, command.id).await?;
        let is_disabled = linked.state == ConnectionState::Disabled;
        let now = self.clock.now();
        match command.change {
            ConnectionChange::Sync if is_disabled => {
                return Err(Refusal::ConnectionDisabled { id: command.id.to_string() }.into());
            }
            ConnectionChange::Sync => linked.due_at = now.micros(),
            ConnectionChange::Disable => (linked.state, linked.since) = (ConnectionState::Disabled, now),
            ConnectionChange::Consent => {
                (linked.state, linked.since, linked.due_at) = (ConnectionState::New, now, now.micros());
                (linked.reason, linked.failures) = (None, 0);
            }
        }
        connection::save(&tx, &linked).await?;
        let shown = self.shown_connection(&tx, linked).await?;
        tx.commit().await?;
        Ok(shown)
    }

    async fn shown_connection(&self, tx: &Tx, linked: Linked) -> Result<Connection, DbError> {
        let accounts = connection::accounts(tx, linked.seq).await?;
        let Linked { id, bank, base_url, state, reason, since, owner, entity, synced_at, created_at, .. } = linked;
        Ok(Connection { id, bank, base_url, state, reason, since, owner, entity, accounts, synced_at, created_at })
    }
}

impl BankingService {
    /// Calls the bank step by step, and stores nothing.
    pub(crate) async fn test_of_connection(&self, ctx: &Ctx, id: ConnectionId) -> Result<ConnectionTest, BankingError> {
        let tx = self.inner.db.read().await?;
        let linked = self.inner.linked(ctx, "change", &tx, id).await?;
        drop(tx);
        let mut steps = Vec::new();
        let Some(dialect) = self.inner.dialects.get(&linked.bank) else {
            return Err(Refusal::BankUnknown { bank: linked.bank }.into());
        };
        let mut note = |step: &str, found: Result<String, Trouble>| {
            let passed = found.is_ok();
            let found = found.unwrap_or_else(|trouble| trouble.reason().to_owned());
            steps.push(TestStep { step: step.to_owned(), passed, found });
            passed
        };
        match Bank::open(&self.inner, &linked, dialect) {
            Err(trouble) => {
                note("key", Err(trouble));
            }
            Ok(mut bank) => {
                note("key", Ok("there".to_owned()));
                if note("token", bank.sign_in().await.map(|()| "accepted".to_owned())) && dialect.accounts.is_some() {
                    let found = accounts(&mut bank, dialect).await;
                    note("accounts", found.map(|found| format!("{} accounts", found.len())));
                }
            }
        }
        Ok(ConnectionTest { steps })
    }
}
