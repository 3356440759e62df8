-- One kind to one recipient. state: 0 accepted, 1 routed, 2 cancelled. holder: the subject under whose key `sealed` (data, and a
-- bare address) is sealed; null: under the room's own keys. told: a keyed digest of source, event, kind and recipient.
create table message (
    seq SEQ,
    id ID not null unique,
    kind TEXT not null,
    state SMALLINT not null,
    target TEXT not null,
    recipient TEXT,
    subject TEXT,
    holder TEXT,
    sealed BYTES not null,
    told BYTES,
    created_at BIGINT not null,
    expires_at BIGINT not null
);

create unique index message_told on message (told) where told is not null;
create index message_waiting on message (seq) where state = 0;
create index message_subject on message (subject, seq);

-- A message on one channel. lane: 0 urgent, 1 ordinary. address_key: a keyed digest of the address, for limits and suppressions.
create table delivery (
    seq SEQ,
    id ID not null unique,
    message BIGINT not null,
    subject TEXT,
    channel TEXT not null,
    state TEXT not null,
    reason TEXT,
    lane SMALLINT not null,
    optional SMALLINT not null,
    due_at BIGINT not null,
    claimed_until BIGINT not null,
    attempts BIGINT not null,
    address_key BYTES,
    holder TEXT,
    sealed BYTES,
    expires_at BIGINT not null,
    sent_at BIGINT,
    ended_at BIGINT
);

create index delivery_message on delivery (message);
create index delivery_due on delivery (lane, due_at) where state in ('queued', 'held', 'collected');
create index delivery_claimed on delivery (claimed_until) where state = 'sending';
create index delivery_unknown on delivery (expires_at) where state = 'unknown';
create index delivery_dead on delivery (seq) where state = 'dead';
create index delivery_pace on delivery (address_key, sent_at) where sent_at is not null;

create table attempt (
    delivery BIGINT not null,
    number BIGINT not null,
    at BIGINT not null,
    provider TEXT not null,
    outcome TEXT not null,
    detail TEXT,
    primary key (delivery, number)
) CLUSTERED;

-- person: identity's user. code_key: a keyed digest of the code on its way to the new address of code_for.
create table contact (
    subject TEXT not null,
    person TEXT,
    sealed BYTES not null,
    locale TEXT not null,
    zone TEXT not null,
    code_for TEXT,
    code_key BYTES,
    code_until BIGINT not null,
    code_tries BIGINT not null,
    changed_at BIGINT not null,
    primary key (subject)
) CLUSTERED;

create unique index contact_person on contact (person) where person is not null;

create table preference (
    subject TEXT not null,
    terms TEXT not null,
    changed_at BIGINT not null,
    primary key (subject)
) CLUSTERED;

-- seq is the delivery's. state: 0 unread, 1 read, 2 archived.
create table inbox_entry (
    seq SEQ,
    subject TEXT not null,
    message BIGINT not null,
    state SMALLINT not null,
    at BIGINT not null
);

create index inbox_subject on inbox_entry (subject, seq);
create index inbox_unread on inbox_entry (subject) where state = 0;

create table suppression (
    seq SEQ,
    id ID not null unique,
    address_key BYTES not null unique,
    channel TEXT not null,
    reason TEXT not null,
    at BIGINT not null
);

-- Who owns an account of the ledger, and whether debits make it grow.
create table account_owner (
    path TEXT not null,
    subject TEXT not null,
    by_debits SMALLINT not null,
    primary key (path)
) CLUSTERED;

-- People of identity whose contact has to be asked for.
create table refresh (
    person TEXT not null,
    at BIGINT not null,
    primary key (person)
) CLUSTERED;

-- Mails that were kept instead of being sent.
create table kept_mail (
    seq SEQ,
    message BIGINT not null,
    holder TEXT,
    sealed BYTES not null,
    at BIGINT not null
);

create index kept_message on kept_mail (message);
