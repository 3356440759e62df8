//! One connection through the proxy, from its first byte to its end.

use std::sync::Arc;

use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::count::Counts;
use super::flow::{Flow, FlowEnd};
use super::{Direction, Faults, Toxic, ToxicKind};

#[derive(Debug, Clone)]
pub(super) struct Carrier {
    pub(super) server: Arc<(String, u16)>,
    pub(super) faults: watch::Receiver<Faults>,
    pub(super) counts: Arc<Counts>,
    /// The seed of the jitter.
    pub(super) seed: u64,
}

enum End {
    /// Both sides have closed.
    Done,
    /// Closed by the proxy, or lost.
    Cut,
    /// The sides that notice.
    Reset(Direction),
}

impl Carrier {
    /// Returning closes both connections.
    pub(super) async fn carry(self, mut client: TcpStream) {
        // Alongside connecting: a client is also cut while its server does not answer.
        let server = tokio::select! {
            connected = TcpStream::connect((self.server.0.as_str(), self.server.1)) => connected,
            end = self.struck() => return reset(end, &client, None),
        };
        // To the client a missing server looks like one that hangs up.
        let Ok(mut server) = server else { return };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let end = tokio::select! {
            end = self.pass(&mut client, &mut server) => end,
            end = self.struck() => end,
        };
        reset(end, &client, Some(&server));
    }

    /// Each connection and direction has its own, the same in every run.
    pub(super) fn luck(&self, direction: Direction) -> StdRng {
        StdRng::seed_from_u64(self.seed.wrapping_mul(2).wrapping_add(u64::from(direction == Direction::Up)))
    }

    async fn pass(&self, client: &mut TcpStream, server: &mut TcpStream) -> End {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let up = Flow::new(Direction::Up, self).carry(self.luck(Direction::Up), from_client, to_server);
        let down = Flow::new(Direction::Down, self).carry(self.luck(Direction::Down), from_server, to_client);
        match tokio::try_join!(up, down) {
            Ok(_) => End::Done,
            Err(FlowEnd::Cut) => End::Cut,
        }
    }

    /// Runs until a toxic ends the whole connection.
    async fn struck(&self) -> End {
        let mut faults = self.faults.clone();
        let end = match faults.wait_for(|faults| strike(faults).is_some()).await {
            Ok(faults) => strike(&faults).unwrap_or(End::Cut),
            // The proxy is gone.
            Err(_) => return End::Cut,
        };
        self.counts.feel(if matches!(end, End::Reset(_)) { ToxicKind::Reset } else { ToxicKind::Down });
        end
    }
}

fn strike(faults: &Faults) -> Option<End> {
    if faults.has(Toxic::Down) {
        return Some(End::Cut);
    }
    let reset = faults.all.iter().find(|fault| fault.toxic == Toxic::Reset);
    reset.map(|fault| End::Reset(fault.direction))
}

/// A socket closed without lingering sends RST instead of FIN.
fn reset(end: End, client: &TcpStream, server: Option<&TcpStream>) {
    let End::Reset(direction) = end else { return };
    if direction.covers(Direction::Down) {
        let _ = client.set_zero_linger();
    }
    if let Some(server) = server.filter(|_| direction.covers(Direction::Up)) {
        let _ = server.set_zero_linger();
    }
}
