//! Audit as a holder of personal data: what is sealed of entries about a person goes with the person's key, in every copy;
//! the entries themselves stay, because the law asks for them.

use async_trait::async_trait;
use kernel::{Ctx, Timestamp};
use platform::crypto::{Erasure, SubjectError};
use platform::db::{Db, DbError};
use platform::error::Failure;
use platform::holder::{Age, Collected, Correction, Counted, Erase, Erased, Holder, Item, Kept};
use serde_json::Value as Json;

use crate::entry::Body;
use crate::face::SERVICE;
use crate::seal::Seals;
use crate::store::entry::{self, Wanted};

const ITEMS: usize = 200;

pub(crate) struct AuditHolder {
    pub(crate) db: Db,
    pub(crate) seals: Seals,
}

#[async_trait]
impl Holder for AuditHolder {
    fn name(&self) -> &'static str {
        SERVICE
    }

    async fn collect(&self, _: &Ctx, subject: &str, after: Option<String>) -> Result<Collected, Failure> {
        let before = after.and_then(|after| after.parse().ok()).unwrap_or(u64::MAX);
        let tx = self.db.read().await?;
        let wanted = Wanted { subject: Some(subject), ..Wanted::default() };
        let found = entry::list(&tx, wanted, (before, 0), ITEMS).await?;
        let next = found.last().filter(|_| found.len() == ITEMS).map(|(index, _)| index.to_string());
        let mut items = Vec::new();
        for (index, bytes) in found {
            let body = bytes.and_then(|bytes| Body::read(&bytes).ok());
            let Some((body, sealed)) = body.as_ref().and_then(|body| Some((body, body.sealed.as_ref()?))) else {
                continue;
            };
            let opened = self.seals.opened(&body.source, &body.event, sealed).await.map_err(failed)?;
            let value = opened.unwrap_or(Json::Null);
            items.push(Item { id: index.to_string(), data_type: "audit entry".to_owned(), value, since: body.at });
        }
        Ok(Collected { items, next })
    }

    /// An entry is never changed.
    async fn rectify(&self, _: &Ctx, _: &str, _: Correction) -> Result<bool, Failure> {
        Ok(false)
    }

    async fn erase(&self, _: &Ctx, subject: &str, how: Erase) -> Result<Erased, Failure> {
        let items = entry::count_of(&self.db.read().await?, subject).await?;
        if how == Erase::ForGood {
            self.seals.destroy(subject).await.map_err(failed)?;
        }
        let because = "records of a bank: seven years".to_owned();
        let counted = |data_type: &str| Counted { data_type: data_type.to_owned(), items };
        let kept = Kept { data_type: "audit entry, by opaque ids".to_owned(), items, because };
        Ok(Erased { erased: vec![counted("what is sealed of audit entries")], kept: vec![kept] })
    }

    async fn ages(&self, _: &Ctx) -> Result<Vec<Age>, Failure> {
        let oldest: Option<Timestamp> = entry::oldest(&self.db.read().await?).await?;
        let age = |oldest| Age { data_type: "audit entry".to_owned(), oldest };
        Ok(oldest.map(age).into_iter().collect())
    }

    /// The list of erasures was applied to the keys when these were opened, and nothing else of a person is here.
    async fn reapply(&self, _: &Ctx, _: &[Erasure]) -> Result<u64, Failure> {
        Ok(0)
    }
}

fn failed(error: SubjectError) -> Failure {
    match error {
        SubjectError::Store(error) => error.into(),
        other => {
            tracing::error!(error = %other, "what is sealed of an entry cannot be opened or erased");
            DbError::shape("a key of a data subject cannot be used").into()
        }
    }
}
