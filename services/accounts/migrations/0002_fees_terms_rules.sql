-- A fee for an occasion: at most one.
create table charge (
    account BIGINT not null,
    fee TEXT not null,
    occasion TEXT not null,
    day BIGINT not null,
    minor BIGINT not null,
    taken BIGINT not null,
    -- The number of the last attempt, which is part of the ledger's id.
    attempt BIGINT not null,
    -- Whether that attempt has begun and its result is not stored yet.
    trying SMALLINT not null,
    tried_day BIGINT not null,
    state SMALLINT not null,
    changed_by TEXT,
    primary key (account, fee, occasion)
) CLUSTERED;

create index charge_due on charge (tried_day, account, fee, occasion) where state = 0;
create index charge_trying on charge (account, fee, occasion) where trying = 1;

alter table day_total add column fees BIGINT not null default 0;

-- Of a term deposit: the set of rates that it keeps, its first day, the first day after it, and whether it begins again.
alter table account add column term_rates BIGINT;
alter table account add column term_begins BIGINT;
alter table account add column term_matures BIGINT;
alter table account add column term_again SMALLINT;

create index account_matures on account (term_matures) where term_matures is not null and state = 'active';

-- A customer's own rule for categories, sealed under the customer's key.
create table category_rule (
    seq SEQ,
    id ID not null unique,
    customer BIGINT not null,
    sealed BYTES not null
);

create index category_rule_customer on category_rule (customer, seq);

-- When the ledger had erased the metadata of a customer's transactions; empty until then.
alter table customer add column ledger_erased_at BIGINT;

create index customer_ledger_left on customer (seq) where erased_at is not null and ledger_erased_at is null;
