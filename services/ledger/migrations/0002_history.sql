-- Turns an instant into the last row that was recorded by then.
create index commit_group_at on commit_group (at);

-- Sums over an account's late rows: those that count from before they were recorded.
alter table account_head add column late_posted_debits BIGINT not null default 0;
alter table account_head add column late_posted_credits BIGINT not null default 0;
alter table account_head add column late_pending_debits BIGINT not null default 0;
alter table account_head add column late_pending_credits BIGINT not null default 0;

-- One row for each side of a late row, in the order in which it counts. Place 0 is posted debits, 1 posted credits,
-- 2 pending debits, 3 pending credits.
create table late (
    account BIGINT not null,
    effective_at BIGINT not null,
    seq BIGINT not null,
    place SMALLINT not null,
    amount BIGINT not null,
    primary key (account, effective_at, seq)
) CLUSTERED;

-- What became known behind a given row.
create index late_seq on late (account, seq);

-- Running sums over late rows with the same effective_at >> bits, so that no question adds up many of them.
create table late_bucket (
    bits SMALLINT not null,
    account BIGINT not null,
    bucket BIGINT not null,
    posted_debits BIGINT not null,
    posted_credits BIGINT not null,
    pending_debits BIGINT not null,
    pending_credits BIGINT not null,
    primary key (bits, account, bucket)
) CLUSTERED;
