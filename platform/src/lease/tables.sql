-- Who may write, and until when by the database's clock (microseconds). PostgreSQL only: an embedded store is locked by its
-- directory.
create table lease (
    place SEQ,
    epoch BIGINT not null,
    holder TEXT not null,
    address TEXT not null,
    length BIGINT not null,
    expires_at BIGINT not null
);

insert into lease (place, epoch, holder, address, length, expires_at) values (1, 0, '', '', 0, 0);

-- What each commit of a writer checks its epoch against.
create table lease_fence (
    place SEQ,
    epoch BIGINT not null
);

insert into lease_fence (place, epoch) values (1, 0);

-- Everybody who ever held it.
create table lease_term (
    epoch SEQ,
    holder TEXT not null,
    address TEXT not null,
    taken_at BIGINT not null
);
