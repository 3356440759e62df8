//! Statements of the register of books, each prepared on both engines by a test.

pub(super) const BOOK_LIST: &str = "
select name, created_at, stored
from book
order by name";

pub(super) const BOOK_FIND: &str = "
select name, created_at, stored
from book
where name = $1";

pub(super) const BOOK_COUNT: &str = "
select count(*), coalesce(max(number), 0)
from book";

pub(super) const BOOK_CREATE: &str = "
insert into book (number, name, created_at, stored)
values ($1, $2, $3, 0)";

/// The row of `main`, which is in its own store.
pub(super) const BOOK_MAIN: &str = "
insert into book (number, name, created_at, stored)
values (1, 'main', $1, 1)
on conflict do nothing";

pub(super) const BOOK_STORED: &str = "
update book
set stored = 1
where name = $1";

pub(super) const FIRST_GROUP: &str = "
select at
from commit_group
where number = 1";

#[cfg(test)]
pub(super) const STATEMENTS: [&str; 7] =
    [BOOK_LIST, BOOK_FIND, BOOK_COUNT, BOOK_CREATE, BOOK_MAIN, BOOK_STORED, FIRST_GROUP];
