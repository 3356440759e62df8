//! Counts shared through a Redis that is killed, paused, flushed, under TLS, behind a password, and a cluster.

use std::time::Duration;

use futures_util::future::join_all;
use kernel::{Clock, SystemClock};
use testkit::{FakeClock, RedisServer, free_port};

use super::gateway::{Gateway, settings};
use crate::tls::common::{Root, write_private};

async fn gateways(minute: u32, more: &[(&str, &str)], count: usize) -> (Vec<Gateway>, FakeClock) {
    let (clock, config) = (FakeClock::default(), settings(minute, more));
    let mut gateways = Vec::new();
    for _ in 0..count {
        gateways.push(Gateway::open(&config, &clock).await);
    }
    for gateway in &gateways {
        shared(gateway, true).await;
    }
    (gateways, clock)
}

async fn shared(gateway: &Gateway, expected: bool) {
    for _ in 0..200 {
        if gateway.is_shared().await == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("expected shared: {expected}, found {:?}", gateway.status().await);
}

/// Sends requests to the gateways in turn; returns how many passed.
async fn in_turn(gateways: &[Gateway], rounds: usize) -> usize {
    let mut passed = 0;
    for _ in 0..rounds {
        for gateway in gateways {
            passed += gateway.passed(1).await;
        }
    }
    passed
}

/// Also on a busy machine no count is decided locally by chance.
const PATIENT: (&str, &str) = ("FLORIN__LIMITS__REDIS_TIMEOUT_MS", "1000");

#[tokio::test(flavor = "multi_thread")]
async fn several_edges_share_one_quota() {
    let redis = RedisServer::start().await;
    let (gateways, clock) = gateways(100, &[("REDIS_URL", &redis.url()), PATIENT], 3).await;
    assert_eq!(in_turn(&gateways, 40).await, 100);
    clock.advance_millis(120_000);
    let crowd = gateways.iter().cycle().take(150).map(|gateway| gateway.passed(1));
    assert_eq!(join_all(crowd).await.into_iter().sum::<usize>(), 100, "also at the same time");
    let names = redis.command("KEYS *").await;
    assert!(names.contains("florin:limit:{") && !names.contains("127"), "no address: {names}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_each_edge_goes_on_alone() {
    let mut redis = RedisServer::start().await;
    let (gateways, clock) = gateways(100, &[("REDIS_URL", &redis.url()), PATIENT], 2).await;
    assert_eq!(in_turn(&gateways, 20).await, 40);
    redis.kill();
    let alone = [gateways[0].passed(200).await, gateways[1].passed(200).await];
    assert_eq!(alone, [61, 60], "what it saw of all requests counts");
    shared(&gateways[0], false).await;
    assert!(gateways[0].status().await["redis"].is_string());
    redis.restart().await;
    shared(&gateways[0], true).await;
    shared(&gateways[1], true).await;
    assert_eq!(in_turn(&gateways, 10).await, 0, "an empty one gives nobody a new quota");
    clock.advance_millis(120_000);
    assert_eq!(in_turn(&gateways, 60).await, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_do_not_notice_a_redis_that_is_paused() {
    let redis = RedisServer::start().await;
    let (gateways, _clock) = gateways(10_000, &[("REDIS_URL", &redis.url())], 1).await;
    let gateway = &gateways[0];
    let slowest = async || {
        let (clock, mut slowest) = (SystemClock, 0);
        for _ in 0..100 {
            let started = clock.monotonic();
            assert_eq!(gateway.passed(1).await, 1);
            slowest = slowest.max(clock.monotonic().micros_since(started) / 1_000);
        }
        slowest
    };
    slowest().await;
    redis.pause();
    let paused_ms = slowest().await;
    shared(gateway, false).await;
    redis.resume();
    shared(gateway, true).await;
    // One round trip was given up after 25 ms; the rest is a busy machine.
    assert!(paused_ms < 500, "{paused_ms} ms");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flushed_redis_gives_nobody_a_new_quota() {
    let redis = RedisServer::start().await;
    let (gateways, _clock) = gateways(100, &[("REDIS_URL", &redis.url()), PATIENT], 2).await;
    assert_eq!(in_turn(&gateways, 30).await, 60);
    redis.command("FLUSHALL").await;
    redis.command("SCRIPT FLUSH").await;
    // The edge that asks next has not seen the other's last request.
    assert_eq!(in_turn(&gateways, 60).await, 41);
    assert!(gateways[0].is_shared().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_reached_by_tls_with_a_password() {
    let (root, dir, port) = (Root::new(), tempfile::tempdir().unwrap(), free_port().to_string());
    let pair = root.issue("localhost");
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    for (name, text) in [("ca.crt", &root.pem), ("tls.crt", &pair.certificate), ("tls.key", &pair.key)] {
        write_private(&dir.path().join(name), text);
    }
    let (ca, certificate, key) = (path("ca.crt"), path("tls.crt"), path("tls.key"));
    let tls =
        ["--tls-port", &*port, "--tls-cert-file", &*certificate, "--tls-key-file", &*key, "--tls-ca-cert-file", &*ca];
    let more = ["--tls-auth-clients", "no", "--requirepass", "hunter2"];
    let _redis = RedisServer::start_with(&[&tls[..], &more[..]].concat()).await;
    let url = format!("rediss://:hunter2@localhost:{port}");
    let ca_file = ("FLORIN__LIMITS__REDIS_CA_FILE", &*ca);
    let (trusting, _) = gateways(10, &[("REDIS_URL", &url), ca_file, PATIENT], 2).await;
    assert_eq!(in_turn(&trusting, 10).await, 10);
    let wrong = url.replace("hunter2", "hunter3");
    for refused in [&[("REDIS_URL", &*url)][..], &[("REDIS_URL", &*wrong), ca_file]] {
        let gateway = Gateway::open(&settings(10, refused), &FakeClock::default()).await;
        assert_eq!(gateway.passed(20).await, 10, "on its own");
        assert!(!gateway.is_shared().await);
        assert!(!format!("{:?}", gateway.status().await).contains("hunter"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_shared_through_a_cluster() {
    let mut nodes = Vec::new();
    for _ in 0..3 {
        let bus = free_port().to_string();
        nodes.push(RedisServer::start_with(&["--cluster-enabled", "yes", "--cluster-port", &bus]).await);
    }
    let addresses: Vec<String> = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port())).collect();
    let mut create = std::process::Command::new("redis-cli");
    create.args(["--cluster", "create"]).args(&addresses).arg("--cluster-yes");
    let created = create.output().unwrap();
    assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stdout));
    for node in &nodes {
        while !node.command("CLUSTER INFO").await.contains("cluster_state:ok") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let cluster = ("FLORIN__LIMITS__REDIS_CLUSTER", "true");
    let (gateways, _clock) = gateways(100, &[("REDIS_URL", &nodes[0].url()), cluster, PATIENT], 2).await;
    let passed = in_turn(&gateways, 60).await;
    assert_eq!(passed, 100, "{:?} {:?}", gateways[0].status().await, gateways[1].status().await);
}
