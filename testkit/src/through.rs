//! PostgreSQL's address for a proxy: where the server is, and the same URL through the proxy.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

#[derive(Debug)]
pub(crate) struct PostgresAddress(Config);

impl PostgresAddress {
    pub(crate) fn parse(url: &str) -> PostgresAddress {
        PostgresAddress(url.parse().expect("a PostgreSQL URL"))
    }

    /// Host and port of the server.
    pub(crate) fn server(&self) -> (String, u16) {
        let host = match self.0.get_hosts().first() {
            Some(Host::Tcp(host)) => host.clone(),
            other => panic!("the proxy needs a TCP address instead of {other:?}"),
        };
        (host, self.0.get_ports().first().copied().unwrap_or(5432))
    }

    /// User, password and database stay; host and port are those of a proxy on this machine.
    pub(crate) fn through(&self, port: u16) -> String {
        let text = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let user = self.0.get_user().map(text).unwrap_or_default();
        let secret = self.0.get_password().map(|secret| format!(":{}", text(&String::from_utf8_lossy(secret))));
        let database = self.0.get_dbname().map(text).unwrap_or_default();
        format!("postgres://{user}{}@127.0.0.1:{port}/{database}", secret.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_database_of_the_url_stay() {
        let address = PostgresAddress::parse("postgres://ann:it%27s@db.example:6000/books");
        assert_eq!(address.server(), ("db.example".to_owned(), 6000));
        assert_eq!(address.through(7), "postgres://ann:it%27s@127.0.0.1:7/books");
        let through = PostgresAddress::parse(&address.through(7));
        assert_eq!(through.server(), ("127.0.0.1".to_owned(), 7));
        assert_eq!(through.through(8), address.through(8));
    }
}
