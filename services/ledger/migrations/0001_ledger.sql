-- The log: every change of state is a row, and nothing in it ever changes.
create table log (
    seq SEQ,
    body BYTES not null
);

-- One row for each commit: it turns an instant into a sequence number and carries the hash chain.
create table commit_group (
    number SEQ,
    at BIGINT not null,
    first_seq BIGINT not null,
    last_seq BIGINT not null,
    hash BYTES not null
);

create index commit_group_first_seq on commit_group (first_seq);

-- Every id that was ever used, and where its first row is.
create table transaction_id (
    id ID primary key,
    seq BIGINT not null
) CLUSTERED;

-- All tables below can be worked out from the log, apart from the texts of metadata.
create table account (
    no SEQ,
    path TEXT not null unique,
    currency TEXT not null,
    scale SMALLINT not null,
    normal SMALLINT not null,
    owner TEXT,
    reference TEXT,
    opened_seq BIGINT not null,
    opened_at BIGINT not null
);

create index account_owner on account (owner, path) where owner is not null;

create table account_head (
    no SEQ,
    status SMALLINT not null,
    floor BIGINT,
    ceiling BIGINT,
    metadata_hash BYTES not null,
    metadata_seq BIGINT not null,
    posted_debits BIGINT not null,
    posted_credits BIGINT not null,
    pending_debits BIGINT not null,
    pending_credits BIGINT not null,
    version BIGINT not null,
    holds BIGINT not null,
    roots BYTES not null
);

create table account_metadata (
    account BIGINT not null,
    key TEXT not null,
    value TEXT not null,
    primary key (account, key)
) CLUSTERED;

create index account_metadata_value on account_metadata (key, value, account);

create table account_reference (
    reference TEXT primary key,
    account BIGINT not null
) CLUSTERED;

create table transaction_reference (
    reference TEXT primary key,
    seq BIGINT not null
) CLUSTERED;

create table hold (
    seq SEQ,
    posted BIGINT not null,
    released BIGINT not null,
    remaining BIGINT not null,
    expires_at BIGINT not null,
    expired SMALLINT not null
);

create index hold_due on hold (expires_at) where remaining > 0;

create table reversal (
    seq SEQ,
    reversed_by ID not null
);

create table asset (
    code TEXT primary key,
    scale SMALLINT not null,
    seq BIGINT not null
) CLUSTERED;

-- What the log holds only the hash of, so that it can be erased.
create table metadata (
    seq SEQ,
    salt BYTES not null,
    body TEXT not null
);

create table idempotency (
    key ID primary key,
    command ID not null,
    seq BIGINT not null,
    day BIGINT not null
) CLUSTERED;

create index idempotency_day on idempotency (day);

create table secret (
    name TEXT primary key,
    value BYTES not null
) CLUSTERED;
