create table card_number (
    token ID primary key,
    sealed BYTES not null,
    key BIGINT not null,
    expiry SMALLINT not null,
    made_at BIGINT not null
);

create index card_number_key on card_number (key);

create table fingerprint (
    fingerprint BYTES primary key,
    key BIGINT not null,
    token ID not null
);

create index fingerprint_token on fingerprint (token, key);
create index fingerprint_key_of on fingerprint (key);

create table fingerprint_key (
    id SEQ,
    sealed BYTES not null,
    made_at BIGINT not null
);
