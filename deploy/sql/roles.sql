-- The roles of PostgreSQL. Written by `cargo xtask deploy write` from the catalogue. Can be run again.
--
--   psql --set ON_ERROR_STOP=1 --file roles.sql postgres://OWNER@HOST/florin
--
-- It sets no passwords: give each role one, for example with \password, and put it into the Secret of the same name.
-- A role of several parts (layouts) is a member of theirs:
--   create role florin_payment_service login; grant florin_ledger, florin_risk to florin_payment_service;
set password_encryption = 'scram-sha-256';
select format('revoke all on database %I from public', current_database()) \gexec
revoke all on schema public from public;
select 'create role florin_migrate login' where not exists (select from pg_roles where rolname = 'florin_migrate') \gexec
select format('grant connect on database %I to florin_migrate', current_database()) \gexec

-- accounts
select 'create role florin_accounts login' where not exists (select from pg_roles where rolname = 'florin_accounts') \gexec
select format('grant connect on database %I to florin_accounts', current_database()) \gexec
grant florin_accounts to florin_migrate;
create schema if not exists accounts authorization florin_accounts;
alter default privileges for role florin_migrate in schema accounts
    grant select, insert, update, delete on tables to florin_accounts;

-- audit
select 'create role florin_audit login' where not exists (select from pg_roles where rolname = 'florin_audit') \gexec
select format('grant connect on database %I to florin_audit', current_database()) \gexec
grant florin_audit to florin_migrate;
create schema if not exists audit authorization florin_audit;
alter default privileges for role florin_migrate in schema audit
    grant select, insert, update, delete on tables to florin_audit;

-- banking
select 'create role florin_banking login' where not exists (select from pg_roles where rolname = 'florin_banking') \gexec
select format('grant connect on database %I to florin_banking', current_database()) \gexec
grant florin_banking to florin_migrate;
create schema if not exists banking authorization florin_banking;
alter default privileges for role florin_migrate in schema banking
    grant select, insert, update, delete on tables to florin_banking;

-- cards
select 'create role florin_cards login' where not exists (select from pg_roles where rolname = 'florin_cards') \gexec
select format('grant connect on database %I to florin_cards', current_database()) \gexec
grant florin_cards to florin_migrate;
create schema if not exists cards authorization florin_cards;
alter default privileges for role florin_migrate in schema cards
    grant select, insert, update, delete on tables to florin_cards;

-- identity
select 'create role florin_identity login' where not exists (select from pg_roles where rolname = 'florin_identity') \gexec
select format('grant connect on database %I to florin_identity', current_database()) \gexec
grant florin_identity to florin_migrate;
create schema if not exists identity authorization florin_identity;
alter default privileges for role florin_migrate in schema identity
    grant select, insert, update, delete on tables to florin_identity;

-- ledger
select 'create role florin_ledger login' where not exists (select from pg_roles where rolname = 'florin_ledger') \gexec
select format('grant connect on database %I to florin_ledger', current_database()) \gexec
grant florin_ledger to florin_migrate;
create schema if not exists ledger authorization florin_ledger;
alter default privileges for role florin_migrate in schema ledger
    grant select, insert, update, delete on tables to florin_ledger;
select format('grant create on database %I to florin_ledger', current_database()) \gexec

-- notifications
select 'create role florin_notifications login' where not exists (select from pg_roles where rolname = 'florin_notifications') \gexec
select format('grant connect on database %I to florin_notifications', current_database()) \gexec
grant florin_notifications to florin_migrate;
create schema if not exists notifications authorization florin_notifications;
alter default privileges for role florin_migrate in schema notifications
    grant select, insert, update, delete on tables to florin_notifications;

-- payments
select 'create role florin_payments login' where not exists (select from pg_roles where rolname = 'florin_payments') \gexec
select format('grant connect on database %I to florin_payments', current_database()) \gexec
grant florin_payments to florin_migrate;
create schema if not exists payments authorization florin_payments;
alter default privileges for role florin_migrate in schema payments
    grant select, insert, update, delete on tables to florin_payments;

-- planning
select 'create role florin_planning login' where not exists (select from pg_roles where rolname = 'florin_planning') \gexec
select format('grant connect on database %I to florin_planning', current_database()) \gexec
grant florin_planning to florin_migrate;
create schema if not exists planning authorization florin_planning;
alter default privileges for role florin_migrate in schema planning
    grant select, insert, update, delete on tables to florin_planning;

-- risk
select 'create role florin_risk login' where not exists (select from pg_roles where rolname = 'florin_risk') \gexec
select format('grant connect on database %I to florin_risk', current_database()) \gexec
grant florin_risk to florin_migrate;
create schema if not exists risk authorization florin_risk;
alter default privileges for role florin_migrate in schema risk
    grant select, insert, update, delete on tables to florin_risk;

-- simulation
select 'create role florin_simulation login' where not exists (select from pg_roles where rolname = 'florin_simulation') \gexec
select format('grant connect on database %I to florin_simulation', current_database()) \gexec
grant florin_simulation to florin_migrate;
create schema if not exists simulation authorization florin_simulation;
alter default privileges for role florin_migrate in schema simulation
    grant select, insert, update, delete on tables to florin_simulation;

-- treasury
select 'create role florin_treasury login' where not exists (select from pg_roles where rolname = 'florin_treasury') \gexec
select format('grant connect on database %I to florin_treasury', current_database()) \gexec
grant florin_treasury to florin_migrate;
create schema if not exists treasury authorization florin_treasury;
alter default privileges for role florin_migrate in schema treasury
    grant select, insert, update, delete on tables to florin_treasury;

-- vault
select 'create role florin_vault login' where not exists (select from pg_roles where rolname = 'florin_vault') \gexec
select format('grant connect on database %I to florin_vault', current_database()) \gexec
grant florin_vault to florin_migrate;
create schema if not exists vault authorization florin_vault;
alter default privileges for role florin_migrate in schema vault
    grant select, insert, update, delete on tables to florin_vault;
