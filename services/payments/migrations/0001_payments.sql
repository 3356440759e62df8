-- due_at: when payments looks at it by itself. body: the payment as JSON.
create table payment (
    id ID primary key,
    account ID not null,
    owner TEXT,
    state SMALLINT not null,
    due_at BIGINT,
    body TEXT not null
);

create index payment_account on payment (account, id);
create index payment_owner on payment (owner, id);
create index payment_due on payment (due_at) where due_at is not null;
create index payment_waiting on payment (state, id) where state < 3;

create table payment_step (
    payment ID not null,
    number BIGINT not null,
    body TEXT not null,
    primary key (payment, number)
) CLUSTERED;

-- A caller's command, by digests: whose and which it is, and what it says.
create table payment_request (
    key ID primary key,
    command BYTES not null,
    payment ID not null
) CLUSTERED;

-- What an account has paid or reserved, by day. account is a digest of its path.
create table payment_use (
    account ID not null,
    day BIGINT not null,
    amount BIGINT not null,
    count BIGINT not null,
    primary key (account, day)
) CLUSTERED;

create table payment_group (
    number SEQ,
    at BIGINT not null,
    fingerprint BIGINT not null
);

create table policy (
    id ID primary key,
    version BIGINT not null,
    body TEXT not null
);

create table payee (
    id ID primary key,
    owner TEXT not null,
    removed SMALLINT not null,
    body TEXT not null
);

create index payee_owner on payee (owner, id);

-- due_at: when its next payment is made.
create table standing_order (
    id ID primary key,
    owner TEXT not null,
    version BIGINT not null,
    due_at BIGINT,
    body TEXT not null
);

create index standing_owner on standing_order (owner, id);
create index standing_due on standing_order (due_at) where due_at is not null;
