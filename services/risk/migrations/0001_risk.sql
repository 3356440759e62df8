-- What was decided, with everything that it was made from. `seq` is the order in which counters saw it.
create table decisions (
    seq SEQ,
    id TEXT not null,
    kind SMALLINT not null,
    at BIGINT not null,
    decided_at BIGINT not null,
    outcome SMALLINT not null,
    score SMALLINT not null,
    content BIGINT not null,
    subject TEXT not null,
    features BYTES not null,
    detail TEXT not null
);

create unique index decisions_id on decisions (id);
create index decisions_time on decisions (decided_at);

-- Counters of one entity, as of `seq`. `forgotten`: 1 until the row goes.
create table entities (
    key BIGINT primary key,
    seq BIGINT not null,
    forgotten SMALLINT not null,
    state BYTES not null
);

create index entities_forgotten on entities (forgotten) where forgotten = 1;

-- Up to which step every entity is stored, and the number of the transaction that said so.
create table progress (
    one SMALLINT primary key,
    stored_seq BIGINT not null,
    last_seq BIGINT not null,
    number BIGINT not null
);

insert into progress (one, stored_seq, last_seq, number) values (1, 0, 0, 0);

-- `applied`: the step at which counters learned of it; null until then.
create table labels (
    number SEQ,
    subject TEXT not null,
    verdict SMALLINT not null,
    source SMALLINT not null,
    known_at BIGINT not null,
    recorded_at BIGINT not null,
    author TEXT not null,
    note TEXT,
    applied BIGINT
);

create index labels_subject on labels (subject);
create index labels_due on labels (known_at) where applied is null;

create table list_entries (
    list SMALLINT not null,
    kind SMALLINT not null,
    id TEXT not null,
    reason TEXT not null,
    author TEXT not null,
    added_at BIGINT not null,
    expires_at BIGINT,
    primary key (list, kind, id)
) CLUSTERED;

create table rule_sets (
    id ID primary key,
    version BIGINT not null unique,
    state SMALLINT not null,
    changed BIGINT not null,
    body TEXT not null
);

create index rule_sets_changed on rule_sets (changed);

create table models (
    id ID primary key,
    kind SMALLINT not null,
    version BIGINT not null,
    state SMALLINT not null,
    changed BIGINT not null,
    body TEXT not null,
    file BYTES not null,
    unique (kind, version)
);

create index models_changed on models (changed);

create table cases (
    id ID primary key,
    subject TEXT not null unique,
    version BIGINT not null,
    state SMALLINT not null,
    kind SMALLINT not null,
    escalated SMALLINT not null,
    assigned_to TEXT,
    entity TEXT,
    opened_at BIGINT not null,
    body TEXT not null
);

create index cases_state on cases (state, opened_at);
create index cases_entity on cases (entity);

create table jobs (
    id ID primary key,
    kind SMALLINT not null,
    state SMALLINT not null,
    started_at BIGINT not null,
    body TEXT not null
);

-- Imported history, a thousand rows in each block, in order of time.
create table history (
    number SEQ,
    kind SMALLINT not null,
    first_at BIGINT not null,
    last_at BIGINT not null,
    rows BIGINT not null,
    block BYTES not null
);

create index history_time on history (kind, first_at);
