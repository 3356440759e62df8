//! Connections as people see them: made, listed, changed and tested.

use banking_api::*;
use kernel::{Ctx, Secret};
use platform::access;
use platform::db::{DbError, Tx};
use platform::once::Turn;

use crate::bank::{Bank, Trouble};
use crate::plaid;
use crate::service::{BankingService, Inner, check, subject_of};
use crate::store::connection::{self, Linked};
use crate::store::import::{self, Stored};
use crate::store::item;
use crate::store::upload::Upload;
use crate::sync::accounts;

const WORD: &str = "bank-connections";
const URL_BYTES_MAX: usize = 1_024;

impl Inner {
    pub(crate) async fn connect(&self, ctx: &Ctx, mut command: Connect) -> Result<Connection, BankingError> {
        // Customers connect their own accounts.
        if let Some(owner) = access::owner_term(ctx, WORD, "change")? {
            (command.owner, command.entity) = (Some(owner.to_string()), None);
        }
        let turn = self.once.begin(ctx, "connect_bank", &command).await?;
        let tx = self.db.begin().await?;
        if let Some(seq) = turn.again::<i64>(&tx).await? {
            let known = connection::of_seq(&tx, seq).await?;
            let known = known.ok_or_else(|| crate::service::broken("a connection was removed"))?;
            return Ok(self.shown_connection(&tx, known).await?);
        }
        let base_url = match self.address(&command) {
            Ok(base_url) => base_url,
            Err(error) => return Err(turn.refused(tx, error).await),
        };
        // Plaid is asked without a transaction; a token that is not kept is of no use.
        let (tx, token) = match &command.public_token {
            Some(public) if command.bank == plaid::BANK => {
                drop(tx);
                let token = self.exchanged(&base_url, public).await?;
                (self.db.begin().await?, Some(token))
            }
            _ => (tx, None),
        };
        let linked = self.add_connection(&turn, &tx, command, (base_url, token.as_ref())).await?;
        tx.commit().await?;
        if let Some(token) = token
            && let Err(error) = self.announce(&linked, &token).await
        {
            tracing::warn!(connection = %linked.id, %error, "webhooks could not be asked for; the schedule goes on");
        }
        Ok(self.shown_connection(&self.db.read().await?, linked).await?)
    }

    /// Where the bank answers, if the command can be accepted.
    fn address(&self, command: &Connect) -> Result<String, BankingError> {
        let Connect { bank, base_url, public_token, .. } = command;
        let own = match self.dialects.get(bank) {
            Some(dialect) => &dialect.host,
            None if bank == plaid::BANK => &self.settings.plaid_url,
            None => return Err(Refusal::BankUnknown { bank: bank.clone() }.into()),
        };
        if (bank == plaid::BANK) != public_token.is_some() {
            let detail = "expected the token of Plaid's page for `plaid`, and nothing for other banks";
            return Err(Refusal::field_invalid("public_token", detail).into());
        }
        let base_url = base_url.as_ref().unwrap_or(own);
        let url =
            url::Url::parse(base_url).ok().filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
        let Some(url) = url.filter(|_| base_url.len() <= URL_BYTES_MAX) else {
            let detail = "expected an address such as https://api.bank.example";
            return Err(Refusal::field_invalid("base_url", detail).into());
        };
        match &self.demo {
            Some(demo) if !demo.may_call(&url) => Err(Refusal::LiveBank { bank: bank.clone() }.into()),
            _ => Ok(base_url.clone()),
        }
    }

    async fn add_connection(
        &self,
        turn: &Turn<Refusal>,
        tx: &Tx,
        command: Connect,
        (base_url, token): (String, Option<&Secret>),
    ) -> Result<Linked, BankingError> {
        let Connect { bank, entity, owner, .. } = command;
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
        if let Some(token) = token {
            let sealed = self.keys.seal_item(&linked.id.to_string(), token.expose().as_bytes());
            item::add(tx, linked.seq, &sealed.map_err(DbError::from)?).await?;
        }
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

    pub(crate) async fn linked(
        &self,
        ctx: &Ctx,
        action: &str,
        tx: &Tx,
        id: ConnectionId,
    ) -> Result<Linked, BankingError> {
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
        if command.change == ConnectionChange::Disable {
            self.unlinked(ctx, command.id).await?;
        }
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

    /// A connection through Plaid ends there too, before it is disabled here.
    async fn unlinked(&self, ctx: &Ctx, id: ConnectionId) -> Result<(), BankingError> {
        let tx = self.db.read().await?;
        let linked = self.linked(ctx, "change", &tx, id).await?;
        let Some(found) = item::of_connection(&tx, linked.seq).await? else { return Ok(()) };
        drop(tx);
        self.unlink(&linked, &found).await?;
        let tx = self.db.begin().await?;
        item::remove(&tx, linked.seq).await?;
        Ok(tx.commit().await?)
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
        if linked.bank == plaid::BANK {
            let (passed, found) = match self.inner.plaid_test(&linked).await {
                Ok(count) => (true, format!("{count} accounts")),
                Err(trouble) => (false, trouble.reason().to_owned()),
            };
            steps.push(TestStep { step: "accounts".to_owned(), passed, found });
            return Ok(ConnectionTest { steps });
        }
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
