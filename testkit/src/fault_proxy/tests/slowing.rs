//! Toxics that let everything pass, later.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Heard, Line, timed};
use crate::fault_proxy::carry::Carrier;
use crate::fault_proxy::{Direction, Fault, Toxic, ToxicKind};

#[tokio::test(flavor = "multi_thread")]
async fn latency_adds_up_over_both_directions_and_ends_with_the_toxic() {
    let mut line = Line::open().await;
    let late = Toxic::Latency { ms: 150, jitter_ms: 0 };
    for (faults, least, most) in [
        (vec![], 0, 150),
        (vec![Fault::up(late)], 150, 300),
        (vec![Fault::down(late)], 150, 300),
        (vec![Fault::both(late)], 300, 1_500),
        (vec![], 0, 150),
    ] {
        line.proxy.set(&faults);
        let (answer, ms) = line.round_trip().await;
        assert_eq!(answer, b"hello");
        assert!((least..most).contains(&ms), "{faults:?}: {ms} ms");
    }
    assert!(line.proxy.felt(ToxicKind::Latency) >= 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn jitter_moves_the_latency_within_its_bounds_and_never_the_order() {
    let mut line = Line::open().await;
    line.proxy.set(&[Fault::up(Toxic::Latency { ms: 60, jitter_ms: 50 })]);
    let mut times = Vec::new();
    for _ in 0..12 {
        let (answer, ms) = line.round_trip().await;
        assert_eq!(answer, b"hello");
        times.push(ms);
    }
    assert!(times.iter().all(|ms| (10..400).contains(ms)), "{times:?}");
    assert!(times.iter().max().unwrap() - times.iter().min().unwrap() > 20, "{times:?}");
    line.hush();
    let sent: Vec<u8> = (0..50).collect();
    for byte in &sent {
        line.client.write_all(&[*byte]).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    let mut came = vec![0; 50];
    line.client.read_exact(&mut came).await.unwrap();
    assert_eq!(came, sent);
}

#[test]
fn the_jitter_of_a_connection_is_the_same_in_the_next_run() {
    use rand::RngExt;
    let (_, faults) = tokio::sync::watch::channel(Default::default());
    let of = |seed, direction| {
        let server = ("".to_owned(), 0).into();
        let carrier = Carrier { server, faults: faults.clone(), counts: Default::default(), seed };
        carrier.luck(direction).random::<u64>()
    };
    assert_eq!(of(3, Direction::Up), of(3, Direction::Up));
    assert_ne!(of(3, Direction::Up), of(3, Direction::Down));
    assert_ne!(of(3, Direction::Up), of(4, Direction::Up));
}

/// Half a megabyte in each direction.
async fn bulk(line: &mut Line) -> u64 {
    let sent = vec![7_u8; 500_000];
    let mut came = vec![0; sent.len()];
    let (mut from, mut to) = line.client.split();
    let both = async { tokio::try_join!(to.write_all(&sent), from.read_exact(&mut came)).unwrap() };
    let (_, ms) = timed(both).await;
    assert_eq!(came, sent);
    ms
}

#[tokio::test(flavor = "multi_thread")]
async fn latency_does_not_limit_bandwidth_and_a_limit_is_slow() {
    let mut line = Line::open().await;
    assert!(bulk(&mut line).await < 900);
    line.proxy.set(&[Fault::both(Toxic::Latency { ms: 50, jitter_ms: 0 })]);
    let ms = bulk(&mut line).await;
    assert!((100..900).contains(&ms), "{ms} ms");
    line.proxy.set(&[Fault::up(Toxic::Bandwidth { bytes_per_second: 500_000 })]);
    let ms = bulk(&mut line).await;
    assert!((950..4_000).contains(&ms), "{ms} ms");
    assert!(line.proxy.felt(ToxicKind::Bandwidth) > 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn slices_are_small_and_come_one_after_another() {
    let mut line = Line::open().await;
    line.hush();
    line.round_trip().await;
    assert_eq!(line.hear().await, Heard::Bytes(b"hello".to_vec()));
    line.proxy.set(&[Fault::up(Toxic::Slicing { bytes: 2, pause_ms: 20 })]);
    let (answer, ms) = line.round_trip().await;
    assert_eq!(answer, b"hello");
    assert!(ms >= 40, "{ms} ms");
    for slice in [&b"he"[..], b"ll", b"o"] {
        assert_eq!(line.hear().await, Heard::Bytes(slice.to_vec()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_close_reaches_the_other_side_later() {
    for (ms, least, most) in [(0, 0, 200), (200, 200, 1_500)] {
        let mut line = Line::open().await;
        line.hush();
        line.proxy.set(&[Fault::up(Toxic::SlowClose { ms })]);
        line.client.shutdown().await.unwrap();
        let (heard, took) = timed(line.hear()).await;
        assert_eq!(heard, Heard::End);
        assert!((least..most).contains(&took), "{took} ms");
        // The server's own end arrives without delay.
        assert_eq!(line.client.read(&mut [0; 8]).await.unwrap(), 0);
        assert_eq!(line.proxy.felt(ToxicKind::SlowClose), u64::from(ms > 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_black_hole_delivers_what_was_sent_once_it_ends() {
    let mut line = Line::open().await;
    line.hush();
    line.proxy.set(&[Fault::both(Toxic::Timeout)]);
    line.client.write_all(b"kept").await.unwrap();
    let silence = tokio::time::timeout(std::time::Duration::from_millis(150), line.heard.recv()).await;
    assert!(silence.is_err(), "{silence:?}");
    // A new connection is accepted, and just as silent.
    let _second = tokio::net::TcpStream::connect(line.proxy.address()).await.unwrap();
    line.proxy.clear();
    assert_eq!(line.hear().await, Heard::Bytes(b"kept".to_vec()));
    let mut answer = [0; 4];
    line.client.read_exact(&mut answer).await.unwrap();
    assert_eq!((&answer, line.proxy.felt(ToxicKind::Timeout)), (b"kept", 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn delayed_data_is_released_when_the_fault_ends() {
    let mut line = Line::open().await;
    line.proxy.set(&[Fault::both(Toxic::Latency { ms: 3_600_000, jitter_ms: 0 })]);
    let clear = async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        line.proxy.clear();
    };
    let mut answer = [0; 5];
    let (mut from, mut to) = line.client.split();
    let trip = async {
        to.write_all(b"hello").await.unwrap();
        from.read_exact(&mut answer).await.unwrap();
    };
    let (_, ms) = timed(async { tokio::join!(trip, clear) }).await;
    assert!((50..1_500).contains(&ms), "{ms} ms");
}
