//! Keys of data subjects, and erasures that restored stores have forgotten.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;

use kernel::{Ctx, Deadline, Principal};
use platform::crypto::{Erasures, KeyEncryptionKey, SubjectKeys};
use platform::db::{self, Access, Db, Target, share_of_cache};
use platform::holder;
use platform::room::{Opened, Room};

use super::House;
use crate::failure::Failure;

/// The schema of the keys, and the name of their file without its extension.
const STORE: &str = "subject_keys";
const READERS: usize = 1;
/// For all erasures of one room, at the start.
const REAPPLY_MS: u64 = 3_600_000;

impl House<'_> {
    /// Opened for the first room that needs them. Every erasure of the list is applied to them.
    pub(super) async fn subjects(&self) -> Result<SubjectKeys, Failure> {
        self.subjects.get_or_try_init(|| self.open_subjects()).await.cloned()
    }

    /// Of people.
    fn erasures(&self) -> Erasures {
        Erasures::at(&self.opening.config.crypto.subjects_dir.join("erasures"))
    }

    /// What a room erased itself.
    pub(super) fn erasures_of(&self, room: &Room) -> Erasures {
        Erasures::at(&self.opening.config.crypto.subjects_dir.join(format!("erasures-{}", room.name)))
    }

    /// Before the room answers anybody: its store may have been restored, and then holds what was erased since the backup.
    pub(super) async fn forget<S: ?Sized>(&self, room: &Room, opened: &Opened<S>) -> Result<(), Failure> {
        let Some(held) = &opened.holder else { return Ok(()) };
        let deadline = Deadline::after_millis(&*self.clock(), REAPPLY_MS);
        let ctx =
            Ctx { principal: Principal::operator(), deadline, request_id: "florin".into(), idempotency_key: None };
        let mut erasures = self.erasures().all()?;
        erasures.extend(self.erasures_of(room).all()?);
        erasures.sort_by_key(|erasure| erasure.at);
        let again = holder::reapply(&**held, &ctx, &erasures).await;
        again.map(drop).map_err(|failure| {
            let (name, code) = (held.name(), failure.code());
            Failure::new(format!(
                "erasures could not be applied to {name} again ({code}); nothing is served before they are"
            ))
        })
    }

    async fn open_subjects(&self) -> Result<SubjectKeys, Failure> {
        let (config, budget) = (self.opening.config, &self.opening.budget);
        let target = match db::server(&config.storage) {
            Some(url) => Target::Postgres { url, schema: STORE.to_owned() },
            None => {
                let dir = &config.crypto.subjects_dir;
                DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
                Target::Sqlite {
                    file: dir.join(format!("{STORE}.db")),
                    cache_mb: share_of_cache(config.storage.sqlite_cache_mb),
                }
            }
        };
        let db = Db::open_within(budget, target, Access::ReadWrite, READERS).await?;
        let kek = KeyEncryptionKey::find(&config.crypto, db.engine())?;
        Ok(SubjectKeys::open(db, &kek, self.erasures(), self.clock()).await?)
    }
}
