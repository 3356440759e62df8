//! Who can reach this process, and which processes it calls: nothing goes to another machine unencrypted unless the
//! operator states that something else encrypts it.

use std::net::SocketAddr;

use ipnet::IpNet;
use toml::Value;

use super::Section;
use super::checks::text;
use super::layers::Values;

/// A listener, its certificate, and the setting that says it needs none.
struct Open {
    listener: &'static str,
    tls: &'static str,
    plain: &'static str,
}

const OPEN: &[Open] = &[
    Open { listener: "server.listen", tls: "server.tls", plain: "server.plain_behind_mesh" },
    Open { listener: "server.management_listen", tls: "server.tls", plain: "server.management_plain_behind_mesh" },
    Open { listener: "rpc.listen", tls: "rpc.tls", plain: "rpc.plain_behind_mesh" },
];

pub(super) fn check(values: &Values, rooms: &[Section], refuse: &mut dyn FnMut(&str, String)) {
    for section in ["server.tls", "rpc.tls"] {
        if let Err((key, sentence)) = whole_or_none(values, section) {
            refuse(&key, sentence);
        }
    }
    for open in OPEN {
        if let Err((key, sentence)) = listener(values, open) {
            refuse(key, sentence);
        }
    }
    if let Err(sentence) = advertise(values) {
        refuse("rpc.advertise", sentence);
    }
    if let Err(sentence) = proxies(values) {
        refuse("server.trusted_proxies", sentence);
    }
    for service in rooms.iter().map(|room| format!("services.{}", room.name)) {
        if let Err(sentence) = addresses(values, &service) {
            refuse(&format!("{service}.addresses"), sentence);
        }
    }
    same_port(values, refuse);
}

/// Half a certificate is a mistake, not a choice of no certificate.
fn whole_or_none(values: &Values, section: &str) -> Result<(), (String, String)> {
    let files = ["certificate_file", "key_file", "ca_file"].map(|name| format!("{section}.{name}"));
    let known: Vec<&String> = files.iter().filter(|key| values.get(key).is_some()).collect();
    let missing = known.iter().find(|key| text(values, key).is_empty());
    let given = known.iter().find(|key| !text(values, key).is_empty());
    match (missing, given) {
        (Some(missing), Some(given)) => Err((
            (*missing).clone(),
            format!("is needed too, because {given} is set; leave out all of {section} for no certificate"),
        )),
        _ => Ok(()),
    }
}

fn listener(values: &Values, open: &Open) -> Result<(), (&'static str, String)> {
    let Open { listener, tls, plain } = open;
    let given = text(values, listener);
    if given.is_empty() && *listener == "server.management_listen" {
        return Ok(());
    }
    let example = "such as 127.0.0.1:8080 or [::1]:8080";
    let malformed = |_| (*listener, format!("expected an address with a port {example}, found \"{given}\""));
    let address: SocketAddr = given.parse().map_err(malformed)?;
    let has_tls = !text(values, &format!("{tls}.certificate_file")).is_empty();
    if address.ip().is_loopback() || has_tls || is_set(values, plain) {
        return Ok(());
    }
    let sentence = format!(
        "{given} can be reached from other machines, and calls would travel in the clear; give a certificate in [{tls}], or \
         say {plain} = true where a mesh encrypts them, or use 127.0.0.1"
    );
    Err((*listener, sentence))
}

/// Two listeners on the same port, by the same text.
fn same_port(values: &Values, refuse: &mut dyn FnMut(&str, String)) {
    for (place, open) in OPEN.iter().enumerate() {
        let given = text(values, open.listener);
        let same = |other: &&Open| text(values, other.listener) == given && !given.ends_with(":0");
        if let Some(other) = OPEN.iter().take(place).find(same) {
            refuse(open.listener, format!("is also the address of {}; give it another port", other.listener));
        }
    }
}

/// The name is sent to other processes, which would call themselves if it meant every address of the reader.
fn advertise(values: &Values) -> Result<(), String> {
    let given = text(values, "rpc.advertise");
    if given.is_empty() {
        let listens: Option<SocketAddr> = text(values, "rpc.listen").parse().ok();
        return match listens {
            Some(address) if address.ip().is_unspecified() => Err(format!(
                "is needed, because rpc.listen is {address}: set the name or address by which others reach this process, such as \
                 florin-0.florin or 10.1.2.3:7070"
            )),
            _ => Ok(()),
        };
    }
    let (host, port) =
        given.rsplit_once(':').filter(|(host, _)| !host.contains(':') || host.ends_with(']')).unwrap_or((given, "1"));
    let unspecified =
        host.trim_matches(['[', ']']).parse().is_ok_and(|address: std::net::IpAddr| address.is_unspecified());
    if is_host(host) && is_port(port) && !unspecified {
        return Ok(());
    }
    Err(format!("expected a name or an address such as florin-0.florin:7070, found \"{given}\""))
}

fn proxies(values: &Values) -> Result<(), String> {
    let Some((Value::Array(proxies), _)) = values.get("server.trusted_proxies") else { return Ok(()) };
    let strange = proxies.iter().find(|proxy| proxy.as_str().and_then(network).is_none());
    strange.map_or(Ok(()), |proxy| Err(format!("expected an address or a network such as 10.0.0.0/8, found {proxy}")))
}

/// A single address is a network of one.
pub(crate) fn network(given: &str) -> Option<IpNet> {
    given.parse().ok().or_else(|| given.parse().ok().map(|address: std::net::IpAddr| IpNet::from(address)))
}

/// Every called process receives the secret.
fn addresses(values: &Values, service: &str) -> Result<(), String> {
    let Some((Value::Array(addresses), _)) = values.get(&format!("{service}.addresses")) else { return Ok(()) };
    let remote = text(values, &format!("{service}.mode")) == "remote";
    if remote == addresses.is_empty() {
        let sentence = if remote {
            format!("{service}.mode is \"remote\", which needs at least one address, such as 127.0.0.1:7070")
        } else {
            format!("{service}.mode is \"local\", which calls no address; set it to \"remote\" or leave this empty")
        };
        return Err(sentence);
    }
    let safe = !text(values, "rpc.tls.certificate_file").is_empty() || is_set(values, "rpc.plain_behind_mesh");
    addresses.iter().try_for_each(|address| called(address.as_str().unwrap_or_default(), safe))
}

fn called(given: &str, safe: bool) -> Result<(), String> {
    let shaped = given.rsplit_once(':').filter(|(host, port)| is_host(host) && is_port(port));
    let Some((host, _)) = shaped else {
        return Err(format!(
            "expected an address or a name with a port, such as 127.0.0.1:7070 or florin.internal:7070, found \"{given}\""
        ));
    };
    if safe || is_loopback(host) {
        return Ok(());
    }
    Err(format!(
        "{given} is on another machine, and calls travel in the clear; give certificates in [rpc.tls], or say \
         rpc.plain_behind_mesh = true where a mesh encrypts them"
    ))
}

/// A name, an IPv4 address, or an IPv6 address in brackets.
fn is_host(host: &str) -> bool {
    if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !host.is_empty() && host.len() <= 253 && host.bytes().all(known)
}

fn is_port(port: &str) -> bool {
    port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Whether this is certainly the same machine; what a host name means is unknown until it is resolved.
fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

fn is_set(values: &Values, key: &str) -> bool {
    values.get(key).and_then(|(value, _)| value.as_bool()).unwrap_or_default()
}
