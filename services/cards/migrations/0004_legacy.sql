alter table card add column side SMALLINT not null default 0;

create table legacy_card (
    card ID primary key,
    programme ID not null,
    account TEXT not null,
    old_card ID not null,
    old_token ID not null,
    unique (programme, old_card)
);

create index legacy_card_account on legacy_card (account, card);

create table legacy_account (
    account TEXT primary key,
    programme ID not null,
    place BIGINT not null,
    stage SMALLINT not null,
    attempt BIGINT not null,
    since BIGINT not null,
    copied_at BIGINT not null,
    note TEXT not null
);

create index legacy_account_programme on legacy_account (programme, stage, place);

create table legacy_difference (
    programme ID not null,
    field TEXT not null,
    theirs TEXT not null,
    ours TEXT not null,
    count BIGINT not null,
    primary key (programme, field, theirs, ours)
);
