//! Toxics that end connections.

use std::io::ErrorKind;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Heard, Line, timed};
use crate::fault_proxy::{Fault, FaultProxy, Toxic, ToxicKind};

async fn read(stream: &mut TcpStream) -> Result<usize, ErrorKind> {
    timed(stream.read(&mut [0; 64])).await.0.map_err(|error| error.kind())
}

#[tokio::test(flavor = "multi_thread")]
async fn down_cuts_open_connections_and_refuses_new_ones() {
    let mut line = Line::open().await;
    line.hush();
    let address = line.proxy.address();
    TcpStream::connect(address).await.unwrap();
    for _ in 0..3 {
        line.proxy.set(&[Fault::both(Toxic::Down)]);
        line.proxy.obeyed().await;
        assert_eq!(read(&mut line.client).await, Ok(0), "closed, not reset");
        assert_eq!(TcpStream::connect(address).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
        line.proxy.clear();
        line.proxy.obeyed().await;
        line.client = TcpStream::connect(address).await.unwrap();
        assert_eq!(line.round_trip().await.0, b"hello");
    }
    assert!(line.proxy.felt(ToxicKind::Down) >= 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_is_an_error_on_its_side_and_an_end_on_the_other() {
    for (fault, client, server) in [
        (Fault::down(Toxic::Reset), Err(ErrorKind::ConnectionReset), Heard::End),
        (Fault::up(Toxic::Reset), Ok(0), Heard::Lost(ErrorKind::ConnectionReset)),
        (Fault::both(Toxic::Reset), Err(ErrorKind::ConnectionReset), Heard::Lost(ErrorKind::ConnectionReset)),
    ] {
        let mut line = Line::open().await;
        line.hush();
        line.proxy.set(&[fault]);
        assert_eq!(read(&mut line.client).await, client, "{fault:?}");
        assert_eq!(line.hear().await, server, "{fault:?}");
    }
    let line = Line::open().await;
    line.proxy.set(&[Fault::both(Toxic::Reset)]);
    let late = match TcpStream::connect(line.proxy.address()).await {
        Ok(mut late) => read(&mut late).await,
        Err(error) => Err(error.kind()),
    };
    assert_eq!(late, Err(ErrorKind::ConnectionReset), "a new one too");
}

#[tokio::test(flavor = "multi_thread")]
async fn limited_data_counts_from_the_change_and_then_cuts() {
    let mut line = Line::open().await;
    line.hush();
    line.proxy.set(&[Fault::up(Toxic::LimitData { bytes: 7 })]);
    assert_eq!(line.round_trip().await.0, b"hello");
    line.client.write_all(b"hello").await.unwrap();
    let mut came = Vec::new();
    while let Heard::Bytes(bytes) = line.hear().await {
        came.extend(bytes);
    }
    assert_eq!(came, b"hellohe");
    assert_eq!(line.proxy.felt(ToxicKind::LimitData), 1);
    let mut line = Line::open().await;
    line.hush();
    line.proxy.set(&[Fault::up(Toxic::LimitData { bytes: 0 })]);
    line.client.write_all(b"hello").await.unwrap();
    assert_eq!(line.hear().await, Heard::End);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hang_up_and_a_missing_server_show_through_the_proxy() {
    let mut line = Line::open().await;
    line.hush();
    line.client.set_zero_linger().unwrap();
    drop(line.client);
    assert!(matches!(line.heard.recv().await, Some(Heard::End | Heard::Lost(_))));
    let nobody = crate::free_port();
    let proxy = FaultProxy::start(([127, 0, 0, 1], nobody).into()).await;
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    assert!(matches!(read(&mut client).await, Ok(0) | Err(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_end_with_their_proxy() {
    let mut line = Line::open().await;
    let address = line.proxy.address();
    drop(line.proxy);
    assert_eq!(read(&mut line.client).await, Ok(0));
    // Its task ends soon after the proxy is dropped.
    let refused = async {
        loop {
            match TcpStream::connect(address).await {
                Ok(_) => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
                Err(error) => break error.kind(),
            }
        }
    };
    let refused = tokio::time::timeout(std::time::Duration::from_secs(5), refused).await;
    assert_eq!(refused.expect("it still listens"), ErrorKind::ConnectionRefused);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_can_be_reached_and_lost_by_one_url() {
    crate::on_postgres(async |store| {
        let (proxy, url) = FaultProxy::postgres(store.url()).await;
        let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        assert_eq!(client.query_one("select 7", &[]).await.unwrap().get::<_, i32>(0), 7);
        proxy.set(&[Fault::both(Toxic::Reset)]);
        assert!(client.query_one("select 7", &[]).await.is_err());
        assert!(tokio_postgres::connect(&url, tokio_postgres::NoTls).await.is_err());
        proxy.clear();
        assert!(tokio_postgres::connect(&url, tokio_postgres::NoTls).await.is_ok());
    })
    .await;
}
