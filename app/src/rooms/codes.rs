//! Codes of logins and forgotten passwords go by notifications, so that identity itself depends on no other room.

use std::sync::Arc;

use access::Gate;
use async_trait::async_trait;
use identity::{Channel, ChannelError};
use identity_api::{FactorKind, Identity};
use kernel::{Clock, Ctx, Deadline};
use notifications_api::{Data, Notifications, Recipient, SendMessage};
use platform::frame::ActsAs;
use platform::room::{OpenError, Opened, OwnClient, Site};
use serde_json::json;

use crate::house::Late;

const KIND: &str = "security.code";
const ASK_MS: u64 = 5_000;

/// Identity, with notifications as the way to people.
pub(super) async fn open_identity(
    site: Site<identity::Settings>,
    (gate, clients, notifications): (Gate, Vec<OwnClient>, Late<dyn Notifications>),
) -> Result<Opened<dyn Identity>, OpenError> {
    let (own, clock) = (Arc::clone(&site.own), Arc::clone(&site.clock));
    let codes: Arc<dyn Channel> = Arc::new(Codes { notifications, own, clock });
    identity::open(site, (gate, clients, Some(codes))).await
}

struct Codes {
    notifications: Late<dyn Notifications>,
    own: Arc<dyn ActsAs>,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl Channel for Codes {
    async fn send(&self, message: &identity::Message) -> Result<(), ChannelError> {
        let away =
            || ChannelError("notifications does not run in this process, and the settings do not say where".to_owned());
        let notifications = self.notifications.get().ok_or_else(away)?;
        let principal = self.own.principal().await.map_err(ChannelError)?;
        let deadline = Deadline::after_millis(&*self.clock, ASK_MS);
        let ctx = Ctx { principal, deadline, request_id: "code".into(), idempotency_key: None };
        let to = match message.by {
            FactorKind::Email => Recipient::Email(message.to.clone()),
            FactorKind::Sms | FactorKind::Totp | FactorKind::Backup => Recipient::Phone(message.to.clone()),
        };
        let data = Data::from_iter([("code".to_owned(), json!(message.code.expose()))]);
        let command = SendMessage { kind: KIND.to_owned(), to, data, expires_at: None };
        // The refusal's code: its text could repeat the address.
        notifications.send(&ctx, command).await.map(drop).map_err(|error| ChannelError(error.code().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, OnceLock};

    use kernel::{Principal, Secret, SystemClock};
    use notifications_api::{FACE, NotificationsError, Refusal};
    use platform::rpc::{Methods, RpcClient, Served};
    use testkit::{AsSaid, InProcess};

    use super::*;

    type Heard = Arc<Mutex<Vec<SendMessage>>>;

    /// Refuses whatever it hears.
    fn notifications(heard: &Heard) -> Arc<dyn Notifications> {
        let (heard, clock): (Heard, Arc<dyn Clock>) = (Arc::clone(heard), Arc::new(SystemClock));
        let methods = Methods::new(FACE.name).on("send", move |_: Ctx, command: SendMessage| {
            heard.lock().unwrap().push(command);
            let because = "ann@example.com is away".to_owned();
            let refusal = Refusal::RecipientUnreachable { kind: KIND.to_owned(), because };
            async move { Err::<notifications_api::Message, NotificationsError>(refusal.into()) }
        });
        let served = Served::new([methods], Arc::new(AsSaid), Arc::clone(&clock)).unwrap();
        (FACE.remote)(RpcClient::new(FACE.name, Arc::new(InProcess(served)), clock))
    }

    #[tokio::test]
    async fn a_code_goes_as_an_urgent_message_and_an_error_names_no_address() {
        let (heard, late) = (Heard::default(), Late::<dyn Notifications>::new(OnceLock::new()));
        let own: Arc<dyn ActsAs> = Arc::new(Principal::operator());
        let codes = Codes { notifications: Arc::clone(&late), own, clock: Arc::new(SystemClock) };
        let message = identity::Message {
            by: FactorKind::Email,
            to: "ann@example.com".to_owned(),
            code: Secret::new("123456"),
            text: Secret::new("Your code is 123456."),
        };
        assert!(codes.send(&message).await.unwrap_err().0.contains("does not run in this process"));
        assert!(late.set(notifications(&heard)).is_ok());
        assert_eq!(codes.send(&message).await.unwrap_err().0, "recipient_unreachable");
        let sent = heard.lock().unwrap().remove(0);
        assert_eq!((sent.kind.as_str(), sent.to), (KIND, Recipient::Email("ann@example.com".to_owned())));
        assert_eq!(sent.data["code"], "123456");
    }
}
