-- Ids that do not come in the order of time, behind the table transaction_id that has those that do.
-- First they stand here, in any order; many at once become a run.
create table id_open (
    id ID primary key,
    seq BIGINT not null
) CLUSTERED;

-- A run is sorted and never changes. Its directory has the first id of each page, its filter tells ids that are not in it.
create table id_run (
    run SEQ,
    directory BYTES not null,
    filter BYTES not null
);

-- Page p of run r stands at place r * 65536 + p: ids and rows of the log, 24 bytes each.
create table id_page (
    place SEQ,
    body BYTES not null
);
