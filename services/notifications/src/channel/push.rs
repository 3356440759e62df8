//! Push messages: to a browser by its push service, to an app by Firebase.

use async_trait::async_trait;
use notifications_api::DeviceAddress;

use super::fcm::Fcm;
use super::web_push::WebPush;
use super::{Channel, Outcome, Parcel};

/// Either may be in use, or both.
pub(crate) struct Push {
    pub(crate) web: Option<WebPush>,
    pub(crate) fcm: Option<Fcm>,
}

#[async_trait]
impl Channel for Push {
    async fn send(&self, parcel: &Parcel) -> (String, Outcome) {
        match (serde_json::from_str(&parcel.address), &self.web, &self.fcm) {
            (Ok(DeviceAddress::Web(to)), Some(web), _) => web.send(parcel, &to).await,
            (Ok(DeviceAddress::Fcm(to)), _, Some(fcm)) => fcm.send(parcel, &to.token).await,
            (Ok(_), _, _) => (String::new(), Outcome::Refused { detail: "push to such devices is off".to_owned() }),
            (Err(_), _, _) => (String::new(), Outcome::Ours { detail: "a device without its form".to_owned() }),
        }
    }
}
