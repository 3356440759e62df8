-- A browser or an app that gets push messages. address_key: a keyed digest of its address; sealed: the address, under the subject's key.
create table device (
    seq SEQ,
    id ID not null unique,
    subject TEXT not null,
    kind TEXT not null,
    address_key BYTES not null unique,
    sealed BYTES not null,
    created_at BIGINT not null
);

create index device_subject on device (subject, seq);
