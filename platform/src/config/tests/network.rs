//! Who can reach whom, and which connections may be unencrypted.

use super::{Config, ConfigError, refused, with};

const SERVER_TLS: [(&str, &str); 2] =
    [("FLORIN__SERVER__TLS__CERTIFICATE_FILE", "tls.crt"), ("FLORIN__SERVER__TLS__KEY_FILE", "tls.key")];
const RPC_TLS: [(&str, &str); 3] = [
    ("FLORIN__RPC__TLS__CERTIFICATE_FILE", "tls.crt"),
    ("FLORIN__RPC__TLS__KEY_FILE", "tls.key"),
    ("FLORIN__RPC__TLS__CA_FILE", "ca.crt"),
];

fn and(
    variables: &[(&'static str, &'static str)],
    more: &[(&'static str, &'static str)],
) -> Result<Config, ConfigError> {
    with(&[variables, more].concat())
}

fn called(addresses: &'static str, more: &[(&'static str, &'static str)]) -> Result<Config, ConfigError> {
    and(&[("FLORIN__SERVICES__PEBBLES__MODE", "remote"), ("FLORIN__SERVICES__PEBBLES__ADDRESSES", addresses)], more)
}

#[test]
fn a_listener_open_to_other_machines_needs_tls_or_a_mesh() {
    for (variable, key, plain) in [
        ("FLORIN__SERVER__LISTEN", "server.listen", "FLORIN__SERVER__PLAIN_BEHIND_MESH"),
        (
            "FLORIN__SERVER__MANAGEMENT_LISTEN",
            "server.management_listen",
            "FLORIN__SERVER__MANAGEMENT_PLAIN_BEHIND_MESH",
        ),
        ("FLORIN__RPC__LISTEN", "rpc.listen", "FLORIN__RPC__PLAIN_BEHIND_MESH"),
    ] {
        for open in ["192.168.1.4:9000", "[2001:db8::1]:9000"] {
            refused(with(&[(variable, open)]), key, "can be reached from other machines");
            assert!(with(&[(variable, open), (plain, "true")]).is_ok(), "{key}");
            let tls: &[_] = if key == "rpc.listen" { &RPC_TLS } else { &SERVER_TLS };
            assert!(and(&[(variable, open)], tls).is_ok(), "{key}");
        }
        assert!(with(&[(variable, "[::1]:9000")]).is_ok());
        refused(with(&[(variable, "9000")]), key, "expected an address with a port");
    }
    let word_of_another = [("FLORIN__SERVER__LISTEN", "0.0.0.0:1"), ("FLORIN__RPC__PLAIN_BEHIND_MESH", "true")];
    refused(with(&word_of_another), "server.listen", "server.plain_behind_mesh = true");
    refused(and(&[("FLORIN__SERVER__LISTEN", "0.0.0.0:1")], &RPC_TLS), "server.listen", "[server.tls]");
    refused(
        with(&[("FLORIN__SERVER__MANAGEMENT_LISTEN", "127.0.0.1:8080")]),
        "management_listen",
        "give it another port",
    );
    refused(with(&[("FLORIN__RPC__LISTEN", "127.0.0.1:8080")]), "rpc.listen", "is also the address of server.listen");
}

#[test]
fn half_a_certificate_is_refused() {
    for missing in 0..SERVER_TLS.len() {
        let mut given = SERVER_TLS.to_vec();
        given.remove(missing);
        refused(with(&given), "server.tls.", "is needed too, because server.tls.");
    }
    for missing in 0..RPC_TLS.len() {
        let mut given = RPC_TLS.to_vec();
        given.remove(missing);
        refused(with(&given), "rpc.tls.", "is needed too, because rpc.tls.");
    }
    let config = and(&SERVER_TLS, &RPC_TLS).unwrap();
    assert!(config.server.tls.key_file.is_some() && config.rpc.tls.ca_file.is_some());
    assert!(with(&[]).unwrap().server.tls.certificate_file.is_none());
}

#[test]
fn other_machines_are_called_over_tls_or_a_mesh() {
    for other in ["10.1.2.3:7070", "pebbles:7070", "pebbles-0.florin.internal:7070", "[2001:db8::1]:7070"] {
        refused(called(other, &[]), "services.pebbles.addresses", "on another machine");
        assert!(called(other, &RPC_TLS).is_ok(), "{other}");
        assert!(called(other, &[("FLORIN__RPC__PLAIN_BEHIND_MESH", "true")]).is_ok(), "{other}");
    }
    for bad in [
        "pebbles",
        "pebbles:",
        "pebbles:0",
        "pebbles:65536",
        "pebbles:+1",
        ":7070",
        "a b:1",
        "http://pebbles:1",
        "::1:7070",
    ] {
        refused(called(bad, &RPC_TLS), "services.pebbles.addresses", "expected an address or a name with a port");
    }
    assert_eq!(called("127.0.0.1:7070,[::1]:7071,localhost:7072", &[]).unwrap().service("pebbles").addresses.len(), 3);
}

#[test]
fn a_process_on_all_addresses_needs_rpc_advertise() {
    let open = [("FLORIN__RPC__LISTEN", "0.0.0.0:7070")];
    refused(and(&open, &RPC_TLS), "rpc.advertise", "name or address by which others reach this process");
    let advertised = |name| with(&[&open[..], &RPC_TLS, &[("FLORIN__RPC__ADVERTISE", name)]].concat());
    for good in ["pebbles-0.pebbles", "pebbles-0.pebbles:7071", "10.1.2.3", "[2001:db8::1]", "[2001:db8::1]:7070"] {
        assert_eq!(advertised(good).unwrap().rpc.advertise.as_deref(), Some(good));
    }
    for bad in ["a b", "pebbles:", "pebbles:x", "0.0.0.0", "[::]:7070", "2001:db8::1", "https://pebbles"] {
        refused(advertised(bad), "rpc.advertise", "expected a name or an address");
    }
}

#[test]
fn trusted_proxies_are_addresses_or_networks() {
    let trusted = |list| with(&[("FLORIN__SERVER__TRUSTED_PROXIES", list)]);
    assert_eq!(trusted("10.0.0.0/8, 192.0.2.1, 2001:db8::/32").unwrap().server.trusted_proxies.len(), 3);
    for bad in ["proxy.internal", "10.0.0.0/33", "10.0.0"] {
        refused(trusted(bad), "server.trusted_proxies", "expected an address or a network");
    }
}
