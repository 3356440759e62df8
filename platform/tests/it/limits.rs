//! Rate limits over HTTP: headers, refusals, and counts that several edges share through a real Redis.

mod gateway;
mod odd;
mod redis;

use gateway::{Gateway, settings};
use testkit::FakeClock;

use crate::common::send;

#[tokio::test(flavor = "multi_thread")]
async fn answers_state_the_limit_and_what_remains() {
    let gateway = Gateway::open(&settings(3, &[]), &FakeClock::default()).await;
    let answer = gateway.ask("/orders").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("ratelimit"), Some("\"minute\";r=2;t=60"));
    let policy = "\"minute\";q=3;w=60, \"hour\";q=10000;w=3600, \"day\";q=100000;w=86400";
    assert_eq!(answer.header("ratelimit-policy"), Some(policy));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_request_after_the_last_is_refused_by_name() {
    let clock = FakeClock::default();
    let gateway = Gateway::open(&settings(3, &[]), &clock).await;
    clock.advance_millis(15_000);
    assert_eq!(gateway.passed(3).await, 3);
    let refused = gateway.ask("/orders").await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("65")));
    assert_eq!(refused.header("ratelimit"), Some("\"minute\";r=0;t=45"));
    let problem = refused.json();
    assert_eq!(
        (&problem["code"], &problem["window"], &problem["limit"]),
        (&"rate_limited".into(), &"minute".into(), &3.into())
    );
    assert_eq!(problem["detail"], "at most 3 requests a minute for one address; try again in 65 s");
    clock.advance_millis(64_900);
    assert_eq!(gateway.ask("/orders").await.status, 429);
    clock.advance_millis(100);
    assert_eq!(gateway.ask("/orders").await.status, 200, "after as long as it was told to wait");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_class_of_routes_counts_apart() {
    let classes = ("FLORIN__LIMITS__CLASSES", "single /orders/7 1/minute");
    let gateway = Gateway::open(&settings(2, &[classes]), &FakeClock::default()).await;
    assert_eq!(gateway.ask("/orders/7").await.status, 200);
    let refused = gateway.ask("/orders/7").await;
    assert_eq!((refused.status, &refused.json()["class"]), (429, &"single".into()));
    assert_eq!(gateway.passed(5).await, 2, "the others are untouched");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_fails_to_authenticate_is_barred() {
    let clock = FakeClock::default();
    let gateway = Gateway::open(&settings(5, &[]), &clock).await;
    for _ in 0..5 {
        assert_eq!(gateway.ask("/denied").await.status, 401);
    }
    let refused = gateway.ask("/denied").await;
    assert_eq!((refused.status, &refused.json()["class"]), (429, &"failed authentications".into()));
    clock.advance_millis(120_000);
    assert_eq!(gateway.ask("/orders").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_locks_nobody_out() {
    let clock = FakeClock::default();
    let gateway = Gateway::open(&settings(3, &[]), &clock).await;
    for jump_ms in [0, 40 * 86_400_000, 80 * 86_400_000] {
        clock.advance_millis(jump_ms);
        assert_eq!(gateway.passed(4).await, 3, "after {jump_ms} ms");
        clock.step_back_millis(jump_ms);
        assert_eq!(gateway.passed(4).await, if jump_ms == 0 { 0 } else { 3 }, "and back");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_of_sixty_kilobytes_changes_no_limit() {
    let gateway = Gateway::open(&settings(3, &[]), &FakeClock::default()).await;
    let long =
        format!("ratelimit: {}\r\nratelimit-policy: \"minute\";q=999999\r\n", "\"minute\";r=9;t=1, ".repeat(3_400));
    for status in [200, 200, 200, 429] {
        assert_eq!(send(gateway.at, "GET", "/orders", &long, b"").await.status, status);
    }
}
