//! A room that only reads the events of identity: it counts them, and refuses some.

use std::sync::Arc;

use async_trait::async_trait;
use platform::db::{Migration, Tx, Value};
use platform::feed::{Consumer, ConsumerConfig, Effect, EffectError, Event, Feed};
use platform::room::{Door, Face, OpenError, Opened, Room, Routes, Site};
use platform::rpc::{Methods, RpcClient};
use serde::Deserialize;

use crate::house::{Mounted, events_of};

static ROOM: Room = Room {
    about: "counts what happens",
    migrations: &[Migration { version: 1, name: "ripple", sql: "create table ripple (n SEQ, subject TEXT not null)" }],
    consumes: &["identity"],
    ..Room::named("ripples")
};

const ADD: &str = "insert into ripple (n, subject) values ($1, $2)";

/// Nobody calls it.
trait Ripples: Send + Sync {}

static FACE: Face<dyn Ripples> = Face { name: "ripples", serve: |_| Methods::new("ripples"), remote };

fn remote(_: RpcClient) -> Arc<dyn Ripples> {
    Arc::new(Pond)
}

struct Pond;

impl Ripples for Pond {}

#[async_trait]
impl Effect for Pond {
    async fn happen(&self, tx: &Tx, event: &Event) -> Result<(), EffectError> {
        if event.event.kind == "identity.user.disabled" {
            return Err(EffectError::Refused("the pond is frozen".to_owned()));
        }
        let values = [Value::Int(event.cursor.cast_signed()), Value::Text(&event.event.subject)];
        tx.execute(ADD, &values).await?;
        Ok(())
    }
}

#[derive(Deserialize)]
struct NoSettings {}

async fn open(site: Site<NoSettings>, events: Arc<dyn Feed>) -> Result<Opened<dyn Ripples>, OpenError> {
    let config = ConsumerConfig::of("ripples", "identity");
    let consumer = Consumer::new(site.db, events, Arc::new(Pond), site.clock, config);
    Ok(Opened { consumers: vec![Arc::new(consumer)], ..Opened::<dyn Ripples>::new(Arc::new(Pond)) })
}

fn mount(_: Arc<dyn Ripples>, _: Door<NoSettings>) -> Result<Routes, OpenError> {
    Ok(Routes::default())
}

pub(super) fn room() -> Mounted {
    room_as(&ROOM, &identity::ROOM)
}

pub(super) fn room_as(room: &'static Room, read: &'static Room) -> Mounted {
    crate::house::room(room, &FACE, events_of(read), open, mount)
}
