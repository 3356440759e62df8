-- A file of payments that a caller sent. digest: of its payer and content. state: 0 is being carried out, 1 is over.
create table upload (
    id ID primary key,
    owner TEXT,
    digest ID not null unique,
    message ID,
    state SMALLINT not null,
    body TEXT not null
);

create index upload_owner on upload (owner, id);
create index upload_working on upload (id) where state = 0;
create unique index upload_message on upload (message) where message is not null;

-- payment: all zeros until it is made.
create table upload_line (
    id ID primary key,
    upload ID not null,
    number BIGINT not null,
    payment ID not null,
    body TEXT not null
);

create unique index upload_line_number on upload_line (upload, number);
