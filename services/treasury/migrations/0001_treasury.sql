-- body: the object as JSON, in every table that has one.
create table entity (
    key TEXT primary key,
    body TEXT not null
);

create table account (
    key TEXT primary key,
    body TEXT not null
);

-- What is linked to an account. `wanted` rises with every event about it; it is read again while `done` is smaller. `day` is the
-- first day that a ledger account's movements are read from next.
create table source (
    source TEXT primary key,
    account TEXT not null,
    wanted BIGINT not null,
    done BIGINT not null,
    day BIGINT not null
);

create index source_wanted on source (source) where done < wanted;

-- The last answer about a source: booked 0, available 1, pending 2.
create table head (
    source TEXT not null,
    kind SMALLINT not null,
    day BIGINT not null,
    known_at BIGINT not null,
    minor BIGINT not null,
    primary key (source, kind)
) CLUSTERED;

-- Each balance as it became known.
create table balance (
    source TEXT not null,
    kind SMALLINT not null,
    day BIGINT not null,
    known_at BIGINT not null,
    minor BIGINT not null,
    primary key (source, kind, day, known_at)
) CLUSTERED;

-- What counts of a day, by category.
create table day_total (
    source TEXT not null,
    day BIGINT not null,
    category TEXT not null,
    minor BIGINT not null,
    primary key (source, day, category)
) CLUSTERED;

create table rate (
    base TEXT not null,
    quote TEXT not null,
    day BIGINT not null,
    known_at BIGINT not null,
    rate TEXT not null,
    origin TEXT not null,
    primary key (base, quote, day, known_at)
) CLUSTERED;

-- open: it still counts. origin: the recurring flow and its day.
create table flow (
    key TEXT primary key,
    account TEXT not null,
    open SMALLINT not null,
    due BIGINT not null,
    origin TEXT,
    body TEXT not null
);

create index flow_open on flow (account, due) where open = 1;
create index flow_due on flow (due, key);
create unique index flow_origin on flow (origin) where origin is not null;

-- A movement that a flow was matched with; each counts once.
create table flow_match (
    movement TEXT primary key,
    flow TEXT not null,
    minor BIGINT not null
);

create index flow_match_flow on flow_match (flow);

create table recurring (
    key TEXT primary key,
    body TEXT not null
);

create table model (
    key TEXT primary key,
    body TEXT not null
);

-- A forecast that was kept; it never changes.
create table forecast (
    series TEXT not null,
    day BIGINT not null,
    body TEXT not null,
    primary key (series, day)
) CLUSTERED;

create table pool (
    key TEXT primary key,
    body TEXT not null
);

create table sweep (
    key TEXT primary key,
    state SMALLINT not null,
    body TEXT not null
);

-- state: proposed 0, executing 1, ended 2.
create index sweep_open on sweep (state, key) where state < 2;

create table exposure (
    key TEXT primary key,
    body TEXT not null
);

create table factor (
    key TEXT primary key,
    body TEXT not null
);

create table factor_history (
    key TEXT primary key,
    body TEXT not null
);

-- A calculation of risk, with everything that it was made from; it never changes.
create table run (
    key TEXT primary key,
    body TEXT not null
);
