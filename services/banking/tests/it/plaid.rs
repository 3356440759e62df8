//! Plaid: linking, reading, webhooks, and the end of an access.

use banking::Settings;
use banking_api::*;
use platform::room::Site;
use testkit::{Stage, for_each_engine, on_sqlite};

use crate::world::{World, world};

const BODY: &[u8] = br#"{"webhook_type":"TRANSACTIONS","webhook_code":"SYNC_UPDATES_AVAILABLE"}"#;

async fn change(world: &World, id: ConnectionId, change: ConnectionChange) -> Connection {
    world.desk.face.change_connection(&world.desk.ctx(), ChangeConnection { id, change }).await.unwrap()
}

async fn state(world: &World, id: ConnectionId) -> ConnectionState {
    world.rounds().await;
    world.connection(id).await.state
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_is_linked_read_and_removed() {
    for_each_engine(async |store| {
        let stage = Stage::new(store);
        let world = world(&stage).await;
        let ctx = world.desk.ctx();
        let link = world.desk.face.link(&ctx, LinkBank::default()).await.unwrap();
        assert_eq!(link.link_token, "link-sandbox-1");
        let connection = world.connect("plaid", "plaid").await;
        assert_eq!(state(&world, connection.id).await, ConnectionState::Active);
        let accounts = world.accounts().await;
        let kinds: Vec<_> = accounts.iter().map(|account| (account.kind, account.last_four.as_str())).collect();
        assert_eq!(kinds, [(AccountKind::Current, "5501"), (AccountKind::Brokerage, "5502")]);
        let holdings = world.desk.face.holdings(&ctx, accounts[1].id).await.unwrap().items;
        assert_eq!((holdings.len(), holdings[0].security.as_str()), (2, "379302102"));
        let test = world.desk.face.test_connection(&ctx, connection.id).await.unwrap();
        assert_eq!((test.steps[0].passed, test.steps[0].found.as_str()), (true, "2 accounts"));
        let again = LinkBank { connection: Some(connection.id), ..LinkBank::default() };
        assert_eq!(world.desk.face.link(&ctx, again).await.unwrap().link_token, "link-sandbox-1");
        let disabled = change(&world, connection.id, ConnectionChange::Disable).await;
        assert_eq!(disabled.state, ConnectionState::Disabled);
        change(&world, connection.id, ConnectionChange::Consent).await;
        assert_eq!(state(&world, connection.id).await, ConnectionState::ConsentNeeded);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn link_refused() {
    on_sqlite(async |store| {
        let stage = Stage::new(store);
        let world = world(&stage).await;
        let base_url = Some(format!("http://{}/plaid", world.address));
        let (bank, public_token) = ("plaid".to_owned(), Some("of-somebody-else".to_owned()));
        let connect = Connect { bank, base_url, entity: None, owner: None, public_token };
        let error = world.desk.face.connect(&world.desk.ctx(), connect.clone()).await.unwrap_err();
        assert_eq!(error.code(), "link_refused");
        let without = Connect { public_token: None, ..connect };
        assert_eq!(world.desk.face.connect(&world.desk.ctx(), without).await.unwrap_err().code(), "field_invalid");
        let without_keys = crate::harness::open(&stage).await.face;
        let link = without_keys.link(&world.desk.ctx(), LinkBank::default()).await;
        assert_eq!(link.unwrap_err().code(), "link_refused");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn live_bank() {
    on_sqlite(async |store| {
        let stage = Stage::new(store);
        let mut site: Site<Settings> = stage.site(&banking::ROOM, &[]).await;
        site.demo = true;
        let face = banking::open(site, ()).await.unwrap().face;
        let world = world(&stage).await;
        let connect = |bank: &str, base_url: Option<&str>| Connect {
            bank: bank.to_owned(),
            base_url: base_url.map(str::to_owned),
            entity: None,
            owner: None,
            public_token: (bank == "plaid").then(|| "public-x".to_owned()),
        };
        for (bank, address) in [("chase", None), ("plaid", Some("https://production.plaid.com"))] {
            let error = face.connect(&world.desk.ctx(), connect(bank, address)).await.unwrap_err();
            assert_eq!(error.code(), "live_bank", "{bank}");
        }
        let here = format!("http://{}/chase", world.address);
        assert!(face.connect(&world.desk.ctx(), connect("chase", Some(&here))).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn webhook_invalid() {
    on_sqlite(async |store| {
        let stage = Stage::new(store);
        let world = world(&stage).await;
        let connection = world.connect("plaid", "plaid").await.id;
        assert_eq!(state(&world, connection).await, ConnectionState::Active);
        stage.time.advance_millis(60_000);
        let now = world.desk.clock.now();
        let signed = |body: &[u8], seconds| world.simulator.signed_webhook(body, now.plus_seconds(seconds)).unwrap();
        let send = async |connection, body: &[u8], signature: String| {
            let hook = Webhook { connection, body: PartBytes(body.to_vec()), signature };
            world.desk.face.webhook(&world.desk.ctx(), hook).await.map_err(|error| error.code())
        };
        let other = signed(b"{}", 0);
        let forged = format!("{}x", signed(BODY, 0));
        let unsigned = "eyJhbGciOiJub25lIn0.e30.".to_owned();
        for wrong in [signed(BODY, -301), signed(BODY, 400), other, forged, unsigned, String::new()] {
            assert_eq!(send(connection, BODY, wrong.clone()).await, Err("webhook_invalid"), "{wrong}");
        }
        let before = world.connection(connection).await.synced_at;
        world.rounds().await;
        assert_eq!(world.connection(connection).await.synced_at, before, "it is not due yet");
        assert_eq!(send(connection, BODY, signed(BODY, -200)).await, Ok(()));
        world.rounds().await;
        assert!(world.connection(connection).await.synced_at > before);
        let chase = world.connect("chase", "chase").await.id;
        assert_eq!(send(chase, BODY, signed(BODY, 0)).await, Err("connection_unknown"));
    })
    .await;
}
