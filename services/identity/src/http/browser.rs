//! What the pages know about a request: cookies, origin, and validated forms.

mod cookies;
mod fields;
mod form_key;
mod origin;
mod return_to;
mod visit;

pub(super) use cookies::{Jar, Kind};
pub(super) use fields::{FieldFault, Fields};
pub(super) use form_key::{form_key, form_key_fits};
pub(super) use origin::is_ours;
pub(super) use return_to::{account_path, leads_to, policy_source};
pub(super) use visit::Visit;
