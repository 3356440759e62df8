create table card_settlement (
    id ID primary key,
    programme ID not null,
    day BIGINT not null,
    body TEXT not null,
    unique (programme, day)
);
