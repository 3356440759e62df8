//! Acquirers known by their certificates: each is a program of identity, under its own name.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use kernel::Clock;
use platform::room::OpenError;
use platform::tls::{Tls, TlsFiles};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

pub struct Certified {
    tls: Arc<Tls>,
    /// By the SHA-256 of their certificates.
    acquirers: HashMap<[u8; 32], Box<str>>,
}

impl Certified {
    /// `acquirers` are pairs of a name and the SHA-256 of a certificate in hexadecimal, as `NAME=SHA256`.
    ///
    /// # Errors
    /// A file cannot be used, or a pair is malformed.
    pub fn open(files: TlsFiles, acquirers: &[String], clock: Arc<dyn Clock>) -> Result<Certified, OpenError> {
        let acquirers = acquirers.iter().map(|text| acquirer(text)).collect::<Result<HashMap<_, _>, _>>()?;
        Ok(Certified { tls: Tls::open("iso8583", files, clock)?, acquirers })
    }

    /// The connection, and the acquirer's name.
    pub(super) async fn accept(
        &self,
        stream: TcpStream,
    ) -> io::Result<(impl AsyncRead + AsyncWrite + Send + Unpin + use<>, &str)> {
        let accepted = tokio::time::timeout(HANDSHAKE_MAX, self.tls.accept_known(stream)).await;
        let (stream, digest) = accepted.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        let name = digest.and_then(|digest| self.acquirers.get(&digest));
        let name = name.ok_or_else(|| io::Error::other("the certificate is not an acquirer's"))?;
        Ok((stream, name))
    }
}

fn acquirer(text: &str) -> Result<([u8; 32], Box<str>), OpenError> {
    let malformed = || format!("cards.iso8583_acquirers: expected NAME=SHA256 of a certificate, found {text}");
    let (name, digits) = text.split_once('=').ok_or_else(malformed)?;
    let digits = digits.replace(':', "");
    let pairs = digits.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    let bytes: Vec<u8> = pairs.collect::<Option<_>>().ok_or_else(malformed)?;
    let digest = bytes.try_into().map_err(|_| malformed())?;
    if name.is_empty() { Err(malformed().into()) } else { Ok((digest, name.into())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acquirer_is_a_name_and_a_digest() {
        let digest = "ab".repeat(32);
        assert_eq!(acquirer(&format!("visa={digest}")).unwrap(), ([0xab; 32], "visa".into()));
        assert_eq!(acquirer(&format!("visa={}", ["AB"; 32].join(":"))).unwrap().0, [0xab; 32]);
        for bad in ["visa", "visa=ab", &format!("={digest}"), &format!("visa={digest}ab"), &format!("visa=+{digest}")] {
            assert!(acquirer(bad).is_err(), "{bad}");
        }
    }
}
