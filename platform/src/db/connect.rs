//! Connections to PostgreSQL: all of this process are made here.
//!
//! An address is a URL, or `file:` and the path of a file that holds one. Besides the driver's parameters it may have
//! `sslmode`, `sslrootcert`, `password_file` and `plain_behind_mesh`, which [`Address`] reads. Files are read for each
//! new connection, so a changed password or root is used without a restart.
//!
//! Invariant: nothing goes to another machine unencrypted, or to one whose certificate was not verified, unless the
//! operator states that a mesh encrypts it.

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{DbError, Fault};
use crate::config::Storage;
use crate::crypto::{FileTrouble, read_line};
use crate::tls::outgoing;

/// Longer ones are no URLs and no passwords.
const LETTERS_MAX: usize = 4_096;
const FILE: &str = "file:";

/// Sends and receives for a client, until it is aborted or the connection ends.
pub(crate) type Driver = JoinHandle<Result<(), tokio_postgres::Error>>;

#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    #[error("{path} ({setting}) cannot be read: {cause}")]
    File { setting: &'static str, path: PathBuf, cause: io::Error },
    #[error(
        "{path} ({setting}) can be read by everybody on this machine; chmod 600 it, or set defaultMode: 0400 on the volume"
    )]
    Open { setting: &'static str, path: PathBuf },
    #[error("{path} ({setting}) must have one line of at most {LETTERS_MAX} letters")]
    Malformed { setting: &'static str, path: PathBuf },
    #[error("the address of PostgreSQL is not understood: {0}")]
    Url(#[from] tokio_postgres::Error),
    #[error("{0}")]
    Mode(String),
    #[error("{path} (storage.ca_file) has no usable certificate in PEM: {cause}")]
    Roots { path: PathBuf, cause: String },
    #[error("TLS to PostgreSQL cannot be prepared: {0}")]
    Tls(#[from] rustls::Error),
}

/// An address with its parameters taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
struct Address {
    /// What is left for the driver: a URL, or `file:` and a path.
    url: String,
    sslmode: Option<String>,
    ca_file: Option<PathBuf>,
    password_file: Option<PathBuf>,
    plain_behind_mesh: bool,
    database: Option<String>,
}

/// Where the settings place the database, for [`Target::Postgres`](super::Target::Postgres); `None`: embedded databases.
pub fn server(storage: &Storage) -> Option<String> {
    let base = match (&storage.database_url, &storage.database_url_file) {
        (Some(url), _) => url.expose().to_owned(),
        (None, Some(path)) => format!("{FILE}{}", path.display()),
        (None, None) => return None,
    };
    let encoded = |path: &Path| utf8_percent_encode(&path.to_string_lossy(), NON_ALPHANUMERIC).to_string();
    let file = |name: &str, path: &Option<PathBuf>| path.as_ref().map(|path| format!("{name}={}", encoded(path)));
    let plain = storage.plain_behind_mesh.then(|| "plain_behind_mesh=true".to_owned());
    let added = [file("sslrootcert", &storage.ca_file), file("password_file", &storage.password_file), plain];
    Some(added.into_iter().flatten().fold(base, |url, parameter| with_parameter(&url, &parameter)))
}

pub(super) fn with_parameter(url: &str, parameter: &str) -> String {
    format!("{url}{}{parameter}", if url.contains('?') { '&' } else { '?' })
}

/// What is wrong with a URL in the settings, as far as that can be said without its files.
pub(crate) fn check(url: &str, plain_behind_mesh: bool) -> Result<(), String> {
    let address = Address { plain_behind_mesh, ..Address::of(url) };
    match Config::from_str(&address.url) {
        Ok(config) => address.is_encrypted(&config).map(drop),
        // The driver's message could quote a password. It is shown where the connection is made.
        Err(_) => Ok(()),
    }
}

/// Connects, after `tune` has set what the connection is for.
pub(crate) async fn connect(url: &str, tune: impl FnOnce(&mut Config)) -> Result<(Client, Driver), DbError> {
    const CONNECT: &str = "connect to PostgreSQL";
    let unreachable = |error| DbError::caused(CONNECT, Fault::Unreachable, error);
    let (mut config, roots) =
        prepared(url).await.map_err(|error| DbError::caused(CONNECT, Fault::Unreachable, error))?;
    tune(&mut config);
    Ok(match roots {
        None => {
            let (client, connection) = config.connect(NoTls).await.map_err(unreachable)?;
            (client, tokio::spawn(connection))
        }
        Some(tls) => {
            let connecting = config.connect(MakeRustlsConnect::new(tls));
            let (client, connection) = connecting.await.map_err(unreachable)?;
            (client, tokio::spawn(connection))
        }
    })
}

/// Files may be on a filesystem that hangs.
async fn prepared(url: &str) -> Result<(Config, Option<ClientConfig>), AddressError> {
    let address = Address::of(url);
    if !address.has_files() {
        return address.prepare();
    }
    match tokio::task::spawn_blocking(move || address.prepare()).await {
        Ok(prepared) => prepared,
        Err(error) => Err(AddressError::Mode(format!("the files of the address could not be read: {error}"))),
    }
}

impl Address {
    /// Takes our own parameters out of the URL.
    fn of(url: &str) -> Address {
        let Some((place, query)) = url.split_once('?') else {
            return Address { url: url.to_owned(), ..Address::default() };
        };
        let mut address = Address::default();
        let mut rest = Vec::new();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = percent_decode_str(value).decode_utf8_lossy().into_owned();
            match name {
                "sslmode" => address.sslmode = Some(value),
                "sslrootcert" => address.ca_file = Some(value.into()),
                "password_file" => address.password_file = Some(value.into()),
                "plain_behind_mesh" => address.plain_behind_mesh = value == "true",
                "dbname" if place.starts_with(FILE) => address.database = Some(value),
                _ => rest.push(parameter),
            }
        }
        let rest = if rest.is_empty() { String::new() } else { format!("?{}", rest.join("&")) };
        Address { url: format!("{place}{rest}"), ..address }
    }

    fn has_files(&self) -> bool {
        self.url.starts_with(FILE) || self.password_file.is_some() || self.ca_file.is_some()
    }

    fn prepare(self) -> Result<(Config, Option<ClientConfig>), AddressError> {
        if let Some(path) = self.url.strip_prefix(FILE) {
            let line = secret("storage.database_url_file", Path::new(path))?;
            return Address::of(&line).under(self).prepare();
        }
        let mut config = Config::from_str(&self.url)?;
        if let Some(database) = &self.database {
            config.dbname(database);
        }
        if let Some(path) = &self.password_file {
            config.password(secret("storage.password_file", path)?);
        }
        let encrypted = self.is_encrypted(&config).map_err(AddressError::Mode)?;
        config.ssl_mode(if encrypted { SslMode::Require } else { SslMode::Disable });
        let tls = if encrypted { Some(self.tls()?) } else { None };
        Ok((config, tls))
    }

    /// A URL from a file, with what was set beside the file.
    fn under(self, outer: Address) -> Address {
        Address {
            ca_file: outer.ca_file.or(self.ca_file),
            password_file: outer.password_file.or(self.password_file),
            plain_behind_mesh: outer.plain_behind_mesh || self.plain_behind_mesh,
            database: outer.database,
            ..self
        }
    }

    /// Whether the connection uses TLS; a sentence if it would be neither encrypted and verified, nor on this machine.
    fn is_encrypted(&self, config: &Config) -> Result<bool, String> {
        let here = config.get_hosts().iter().all(is_here) && config.get_hostaddrs().iter().all(IpAddr::is_loopback);
        let plain = here || self.plain_behind_mesh;
        match self.sslmode.as_deref() {
            None => Ok(!plain),
            Some("verify-full") => Ok(true),
            Some("disable" | "allow" | "prefer") if plain => Ok(false),
            Some(mode @ ("disable" | "allow" | "prefer")) => Err(format!(
                "sslmode={mode} would send passwords and books to another machine in the clear; use sslmode=verify-full, with the server's \
                 root in storage.ca_file, or set storage.plain_behind_mesh = true if a mesh encrypts the connection"
            )),
            Some(mode @ ("require" | "verify-ca")) => Err(format!(
                "sslmode={mode} would accept the certificate of any server; use sslmode=verify-full, with the server's root in \
                 storage.ca_file"
            )),
            Some(_) => Err("expected sslmode=verify-full, or sslmode=disable on this machine".to_owned()),
        }
    }

    fn tls(&self) -> Result<ClientConfig, AddressError> {
        let mut roots = RootCertStore::empty();
        match &self.ca_file {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(path) => {
                let unusable = |cause: String| AddressError::Roots { path: path.clone(), cause };
                let found = CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))?;
                for certificate in found {
                    let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
                    roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
                }
                if roots.is_empty() {
                    return Err(unusable("there is none".to_owned()));
                }
            }
        }
        Ok(outgoing(Arc::new(roots))?)
    }
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            let name = name.trim_matches(['[', ']']);
            name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
        }
    }
}

fn secret(setting: &'static str, path: &Path) -> Result<String, AddressError> {
    let path_of = || path.to_owned();
    let line = read_line(path, LETTERS_MAX).map_err(|trouble| match trouble {
        FileTrouble::Io(cause) => AddressError::File { setting, path: path_of(), cause },
        FileTrouble::Open => AddressError::Open { setting, path: path_of() },
        FileTrouble::Malformed => AddressError::Malformed { setting, path: path_of() },
    })?;
    match line.expose() {
        "" => Err(AddressError::Malformed { setting, path: path_of() }),
        line if line.contains('\n') => Err(AddressError::Malformed { setting, path: path_of() }),
        line => Ok(line.to_owned()),
    }
}

#[cfg(test)]
mod tests;
