//! The vault in another process: the same trait over [`platform::rpc`], and the method table that answers it there.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::Ctx;
use platform::room::Face;
use platform::rpc::{Methods, MethodsOf, Repeat, RpcClient};

use crate::{Destroy, Find, Found, Issue, Kept, Renew, Reveal, Revealed, Rotation, Tokenize, Vault, VaultError};

pub static FACE: Face<dyn Vault> = Face { name: "vault", serve, remote: |rpc| Arc::new(RemoteVault { rpc }) };

type Shared = Arc<dyn Vault>;

fn serve(vault: Shared) -> Methods {
    MethodsOf::new("vault", vault)
        .on("find", |at, ctx, it| async move { at.find(&ctx, it).await })
        .on("tokenize", |at, ctx, it| async move { at.tokenize(&ctx, it).await })
        .on("issue", |at, ctx, it| async move { at.issue(&ctx, it).await })
        .on("renew", |at, ctx, it| async move { at.renew(&ctx, it).await })
        .on("reveal", |at, ctx, it| async move { at.reveal(&ctx, it).await })
        .on("destroy", |at, ctx, it| async move { at.destroy(&ctx, it).await })
        .on("rotate", |at, ctx, ()| async move { at.rotate(&ctx).await })
        .on("rotation", |at, ctx, ()| async move { at.rotation(&ctx).await })
        .into()
}

#[derive(Debug, Clone)]
pub struct RemoteVault {
    rpc: RpcClient,
}

#[async_trait]
impl Vault for RemoteVault {
    async fn find(&self, ctx: &Ctx, command: Find) -> Result<Vec<Option<Found>>, VaultError> {
        self.rpc.call(ctx, "find", &command, Repeat::Question).await
    }

    async fn tokenize(&self, ctx: &Ctx, command: Tokenize) -> Result<Kept, VaultError> {
        self.rpc.call(ctx, "tokenize", &command, Repeat::Harmless).await
    }

    async fn issue(&self, ctx: &Ctx, command: Issue) -> Result<Kept, VaultError> {
        self.rpc.call(ctx, "issue", &command, Repeat::Harmless).await
    }

    async fn renew(&self, ctx: &Ctx, command: Renew) -> Result<Kept, VaultError> {
        self.rpc.call(ctx, "renew", &command, Repeat::Harmless).await
    }

    /// Each time it is sent is recorded.
    async fn reveal(&self, ctx: &Ctx, command: Reveal) -> Result<Revealed, VaultError> {
        self.rpc.call(ctx, "reveal", &command, Repeat::Never).await
    }

    /// The second time there is nothing to destroy, and the first one's success would be lost.
    async fn destroy(&self, ctx: &Ctx, command: Destroy) -> Result<(), VaultError> {
        self.rpc.call(ctx, "destroy", &command, Repeat::Never).await
    }

    /// A rotation that has begun is not begun twice.
    async fn rotate(&self, ctx: &Ctx) -> Result<Rotation, VaultError> {
        self.rpc.call(ctx, "rotate", &(), Repeat::Harmless).await
    }

    async fn rotation(&self, ctx: &Ctx) -> Result<Rotation, VaultError> {
        self.rpc.call(ctx, "rotation", &(), Repeat::Question).await
    }
}
