//! All products as the end of a day and openings need them: terms by version, rates by day.

use std::collections::HashMap;

use accounts_api::{Fee, InterestTerms, ProductId, Rates, Terms};
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
    /// With their numbers, by their first day.
    rates: HashMap<i64, Vec<(i64, Rates)>>,
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
        for (product, no, rates) in product::rates(tx, 0).await? {
            all.rates.entry(product).or_default().push((no, rates));
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

    pub(crate) fn terms(&self, product: i64, version: i64) -> Option<&Terms> {
        self.versions.get(&(product, version))
    }

    fn sets(&self, product: i64) -> &[(i64, Rates)] {
        self.rates.get(&product).map_or(&[], Vec::as_slice)
    }

    /// Those of a day, or those that a term deposit keeps.
    pub(crate) fn rates(&self, product: i64, kept: Option<i64>, day: Date) -> Option<&Rates> {
        let is_it = |(no, rates): &&(i64, Rates)| kept.map_or(rates.from <= day, |kept| kept == *no);
        self.sets(product).iter().rfind(is_it).map(|(_, rates)| rates)
    }

    /// The number of the set of rates of a day; 0 if there is none.
    pub(crate) fn rates_no(&self, product: i64, day: Date) -> i64 {
        self.sets(product).iter().rfind(|(_, rates)| rates.from <= day).map_or(0, |(no, _)| *no)
    }

    /// Those of a day.
    pub(crate) fn fees(&self, product: i64, day: Date) -> &[Fee] {
        let set = |(_, rates): &(i64, Rates)| rates.from <= day && rates.fees.is_some();
        let found = self.sets(product).iter().rfind(|one| set(one));
        found.and_then(|(_, rates)| rates.fees.as_deref()).unwrap_or_default()
    }

    /// Whether interest of any version is posted at the end of this day.
    pub(crate) fn any_due(&self, day: Date) -> bool {
        self.versions.values().filter_map(|terms| terms.interest.as_ref()).any(|terms| is_due(terms.posting, day))
    }
}
