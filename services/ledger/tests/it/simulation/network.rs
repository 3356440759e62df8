//! The product's own calls over the simulated network: its client with a different way to connect, its routes on a
//! different listener.

use std::io;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use async_trait::async_trait;
use axum::Router;
use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use ledger_api::{BookName, Books, Ledger, RemoteBooks};
use platform::rpc::{Connect, Http2, Io, RpcClient};
use rand::RngExt;
use rand::rngs::StdRng;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use turmoil::net::{TcpListener, TcpStream};

use crate::simulation::plan::{LEDGER, dice};
use crate::simulation::stage::Stage;

const PORT: u16 = 1400;

/// The ledger as another process sees it. `part` separates this one's random numbers from others'.
pub(crate) async fn remote_ledger(stage: &Arc<Stage>, part: u64) -> Arc<dyn Ledger> {
    let connect = SimConnect { stage: Arc::clone(stage), dice: Mutex::new(dice(stage.seed, part)) };
    let (address, clock) = (format!("{LEDGER}:{PORT}"), stage.clock());
    let transport = Http2::new([address], 1, &stage.credential, Arc::new(connect), clock.clone());
    let books = RemoteBooks::new(RpcClient::new(ledger_api::SERVICE, Arc::new(transport), clock));
    books.book(&BookName::main()).await.expect("a remote book is not looked for")
}

pub(crate) async fn serve(router: Router) -> turmoil::Result {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(router.clone());
        let mut builder = http2::Builder::new(Locally);
        // The date of a response would come from the machine.
        builder.timer(TokioTimer::new()).auto_date_header(false);
        tokio::task::spawn_local(async move {
            // A broken connection is what this tests.
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// A crash drops these tasks in their order. A runtime drops its tasks in an order that depends on how many tasks this
/// process ever had, and each closes its connections over the network.
#[derive(Clone, Copy)]
struct Locally;

impl<F: Future<Output = ()> + 'static> Executor<F> for Locally {
    fn execute(&self, task: F) {
        tokio::task::spawn_local(task);
    }
}

struct SimConnect {
    stage: Arc<Stage>,
    dice: Mutex<StdRng>,
}

#[async_trait]
impl Connect for SimConnect {
    async fn connect(&self, address: &str) -> io::Result<Box<dyn Io>> {
        let stream = TcpStream::connect(address.to_owned()).await?;
        let mut dice = self.dice.lock().unwrap();
        let brittle = dice.random_ratio(self.stage.plan.brittle, 100);
        let reads_left = brittle.then(|| dice.random_range(2..30));
        Ok(Box::new(Brittle { stream, reads_left, stage: Arc::clone(&self.stage) }))
    }
}

/// Breaks after this many reads: the request is executed, and the reply never arrives.
struct Brittle {
    stream: TcpStream,
    reads_left: Option<u32>,
    stage: Arc<Stage>,
}

impl AsyncRead for Brittle {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buffer))?;
        match &mut this.reads_left {
            None => {}
            Some(0) => {
                buffer.set_filled(before);
                this.stage.told("a connection broke", 0);
                this.stage.meet(|met| met.broken += 1);
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            Some(left) => *left -= 1,
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Brittle {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
