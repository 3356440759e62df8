-- Browsers that have logged a person in before, by the digest of a cookie that outlives sessions. Several people may use one browser.
create table device (
    cookie BYTES not null,
    person ID not null references person (id),
    -- The last session that this browser began: what ends a person's other sessions forgets their other browsers.
    session ID not null,
    seen_at BIGINT not null,
    expires_at BIGINT not null,
    primary key (cookie, person)
);

create index device_by_person on device (person);
create index device_by_expiry on device (expires_at);

-- The name that a count is about, as a digest, so that all counts of one name can be ended at once.
alter table failure add column about BYTES;

create index failure_by_about on failure (about);
