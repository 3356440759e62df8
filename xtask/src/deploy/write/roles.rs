//! PostgreSQL roles: one a part, which reaches its own schemas and nothing else, and one for migrations.

use std::fmt::Write;

use crate::deploy::catalogue::Catalogue;

const HEAD: &str = "\
-- The roles of PostgreSQL. Written by `cargo xtask deploy write` from the catalogue. Can be run again.
--
--   psql --set ON_ERROR_STOP=1 --file roles.sql postgres://OWNER@HOST/florin
--
-- It sets no passwords: give each role one, for example with \\password, and put it into the Secret of the same name.
-- A role of several parts (layouts) is a member of theirs:
--   create role florin_payment_service login; grant florin_ledger, florin_risk to florin_payment_service;
set password_encryption = 'scram-sha-256';
select format('revoke all on database %I from public', current_database()) \\gexec
revoke all on schema public from public;
";

pub(super) fn sql(catalogue: &Catalogue) -> String {
    let mut text = HEAD.to_owned();
    role(&mut text, "florin_migrate");
    for (name, entry) in catalogue.parts.iter().filter(|(_, entry)| !entry.schemas.is_empty()) {
        let user = format!("florin_{}", name.replace('-', "_"));
        let _ = write!(text, "\n-- {name}\n");
        role(&mut text, &user);
        // What the migrations own they may still change after the part has made a schema of its own.
        let _ = writeln!(text, "grant {user} to florin_migrate;");
        for schema in entry.schemas.iter().filter(|schema| !schema.ends_with('*')) {
            let _ = write!(
                text,
                "create schema if not exists {schema} authorization {user};\nalter default privileges for role florin_migrate in schema {schema}\n    \
                 grant select, insert, update, delete on tables to {user};\n"
            );
        }
        if entry.schemas.iter().any(|schema| schema.ends_with('*')) {
            let _ =
                writeln!(text, "select format('grant create on database %I to {user}', current_database()) \\gexec");
        }
    }
    text
}

fn role(text: &mut String, user: &str) {
    let _ = write!(
        text,
        "select 'create role {user} login' where not exists (select from pg_roles where rolname = '{user}') \\gexec\nselect format('grant connect on \
         database %I to {user}', current_database()) \\gexec\n"
    );
}
