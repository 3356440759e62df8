//! The faults that hit a member.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use testkit::Server;

use crate::failover::house::House;
use crate::failover::store::Store;
use crate::failover::wire::State;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blow {
    Killed,
    /// SIGSTOP past the end of its lease, then SIGCONT.
    Paused,
    /// PostgreSQL ends its sessions.
    Disconnected,
    /// Messages from PostgreSQL are withheld and arrive late.
    Silenced,
    /// Its connections are closed and new ones are refused.
    CutOff,
    /// SIGTERM.
    Stopped,
}

impl Blow {
    pub(crate) const ALL: [Blow; 6] =
        [Blow::Killed, Blow::Paused, Blow::Disconnected, Blow::Silenced, Blow::CutOff, Blow::Stopped];

    pub(crate) async fn strike(self, house: &House, store: &Store, place: usize) {
        let member = house.member(place);
        member.strike();
        match self {
            Blow::Killed => member.kill(),
            Blow::Paused => signal(&member.running().unwrap(), Signal::STOP),
            Blow::Disconnected => store.disconnect(&member.wire.ports()).await,
            Blow::Silenced => member.wire.set(State::Silent),
            Blow::CutOff => member.wire.set(State::Cut),
            Blow::Stopped => signal(&member.running().unwrap(), Signal::TERM),
        }
    }

    /// A member without its database gives up the lease; nothing kills it for that.
    pub(crate) async fn is_told(self, house: &House, place: usize) {
        if matches!(self, Blow::Silenced | Blow::CutOff) {
            house.member(place).until_answers("/ready", 503).await;
            house.member(place).until_answers("/health", 200).await;
            house.member(place).until_stand_by().await;
        }
    }

    /// Restores everything, once another member writes.
    pub(crate) async fn mend(self, house: &House, place: usize) {
        let member = house.member(place);
        // Waits a while with the new writer, so that the old one returns late.
        tokio::time::sleep(Duration::from_millis(700)).await;
        match self {
            Blow::Killed => member.start().await,
            Blow::Stopped => {
                member.ended().await;
                member.start().await;
            }
            Blow::Paused => signal(&member.running().unwrap(), Signal::CONT),
            Blow::Disconnected => {}
            Blow::Silenced | Blow::CutOff => member.wire.set(State::Whole),
        }
        member.until_answers("/ready", 200).await;
        member.mended();
    }
}

pub(crate) fn signal(server: &Server, signal: Signal) {
    let pid = i32::try_from(server.process_id()).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(pid, signal).expect("signal a process of this test");
}
