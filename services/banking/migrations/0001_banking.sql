-- The key of one owner or entity; without it the texts of their accounts cannot be read.
create table subject_key (
    subject TEXT primary key,
    sealed BYTES not null
);

-- Parts of files on their way, sealed; removed when the file has been read.
create table upload_part (
    principal TEXT not null,
    upload TEXT not null,
    number BIGINT not null,
    at BIGINT not null,
    size BIGINT not null,
    sealed BYTES not null,
    primary key (principal, upload, number)
) CLUSTERED;

create index upload_part_at on upload_part (at);

-- number_key is a keyed digest of the IBAN or number.
create table account (
    seq SEQ,
    id ID not null unique,
    number_key BYTES not null unique,
    subject TEXT not null,
    owner TEXT,
    entity TEXT,
    kind TEXT not null,
    currency TEXT not null,
    last_four TEXT not null,
    interim TEXT not null,
    lead_source SMALLINT,
    created_at BIGINT not null
);

create index account_owner on account (owner, seq);

create table import (
    seq SEQ,
    id ID not null unique,
    state TEXT not null,
    digest BYTES not null,
    sha256 TEXT not null,
    subject TEXT not null,
    owner TEXT,
    entity TEXT,
    principal TEXT not null,
    upload TEXT not null,
    parts BIGINT not null,
    options TEXT not null,
    format TEXT,
    counts TEXT not null,
    -- Warnings and the mistake, sealed: they repeat values of the file.
    notes BYTES not null,
    done BIGINT not null,
    created_at BIGINT not null,
    claimed_until BIGINT not null
);

create index import_digest on import (digest);
create index import_owner on import (owner, seq);
create index import_due on import (claimed_until) where state = 'received';

-- One statement of an import. Sums of its first and last day decide whether another one of that day continues it.
create table statement (
    seq SEQ,
    import BIGINT not null,
    place BIGINT not null,
    account BIGINT not null,
    source SMALLINT not null,
    coverage SMALLINT not null,
    effect SMALLINT not null,
    identity BIGINT,
    from_day BIGINT not null,
    to_day BIGINT not null,
    opening BIGINT,
    closing BIGINT,
    last_sum BIGINT,
    adds_up SMALLINT not null,
    told_at BIGINT not null,
    first_seq BIGINT not null,
    last_seq BIGINT not null,
    withdrawn SMALLINT not null
);

create unique index statement_place on statement (import, place);
create index statement_account on statement (account, to_day);

-- match_key is the day, then a keyed digest of account, amount and currency: entries of one day lie together.
create table movement (
    seq SEQ,
    id ID not null unique,
    account BIGINT not null,
    day BIGINT not null,
    valued BIGINT,
    minor BIGINT not null,
    currency TEXT not null,
    status SMALLINT not null,
    code TEXT not null,
    category TEXT not null,
    chosen SMALLINT not null,
    match_key BIGINT not null,
    print BIGINT not null,
    bank_key BIGINT,
    end_key BIGINT,
    source SMALLINT not null,
    statement BIGINT not null,
    told_at BIGINT not null,
    twin BIGINT,
    decided SMALLINT not null,
    removed SMALLINT not null,
    was BIGINT,
    sealed BYTES not null
);

create index movement_day on movement (account, day, seq);
create index movement_match on movement (match_key);
create index movement_open on movement (account) where status < 2;
create index movement_bank on movement (bank_key) where bank_key is not null;

-- Further statements that told a movement; the first one is in its row.
create table telling (
    statement BIGINT not null,
    movement BIGINT not null,
    primary key (statement, movement)
) CLUSTERED;

create index telling_movement on telling (movement);

-- Ids under which a bank once told a movement that it has corrected (or deleted: no movement).
create table former_id (
    account BIGINT not null,
    bank_key BIGINT not null,
    movement BIGINT,
    primary key (account, bank_key)
) CLUSTERED;

create table balance (
    seq SEQ,
    account BIGINT not null,
    kind SMALLINT not null,
    day BIGINT not null,
    at BIGINT,
    minor BIGINT not null,
    currency TEXT not null,
    statement BIGINT not null,
    withdrawn SMALLINT not null
);

create index balance_account on balance (account, kind, day, seq);

-- What counts of each day, by category, in the account's currency.
create table day_total (
    account BIGINT not null,
    day BIGINT not null,
    category TEXT not null,
    count BIGINT not null,
    minor BIGINT not null,
    primary key (account, day, category)
) CLUSTERED;

create table holding (
    account BIGINT not null,
    security TEXT not null,
    scheme TEXT,
    quantity TEXT not null,
    price TEXT,
    minor BIGINT,
    currency TEXT,
    day BIGINT not null,
    primary key (account, security)
) CLUSTERED;

create table rule (
    seq SEQ,
    id ID not null unique,
    subject TEXT not null,
    terms TEXT not null
);

create index rule_subject on rule (subject, seq);

create table profile (
    subject TEXT not null,
    name TEXT not null,
    layout TEXT not null,
    primary key (subject, name)
) CLUSTERED;
