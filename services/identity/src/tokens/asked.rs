//! A client's authorization request, read and checked.
//!
//! Invariant: until the client and its redirect URI are known to belong together, nothing is sent there: the user is
//! shown the error. After that the client gets it.

use identity_api::{Authorize, AuthorizeReply, ClientKind, IdentityError, OAuthError, Refusal};
use kernel::Timestamp;
use platform::access::is_fresh;
use platform::db::Tx;

use super::back::Back;
use super::claims::{ACR_MFA, Proved};
use super::{refused, scopes};
use crate::IdentityService;
use crate::clients::{self, ClientRow, same_but_port};

/// Values that a client chooses and gets back: long enough for all of them.
const STATE_BYTES_MAX: usize = 2_048;
const NONCE_BYTES_MAX: usize = 512;
/// SHA-256 in base64url.
const CHALLENGE_LETTERS: usize = 43;

#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) client: ClientRow,
    pub(super) back: Back,
    pub(super) scopes: Vec<String>,
    pub(super) nonce: Option<String>,
    pub(super) challenge: String,
    pub(super) prompt: Prompt,
    max_age: Option<i64>,
    /// The client requires a second factor.
    pub(super) mfa: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Prompt {
    /// The user must not be asked anything.
    pub(super) none: bool,
    pub(super) login: bool,
    pub(super) consent: bool,
}

/// The error for the client.
type Wrong = (OAuthError, String);

impl IdentityService {
    /// The request, or the immediate reply to the client. An error is shown to the user.
    pub(super) async fn asked(
        &self,
        tx: &Tx,
        command: &Authorize,
    ) -> Result<Result<Asked, AuthorizeReply>, IdentityError> {
        let client = client_of(tx, command.client_id.as_deref()).await?;
        let redirect_uri = registered(&client, command.redirect_uri.as_deref())?;
        // A state that is too long is not sent back.
        let state = command.state.clone().filter(|state| state.len() <= STATE_BYTES_MAX);
        let back = Back { redirect_uri, state, issuer: self.config.issuer.clone() };
        match read(client, &back, command) {
            Ok(asked) => Ok(Ok(asked)),
            Err((error, description)) => Ok(Err(back.error(error, &description))),
        }
    }
}

async fn client_of(tx: &Tx, id: Option<&str>) -> Result<ClientRow, IdentityError> {
    let id = id.ok_or_else(|| refused(OAuthError::InvalidRequest, "client_id is missing"))?;
    let client = clients::find(tx, id).await?;
    client
        .filter(|client| client.enabled && client.kind != ClientKind::Service)
        .ok_or_else(|| refused(OAuthError::UnauthorizedClient, "no client of this name may ask here"))
}

/// Exact match, except for the port on the user's own machine.
fn registered(client: &ClientRow, given: Option<&str>) -> Result<String, IdentityError> {
    let given = given.ok_or_else(|| refused(OAuthError::InvalidRequest, "redirect_uri is missing"))?;
    let same = |listed: &String| listed == given || same_but_port(listed, given);
    if client.redirect_uris.iter().any(same) {
        return Ok(given.to_owned());
    }
    Err(refused(OAuthError::InvalidRequest, "redirect_uri is not one that the client has registered"))
}

fn read(client: ClientRow, back: &Back, command: &Authorize) -> Result<Asked, Wrong> {
    if command.state.as_ref().is_some_and(|state| state.len() > STATE_BYTES_MAX) {
        return Err(invalid("state is too long"));
    }
    // Its contents would be ignored.
    if command.request.is_some() {
        return Err((OAuthError::RequestNotSupported, "request objects are not supported".to_owned()));
    }
    if command.request_uri.is_some() {
        return Err((OAuthError::RequestUriNotSupported, "request objects are not fetched from here".to_owned()));
    }
    match command.response_type.as_deref() {
        Some("code") => {}
        None => return Err(invalid("response_type is missing")),
        Some(_) => return Err((OAuthError::UnsupportedResponseType, "expected response_type code".to_owned())),
    }
    let challenge = challenge(command)?;
    let prompt = prompt(command.prompt.as_deref())?;
    if command.max_age.is_some_and(|age| age < 0) {
        return Err(invalid("expected a max_age that is not negative"));
    }
    if command.nonce.as_ref().is_some_and(|nonce| nonce.len() > NONCE_BYTES_MAX) {
        return Err(invalid("nonce is too long"));
    }
    let scopes = scopes::granted(&client.scopes, command.scope.as_deref()).map_err(scope_error)?;
    let mfa = command.acr_values.iter().flat_map(|values| values.split(' ')).any(|value| value == ACR_MFA);
    let (nonce, max_age) = (command.nonce.clone(), command.max_age);
    Ok(Asked { client, back: back.clone(), scopes, nonce, challenge, prompt, max_age, mfa })
}

/// PKCE is required from every client, and only with S256.
fn challenge(command: &Authorize) -> Result<String, Wrong> {
    let challenge = command.code_challenge.as_deref().ok_or_else(|| invalid("code_challenge is missing"))?;
    if command.code_challenge_method.as_deref() != Some("S256") {
        return Err(invalid("expected code_challenge_method S256"));
    }
    let base64url = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if challenge.len() != CHALLENGE_LETTERS || !challenge.bytes().all(base64url) {
        return Err(invalid("expected code_challenge as a SHA-256 in base64url"));
    }
    Ok(challenge.to_owned())
}

fn prompt(words: Option<&str>) -> Result<Prompt, Wrong> {
    let mut prompt = Prompt::default();
    for word in words.unwrap_or_default().split(' ').filter(|word| !word.is_empty()) {
        match word {
            "none" => prompt.none = true,
            "login" => prompt.login = true,
            "consent" => prompt.consent = true,
            _ => return Err(invalid("expected prompt none, login or consent")),
        }
    }
    if prompt.none && (prompt.login || prompt.consent) {
        return Err(invalid("prompt=none cannot be combined"));
    }
    Ok(prompt)
}

impl Asked {
    /// Whether the session's authentication is too old or too weak for this.
    pub(super) fn wants_proof(&self, proved: &Proved, now: Timestamp) -> bool {
        let too_old = self.max_age.is_some_and(|max| !is_fresh(now, proved.auth_time, max));
        self.prompt.login || too_old || (self.mfa && !proved.second_factor)
    }
}

fn invalid(description: &str) -> Wrong {
    (OAuthError::InvalidRequest, description.to_owned())
}

fn scope_error(error: IdentityError) -> Wrong {
    match error {
        IdentityError::Refused { refusal: Refusal::OAuth { error, description }, .. } => (error, description),
        other => (OAuthError::InvalidScope, other.to_string()),
    }
}
