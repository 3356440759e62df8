//! The connections and memory of this process, and whether PostgreSQL accepts so many connections.

use platform::config::Config;
use platform::db::{self, Budget, connections_max};

use crate::failure::Failure;
use crate::house::{Roles, Rooms};

/// Checked before any store is opened: otherwise connections would be refused under load.
pub(super) async fn of(rooms: &Rooms, config: &Config, roles: &Roles) -> Result<Budget, Failure> {
    let storage = &config.storage;
    if let Some(url) = db::server(storage).filter(|_| roles.keeps()) {
        let leases = rooms.iter().filter(|room| room.one_writer && roles.runs(room.name)).count();
        let most = connections_max(&url).await?;
        if let Err(sentence) = fits(storage.pool_size, leases, most) {
            return Err(Failure::new(sentence));
        }
    }
    Ok(Budget::new(storage.pool_size, storage.sqlite_cache_mb)?)
}

/// `most` connections are accepted from all processes together.
fn fits(pool_size: u32, leases: usize, most: i64) -> Result<(), String> {
    let wanted = i64::from(pool_size).saturating_add(i64::try_from(leases).unwrap_or(i64::MAX));
    if wanted <= most {
        return Ok(());
    }
    Err(format!(
        "this process may open {wanted} connections to PostgreSQL (storage.pool_size = {pool_size}, and {leases} for leases), but the \
         server accepts {most} from all clients (max_connections, less the reserved ones); lower storage.pool_size, or raise \
         max_connections"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_larger_than_the_server_accepts_is_refused() {
        assert_eq!(fits(24, 1, 25), Ok(()));
        let refused = fits(24, 1, 24).unwrap_err();
        assert!(refused.contains("may open 25 connections") && refused.contains("accepts 24"), "{refused}");
    }
}
