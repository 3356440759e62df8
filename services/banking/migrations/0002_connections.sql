-- A bank whose API is asked. What it tells is one import, which grows.
create table connection (
    seq SEQ,
    id ID not null unique,
    bank TEXT not null,
    base_url TEXT not null,
    subject TEXT not null,
    owner TEXT,
    entity TEXT,
    import BIGINT not null,
    state TEXT not null,
    reason TEXT,
    since BIGINT not null,
    synced_at BIGINT,
    due_at BIGINT not null,
    claimed_until BIGINT not null,
    failures BIGINT not null,
    window_at BIGINT not null,
    calls BIGINT not null,
    created_at BIGINT not null
);

create index connection_owner on connection (owner, seq);
create index connection_due on connection (due_at);

-- How far each of its accounts has been read.
create table connection_account (
    connection BIGINT not null,
    account BIGINT not null,
    synced_to BIGINT not null,
    primary key (connection, account)
) CLUSTERED;
