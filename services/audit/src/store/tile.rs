//! The tree's tiles.

use platform::db::{DbError, Tx, Value};

use super::number;
use crate::tree::{HASH_BYTES, Hash, TileAt, Tiles};

const TILE_READ: &str = "
select hashes
from tile
where level = $1 and number = $2";

const TILE_WRITE: &str = "
insert into tile (level, number, hashes)
values ($1, $2, $3)
on conflict (level, number) do update set hashes = excluded.hashes";

#[cfg(test)]
pub(super) const SQL: &[&str] = &[TILE_READ, TILE_WRITE];

/// Those that exist.
pub(crate) async fn read(tx: &Tx, wanted: &[TileAt]) -> Result<Tiles, DbError> {
    let mut tiles = Tiles::default();
    for at in wanted {
        let rows = tx.query(TILE_READ, &[Value::Int(at.level.into()), number(at.number)]).await?;
        if let Some(row) = rows.first() {
            tiles.0.insert(*at, hashes(row.bytes(0)?)?);
        }
    }
    Ok(tiles)
}

pub(crate) async fn write(tx: &Tx, tiles: &[(TileAt, Vec<Hash>)]) -> Result<(), DbError> {
    for (at, hashes) in tiles {
        let bytes = hashes.concat();
        tx.execute(TILE_WRITE, &[Value::Int(at.level.into()), number(at.number), Value::Bytes(&bytes)]).await?;
    }
    Ok(())
}

fn hashes(bytes: &[u8]) -> Result<Vec<Hash>, DbError> {
    let (hashes, rest) = bytes.as_chunks::<HASH_BYTES>();
    if rest.is_empty() { Ok(hashes.to_vec()) } else { Err(DbError::shape("a tile does not consist of whole hashes")) }
}
