//! Ports for servers that have to know theirs before they start.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::process;
use std::sync::{Mutex, PoisonError};

/// Below the ports that the system gives to callers that ask for any, and to outgoing connections.
const FIRST: u16 = 10_240;
const COUNT: u16 = 20_000;

/// The ports given by this process, with the locked file of each, and where the search goes on.
static GIVEN: Mutex<(Vec<File>, u16)> = Mutex::new((Vec::new(), 0));

/// A port that nobody listens on and that no other test is given while this process runs, in other processes included.
pub fn free_port() -> u16 {
    let folder = std::env::temp_dir().join("florin-test-ports");
    fs::create_dir_all(&folder).expect("a folder for the files of given ports");
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let (files, tried) = &mut *given;
    // Processes begin at different places, so that they seldom meet.
    let begin = process::id().wrapping_mul(7_919);
    for _ in 0..COUNT {
        *tried = tried.wrapping_add(1);
        let at = begin.wrapping_add(u32::from(*tried)) % u32::from(COUNT);
        let port = FIRST + u16::try_from(at).expect("below the count");
        let file = File::create(folder.join(port.to_string())).expect("the file of a port");
        if file.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            files.push(file);
            return port;
        }
    }
    panic!("no port is free");
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_port_is_given_once() {
        let ports: HashSet<u16> = (0..500).map(|_| free_port()).collect();
        assert_eq!(ports.len(), 500);
        assert!(ports.iter().all(|port| (FIRST..FIRST + COUNT).contains(port)));
    }
}
