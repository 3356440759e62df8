//! A card programme: the terms that all of its cards share.

use jiff::civil::Date;
use kernel::{Currency, Id, IdKind, Money, Percent, Timestamp};
use ledger_api::AccountPath;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Refusal;
use crate::amount::{Rate, convert, share};
use crate::calendar::{Calendar, TimeOfDay};
use crate::controls::Controls;
use crate::legacy::Legacy;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgrammeTag {}

impl IdKind for ProgrammeTag {
    const PREFIX: &'static str = "prog";
}

pub type ProgrammeId = Id<ProgrammeTag>;

const NAME_BYTES_MAX: usize = 64;
const RATES_MAX: usize = 200;
const TOLERANCES_MAX: usize = 200;
const LIMITS_MAX: usize = 16;
const VALUES_MAX: usize = 500;
const HOLD_DAYS_MAX: u32 = 365;

/// What all cards of a programme share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// 1 to 64 bytes.
    #[schema(example = "Everyday")]
    pub name: String,
    /// The currency of the cards and their accounts.
    pub currency: Currency,
    /// The time zone of its days and limits.
    #[schema(example = "Europe/Berlin")]
    pub zone: String,
    /// When a business day ends.
    #[schema(value_type = String, example = "17:00")]
    pub cutoff: TimeOfDay,
    /// The first 6 to 9 digits of its card numbers.
    #[schema(example = "411111")]
    pub bin: String,
    pub accounts: Accounts,
    #[serde(default)]
    pub stand_in: StandIn,
    /// By how much a clearing may exceed what was authorized, by merchant category; 0 for all others.
    #[serde(default)]
    pub tolerances: Vec<Tolerance>,
    /// For amounts in other currencies; without a rate a currency is declined.
    #[serde(default)]
    pub rates: Vec<CurrencyRate>,
    /// Added to converted amounts, as a fee.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "1.5")]
    pub markup: Option<Percent>,
    /// Days after which an authorization that is not cleared expires.
    #[serde(default = "hold_days")]
    pub hold_days: u32,
    /// For all cards, together with each card's own.
    #[serde(default)]
    pub controls: Controls,
}

/// The programme's accounts in the ledger, beside those of holders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    /// What is owed to the network.
    pub settlement: AccountPath,
    /// Income from fees and markups.
    pub fees: AccountPath,
    /// Credits given to holders while a dispute is open.
    pub disputes: AccountPath,
    /// Where the network is paid from.
    pub bank: AccountPath,
}

/// What happens if risk is away or late.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StandIn {
    /// Approve amounts up to this without risk; none if it is left out.
    #[serde(default)]
    pub approve_up_to: Option<Money>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tolerance {
    #[schema(example = "5812")]
    pub category: String,
    #[schema(value_type = String, example = "20")]
    pub percent: Percent,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CurrencyRate {
    pub currency: Currency,
    /// Units of the programme's currency for one of this.
    #[schema(value_type = String, example = "1.0837")]
    pub rate: Rate,
}

/// A programme as it is returned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Programme {
    pub id: ProgrammeId,
    pub terms: Terms,
    /// How it leaves an old system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legacy: Option<Legacy>,
    /// Rises by one with each change.
    pub version: i64,
    pub created_at: Timestamp,
}

/// An amount in the programme's currency, and what of it is a fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Billed {
    /// With the fee.
    pub(crate) total: Money,
    pub(crate) fee: Money,
}

impl Programme {
    /// `None`: the currency has no rate, or the result does not fit.
    pub(crate) fn billed(&self, amount: Money) -> Option<Billed> {
        let Terms { currency, rates, markup, .. } = &self.terms;
        let nothing = Money::new(0, *currency);
        if amount.currency() == *currency {
            return Some(Billed { total: amount, fee: nothing });
        }
        let rate = rates.iter().find(|rate| rate.currency == amount.currency())?.rate;
        // What rounds to nothing still costs the smallest unit.
        let net = convert(amount, rate, *currency)?;
        let net = Money::new(net.minor().max(1), *currency);
        let fee = markup.map_or(Some(nothing), |percent| share(net, percent))?;
        let total = net.plus(fee).ok().filter(|total| total.minor() <= crate::amount::MINOR_MAX)?;
        Some(Billed { total, fee })
    }

    pub(crate) fn calendar(&self) -> Option<Calendar> {
        Calendar::new(&self.terms.zone, self.terms.cutoff)
    }

    pub(crate) fn business_day(&self, at: Timestamp) -> Date {
        self.calendar().map_or(Date::constant(1970, 1, 1), |calendar| calendar.business_day(at))
    }

    /// The most that clearings may take of an authorized amount, in smallest units.
    pub(crate) fn tolerated(&self, authorized: Money, category: Option<&str>) -> i64 {
        let found = self.terms.tolerances.iter().find(|one| Some(one.category.as_str()) == category);
        let more = found.and_then(|one| share(authorized, one.percent)).map_or(0, |more| more.minor());
        authorized.minor().saturating_add(more)
    }
}

impl Terms {
    /// What serde cannot see.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let invalid = |field: &str, expected: &str| {
            Err(Refusal::TermsInvalid { field: field.to_owned(), expected: expected.to_owned() })
        };
        if self.name.is_empty() || self.name.len() > NAME_BYTES_MAX {
            return invalid("name", "1 to 64 bytes");
        }
        if Calendar::new(&self.zone, self.cutoff).is_none() {
            return invalid("zone", "the name of a time zone such as Europe/Berlin");
        }
        if !(6..=9).contains(&self.bin.len()) || !self.bin.bytes().all(|byte| byte.is_ascii_digit()) {
            return invalid("bin", "6 to 9 digits");
        }
        if !(1..=HOLD_DAYS_MAX).contains(&self.hold_days) {
            return invalid("hold_days", "1 to 365");
        }
        if self.rates.len() > RATES_MAX || self.rates.iter().any(|rate| rate.currency == self.currency) {
            return invalid("rates", "at most 200 rates, none for the programme's own currency");
        }
        if self.tolerances.len() > TOLERANCES_MAX || !self.tolerances.iter().all(|one| is_category(&one.category)) {
            return invalid("tolerances", "at most 200, each for a category of four digits");
        }
        if self.stand_in.approve_up_to.is_some_and(|limit| limit.currency() != self.currency) {
            return invalid("stand_in.approve_up_to", "an amount in the programme's currency");
        }
        check_controls(&self.controls, self.currency)
    }
}

/// Controls of a programme or of a card in this currency.
pub(crate) fn check_controls(controls: &Controls, currency: Currency) -> Result<(), Refusal> {
    let invalid = |field: &str, expected: &str| {
        Err(Refusal::TermsInvalid { field: format!("controls.{field}"), expected: expected.to_owned() })
    };
    let limits = &controls.limits;
    let amounts = limits.iter().filter_map(|limit| limit.amount);
    let empty = limits.iter().any(|limit| limit.amount.is_none() && limit.count.is_none());
    if limits.len() > LIMITS_MAX || empty || amounts.clone().any(|max| max.currency() != currency || max.minor() < 0) {
        return invalid("limits", "at most 16, each with a count or an amount of the card's currency");
    }
    let lists = [&controls.merchants, &controls.categories, &controls.countries, &controls.channels];
    if lists.iter().any(|list| list.only.len() > VALUES_MAX || list.never.len() > VALUES_MAX) {
        return invalid("merchants", "at most 500 values in a list");
    }
    let all = |list: &crate::controls::Allowed, known: &dyn Fn(&str) -> bool| {
        list.only.iter().chain(&list.never).all(|one| known(one))
    };
    if !all(&controls.categories, &|one| is_category(one)) {
        return invalid("categories", "categories of four digits");
    }
    if !all(&controls.countries, &|one| one.len() == 2 && one.bytes().all(|byte| byte.is_ascii_uppercase())) {
        return invalid("countries", "countries as two capital letters");
    }
    if !all(&controls.channels, &|one| ["present", "contactless", "atm", "ecommerce"].contains(&one)) {
        return invalid("channels", "present, contactless, atm or ecommerce");
    }
    Ok(())
}

pub(crate) fn is_category(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn hold_days() -> u32 {
    7
}

/// The terms of tests and of the demo.
pub(crate) fn plain_terms(name: &str, currency: Currency) -> Option<Terms> {
    Some(Terms {
        name: name.to_owned(),
        currency,
        zone: "UTC".to_owned(),
        cutoff: "17:00".to_owned().try_into().ok()?,
        bin: "411111".to_owned(),
        accounts: Accounts {
            settlement: "cards:settlement".parse().ok()?,
            fees: "income:card-fees".parse().ok()?,
            disputes: "cards:disputes".parse().ok()?,
            bank: "assets:bank:settlement".parse().ok()?,
        },
        stand_in: StandIn::default(),
        tolerances: Vec::new(),
        rates: Vec::new(),
        markup: None,
        hold_days: hold_days(),
        controls: Controls::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programme() -> Programme {
        let mut terms = plain_terms("Everyday", Currency::iso("USD").unwrap()).unwrap();
        terms.rates.push(CurrencyRate { currency: Currency::iso("EUR").unwrap(), rate: "1.10".parse().unwrap() });
        terms.markup = Some("2".parse().unwrap());
        terms.tolerances.push(Tolerance { category: "5812".to_owned(), percent: "20".parse().unwrap() });
        Programme { id: ProgrammeId::from_bits(1), terms, legacy: None, version: 1, created_at: Timestamp::EPOCH }
    }

    fn money(amount: &str, currency: &str) -> Money {
        Money::parse(amount, currency).unwrap()
    }

    #[test]
    fn a_foreign_amount_is_converted_with_a_markup() {
        let billed = programme().billed(money("10.00", "EUR")).unwrap();
        assert_eq!((billed.total, billed.fee), (money("11.22", "USD"), money("0.22", "USD")));
        let own = programme().billed(money("10.00", "USD")).unwrap();
        assert_eq!((own.total, own.fee), (money("10.00", "USD"), money("0.00", "USD")));
    }

    #[test]
    fn a_currency_without_a_rate_is_not_billed() {
        assert_eq!(programme().billed(money("10", "JPY")), None);
    }

    #[test]
    fn tolerance_depends_on_the_category() {
        let programme = programme();
        let authorized = money("10.00", "USD");
        assert_eq!(programme.tolerated(authorized, Some("5812")), 1_200);
        assert_eq!(programme.tolerated(authorized, Some("5411")), 1_000);
        assert_eq!(programme.tolerated(authorized, None), 1_000);
    }

    #[test]
    fn invalid_terms_name_the_field() {
        let good = programme().terms;
        assert_eq!(good.check(), Ok(()));
        let usd = money("1.00", "EUR");
        type Break = Box<dyn Fn(&mut Terms)>;
        let broken: [(&str, Break); 8] = [
            ("name", Box::new(|terms| terms.name.clear())),
            ("zone", Box::new(|terms| terms.zone = "Europe/Atlantis".to_owned())),
            ("bin", Box::new(|terms| terms.bin = "41111".to_owned())),
            ("hold_days", Box::new(|terms| terms.hold_days = 0)),
            ("rates", Box::new(|terms| terms.currency = Currency::iso("EUR").unwrap())),
            ("tolerances", Box::new(|terms| terms.tolerances[0].category = "581".to_owned())),
            ("stand_in.approve_up_to", Box::new(move |terms| terms.stand_in.approve_up_to = Some(usd))),
            ("controls.countries", Box::new(|terms| terms.controls.countries.only.push("de".to_owned()))),
        ];
        for (field, breaks) in broken {
            let mut terms = good.clone();
            breaks(&mut terms);
            assert!(
                matches!(terms.check(), Err(Refusal::TermsInvalid { field: found, .. }) if found == field),
                "{field}"
            );
        }
    }
}
