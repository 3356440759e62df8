//! A ledger's books for commands that run no ledger: which exist, and whether their stores do.

use ledger_api::BookName;
use platform::db::{Access, Db, DbError, Target};

use super::{Registered, StoresBeside, registered};

/// What the store of `main` says about the books, and which stores exist.
pub struct Shelf {
    stores: StoresBeside,
    /// Those with a store, `main` first.
    pub books: Vec<BookName>,
    /// Registered, and never written to.
    pub not_made: Vec<BookName>,
    /// Registered, but their stores are missing.
    pub missing: Vec<BookName>,
    /// Stores that are not registered.
    pub unknown: Vec<String>,
}

impl Shelf {
    /// Opens the store of `main` read-only.
    pub async fn look(main: Target) -> Result<Shelf, DbError> {
        let db = Db::open(main.clone(), Access::ReadOnly, 1).await?;
        let rows = registered(&db).await?;
        let beside = main.names_beside().await?;
        let known = |name: &String| rows.iter().any(|row| row.book.as_str() == name);
        let unknown = beside.iter().filter(|name| !known(name)).cloned().collect();
        let mut shelf = Shelf {
            stores: StoresBeside { main, readers: 1 },
            books: vec![BookName::main()],
            not_made: Vec::new(),
            missing: Vec::new(),
            unknown,
        };
        for Registered { book, stored, .. } in rows.into_iter().filter(|row| !row.book.is_main()) {
            let there = beside.iter().any(|name| name == book.as_str());
            match (stored, there) {
                (true, true) => shelf.books.push(book),
                (true, false) => shelf.missing.push(book),
                (false, _) => shelf.not_made.push(book),
            }
        }
        Ok(shelf)
    }

    pub fn target(&self, book: &BookName) -> Target {
        self.stores.target(book)
    }

    /// One sentence for each book or store that is not as it should be.
    pub fn wrong(&self) -> Vec<String> {
        let missing = self.missing.iter().map(|book| format!("book {book} is registered, but its store is missing"));
        let unknown =
            self.unknown.iter().map(|name| format!("there is a store of a book {name} that is not registered"));
        missing.chain(unknown).collect()
    }
}
