//! The pages in a real browser with JavaScript disabled.
//!
//! Screenshots of every page are left in `target/screenshots`, in light and dark mode, for a desktop and a phone, for
//! people to look at. `testkit::Chrome` lists the requirements.

mod keyboard;
mod oauth;
mod rare;
mod tour;

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use platform::config::Config;
use platform::http::{Bound, Listener, Settings};
use testkit::{Chrome, TestStore, on_sqlite};

use crate::http::house::House;

/// A server that a browser can reach, and a client's own server next to it.
struct Place {
    house: House,
    url: String,
    client: Listener,
}

impl Place {
    async fn open(store: &TestStore, sending: Option<&Path>) -> (Place, Listener) {
        let settings = Settings::new("test", &Config::defaults().unwrap().server);
        let free = || Bound::bind("127.0.0.1:0".parse().unwrap(), "test");
        let bound = free().await.unwrap();
        let url = format!("http://{}", bound.address());
        let house = match sending {
            Some(file) => House::sending(store, &url, file).await,
            None => House::open_at(store, &url).await,
        };
        let served = bound.serve(house.router.clone(), settings);
        let back = Router::new().route("/back", get(async || Html("<title>Back</title><h1>Back at the app</h1>")));
        let client = free().await.unwrap().serve(back, settings);
        (Place { house, url, client }, served)
    }
}

/// Runs a test in its own browser, and stops everything that was started.
async fn in_browser(name: &'static str, body: impl AsyncFn(&Place, &Chrome)) {
    in_browser_with(name, None, body).await;
}

/// The same with codes written to a file.
async fn in_browser_with(name: &'static str, sending: Option<&Path>, body: impl AsyncFn(&Place, &Chrome)) {
    if !Chrome::is_there(name) {
        return;
    }
    on_sqlite(async |store: &TestStore| {
        let (place, served) = Place::open(store, sending).await;
        let place = Arc::new(place);
        Chrome::with(async |chrome| body(&place, chrome).await).await;
        drop(served);
    })
    .await;
}
