//! All products as the end of a day and openings need them: terms by version, rates by day.

use std::collections::HashMap;

use accounts_api::{InterestTerms, ProductId, Rates, Terms};
use jiff::civil::Date;
use kernel::Currency;
use platform::db::{DbError, Tx};

use crate::interest::is_due;
use crate::store::product;

/// Products of one house: there are tens of them, and hundreds at most.
const PRODUCTS_MAX: usize = 10_000;

#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    products: HashMap<i64, (ProductId, Currency)>,
    versions: HashMap<(i64, i64), Terms>,
    rates: HashMap<i64, Vec<Rates>>,
}

impl Catalogue {
    pub(crate) async fn load(tx: &Tx) -> Result<Catalogue, DbError> {
        let mut all = Catalogue::default();
        for row in product::page(tx, 0, PRODUCTS_MAX).await? {
            all.products.insert(row.seq, (row.id, row.currency));
        }
        for (product, version, terms) in product::versions(tx, 0).await? {
            all.versions.insert((product, version), terms);
        }
        for (product, rates) in product::rates(tx, 0).await? {
            all.rates.entry(product).or_default().push(rates);
        }
        Ok(all)
    }

    pub(crate) fn product(&self, product: i64) -> Result<(ProductId, Currency), DbError> {
        let found = self.products.get(&product).copied();
        found.ok_or_else(|| DbError::shape(format!("there is no product {product}")))
    }

    pub(crate) fn interest(&self, product: i64, version: i64) -> Option<&InterestTerms> {
        self.versions.get(&(product, version))?.interest.as_ref()
    }

    pub(crate) fn rates(&self, product: i64, day: Date) -> Option<&Rates> {
        self.rates.get(&product)?.iter().rfind(|rates| rates.from <= day)
    }

    /// Whether interest of any version is posted at the end of this day.
    pub(crate) fn any_due(&self, day: Date) -> bool {
        self.versions.values().filter_map(|terms| terms.interest.as_ref()).any(|terms| is_due(terms.posting, day))
    }
}
