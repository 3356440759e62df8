-- Keys of transactions' metadata that can be searched by. Each declaration has a number of its own, so that a key that is
-- removed and declared again does not meet what is left of its first index.
create table metadata_key (
    no SEQ,
    key TEXT not null,
    indexed_to_seq BIGINT not null,
    removed SMALLINT not null
);

create unique index metadata_key_declared on metadata_key (key) where removed = 0;

-- Written behind the commit. `key` is the number of a declaration, `term` stands for the value, `seq` is the first row of
-- the transaction.
create table transaction_metadata (
    key BIGINT not null,
    term TEXT not null,
    seq BIGINT not null,
    primary key (key, term, seq)
) CLUSTERED;
