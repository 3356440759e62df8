//! Backup codes: eight, shown once, each works once. Stored as keyed digests, so that the store alone reveals none.

use identity_api::UserId;
use identity_api::limits::BACKUP_CODES;
use kernel::Secret;
use platform::db::{Column, DbError, RowSet, Tx, Value};

use crate::IdentityService;
use crate::codes;

/// Groups of five characters in a code: fifty random bits.
const GROUPS: usize = 2;

static CODES: RowSet = RowSet::new("backup_code", &[("person", "bytea"), ("place", "bigint"), ("digest", "bytea")]);

const CODE_USE: &str = "
update backup_code
set used_at = $3
where person = $1 and digest = $2 and used_at is null";

const CODES_LEFT: &str = "
select count(*)
from backup_code
where person = $1 and used_at is null";

const CODES_REMOVE: &str = "
delete from backup_code
where person = $1";

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[CODE_USE, CODES_LEFT, CODES_REMOVE];

impl IdentityService {
    /// New ones that replace all others. They can only be seen now.
    pub(crate) async fn backup_make(&self, tx: &Tx, person: UserId) -> Result<Vec<Secret>, DbError> {
        self.backup_remove(tx, person).await?;
        let made: Vec<Secret> = (0..BACKUP_CODES).map(|_| codes::readable(GROUPS)).collect();
        let digests: Vec<Vec<u8>> = made.iter().map(|code| self.backup_digest(person, code).to_vec()).collect();
        let (ids, places) = (vec![person.to_bytes(); made.len()], (1..).take(made.len()).collect::<Vec<i64>>());
        tx.insert_many(&CODES, &[Column::Id(&ids), Column::Int(&places), Column::Bytes(&digests)]).await?;
        Ok(made)
    }

    /// Uses a code; false if it is wrong or was used.
    pub(crate) async fn backup_use(&self, tx: &Tx, person: UserId, code: &Secret) -> Result<bool, DbError> {
        let digest = self.backup_digest(person, code);
        let (id, now) = (person.to_bytes(), self.clock.now().micros());
        Ok(tx.execute(CODE_USE, &[Value::Bytes(&id), Value::Bytes(&digest), Value::Int(now)]).await? == 1)
    }

    pub(crate) async fn backup_left(&self, tx: &Tx, person: UserId) -> Result<usize, DbError> {
        let rows = tx.query(CODES_LEFT, &[Value::Bytes(&person.to_bytes())]).await?;
        let left = rows.first().ok_or_else(|| DbError::shape("a count has no row"))?.int(0)?;
        Ok(usize::try_from(left).unwrap_or(0))
    }

    pub(super) async fn backup_remove(&self, tx: &Tx, person: UserId) -> Result<(), DbError> {
        tx.execute(CODES_REMOVE, &[Value::Bytes(&person.to_bytes())]).await.map(drop)
    }

    /// Includes the user: the same code of another user has a different digest.
    fn backup_digest(&self, person: UserId, code: &Secret) -> [u8; 32] {
        let plain = codes::plain(code.expose());
        self.codes_key.mac(&[b"backup".as_slice(), &person.to_bytes(), plain.as_bytes()].concat())
    }
}

#[cfg(test)]
mod tests {
    use kernel::Id;
    use platform::crypto::{KeyEncryptionKey, digest};
    use testkit::for_each_engine;

    use super::*;
    use crate::tokens::tests::world::World;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_backup_code_is_kept_under_a_key_and_good_once_for_one_person() {
        for_each_engine(async |store| {
            let world = World::new(store).await;
            let (at, ann): (_, UserId) = (&world.identity, Id::from_bytes(world.ann.id));
            let tx = world.db.begin().await.unwrap();
            let codes = at.backup_make(&tx, ann).await.unwrap();
            let rows = tx.query("select digest from backup_code order by place", &[]).await.unwrap();
            assert_eq!((codes.len(), rows.len()), (BACKUP_CODES, BACKUP_CODES));
            let other_key = KeyEncryptionKey::random().purpose("identity codes");
            for (code, row) in codes.iter().zip(&rows) {
                let plain = codes::plain(code.expose());
                let parts = [b"backup".as_slice(), &world.ann.id, plain.as_bytes()].concat();
                let kept: [u8; 32] = row.array(0).unwrap();
                // What somebody with the store but without the key could try.
                for guess in [digest(code.expose()), digest(&plain), other_key.mac(&parts)] {
                    assert_ne!(kept, guess);
                }
                assert_ne!(&kept[..], aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &parts).as_ref());
            }
            let nobody: UserId = Id::from_bytes([9; 16]);
            assert!(!at.backup_use(&tx, nobody, &codes[0]).await.unwrap());
            assert!(at.backup_use(&tx, ann, &codes[0]).await.unwrap());
            assert!(!at.backup_use(&tx, ann, &codes[0]).await.unwrap());
            assert_eq!(at.backup_left(&tx, ann).await.unwrap(), BACKUP_CODES - 1);
            tx.commit().await.unwrap();
        })
        .await;
    }
}
