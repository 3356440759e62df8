//! Faults that change over time: the same from the same seed, of all kinds, never forever.

use std::collections::HashSet;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Line, timed};
use crate::fault_proxy::{Fault, Spell, Toxic, ToxicKind, Weather};

#[test]
fn a_seed_determines_every_spell_and_a_round_has_all_kinds() {
    let first = Spell { faults: vec![Fault::up(Toxic::Down)], ms: 3, calm_ms: 1 };
    let mut begun = Weather::seeded(5).beginning_with(first.clone());
    assert_eq!((begun.spell(), begun.spell()), (first, Weather::seeded(5).spell()));
    let spells = |seed| {
        let mut weather = Weather::seeded(seed);
        (0..80).map(|_| weather.spell()).collect::<Vec<_>>()
    };
    assert_eq!(spells(5), spells(5));
    assert_ne!(spells(5), spells(6));
    for round in spells(5).chunks(8) {
        let kinds: HashSet<ToxicKind> = round.iter().map(|spell| spell.faults[0].toxic.kind()).collect();
        assert_eq!(kinds.len(), 8);
    }
    assert!(spells(5).iter().any(|spell| spell.faults.len() == 2));
}

#[test]
fn weather_of_some_kinds_has_no_others_and_keeps_its_times() {
    let wanted = [ToxicKind::Latency, ToxicKind::Timeout];
    let mut weather = Weather::seeded(1).of(&wanted).paced(5..=7, 2..=3);
    let mut long = 0;
    for _ in 0..50 {
        let spell = weather.spell();
        assert!(spell.faults.iter().all(|fault| wanted.contains(&fault.toxic.kind())));
        assert!([5, 6, 7, 100, 120, 140].contains(&spell.ms) && (2..=3).contains(&spell.calm_ms));
        let hole = spell.faults.iter().any(|fault| fault.toxic == Toxic::Timeout);
        assert!(hole || spell.ms < 100, "{spell:?}");
        long += u32::from(spell.ms >= 100);
    }
    assert!(long > 5, "{long}");
}

#[tokio::test(flavor = "multi_thread")]
async fn weather_continues_until_each_kind_took_effect() {
    let mut line = Line::open().await;
    let weather = Weather::seeded(3).of(&[ToxicKind::Latency]).paced(20..=20, 1..=1).lasting(Duration::from_millis(1));
    let (proxy, client) = (&line.proxy, &mut line.client);
    let work = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        for _ in 0..50 {
            client.write_all(b"x").await.unwrap();
            client.read_exact(&mut [0]).await.unwrap();
        }
        assert!(proxy.felt(ToxicKind::Latency) > 0);
        tokio::time::sleep(Duration::from_millis(150)).await;
    };
    let ((), spells) = weather.until_all_are_felt().over(proxy, work).await;
    assert!((5..=50).contains(&spells.len()), "{}", spells.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_weather_ends_with_the_work_or_its_time() {
    let mut line = Line::open().await;
    let work = tokio::time::sleep(Duration::from_millis(200));
    let pace = || Weather::seeded(2).paced(1..=2, 1..=2);
    let ((), spells) = pace().over(&line.proxy, work).await;
    assert!(spells.len() > 10, "{}", spells.len());
    let proxy = &line.proxy;
    let work = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        let client = tokio::net::TcpStream::connect(proxy.address()).await;
        tokio::time::sleep(Duration::from_millis(150)).await;
        client.unwrap()
    };
    let ((client, spells), ms) = timed(pace().lasting(Duration::from_millis(20)).over(proxy, work)).await;
    assert!(ms >= 300 && spells.len() < 20, "{} in {ms} ms", spells.len());
    line.client = client;
    assert_eq!(line.round_trip().await.0, b"hello", "nothing is wrong behind it");
}
