create table card_label (
    authorization_id ID primary key,
    fraud SMALLINT not null,
    known_at BIGINT not null
) CLUSTERED;
