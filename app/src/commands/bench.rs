//! `florin bench`: runs the real services, durable, in separate stores that are removed afterwards. A figure whose work
//! was not really done is not printed: the run fails. A missed goal fails it after the figures.

mod accounts;
mod authorize;
mod axis;
mod banking;
mod books;
mod child;
mod client;
mod commits;
mod cpu;
mod disk;
mod fill;
mod goals;
mod history;
mod http;
mod identity;
mod ledger_mode;
mod limits;
mod load;
mod memory;
mod notifications;
mod pairs;
mod payments;
mod pictures;
mod plot;
mod process;
mod report;
mod risk;
mod series;
mod server;
mod split;
mod store;
mod table;

use platform::config::Config;

use crate::cli::Bench;
use crate::commands::Start;
use crate::failure::Failure;

use store::Stores;

pub(crate) fn run(start: Start<'_>, options: &Bench) -> Result<(), Failure> {
    let config = start.config()?;
    commits::watch()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure(&config, options))
}

async fn measure(config: &Config, options: &Bench) -> Result<(), Failure> {
    let dir = match options {
        Bench::Ledger(options) => &options.output.dir,
        Bench::Split(options) => &options.output.dir,
        Bench::History(options) => &options.output.dir,
        Bench::Identity(options) => &options.output.dir,
        Bench::Risk(options) => &options.dir,
        // It stores nothing.
        Bench::Fraud(options) => return risk::fraud(options),
        Bench::Banking(options) => &options.output.dir,
        Bench::Authorize(options) => &options.output.dir,
        Bench::Payments(options) => &options.output.dir,
        Bench::Interest(options) => &options.output.dir,
        Bench::Transactions(options) => &options.output.dir,
        Bench::Limits(options) => &options.output.dir,
        Bench::Notifications(options) => &options.output.dir,
    };
    let stores = Stores::new(config, dir);
    let measured = match options {
        Bench::Ledger(options) => ledger_mode::run(&stores, options).await,
        Bench::Split(options) => split::run(&stores, options).await,
        Bench::History(options) => history::run(&stores, options).await,
        Bench::Identity(options) => identity::run(&stores, config, options).await,
        Bench::Risk(options) => risk::risk(&stores, options).await,
        Bench::Fraud(_) => Ok(()),
        Bench::Banking(options) => banking::run(&stores, options).await,
        Bench::Authorize(options) => authorize::run(&stores, options).await,
        Bench::Payments(options) => payments::run(&stores, options).await,
        Bench::Interest(options) => accounts::interest(&stores, options).await,
        Bench::Transactions(options) => accounts::transactions(&stores, options).await,
        Bench::Limits(options) => limits::run(&stores, config, options).await,
        Bench::Notifications(options) => notifications::run(&stores, options).await,
    };
    // Also what a failed run left.
    stores.remove().await?;
    measured
}
