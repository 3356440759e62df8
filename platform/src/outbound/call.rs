//! One outbound call, its answer, and why there is none.

use bytes::Bytes;
use http::header::{AUTHORIZATION, COOKIE, LOCATION, PROXY_AUTHORIZATION};
use http::{HeaderMap, Method, StatusCode};
use kernel::Deadline;
use url::Url;

use super::connect::Refused;
use crate::rpc::Repeat;

#[derive(Debug, Clone)]
pub struct Call {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The caller stops waiting for the answer after this.
    pub deadline: Deadline,
    /// The effect of a repeat.
    pub repeat: Repeat,
    pub redirects: Redirects,
    /// At most the bound of all calls.
    pub body_bytes_max: Option<usize>,
}

impl Call {
    /// A query that follows no redirect.
    pub fn get(url: Url, deadline: Deadline) -> Call {
        Call {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            deadline,
            repeat: Repeat::Question,
            redirects: Redirects::Never,
            body_bytes_max: None,
        }
    }

    /// A command that is sent once; set `repeat: Repeat::Harmless` if the other side recognizes repeats.
    pub fn post(url: Url, body: impl Into<Bytes>, deadline: Deadline) -> Call {
        Call { method: Method::POST, body: body.into(), repeat: Repeat::Never, ..Call::get(url, deadline) }
    }
}

/// Where a redirect may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirects {
    /// The redirect itself is the answer.
    Never,
    /// To the same scheme, host and port.
    SameOrigin,
    /// Anywhere that the address rules allow, never from HTTPS to HTTP, and without credentials to another host.
    Anywhere,
}

impl Redirects {
    pub(super) fn allow(self, from: &Url, to: &Url) -> Result<(), OutboundError> {
        let weaker = from.scheme() == "https" && to.scheme() != "https";
        let allowed = match self {
            Redirects::Never => false,
            Redirects::SameOrigin => from.origin() == to.origin(),
            Redirects::Anywhere => !weaker && matches!(to.scheme(), "https" | "http"),
        };
        if allowed { Ok(()) } else { Err(OutboundError::RedirectRefused) }
    }
}

/// The whole answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// For metrics.
    pub(super) fn class(&self) -> &'static str {
        match self.status.as_u16() {
            100..=199 => "1xx",
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            _ => "5xx",
        }
    }

    /// A gateway's status for an unreachable backend.
    pub(super) fn is_passing_trouble(&self) -> bool {
        is_of_a_gateway(self.status)
    }
}

pub(super) fn is_of_a_gateway(status: StatusCode) -> bool {
    matches!(status, StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT)
}

/// Why there is no answer. Its text names no URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    #[error("expected an HTTP or HTTPS URL with a host")]
    UrlInvalid,
    #[error("the address is not public, and outbound.allowed does not name its network")]
    AddressForbidden,
    #[error("the host failed several times; it is not called for {retry_after_s} s")]
    CircuitOpen { retry_after_s: u32 },
    #[error("the host cannot be reached; nothing was sent")]
    NotReached,
    #[error("the host's certificate is not trusted; nothing was sent")]
    NotTrusted,
    #[error("the deadline passed{}", if *.sent { " while waiting for the answer" } else { "; nothing was sent" })]
    DeadlineExceeded { sent: bool },
    #[error("the connection was lost before the answer was complete")]
    Lost,
    #[error("the answer's head is too large or not HTTP")]
    HeadRefused,
    #[error("the answer's body is larger than {max} bytes")]
    BodyTooLarge { max: usize },
    #[error("the answer redirects to a forbidden address")]
    RedirectRefused,
    #[error("the answer redirected {max} times")]
    TooManyRedirects { max: u32 },
}

impl OutboundError {
    pub fn code(&self) -> &'static str {
        match self {
            OutboundError::UrlInvalid => "url_invalid",
            OutboundError::AddressForbidden => "address_forbidden",
            OutboundError::CircuitOpen { .. } => "circuit_open",
            OutboundError::NotReached => "not_reached",
            OutboundError::NotTrusted => "not_trusted",
            OutboundError::DeadlineExceeded { .. } => "deadline_exceeded",
            OutboundError::Lost => "lost",
            OutboundError::HeadRefused => "head_refused",
            OutboundError::BodyTooLarge { .. } => "body_too_large",
            OutboundError::RedirectRefused => "redirect_refused",
            OutboundError::TooManyRedirects { .. } => "too_many_redirects",
        }
    }

    /// Whether the other side may have acted on the call.
    pub fn may_have_been_carried_out(&self) -> bool {
        matches!(
            self,
            OutboundError::DeadlineExceeded { sent: true }
                | OutboundError::Lost
                | OutboundError::HeadRefused
                | OutboundError::BodyTooLarge { .. }
                | OutboundError::RedirectRefused
                | OutboundError::TooManyRedirects { .. }
        )
    }

    /// Whether a retry may succeed.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, OutboundError::NotReached | OutboundError::Lost)
    }

    pub(super) fn speaks_against_the_host(&self) -> bool {
        matches!(
            self,
            OutboundError::NotReached
                | OutboundError::NotTrusted
                | OutboundError::DeadlineExceeded { sent: true }
                | OutboundError::Lost
                | OutboundError::HeadRefused
        )
    }

    /// The error after an earlier attempt that may have been executed.
    pub(super) fn after_a_lost_one(self) -> OutboundError {
        if self.may_have_been_carried_out() { self } else { OutboundError::Lost }
    }

    pub(super) fn of_client(error: &hyper_util::client::legacy::Error) -> OutboundError {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(one) = cause {
            if let Some(refused) = one.downcast_ref::<Refused>() {
                return refused.0;
            }
            if one.downcast_ref::<hyper::Error>().is_some_and(|error| error.is_parse() || error.is_parse_too_large()) {
                return OutboundError::HeadRefused;
            }
            cause = one.source();
        }
        if error.is_connect() { OutboundError::NotReached } else { OutboundError::Lost }
    }
}

/// What a circuit is for.
pub(super) fn host(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or_default();
    format!("{}:{port}", url.host_str().unwrap_or_default())
}

/// Where a redirect leads.
pub(super) fn location(from: &Url, answer: &Answer) -> Result<Option<Url>, OutboundError> {
    let leads = matches!(answer.status.as_u16(), 301 | 302 | 303 | 307 | 308);
    let Some(location) = answer.headers.get(LOCATION).filter(|_| leads) else { return Ok(None) };
    let to = location.to_str().ok().and_then(|text| from.join(text).ok());
    to.map(Some).ok_or(OutboundError::RedirectRefused)
}

/// Another host does not get what was meant for the first.
pub(super) fn without_credentials(headers: &mut HeaderMap) {
    for name in [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION] {
        headers.remove(name);
    }
}
