//! Calls between processes that present certificates in addition to the secret.

use std::sync::Arc;

use kernel::SystemClock;
use platform::http::{Bound, Listener};
use platform::rpc::{CallError, Connect, Credential, Http2, Repeat, TcpConnect, TlsConnect, routes};
use platform::tls::Tls;
use tempfile::TempDir;

use crate::rpc::till::{Refused, SETTINGS, Till, client, ctx, served};
use crate::tls::common::{Root, files, opened};

fn member(root: &Root, name: &str) -> (Arc<Tls>, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    (opened(files(&dir, &root.issue(name), Some(root))), dir)
}

async fn listen(till: &Arc<Till>, credential: &Credential, tls: &Arc<Tls>) -> Listener {
    let bound = Bound::bind("127.0.0.1:0".parse().unwrap(), "rpc.listen").await.unwrap();
    bound.serve_over(Some(Arc::clone(tls)), routes(served(till), credential.clone()), SETTINGS)
}

async fn asked(address: String, credential: &Credential, connect: Arc<dyn Connect>) -> Result<usize, Refused> {
    let transport = Http2::new([address], 1, credential, connect, Arc::new(SystemClock));
    client(transport).call(&ctx(600), "long", &"hello", Repeat::Question).await
}

#[tokio::test]
async fn processes_call_each_other_by_name_and_address() {
    let (root, credential, till) = (Root::new(), Credential::random(), Arc::new(Till::default()));
    let (caller, _dir) = member(&root, "somebody");
    for name in ["localhost", "127.0.0.1"] {
        let (tls, _dir) = member(&root, name);
        let server = listen(&till, &credential, &tls).await;
        let address = format!("{name}:{}", server.address().port());
        let answer = asked(address, &credential, Arc::new(TlsConnect::new(Arc::clone(&caller)))).await;
        assert_eq!(answer.unwrap(), 5, "{name}");
    }
}

#[tokio::test]
async fn callers_without_a_valid_certificate_are_refused_unread() {
    let (root, credential, till) = (Root::new(), Credential::random(), Arc::new(Till::default()));
    let (tls, _dir) = member(&root, "localhost");
    let server = listen(&till, &credential, &tls).await;
    let address = || format!("localhost:{}", server.address().port());

    let in_the_clear = asked(address(), &credential, Arc::new(TcpConnect)).await;
    assert!(in_the_clear.is_err(), "{in_the_clear:?}");
    // From another deployment: it presents a certificate that our root has not signed, and trusts ours.
    let (foreign, dir) = (Root::new(), tempfile::tempdir().unwrap());
    let paths = files(&dir, &foreign.issue("somebody"), Some(&root));
    let foreign = asked(address(), &credential, Arc::new(TlsConnect::new(opened(paths)))).await;
    assert!(foreign.is_err(), "{foreign:?}");
    // With the right secret, but without a certificate.
    let stranger = crate::tls::common::connect(
        server.address(),
        &root,
        crate::tls::common::Speaks { alpn: "h2", ..crate::tls::common::TLS13 },
    );
    let mut stranger = stranger.await.unwrap();
    let ended = tokio::io::AsyncReadExt::read(&mut stranger, &mut [0; 64]).await;
    let alert = ended.unwrap_err();
    let cause = alert.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    let wanted = rustls::Error::AlertReceived(rustls::AlertDescription::CertificateRequired);
    assert_eq!(cause, Some(&wanted));
    assert_eq!(till.asked.load(std::sync::atomic::Ordering::SeqCst), 0, "a call without a valid certificate was read");

    let (member, _dir) = member(&root, "somebody");
    let without_secret = asked(address(), &Credential::random(), Arc::new(TlsConnect::new(member))).await;
    assert_eq!(without_secret, Err(Refused::from(CallError::NotUnderstood)));
    assert_eq!(till.asked.load(std::sync::atomic::Ordering::SeqCst), 0, "a certificate replaced the secret");
}

#[tokio::test]
async fn the_called_side_must_have_the_called_name() {
    let (root, credential, till) = (Root::new(), Credential::random(), Arc::new(Till::default()));
    let (caller, _dir) = member(&root, "somebody");
    let (elsewhere, _dir) = member(&root, "elsewhere.test");
    let foreign = Root::new();
    let dir = tempfile::tempdir().unwrap();
    let foreign = opened(files(&dir, &foreign.issue("localhost"), Some(&root)));
    for tls in [elsewhere, foreign] {
        let server = listen(&till, &credential, &tls).await;
        let address = format!("localhost:{}", server.address().port());
        let answer = asked(address, &credential, Arc::new(TlsConnect::new(Arc::clone(&caller)))).await;
        assert_eq!(answer, Err(Refused::from(CallError::Unavailable)));
    }
    assert_eq!(till.asked.load(std::sync::atomic::Ordering::SeqCst), 0);
}
