-- Payments over a rail, from their hold on. stage: 0 waits for a file, 1 is in one, 2 does not leave any more.
create table rail_order (
    payment ID primary key,
    stage SMALLINT not null,
    held_at BIGINT not null,
    file ID not null
) CLUSTERED;

create index rail_waiting on rail_order (payment) where stage = 0;
create index rail_in_file on rail_order (file, payment) where stage = 1;

-- A file of payments to a bank. state: 0 is being made, 1 is ready.
create table rail_file (
    id ID primary key,
    state SMALLINT not null,
    body TEXT not null
);

create index rail_making on rail_file (id) where state = 0;

-- An answer of a bank, by the digest of its content; its lines without names and texts.
create table rail_answer (
    id ID primary key,
    digest ID not null unique,
    done SMALLINT not null,
    at BIGINT not null,
    body TEXT not null
);

create index rail_open_answer on rail_answer (at) where done = 0;
