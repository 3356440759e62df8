//! The end of each change: its event is in the same transaction.

use kernel::Ctx;
use platform::db::Tx;
use platform::feed::NewEvent;
use serde_json::{Value, json};
use vault_api::{Token, VaultError};

use crate::VaultService;

/// An access to a card number, for the record: who, what, on which token, and with which result.
pub(crate) fn access(ctx: &Ctx, kind: &'static str, token: Token, mut data: Value) -> NewEvent {
    if let Some(members) = data.as_object_mut() {
        members.insert("by".to_owned(), json!(&*ctx.principal.subject));
        members.insert("caller".to_owned(), json!(ctx.principal.kind.name()));
        members.insert("client".to_owned(), json!(ctx.principal.client));
        members.insert("request".to_owned(), json!(&*ctx.request_id));
    }
    NewEvent::new(kind, token.to_string(), data)
}

impl VaultService {
    pub(crate) async fn commit(&self, tx: Tx, event: NewEvent) -> Result<(), VaultError> {
        let cursor = self.outbox.add(&tx, vec![event]).await?;
        tx.commit().await?;
        self.signal.committed(cursor);
        Ok(())
    }
}
