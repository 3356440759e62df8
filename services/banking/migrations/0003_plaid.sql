-- A bank that was linked through Plaid: its access token, sealed, and how far its transactions were read.
create table plaid_item (
    connection BIGINT primary key,
    token BYTES not null,
    read_to TEXT not null
);
