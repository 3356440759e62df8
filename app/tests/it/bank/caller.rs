//! The client that the bank calls as, where it calls the ledger as another process of the deployment would.

use std::sync::Arc;

use identity_api::{ClientAuth, Grant, RemoteIdentity, SERVICE, TokenRequest, Tokens};
use kernel::{Clock, Ctx, Deadline, Principal, PrincipalKind, Secret, SystemClock};
use platform::rpc::{Credential, Http2, RpcClient, TcpConnect};
use testkit::CLIENT;

const ASK_MS: u64 = 10_000;

/// Calls with the test client's token, issued by the identity service at `address`.
pub(crate) async fn caller(address: &str, credential: &Credential) -> Principal {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let connect = Arc::new(TcpConnect);
    let transport = Http2::new([address.to_owned()], 1, credential, connect, Arc::clone(&clock));
    let identity = RemoteIdentity::new(RpcClient::new(SERVICE, Arc::new(transport), Arc::clone(&clock)));
    let deadline = Deadline::after_millis(&*clock, ASK_MS);
    let ctx = Ctx { principal: Principal::nobody(), deadline, request_id: "token".into(), idempotency_key: None };
    let client = ClientAuth { id: Some(CLIENT.0.to_owned()), secret: Some(Secret::new(CLIENT.1)), basic: true };
    let grant = Grant::ClientCredentials { scope: None };
    let asked = TokenRequest { client, grant, origin: identity_api::Origin::default() };
    let token = identity.token(&ctx, asked).await.expect("a token").access_token;
    let mut principal = Principal::new(PrincipalKind::Service, CLIENT.0, []);
    principal.token = Some(Arc::new(token));
    principal
}
