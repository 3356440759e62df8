-- The log: one row. `size` is the number of entries, `recorded_at` the time of the last one; entries before `kept_from` have
-- no body any more.
create table log (
    one SMALLINT primary key,
    origin TEXT not null,
    generation BIGINT not null,
    size BIGINT not null,
    root BYTES not null,
    recorded_at BIGINT not null,
    kept_from BIGINT not null
);

-- The last head of each book of the ledger that is an entry.
create table book_head (
    book TEXT primary key,
    head TEXT not null
);

-- The entries. `body` is what was hashed, byte by byte.
create table entry (
    index_at SEQ,
    recorded_at BIGINT not null,
    kind TEXT not null,
    class TEXT not null,
    risk TEXT not null,
    frameworks SMALLINT not null,
    actor TEXT,
    object TEXT not null,
    subject TEXT,
    txn TEXT,
    body BYTES
);

create index entry_recorded on entry (recorded_at);
create index entry_kind on entry (kind, index_at);
create index entry_class on entry (class, index_at);
create index entry_risk on entry (risk, index_at);
create index entry_actor on entry (actor, index_at);
create index entry_object on entry (object, index_at);
create index entry_subject on entry (subject, index_at);
create index entry_txn on entry (txn, index_at);

-- The tree, as tiles of up to 256 hashes.
create table tile (
    level SMALLINT not null,
    number BIGINT not null,
    hashes BYTES not null,
    primary key (level, number)
) CLUSTERED;

-- Signed heads.
create table head (
    size SEQ,
    signed_at BIGINT not null,
    root BYTES not null,
    note TEXT not null
);

create table signing_key (
    number SEQ,
    sealed BYTES not null,
    public BYTES not null,
    made_at BIGINT not null,
    signs_until BIGINT
);
