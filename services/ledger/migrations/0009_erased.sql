-- Owners whose metadata was erased in this store, with the instant of the erasure as the list outside of it has it: a store that was
-- restored from an older backup has no such row, and is examined again.
create table erased (
    owner TEXT not null,
    at BIGINT not null,
    primary key (owner)
) CLUSTERED;
