//! The users and clients of a first start: an administrator with a one-time password, and a client for daily work;
//! under `--demo`, one user of each kind.
//!
//! Invariant: the secrets made here are shown once, on the terminal; without a terminal they are in a file that only
//! the process's own user can read. A log never has them.

mod introduce;

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{IsTerminal, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use identity_api::{ClientKind, CreateClient, CreateUser, IdentityError};
use kernel::Secret;
use platform::crypto::random_token;
use platform::room::{Introduction, OpenError, OwnClient};
use serde::Deserialize;

use crate::IdentityService;
use crate::settings::Settings;

const ADMIN: &str = "admin";
/// The client that the first start creates.
const PROGRAM: &str = "first";
const SECRET_BYTES: usize = 32;
/// Of a room's own token.
const OWN_TOKEN_SECONDS: u32 = 300;
/// The password of the demo users; the demo is only reachable from this machine.
const DEMO_PASSWORD: &str = "florin demo, on this machine only";
const DEMO_PROGRAM: (&str, &str) = ("demo-service", "florin-demo-on-this-machine-only");

/// As an operator mounts it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mounted {
    admin: Option<MountedAdmin>,
    client: Option<MountedClient>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MountedAdmin {
    username: String,
    password: Secret,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MountedClient {
    id: String,
    secret: Secret,
    /// The default is those of a service.
    #[serde(default)]
    roles: Vec<String>,
}

/// Creates missing users and clients, and returns what to print at the terminal. `issuer` is where users log in.
pub(super) async fn people(
    identity: &IdentityService,
    settings: &Settings,
    issuer: &str,
    demo: bool,
) -> Result<Introduction, OpenError> {
    if demo {
        self::demo(identity).await?;
        return Ok(introduce::demo(issuer));
    }
    if let Some(file) = &settings.first_secrets_file {
        mounted(identity, file, &read(file)?).await?;
        return Ok(Introduction::default());
    }
    if !identity.awaits_first_admin(ADMIN).await? {
        return Ok(Introduction::default());
    }
    let paper = if std::io::stderr().is_terminal() { None } else { Some(Paper::ready(&settings.first_login_file)?) };
    // Another process may have been faster.
    let Some(password) = identity.first_admin(ADMIN, None).await? else { return Ok(Introduction::default()) };
    let secret = first_program(identity).await?;
    match paper {
        None => Ok(introduce::shown(issuer, &password, secret.as_ref())),
        Some(paper) => Ok(introduce::written(issuer, &paper.write(&password, secret.as_ref())?)),
    }
}

/// The clients by which rooms call other processes. Their secrets follow from the deployment's.
pub(super) async fn rooms(identity: &IdentityService, clients: Vec<OwnClient>) -> Result<(), OpenError> {
    for OwnClient { id, room, roles, secret } in clients {
        let own = program(&id, &format!("The service {room} itself"));
        identity.put_client(CreateClient { access_seconds: Some(OWN_TOKEN_SECONDS), roles, ..own }, secret).await?;
    }
    Ok(())
}

/// None if the client already exists: its owner continues to use its secret.
async fn first_program(identity: &IdentityService) -> Result<Option<Secret>, OpenError> {
    if identity.has_client(PROGRAM).await? {
        return Ok(None);
    }
    let secret = random_token(SECRET_BYTES);
    identity.put_client(program(PROGRAM, "The client of the first start"), secret.clone()).await?;
    Ok(Some(secret))
}

async fn mounted(identity: &IdentityService, file: &Path, mounted: &Mounted) -> Result<(), OpenError> {
    let failed = |part: &str, error: IdentityError| {
        OpenError::from(format!("{} (identity.first_secrets_file), [{part}]: {error}", file.display()))
    };
    if let Some(MountedAdmin { username, password }) = &mounted.admin {
        identity.first_admin(username, Some(password.clone())).await.map_err(|error| failed("admin", error))?;
    }
    if let Some(MountedClient { id, secret, roles }) = &mounted.client {
        let mut client = program(id, "The client of the mounted secret");
        if !roles.is_empty() {
            client.roles.clone_from(roles);
        }
        identity.put_client(client, secret.clone()).await.map_err(|error| failed("client", error))?;
    }
    Ok(())
}

async fn demo(identity: &IdentityService) -> Result<(), OpenError> {
    let people = [
        ("customer", "cust_ann", "Ann Miller"),
        ("employee", "empl_eva", "Eva Clerk"),
        ("admin", "adm_max", "Max Admin"),
    ];
    for (role, subject, name) in people {
        let person = CreateUser {
            username: role.to_owned(),
            name: Some(name.to_owned()),
            email: None,
            phone: None,
            subject: Some(subject.to_owned()),
            roles: vec![role.to_owned()],
        };
        identity.put_person(person, Secret::new(DEMO_PASSWORD)).await?;
    }
    let (id, secret) = DEMO_PROGRAM;
    identity.put_client(program(id, "The demo's client"), Secret::new(secret)).await?;
    Ok(())
}

/// A client with a service's rights and every scope.
fn program(id: &str, name: &str) -> CreateClient {
    CreateClient {
        id: id.to_owned(),
        name: name.to_owned(),
        kind: ClientKind::Service,
        redirect_uris: Vec::new(),
        post_logout_redirect_uris: Vec::new(),
        scopes: vec!["admin:*".to_owned()],
        roles: vec!["service".to_owned()],
        first_party: true,
        access_seconds: None,
    }
}

fn read(file: &Path) -> Result<Mounted, OpenError> {
    let failed = |what: String| OpenError::from(format!("{} (identity.first_secrets_file) {what}", file.display()));
    let mode =
        std::fs::metadata(file).map_err(|error| failed(format!("cannot be read: {error}")))?.permissions().mode();
    if mode & 0o007 != 0 {
        return Err(failed(
            "can be read by everybody on this machine; chmod 600 it, or set defaultMode: 0400".to_owned(),
        ));
    }
    let text = std::fs::read_to_string(file).map_err(|error| failed(format!("cannot be read: {error}")))?;
    // The parser's own message would quote the line.
    toml::from_str(&text).map_err(|_| {
        failed(
            "is not of the form [admin] username, password and [client] id, secret, each a text in quotes".to_owned(),
        )
    })
}

/// The file for secrets that cannot be shown, empty at first: an unwritable path is detected before any user is
/// created.
struct Paper {
    file: PathBuf,
    written: File,
}

impl Paper {
    /// Replaces the file of an earlier start: its contents are no longer true.
    fn ready(file: &Path) -> Result<Paper, OpenError> {
        let make = || {
            if let Some(parent) = file.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
            }
            let _ = std::fs::remove_file(file);
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)
        };
        let written = make().map_err(|error| cannot_be_written(file, &error))?;
        Ok(Paper { file: file.to_owned(), written })
    }

    fn write(mut self, password: &Secret, secret: Option<&Secret>) -> Result<PathBuf, OpenError> {
        let mut text = format!("administrator: {ADMIN}\npassword for one login: {}\n", password.expose());
        if let Some(secret) = secret {
            text.push_str(&format!("program: {PROGRAM}\nsecret: {}\n", secret.expose()));
        }
        let written = self.written.write_all(text.as_bytes()).and_then(|()| self.written.sync_all());
        written.map_err(|error| cannot_be_written(&self.file, &error))?;
        Ok(self.file)
    }
}

fn cannot_be_written(file: &Path, error: &std::io::Error) -> OpenError {
    OpenError::from(format!("{} (identity.first_login_file) cannot be written: {error}", file.display()))
}
