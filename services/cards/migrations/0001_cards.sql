create table programme (
    id ID primary key,
    version BIGINT not null,
    body TEXT not null
);

create table card (
    id ID primary key,
    token ID not null unique,
    owner TEXT,
    account TEXT not null,
    blocked SMALLINT not null,
    body TEXT not null
);

create index card_owner on card (owner, id);
create index card_account on card (account, id);

create table card_usage (
    card ID not null,
    day BIGINT not null,
    amount BIGINT not null,
    count BIGINT not null,
    primary key (card, day)
) CLUSTERED;

create table card_request (
    key ID primary key,
    command BYTES not null,
    authorization_id ID not null,
    step ID not null
) CLUSTERED;

create table card_authorization (
    id ID primary key,
    card ID not null,
    due_at BIGINT,
    body TEXT not null
);

create index card_authorization_card on card_authorization (card, id);
create index card_authorization_due on card_authorization (due_at) where due_at is not null;

create table card_step (
    id ID primary key,
    authorization_id ID not null,
    programme ID not null,
    day BIGINT not null,
    owed BIGINT not null,
    body TEXT not null
);

create index card_step_authorization on card_step (authorization_id, id);
create index card_step_day on card_step (programme, day, id);

create table hold_expired (
    authorization_id ID primary key
) CLUSTERED;

create table card_group (
    number SEQ,
    at BIGINT not null,
    fingerprint BIGINT not null
);
