//! A TCP proxy between two processes, or between a process and PostgreSQL, whose faults can be switched while
//! connections are open.
//!
//! Start reading at [`FaultProxy::set`]; the possible faults are [`Toxic`], and [`Weather`] changes them over time. The
//! port is reserved for the proxy's lifetime: nobody else can get it, even while it is down.

mod carry;
mod count;
mod flow;
#[cfg(test)]
mod tests;
mod toxic;
mod weather;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::through::PostgresAddress;
use carry::Carrier;
use count::Counts;

pub use toxic::{Direction, Fault, Toxic, ToxicKind};
pub use weather::{Spell, Weather};

/// When dropped, connections through it end too.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    faults: watch::Sender<Faults>,
    counts: Arc<Counts>,
    task: JoinHandle<()>,
}

/// The current faults.
#[derive(Debug, Clone, Default)]
struct Faults {
    all: Vec<Fault>,
    /// Rises with each change: what is counted since a change starts again.
    change: u64,
}

impl Faults {
    fn has(&self, toxic: Toxic) -> bool {
        self.all.iter().any(|fault| fault.toxic == toxic)
    }
}

impl FaultProxy {
    /// Starts in front of `server`, without faults.
    pub async fn start(server: SocketAddr) -> FaultProxy {
        FaultProxy::in_front_of((server.ip().to_string(), server.port())).await
    }

    /// Starts in front of the PostgreSQL server at `url`; also returns the URL through the proxy.
    pub async fn postgres(url: &str) -> (FaultProxy, String) {
        let address = PostgresAddress::parse(url);
        let proxy = FaultProxy::in_front_of(address.server()).await;
        let through = address.through(proxy.address.port());
        (proxy, through)
    }

    async fn in_front_of(server: (String, u16)) -> FaultProxy {
        let (reserved, address) = reserve().expect("reserve a port");
        let (faults, seen) = watch::channel(Faults::default());
        let counts = Arc::new(Counts::default());
        let carrier = Carrier { server: server.into(), faults: seen.clone(), counts: Arc::clone(&counts), seed: 0 };
        let task = tokio::spawn(listen(reserved, address, carrier, seen));
        let proxy = FaultProxy { address, faults, counts, task };
        proxy.obeyed().await;
        proxy
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on exactly these faults apply to every connection, including open ones.
    pub fn set(&self, faults: &[Fault]) {
        self.faults.send_modify(|now| *now = Faults { all: faults.to_vec(), change: now.change + 1 });
    }

    /// Adds one fault to the current ones.
    pub fn add(&self, fault: Fault) {
        let mut faults = self.faults.borrow().all.clone();
        faults.push(fault);
        self.set(&faults);
    }

    /// Removes all faults.
    pub fn clear(&self) {
        self.set(&[]);
    }

    /// Connections that were accepted so far.
    pub fn connections(&self) -> u64 {
        self.counts.connections()
    }

    /// Bytes passed in one direction, or in both.
    pub fn bytes(&self, direction: Direction) -> u64 {
        self.counts.bytes(direction)
    }

    /// How often a kind of toxic took effect: a delayed piece, or a closed or refused connection.
    pub fn felt(&self, kind: ToxicKind) -> u64 {
        self.counts.felt(kind)
    }

    /// Waits until the port is open or closed as the faults require, which takes a moment.
    pub async fn obeyed(&self) {
        let change = self.faults.borrow().change;
        while self.counts.obeyed() < Some(change) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A bound socket that never listens: connections to it are refused, and nobody else gets the port.
fn reserve() -> io::Result<(TcpSocket, SocketAddr)> {
    let socket = socket(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let address = socket.local_addr()?;
    Ok((socket, address))
}

fn socket(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // Lets this process listen next to its own reservation, repeatedly.
    socket.set_reuseport(true)?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Accepts while the proxy is not down. Connections end with this task.
async fn listen(_reserved: TcpSocket, address: SocketAddr, carrier: Carrier, mut faults: watch::Receiver<Faults>) {
    let (mut open, mut listener) = (JoinSet::new(), None);
    loop {
        let (down, change) = {
            let now = faults.borrow_and_update();
            (now.has(Toxic::Down), now.change)
        };
        match (down, &listener) {
            (true, _) => listener = None,
            (false, None) => listener = Some(open_port(address).expect("listen on the reserved port")),
            (false, Some(_)) => {}
        }
        carrier.counts.obey(change);
        tokio::select! {
            changed = faults.changed() => if changed.is_err() { return },
            client = accept(listener.as_ref()) => {
                let seed = carrier.counts.connected();
                open.spawn(Carrier { seed, ..carrier.clone() }.carry(client));
            }
            Some(_) = open.join_next() => {}
        }
    }
}

fn open_port(address: SocketAddr) -> io::Result<TcpListener> {
    const BACKLOG: u32 = 1_024;
    socket(address)?.listen(BACKLOG)
}

async fn accept(listener: Option<&TcpListener>) -> TcpStream {
    let Some(listener) = listener else { return std::future::pending().await };
    loop {
        if let Ok((client, _)) = listener.accept().await {
            return client;
        }
    }
}
