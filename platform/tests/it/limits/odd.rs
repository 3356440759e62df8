//! Something in the place of Redis that answers wrongly, slowly, or not at all: callers do not notice, and each edge counts by
//! itself.

use std::time::Duration;

use kernel::{Clock, SystemClock};
use testkit::FakeClock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::gateway::{Gateway, settings};

#[derive(Debug, Clone, Copy)]
enum Odd {
    /// Bytes that are no answer.
    Garbage,
    /// An error for every command.
    Errors,
    /// An answer of another type.
    OtherType,
    /// A list that announces a billion entries.
    Billion,
    /// A character every twenty milliseconds.
    Slow,
    Silent,
    Hangs,
}

const ALL: [Odd; 7] = [Odd::Garbage, Odd::Errors, Odd::OtherType, Odd::Billion, Odd::Slow, Odd::Silent, Odd::Hangs];

async fn answer(mut stream: TcpStream, odd: Odd) -> std::io::Result<()> {
    let mut heard = [0; 4_096];
    loop {
        if stream.read(&mut heard).await? == 0 {
            return Ok(());
        }
        match odd {
            Odd::Garbage => stream.write_all(&[0xff, 0x00, b'\r', b'\n', 0x7f].repeat(100)).await?,
            Odd::Errors => stream.write_all("-ERR no\r\n".repeat(8).as_bytes()).await?,
            Odd::OtherType => stream.write_all("$5\r\nhello\r\n".repeat(8).as_bytes()).await?,
            Odd::Billion => stream.write_all(b"*1000000000\r\n").await?,
            Odd::Slow => {
                for byte in b"+OK\r\n+OK\r\n*1\r\n:1\r\n" {
                    stream.write_all(&[*byte]).await?;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            Odd::Silent => {}
            Odd::Hangs => return Ok(()),
        }
    }
}

async fn start(odd: Odd) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, odd));
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn an_odd_redis_costs_no_caller_anything() {
    for odd in ALL {
        let url = start(odd).await;
        let gateway = Gateway::open(&settings(50, &[("REDIS_URL", &url)]), &FakeClock::default()).await;
        let began = SystemClock.monotonic();
        assert_eq!(gateway.passed(80).await, 50, "{odd:?}: this process's own counts decide");
        let took_us = SystemClock.monotonic().micros_since(began);
        assert!(took_us < 20_000_000, "{odd:?}: 80 requests took {took_us} us");
        assert!(!gateway.is_shared().await, "{odd:?}");
    }
}
