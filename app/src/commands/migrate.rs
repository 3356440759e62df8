//! `florin migrate`: brings the stores of all rooms to this version's schema, while no server runs.

use platform::config::Config;
use platform::data_dir::{DataDir, Stamp};
use platform::db::{Access, Db, DbError, Target};
use platform::room::Room;

use crate::commands::Start;
use crate::failure::Failure;
use crate::house::Rooms;
use crate::stores;

pub(crate) fn run(start: Start<'_>) -> Result<(), Failure> {
    let config = start.config()?;
    stores::runtime()?.block_on(migrate(start.rooms, &config))
}

async fn migrate(rooms: &Rooms, config: &Config) -> Result<(), Failure> {
    // A database itself only lets one process migrate at a time.
    let held = if config.storage.is_shared() {
        None
    } else {
        let data_dir = &config.storage.data_dir;
        let stamp = DataDir::look(data_dir)?.unwrap_or(Stamp::Plain);
        Some(DataDir::open(data_dir, stamp)?)
    };
    for room in rooms.iter() {
        migrate_room(room, stores::of_service(config, room.name)).await?;
    }
    drop(held);
    Ok(())
}

/// The room's own store, which knows of further ones once it is up to date.
async fn migrate_room(room: &Room, own: Target) -> Result<(), Failure> {
    migrate_one(room.name, own.clone(), async |db| platform::room::migrate(room, db).await).await?;
    let Some(further) = room.further else { return Ok(()) };
    let found = (further.find)(own).await.map_err(Failure::of)?;
    for (what, target) in found.stores {
        migrate_one(&what, target, async |db| platform::room::migrate(room, db).await).await?;
    }
    found.wrong.iter().for_each(|sentence| eprintln!("florin: {sentence}"));
    Ok(())
}

async fn migrate_one(
    what: &str,
    target: Target,
    migrate: impl AsyncFn(&Db) -> Result<usize, DbError>,
) -> Result<(), Failure> {
    let place = stores::shown(&target);
    let db = Db::open(target, Access::ReadWrite, 1).await?;
    match migrate(&db).await? {
        0 => println!("{what}: nothing to do, {place} has this version's schema"),
        1 => println!("{what}: 1 migration applied to {place}"),
        applied => println!("{what}: {applied} migrations applied to {place}"),
    }
    Ok(())
}
