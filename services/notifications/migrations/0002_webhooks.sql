-- state: 0 enabled, 1 disabled. URL and secrets are sealed. owner: whose events are posted; null: everybody's.
create table endpoint (
    seq SEQ,
    id ID not null unique,
    owner TEXT,
    url BYTES not null,
    events TEXT not null,
    state SMALLINT not null,
    secret BYTES not null,
    old_secret BYTES,
    old_until BIGINT not null,
    failing_since BIGINT,
    created_at BIGINT not null
);

create index endpoint_owner on endpoint (owner, seq);

-- One event for one endpoint. event_key: a digest of source and id; null for a test.
create table post (
    seq SEQ,
    id ID not null unique,
    endpoint BIGINT not null,
    event_key BYTES,
    kind TEXT not null,
    body TEXT not null,
    state TEXT not null,
    attempts BIGINT not null,
    last TEXT,
    last_at BIGINT,
    due_at BIGINT not null,
    claimed_until BIGINT not null,
    expires_at BIGINT not null,
    created_at BIGINT not null
);

create unique index post_event on post (endpoint, event_key) where event_key is not null;
create index post_endpoint on post (endpoint, seq);
create index post_due on post (due_at) where state = 'waiting';
create index post_claimed on post (claimed_until) where state = 'posting';
create index post_made on post (created_at);
