-- From where on the log may know more than the rows of account_head; empty while every row is written with its commit.
create table account_head_mark (
    place SEQ,
    seq BIGINT not null
);
