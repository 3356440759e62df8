-- People. The epoch rises with everything that makes what they were told before untrue.
create table person (
    id ID primary key,
    username TEXT not null unique,
    name TEXT,
    email TEXT,
    phone TEXT,
    subject TEXT not null unique,
    kind TEXT not null,
    status TEXT not null,
    epoch BIGINT not null,
    password TEXT,
    -- 1: given by somebody else, to be replaced at the next login.
    password_once SMALLINT not null,
    password_at BIGINT,
    -- Set while a one-time password is in use: it is worth nothing later.
    password_until BIGINT,
    created_at BIGINT not null,
    last_login_at BIGINT
);

create table person_role (
    person ID not null references person (id),
    role TEXT not null,
    primary key (person, role)
);

create index person_role_by_role on person_role (role);

-- A second factor. The secret of an app is sealed. last_step: the last time step that was used, so that none is used twice.
create table factor (
    person ID not null references person (id),
    kind TEXT not null,
    secret BYTES,
    begun_at BIGINT not null,
    confirmed_at BIGINT,
    last_step BIGINT not null,
    primary key (person, kind)
);

create table backup_code (
    person ID not null references person (id),
    place SMALLINT not null,
    digest BYTES not null,
    used_at BIGINT,
    primary key (person, place)
);

-- Logins under way; the key is the browser's alone. passed: what was proved so far, as a JSON list. sealed: the secret that is
-- being enrolled, or the backup codes that are being shown. password: a hash that takes effect when the login ends well.
create table login (
    key BYTES primary key,
    stage TEXT not null,
    person ID,
    again_session ID,
    second_factor SMALLINT not null,
    passed TEXT not null,
    return_to TEXT not null,
    sealed BYTES,
    sent_by TEXT,
    sent_digest BYTES,
    sent_until BIGINT,
    sent_tries SMALLINT not null,
    password TEXT,
    tries SMALLINT not null,
    sent SMALLINT not null,
    begun_at BIGINT not null,
    expires_at BIGINT not null
);

create index login_by_expiry on login (expires_at);
create index login_by_person on login (person);

create table session (
    id ID primary key,
    cookie BYTES not null unique,
    person ID not null references person (id),
    began_at BIGINT not null,
    seen_at BIGINT not null,
    expires_at BIGINT not null,
    auth_time BIGINT not null,
    amr TEXT not null,
    second_factor SMALLINT not null,
    address TEXT,
    agent TEXT,
    ended_at BIGINT
);

create index session_by_person on session (person);
create index session_by_expiry on session (expires_at);

-- What failed lately, by account and by address; the name is a digest, so that what strangers type in is not kept.
create table failure (
    name BYTES primary key,
    failures BIGINT not null,
    last_at BIGINT not null,
    locked_until BIGINT not null
);

create index failure_by_time on failure (last_at);

-- Programs. Their lists are JSON.
create table client (
    id TEXT primary key,
    name TEXT not null,
    kind TEXT not null,
    -- The digest of the secret, sealed.
    secret BYTES,
    -- The same of the last one that came from outside: of a secret that is mounted.
    put_secret BYTES,
    redirect_uris TEXT not null,
    post_logout_redirect_uris TEXT not null,
    scopes TEXT not null,
    roles TEXT not null,
    first_party SMALLINT not null,
    access_seconds BIGINT not null,
    epoch BIGINT not null,
    enabled SMALLINT not null,
    created_at BIGINT not null
);

create table consent (
    person ID not null references person (id),
    client TEXT not null references client (id),
    scopes TEXT not null,
    at BIGINT not null,
    primary key (person, client)
);

-- A family: what one authorization led to. It ends as a whole, and it is worth nothing behind an epoch of its person or client.
create table grant_family (
    id ID primary key,
    client TEXT not null references client (id),
    client_epoch BIGINT not null,
    person ID not null references person (id),
    person_epoch BIGINT not null,
    session ID not null,
    -- A JSON list.
    scopes TEXT not null,
    auth_time BIGINT not null,
    amr TEXT not null,
    second_factor SMALLINT not null,
    -- Rises with every use: uses at the same time wait for each other by it.
    uses BIGINT not null,
    began_at BIGINT not null,
    expires_at BIGINT not null,
    ended_at BIGINT
);

create index grant_family_by_person on grant_family (person);
create index grant_family_by_session on grant_family (session);
create index grant_family_by_expiry on grant_family (expires_at);

create table authorization_code (
    digest BYTES primary key,
    family ID not null references grant_family (id),
    redirect_uri TEXT not null,
    challenge TEXT not null,
    nonce TEXT,
    expires_at BIGINT not null,
    used_at BIGINT
);

create index authorization_code_by_family on authorization_code (family);

create table refresh_token (
    digest BYTES primary key,
    family ID not null references grant_family (id),
    -- The one that it was given for; none for the first of a family.
    parent BYTES,
    issued_at BIGINT not null,
    -- When it was used first, or a sibling was; a second time soon after is a lost answer, later it is theft.
    used_at BIGINT
);

create index refresh_token_by_family on refresh_token (family);
create index refresh_token_by_parent on refresh_token (parent);

-- Access tokens of a family that may still be alive, so that they can end with it.
create table family_token (
    jti TEXT primary key,
    family ID not null references grant_family (id),
    expires_at BIGINT not null
);

create index family_token_by_family on family_token (family);

-- Keys that tokens are signed with; the private half is sealed, and gone once the key signs no more.
create table signing_key (
    kid TEXT primary key,
    alg TEXT not null,
    public TEXT not null,
    sealed BYTES,
    created_at BIGINT not null,
    -- None: it is the next one.
    signs_from BIGINT,
    retired_at BIGINT,
    -- From then on none of its tokens is believed, and the row may go.
    gone_at BIGINT
);

create table role (
    name TEXT primary key,
    description TEXT not null,
    permissions TEXT not null
);

create table policy (
    id TEXT primary key,
    description TEXT not null,
    text TEXT not null,
    enabled SMALLINT not null
);

-- The version of the terms that tokens are believed under. Changing it is what makes others fetch them.
create table terms (
    one SMALLINT primary key,
    version BIGINT not null
);

insert into terms (one, version) values (1, 1);

-- What is no longer believed although it was signed. A row may go when until has passed; its number is never given again.
create table revocation (
    seq SEQ,
    what TEXT not null,
    until_at BIGINT not null
);

create index revocation_by_end on revocation (until_at);
create index revocation_by_what on revocation (what);

create table revocation_last (
    one SMALLINT primary key,
    seq BIGINT not null
);

insert into revocation_last (one, seq) values (1, 0);
