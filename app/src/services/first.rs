//! Who is there at the first start: an administrator with a password for one login, and a program that may do the daily
//! work; under `--demo`, one of each kind of people.
//!
//! Invariant: what is made here is shown once, on the terminal; without a terminal it lies in a file that only the process's
//! own user can read. A log never has it.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{IsTerminal, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use identity::IdentityService;
use identity_api::{ClientKind, CreateClient, CreateUser};
use kernel::Secret;
use platform::crypto::random_token;
use serde::Deserialize;

use super::Opening;
use crate::failure::Failure;

pub(crate) const ADMIN: &str = "admin";
/// The program that is made at the first start.
pub(crate) const PROGRAM: &str = "first";
const SECRET_BYTES: usize = 32;
/// What the demo's people log in with; the demo is on this machine alone.
pub(crate) const DEMO_PASSWORD: &str = "florin demo, on this machine only";
pub(crate) const DEMO_PROGRAM: (&str, &str) = ("demo-service", "florin-demo-on-this-machine-only");

/// What people are told once.
#[derive(Debug, Default)]
pub(crate) enum First {
    /// Everybody knows their secrets already.
    #[default]
    Known,
    /// To be shown on the terminal.
    Shown {
        password: Secret,
        secret: Option<Secret>,
    },
    /// There is no terminal: it lies here.
    Written(PathBuf),
    Demo,
}

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
    /// Without a word, those of a service.
    #[serde(default)]
    roles: Vec<String>,
}

pub(super) async fn people(opening: &Opening<'_>, identity: &IdentityService) -> Result<First, Failure> {
    let settings = &opening.config.identity;
    if opening.demo {
        demo(identity).await?;
        return Ok(First::Demo);
    }
    if let Some(file) = &settings.first_secrets_file {
        mounted(identity, &read(file)?).await?;
        return Ok(First::Known);
    }
    let Some(password) = identity.first_admin(ADMIN, None).await? else { return Ok(First::Known) };
    let secret = first_program(identity).await?;
    if std::io::stderr().is_terminal() {
        return Ok(First::Shown { password, secret });
    }
    let file = &settings.first_login_file;
    write(file, &password, secret.as_ref()).map_err(|error| {
        Failure::new(format!("{} (identity.first_login_file) cannot be written: {error}", file.display()))
    })?;
    Ok(First::Written(file.clone()))
}

/// None where the program is there: whoever runs it goes on with its secret.
async fn first_program(identity: &IdentityService) -> Result<Option<Secret>, Failure> {
    if identity.has_client(PROGRAM).await? {
        return Ok(None);
    }
    let secret = random_token(SECRET_BYTES);
    identity.put_client(program(PROGRAM, "The program of the first start"), secret.clone()).await?;
    Ok(Some(secret))
}

async fn mounted(identity: &IdentityService, mounted: &Mounted) -> Result<(), Failure> {
    if let Some(MountedAdmin { username, password }) = &mounted.admin {
        identity.first_admin(username, Some(password.clone())).await?;
    }
    if let Some(MountedClient { id, secret, roles }) = &mounted.client {
        let mut client = program(id, "The program of the mounted secret");
        if !roles.is_empty() {
            client.roles.clone_from(roles);
        }
        identity.put_client(client, secret.clone()).await?;
    }
    Ok(())
}

async fn demo(identity: &IdentityService) -> Result<(), Failure> {
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
    identity.put_client(program(id, "The demo's program"), Secret::new(secret)).await?;
    Ok(())
}

/// May do what a service does, with every scope.
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

fn read(file: &Path) -> Result<Mounted, Failure> {
    let failed = |what: String| Failure::new(format!("{} (identity.first_secrets_file) {what}", file.display()));
    let mode =
        std::fs::metadata(file).map_err(|error| failed(format!("cannot be read: {error}")))?.permissions().mode();
    if mode & 0o007 != 0 {
        return Err(failed(
            "can be read by everybody on this machine; chmod 600 it, or set defaultMode: 0400".to_owned(),
        ));
    }
    let text = std::fs::read_to_string(file).map_err(|error| failed(format!("cannot be read: {error}")))?;
    // The parser's own words would quote the line.
    toml::from_str(&text).map_err(|_| {
        failed(
            "is not of the form [admin] username, password and [client] id, secret, each a text in quotes".to_owned(),
        )
    })
}

/// A file of an earlier start is replaced: what it says is no longer true.
fn write(file: &Path, password: &Secret, secret: Option<&Secret>) -> std::io::Result<()> {
    if let Some(parent) = file.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    let _ = std::fs::remove_file(file);
    let mut written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    writeln!(written, "administrator: {ADMIN}\npassword for one login: {}", password.expose())?;
    if let Some(secret) = secret {
        writeln!(written, "program: {PROGRAM}\nsecret: {}", secret.expose())?;
    }
    written.sync_all()
}
