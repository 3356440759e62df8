-- The books of this ledger. Only the store of the book main has rows here; each other book is a store of its own.
-- stored: 0 until the book's store was made, so that one that is made later is told from one that was lost.
create table book (
    number SEQ,
    name TEXT not null unique,
    created_at BIGINT not null,
    stored SMALLINT not null
);
