//! `florin simulate bank-api`: banks to connect to.

use std::sync::Arc;

use banking::simulator::Simulator;
use kernel::{Clock, Monotonic, SystemClock, Timestamp};

use crate::cli::SimulateBankApi;
use crate::failure::Failure;

/// The machine's clock; from its start on, time passes faster.
#[derive(Debug)]
struct FastClock {
    start: Timestamp,
    speed: i64,
}

impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        let passed = SystemClock.now().micros() - self.start.micros();
        self.start.plus_micros(passed.saturating_mul(self.speed))
    }

    fn monotonic(&self) -> Monotonic {
        SystemClock.monotonic()
    }
}

pub(super) fn run(options: &SimulateBankApi) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(options))
}

async fn serve(options: &SimulateBankApi) -> Result<(), Failure> {
    let clock = FastClock { start: SystemClock.now(), speed: i64::from(options.speed) };
    let simulator = Simulator::new(options.seed, Arc::new(clock));
    simulator.weather(&options.faults);
    let listener = tokio::net::TcpListener::bind(options.listen).await?;
    let at = listener.local_addr()?;
    eprintln!("florin: banks answer on http://{at}/chase, /wells-fargo, /bank-of-america, /citi and /plaid");
    axum::serve(listener, simulator.router()).with_graceful_shutdown(stopped()).await?;
    Ok(())
}

async fn stopped() {
    if let Err(error) = tokio::signal::ctrl_c().await {
        eprintln!("florin: signals cannot be received: {error}");
        std::future::pending::<()>().await;
    }
}
