//! One mail relay: how it is reached, and one mail line by line.
//!
//! A line lost after the final dot is an unknown outcome: the relay may have taken the mail. Everything lost before is
//! certainly not taken. Connections are kept and used again.

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kernel::Secret;
use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use super::Outcome;
use super::mail::Mail;

/// Characters of a code that a relay answered.
const CODE_CHARS_MAX: usize = 9;
const NOT_REACHED: &str = "cannot be reached";

pub(crate) struct Relay {
    pub(crate) name: String,
    host: String,
    port: u16,
    encryption: Encryption,
    credentials: Option<Credentials>,
    hello: ClientId,
    line_max: Duration,
    idle: Mutex<Vec<AsyncSmtpConnection>>,
    idle_max: usize,
}

enum Encryption {
    /// From the first byte.
    Implicit(TlsParameters),
    /// By STARTTLS, which must succeed.
    Upgraded(TlsParameters),
    /// To this machine only.
    Plain,
}

/// How relays are used.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    /// The domain that we introduce ourselves with.
    pub(crate) domain: String,
    pub(crate) line_max: Duration,
    pub(crate) idle_max: usize,
    /// Certificates that relays are trusted by, instead of the bundled roots.
    pub(crate) roots: Option<Vec<u8>>,
}

impl Relay {
    /// # Errors
    /// A sentence about the URL.
    pub(crate) fn of(url: &str, password: Option<Secret>, terms: &Terms) -> Result<Relay, String> {
        let wrong = |what: &str| format!("notifications.mail_relays: {what}");
        let url: Url = url.parse().map_err(|_| wrong("expected a URL such as smtps://user@mail.example.com"))?;
        let host = url.host_str().ok_or_else(|| wrong("expected a host"))?.trim_matches(['[', ']']).to_owned();
        let is_here = host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        let tls = || tls(&host, terms);
        let (encryption, port) = match url.scheme() {
            "smtps" => (Encryption::Implicit(tls()?), 465),
            "smtp" if is_here => (Encryption::Plain, 25),
            "smtp" => (Encryption::Upgraded(tls()?), 587),
            _ => return Err(wrong("expected smtps:// or smtp://")),
        };
        if url.password().is_some() {
            return Err(wrong("a password belongs into notifications.mail_passwords_file"));
        }
        let credentials = password
            .filter(|_| !url.username().is_empty())
            .map(|password| Credentials::new(url.username().to_owned(), password.expose().to_owned()));
        Ok(Relay {
            name: host.clone(),
            port: url.port().unwrap_or(port),
            host,
            encryption,
            credentials,
            hello: ClientId::Domain(terms.domain.clone()),
            line_max: terms.line_max,
            idle: Mutex::default(),
            idle_max: terms.idle_max,
        })
    }

    /// Gives the relay one mail.
    pub(crate) async fn send(&self, mail: &Mail) -> Outcome {
        let kept = self.idle().pop();
        let is_kept = kept.is_some();
        let connection = match kept {
            Some(connection) => Ok(connection),
            None => self.connect().await,
        };
        let mut connection = match connection {
            Ok(connection) => connection,
            Err(outcome) => return outcome,
        };
        match self.talk(&mut connection, mail).await {
            Ok(outcome) => {
                self.keep(connection);
                outcome
            }
            // The relay had closed a connection that was kept: nothing was sent.
            Err((Step::First, Trouble::Lost(_))) if is_kept => match self.connect().await {
                Ok(mut fresh) => match self.talk(&mut fresh, mail).await {
                    Ok(outcome) => {
                        self.keep(fresh);
                        outcome
                    }
                    Err((step, error)) => of_step(step, &error),
                },
                Err(outcome) => outcome,
            },
            Err((step, error)) => of_step(step, &error),
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Outcome> {
        let connected = timeout(self.line_max, self.connected()).await;
        connected.unwrap_or_else(|_| Err(Outcome::passing("no connection in time")))
    }

    async fn connected(&self) -> Result<AsyncSmtpConnection, Outcome> {
        let address = (self.host.as_str(), self.port);
        let connection = match &self.encryption {
            Encryption::Implicit(tls) => {
                let (tls, wait) = (Some(tls.clone()), Some(self.line_max));
                AsyncSmtpConnection::connect_tokio1(address, wait, &self.hello, tls, None).await
            }
            _ => {
                let stream = TcpStream::connect(address).await.map_err(|_| Outcome::passing(NOT_REACHED))?;
                // The final dot is a segment of its own, and must not wait until the text is acknowledged.
                stream.set_nodelay(true).map_err(|_| Outcome::passing(NOT_REACHED))?;
                AsyncSmtpConnection::connect_with_transport(Box::new(stream), &self.hello).await
            }
        };
        let mut connection = connection.map_err(|error| of_connecting(&error))?;
        if let Encryption::Upgraded(tls) = &self.encryption {
            connection.starttls(tls.clone(), &self.hello).await.map_err(|error| of_connecting(&error))?;
        }
        if let Some(credentials) = &self.credentials {
            let login = connection.auth(DEFAULT_MECHANISMS, credentials).await;
            login.map_err(|error| of_login(&error))?;
        }
        Ok(connection)
    }

    /// An error is one after which the connection is useless.
    async fn talk(&self, connection: &mut AsyncSmtpConnection, mail: &Mail) -> Result<Outcome, (Step, Trouble)> {
        let info = connection.server_info();
        let mut parameters = Vec::new();
        let is_ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
        if !mail.envelope.to().iter().chain(mail.envelope.from()).all(is_ascii) {
            if !info.supports_feature(Extension::SmtpUtfEight) {
                return Ok(Outcome::Refused { detail: "the relay does not know SMTPUTF8".to_owned() });
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !mail.raw.is_ascii() {
            if !info.supports_feature(Extension::EightBitMime) {
                return Ok(Outcome::Ours { detail: "the relay does not know 8BITMIME".to_owned() });
            }
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let from = MailFrom::new(mail.envelope.from().cloned(), parameters);
        self.line(Step::First, connection.command(from)).await?;
        for to in mail.envelope.to() {
            self.line(Step::Before, connection.command(Rcpt::new(to.clone(), Vec::new()))).await?;
        }
        self.line(Step::Before, connection.command(Data)).await?;
        let taken = self.line(Step::After, connection.message(&mail.raw)).await?;
        Ok(Outcome::Taken { detail: taken })
    }

    async fn line(
        &self,
        step: Step,
        answer: impl Future<Output = Result<lettre::transport::smtp::response::Response, Error>>,
    ) -> Result<String, (Step, Trouble)> {
        match timeout(self.line_max, answer).await {
            Ok(Ok(response)) => Ok(response.code().to_string()),
            Ok(Err(error)) => Err((step, Trouble::of(&error))),
            Err(_) => Err((step, Trouble::Lost("no answer in time".to_owned()))),
        }
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.idle();
        if idle.len() < self.idle_max && !connection.has_broken() {
            idle.push(connection);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<AsyncSmtpConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a mail got stuck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    First,
    Before,
    /// The final dot was sent.
    After,
}

/// Why a line has no good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// A code, such as `450` or `550 5.1.1`.
    Said {
        code: u16,
        enhanced: Option<[u16; 3]>,
    },
    Lost(String),
}

impl Trouble {
    fn of(error: &Error) -> Trouble {
        match error.status() {
            Some(code) => {
                let text = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
                Trouble::Said { code: code.to_string().parse().unwrap_or_default(), enhanced: enhanced(&text) }
            }
            None => Trouble::Lost("the connection was lost".to_owned()),
        }
    }

    fn detail(&self) -> String {
        match self {
            Trouble::Said { code, enhanced: None } => code.to_string(),
            Trouble::Said { code, enhanced: Some([class, subject, detail]) } => {
                format!("{code} {class}.{subject}.{detail}")
            }
            Trouble::Lost(detail) => detail.clone(),
        }
    }
}

/// The enhanced status code that a text begins with (RFC 3463).
pub(crate) fn enhanced(text: &str) -> Option<[u16; 3]> {
    let first = text.split_whitespace().next().filter(|word| word.len() <= CODE_CHARS_MAX)?;
    let mut parts = first.split('.').map(|part| part.parse().ok());
    match (parts.next()??, parts.next()??, parts.next()??, parts.next()) {
        (class @ (2 | 4 | 5), subject, detail, None) => Some([class, subject, detail]),
        _ => None,
    }
}

/// What a refused line means. Only five codes are about the address; 5.7 is about us.
pub(super) fn of_step(step: Step, trouble: &Trouble) -> Outcome {
    let detail = trouble.detail();
    match trouble {
        Trouble::Lost(_) if step == Step::After => Outcome::Unknown { detail },
        Trouble::Lost(_) | Trouble::Said { code: 0..500, .. } => Outcome::passing(detail),
        Trouble::Said { enhanced: Some(status), .. } if is_about_the_address(*status) => Outcome::Address { detail },
        Trouble::Said { enhanced: Some([5, 7, _]), .. } => Outcome::Ours { detail },
        Trouble::Said { code: 530 | 534 | 535 | 538, .. } => Outcome::Ours { detail },
        Trouble::Said { enhanced: Some([_, 2, 2]), .. } => {
            Outcome::Refused { detail: format!("{detail} mailbox full") }
        }
        Trouble::Said { .. } => Outcome::Refused { detail },
    }
}

/// Only these say that there is no such address.
pub(crate) fn is_about_the_address(status: [u16; 3]) -> bool {
    matches!(status, [5, 1, 1 | 2 | 3 | 6 | 10])
}

fn of_connecting(error: &Error) -> Outcome {
    match Trouble::of(error) {
        Trouble::Said { code: 500.., .. } => Outcome::Ours { detail: Trouble::of(error).detail() },
        trouble @ Trouble::Said { .. } => Outcome::passing(trouble.detail()),
        Trouble::Lost(_) if error.is_tls() => Outcome::passing("TLS failed"),
        Trouble::Lost(_) if error.is_client() => Outcome::passing("STARTTLS is not offered"),
        Trouble::Lost(_) => Outcome::passing(NOT_REACHED),
    }
}

/// A login that is refused does not pass by itself.
fn of_login(error: &Error) -> Outcome {
    match Trouble::of(error) {
        Trouble::Said { code: 500.., .. } => Outcome::Ours { detail: "the login is refused".to_owned() },
        trouble => Outcome::passing(trouble.detail()),
    }
}

fn tls(host: &str, terms: &Terms) -> Result<TlsParameters, String> {
    let builder = TlsParameters::builder(host.to_owned());
    let builder = match &terms.roots {
        None => builder.certificate_store(CertificateStore::WebpkiRoots),
        Some(pem) => {
            let certificate = Certificate::from_pem(pem)
                .map_err(|_| "notifications.mail_ca_file: expected certificates in PEM".to_owned())?;
            builder.certificate_store(CertificateStore::None).add_root_certificate(certificate)
        }
    };
    builder.build_rustls().map_err(|error| format!("notifications.mail_relays: {error}"))
}

/// Passwords of relays: one per line, in their order.
pub(crate) fn passwords(file: Option<&Path>, relays: usize) -> Result<Vec<Option<Secret>>, String> {
    let mut passwords: Vec<Option<Secret>> = match file {
        None => Vec::new(),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
            text.lines().map(|line| Some(Secret::new(line)).filter(|_| !line.is_empty())).collect()
        }
    };
    passwords.resize(relays, None);
    Ok(passwords)
}

#[cfg(test)]
mod tests;
