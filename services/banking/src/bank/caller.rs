//! One call to a bank: below the address of its connection, counted, in time, and again after trouble at the bank.

use std::time::Duration;

use http::StatusCode;
use http::header::HeaderMap;
use kernel::{Deadline, Secret};
use platform::db::DbError;
use platform::outbound::{Answer, Call, OutboundError};
use platform::rpc::Repeat;
use url::Url;

use super::Trouble;
use crate::dialect::Method;
use crate::service::Inner;
use crate::store::connection;

const DESTINATION: &str = "bank";
const PAUSE_FIRST: Duration = Duration::from_millis(500);
const PAUSE_DOUBLINGS_MAX: u32 = 5;

pub(crate) struct Caller<'a> {
    pub(super) inner: &'a Inner,
    /// Whose calls are counted.
    connection: Option<i64>,
    base: Url,
}

impl<'a> Caller<'a> {
    /// With a key, if the bank is one of a demo.
    pub(crate) fn open(
        inner: &'a Inner,
        connection: Option<i64>,
        base_url: &str,
    ) -> Result<(Caller<'a>, Option<Secret>), Trouble> {
        let base = Url::parse(base_url).map_err(|_| Trouble::Away(OutboundError::UrlInvalid))?;
        let (base, simulated) = match &inner.demo {
            Some(demo) => demo.place(base),
            None => (base, None),
        };
        Ok((Caller { inner, connection, base }, simulated))
    }

    /// An answer of trouble at the bank is asked for again, a few times and with growing pauses.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: String,
        headers: HeaderMap,
    ) -> Result<Answer, Trouble> {
        for attempt in 0..self.inner.settings.retry_attempts {
            let answer = self.send_once(method, path, body.clone(), headers.clone()).await?;
            if answer.status != StatusCode::INTERNAL_SERVER_ERROR {
                return Ok(answer);
            }
            tokio::time::sleep(PAUSE_FIRST * (1 << attempt.min(PAUSE_DOUBLINGS_MAX))).await;
        }
        self.send_once(method, path, body, headers).await
    }

    async fn send_once(&self, method: Method, path: &str, body: String, headers: HeaderMap) -> Result<Answer, Trouble> {
        self.count().await?;
        // A bank's own path stays below the address of the connection.
        let url = match path.starts_with("http") {
            true => Url::parse(path),
            false => Url::parse(&format!("{}{path}", self.base.as_str().trim_end_matches('/'))),
        };
        let url = url.ok().filter(|url| url.origin() == self.base.origin());
        let url = url.ok_or(Trouble::Away(OutboundError::UrlInvalid))?;
        let millis = self.inner.settings.api_timeout_seconds * 1_000;
        let deadline = Deadline::after_millis(&*self.inner.clock, millis);
        let call = match method {
            Method::Get => Call::get(url, deadline),
            // Queries of these banks that have a body: a repeat is harmless.
            Method::Post => Call { repeat: Repeat::Question, ..Call::post(url, body, deadline) },
        };
        self.inner.outbound.send(DESTINATION, &Call { headers, ..call }).await.map_err(Trouble::Away)
    }

    /// The rate limit is in the store, so that all processes share it.
    async fn count(&self) -> Result<(), Trouble> {
        let Some(connection) = self.connection else { return Ok(()) };
        let settings = &self.inner.settings;
        let window_us = settings.rate_window_seconds * 1_000_000;
        let now = self.inner.clock.now().micros();
        let window_at = now - now.rem_euclid(window_us);
        let tx = self.inner.db.begin().await?;
        let counted = connection::count_call(&tx, connection, settings.rate_requests, window_at).await?;
        tx.commit().await.map_err(DbError::from)?;
        if counted {
            return Ok(());
        }
        let micros = u64::try_from(window_at + window_us - now).unwrap_or_default();
        Err(Trouble::RateLimited { retry_after: Some(Duration::from_micros(micros)) })
    }
}
