//! One member's network to PostgreSQL, which can fall silent and be cut.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Whole,
    /// Connections stay open but carry nothing. What was sent meanwhile arrives when the network is restored.
    Silent,
    /// Connections are closed, and new ones too.
    Cut,
}

pub(crate) struct Wire {
    address: SocketAddr,
    state: watch::Sender<State>,
    /// The ports by which the server knows its connections.
    ports: Arc<Mutex<BTreeSet<u16>>>,
    task: JoinHandle<()>,
}

impl Wire {
    pub(crate) async fn start(server: SocketAddr) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (state, ports) = (watch::Sender::new(State::Whole), Arc::default());
        let task = tokio::spawn(accept(listener, server, state.subscribe(), Arc::clone(&ports)));
        Wire { address, state, ports, task }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn set(&self, state: State) {
        self.state.send_replace(state);
    }

    pub(crate) fn ports(&self) -> Vec<i32> {
        self.ports.lock().unwrap().iter().map(|port| i32::from(*port)).collect()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(
    listener: TcpListener,
    server: SocketAddr,
    state: watch::Receiver<State>,
    ports: Arc<Mutex<BTreeSet<u16>>>,
) {
    while let Ok((client, _)) = listener.accept().await {
        let (mut state, ports) = (state.clone(), Arc::clone(&ports));
        tokio::spawn(async move {
            if state.wait_for(|state| *state != State::Silent).await.is_err_and(|_| true) || is(&state, State::Cut) {
                return;
            }
            let Ok(server) = TcpStream::connect(server).await else { return };
            let port = server.local_addr().unwrap().port();
            ports.lock().unwrap().insert(port);
            // However it ends, both connections end with it.
            let _ = carry(client, server, state).await;
            ports.lock().unwrap().remove(&port);
        });
    }
}

fn is(state: &watch::Receiver<State>, wanted: State) -> bool {
    *state.borrow() == wanted
}

async fn carry(mut client: TcpStream, mut server: TcpStream, mut state: watch::Receiver<State>) -> std::io::Result<()> {
    let (mut up, mut down) = ([0_u8; 1 << 14], [0_u8; 1 << 14]);
    let (mut client_read, mut client_write) = client.split();
    let (mut server_read, mut server_write) = server.split();
    loop {
        let now = *state.borrow_and_update();
        if now == State::Cut {
            return Ok(());
        }
        tokio::select! {
            _ = state.changed() => {}
            read = client_read.read(&mut up), if now == State::Whole => match read? {
                0 => return Ok(()),
                read => server_write.write_all(&up[..read]).await?,
            },
            read = server_read.read(&mut down), if now == State::Whole => match read? {
                0 => return Ok(()),
                read => client_write.write_all(&down[..read]).await?,
            },
        }
    }
}
