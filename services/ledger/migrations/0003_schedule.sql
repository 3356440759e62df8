-- What becomes of transactions that were scheduled, by the row that scheduled them; all of it can be worked out from the log.
-- state: 0 waits, 1 carried out, 2 failed, 3 cancelled; outcome is the row that ended the waiting, 0 until then.
create table scheduled (
    seq SEQ,
    due_at BIGINT not null,
    state SMALLINT not null,
    outcome BIGINT not null,
    owner TEXT
);

create index scheduled_due on scheduled (due_at, seq) where state = 0;

create index scheduled_owner on scheduled (owner, due_at, seq) where state = 0 and owner is not null;
