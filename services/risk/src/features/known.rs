//! Merchants, categories and countries that a holder has been seen with.

use super::entity::FirstTimes;
use super::subject::Subject;
use risk_api::EntityKind;

/// Bounds; the one that was seen longest ago goes first.
const MERCHANTS_MAX: usize = 64;
const CATEGORIES_MAX: usize = 32;
const COUNTRIES_MAX: usize = 16;

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Known {
    pub(super) merchants: Seen,
    pub(super) categories: Seen,
    pub(super) countries: Seen,
}

/// Each number with the newest second at which it was seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Seen(pub(super) Vec<(u32, u32)>);

impl Known {
    pub(super) fn first_times(&mut self, subject: &Subject) -> FirstTimes {
        let second = u32::try_from(subject.at.div_euclid(1_000_000)).unwrap_or_default();
        let merchant = subject.key(EntityKind::Merchant).map(|key| key.short());
        let country = Some(u32::from(subject.country)).filter(|country| *country != 0);
        FirstTimes {
            merchant: self.merchants.first(merchant, second, MERCHANTS_MAX),
            category: self.categories.first(subject.category.map(u32::from), second, CATEGORIES_MAX),
            country: self.countries.first(country, second, COUNTRIES_MAX),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        let pairs = self.merchants.0.capacity() + self.categories.0.capacity() + self.countries.0.capacity();
        size_of::<Known>() + pairs * size_of::<(u32, u32)>()
    }
}

impl Seen {
    fn first(&mut self, number: Option<u32>, second: u32, max: usize) -> f64 {
        let Some(number) = number else { return f64::NAN };
        if let Some((_, last)) = self.0.iter_mut().find(|(known, _)| *known == number) {
            *last = second.max(*last);
            return 0.0;
        }
        if self.0.len() == self.0.capacity() {
            self.0.reserve_exact(2 + self.0.len() / 2);
        }
        self.0.push((number, second));
        if self.0.len() > max {
            let oldest = self.0.iter().enumerate().min_by_key(|(_, (number, last))| (*last, *number));
            if let Some((place, _)) = oldest {
                self.0.swap_remove(place);
            }
        }
        1.0
    }
}
