-- The key of a data subject; without it what is sealed under it cannot be read. An erased one stays, with an empty key.
create table subject_key (
    subject TEXT primary key,
    sealed BYTES not null
);

-- sealed: the name, under the key of `subject`.
create table household (
    id ID not null,
    subject TEXT not null,
    currency TEXT not null,
    sealed BYTES not null,
    created_at BIGINT not null,
    primary key (id)
) CLUSTERED;

create table member (
    household ID not null,
    subject TEXT not null,
    role TEXT not null,
    standing TEXT not null,
    since BIGINT not null,
    primary key (household, subject)
) CLUSTERED;

create index member_subject on member (subject, household);

-- sealed: name, birth and ages of one person, under the key of `subject`.
create table person (
    household ID not null,
    place BIGINT not null,
    subject TEXT not null,
    sealed BYTES not null,
    primary key (household, place)
) CLUSTERED;

-- link: the account that its values come from; once in a household.
create table asset (
    id ID not null,
    household ID not null,
    class TEXT not null,
    wrapper TEXT not null,
    currency TEXT not null,
    source TEXT not null,
    link TEXT,
    subject TEXT not null,
    sealed BYTES not null,
    closed_on BIGINT,
    read_at BIGINT not null,
    created_at BIGINT not null,
    primary key (id)
) CLUSTERED;

create index asset_household on asset (household, id);
create unique index asset_link on asset (household, link) where link is not null;

-- Values of the days of one month, packed; of a debt what is owed, above zero.
create table asset_month (
    asset ID not null,
    month BIGINT not null,
    packed BYTES not null,
    primary key (asset, month)
) CLUSTERED;

create table rate (
    household ID not null,
    currency TEXT not null,
    day BIGINT not null,
    rate TEXT not null,
    source TEXT not null,
    primary key (household, currency, day)
) CLUSTERED;

-- sealed: the terms, under the key of `subject`.
create table goal (
    id ID not null,
    household ID not null,
    subject TEXT not null,
    sealed BYTES not null,
    state TEXT not null,
    track TEXT,
    reached_on BIGINT,
    measured_at BIGINT not null,
    created_at BIGINT not null,
    primary key (id)
) CLUSTERED;

create index goal_household on goal (household, id);
create index goal_measured on goal (measured_at) where state = 'active';

create table goal_source (
    goal ID not null,
    asset ID not null,
    millionths BIGINT not null,
    primary key (goal, asset)
) CLUSTERED;

create table plan (
    id ID not null,
    household ID not null,
    version BIGINT not null,
    primary key (id)
) CLUSTERED;

create index plan_household on plan (household, id);

-- sealed: the terms, under the key of `subject`. A version never changes.
create table plan_version (
    plan ID not null,
    version BIGINT not null,
    subject TEXT not null,
    sealed BYTES not null,
    created_at BIGINT not null,
    primary key (plan, version)
) CLUSTERED;
