-- Persons and businesses. The profile is sealed under the customer's own key.
create table customer (
    seq SEQ,
    id ID not null unique,
    kind TEXT not null,
    state TEXT not null,
    sealed BYTES,
    created_at BIGINT not null,
    erased_at BIGINT
);

-- The key of one customer; without it nothing personal of theirs can be read.
create table customer_secret (
    customer SEQ,
    sealed BYTES not null
);

-- Keyed digests of what customers are found by.
create table customer_key (
    kind SMALLINT not null,
    digest BYTES not null,
    customer BIGINT not null,
    primary key (kind, digest, customer)
) CLUSTERED;

create index customer_key_customer on customer_key (customer);

create table customer_user (
    customer BIGINT not null,
    subject TEXT not null,
    role TEXT not null,
    up_to BIGINT,
    currency TEXT,
    primary key (customer, subject)
) CLUSTERED;

create index customer_user_subject on customer_user (subject, customer);

create table product (
    seq SEQ,
    id ID not null unique,
    name TEXT not null,
    kind TEXT not null,
    currency TEXT not null,
    state TEXT not null,
    version BIGINT not null,
    newest BIGINT not null,
    created_at BIGINT not null
);

create table product_version (
    product BIGINT not null,
    version BIGINT not null,
    terms TEXT not null,
    primary key (product, version)
) CLUSTERED;

-- Of two for the same day the later one counts.
create table product_rates (
    product BIGINT not null,
    no BIGINT not null,
    from_day BIGINT not null,
    rates TEXT not null,
    announced_at BIGINT not null,
    primary key (product, no)
) CLUSTERED;

-- Sums over all accounts of a product, in millionths, and what of them is in the ledger.
create table product_total (
    product SEQ,
    earned BIGINT not null,
    owed BIGINT not null,
    earned_booked BIGINT not null,
    owed_booked BIGINT not null
);

create table account (
    seq SEQ,
    id ID not null unique,
    product BIGINT not null,
    version BIGINT not null,
    state TEXT not null,
    number TEXT not null unique,
    owner BIGINT not null,
    overdraft BIGINT not null,
    rest_to BIGINT,
    opened_at BIGINT not null,
    opened_day BIGINT not null,
    closed_at BIGINT
);

create index account_unfinished on account (seq) where state in ('opening', 'closing');

create table account_holder (
    account BIGINT not null,
    customer BIGINT not null,
    place SMALLINT not null,
    primary key (account, customer)
) CLUSTERED;

create index account_holder_customer on account_holder (customer, account);

create table account_block (
    account BIGINT not null,
    id ID not null,
    kind TEXT not null,
    reason TEXT not null,
    author TEXT not null,
    since BIGINT not null,
    expires_at BIGINT,
    primary key (account, id)
) CLUSTERED;

-- Interest that was not posted yet, in millionths of the smallest unit.
create table accrued (
    account SEQ,
    earned BIGINT not null,
    owed BIGINT not null
);

create table accrual (
    day BIGINT not null,
    account BIGINT not null,
    balance BIGINT not null,
    micros BIGINT not null,
    primary key (day, account)
) CLUSTERED;

-- The difference that a later day accrued for this one.
create table correction (
    account BIGINT not null,
    of_day BIGINT not null,
    day BIGINT not null,
    balance BIGINT not null,
    micros BIGINT not null,
    primary key (account, of_day, day)
) CLUSTERED;

-- Accounts whose days since this one are recomputed by the next run.
create table late (
    account SEQ,
    from_day BIGINT not null
);

create table posting (
    account BIGINT not null,
    day BIGINT not null,
    purpose SMALLINT not null,
    minor BIGINT not null,
    tax BIGINT not null,
    txn ID not null,
    state SMALLINT not null,
    primary key (account, day, purpose)
) CLUSTERED;

create table day_run (
    day SEQ,
    phase TEXT not null,
    place TEXT not null,
    accounts BIGINT not null,
    started_at BIGINT not null,
    ended_at BIGINT
);

create table day_total (
    day BIGINT not null,
    product BIGINT not null,
    accounts BIGINT not null,
    earned BIGINT not null,
    owed BIGINT not null,
    paid BIGINT not null,
    charged BIGINT not null,
    tax BIGINT not null,
    primary key (day, product)
) CLUSTERED;

create table left_out (
    day BIGINT not null,
    account BIGINT not null,
    reason TEXT not null,
    primary key (day, account)
) CLUSTERED;

-- One ledger posting seen from one account. A month's rows lie together. Texts are sealed under the owner's key.
create table movement (
    month BIGINT not null,
    account BIGINT not null,
    seq BIGINT not null,
    at BIGINT not null,
    effective_at BIGINT not null,
    minor BIGINT not null,
    kind SMALLINT not null,
    category SMALLINT not null,
    chosen SMALLINT not null,
    status SMALLINT not null,
    txn ID not null,
    counterpart TEXT not null,
    source TEXT,
    mcc TEXT,
    sealed BYTES not null,
    primary key (month, account, seq)
) CLUSTERED;

create index movement_seq on movement (seq);
create index movement_open on movement (txn) where status = 0;
