//! Limits and controls of a card and its programme. Pure: each has its own reason for declining.

use kernel::Money;
use risk_api::Channel;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::calendar::{Periods, TimeOfDay};
use crate::reason::Reason;

/// Restrictions. Those of the programme and those of the card apply together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Controls {
    /// At most 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Limit>,
    /// Merchants by their ids.
    #[serde(default, skip_serializing_if = "Allowed::is_empty")]
    pub merchants: Allowed,
    /// Merchant category codes of four digits.
    #[serde(default, skip_serializing_if = "Allowed::is_empty")]
    pub categories: Allowed,
    /// Countries of ISO 3166 as two letters.
    #[serde(default, skip_serializing_if = "Allowed::is_empty")]
    pub countries: Allowed,
    /// `present`, `contactless`, `atm`, `ecommerce`.
    #[serde(default, skip_serializing_if = "Allowed::is_empty")]
    pub channels: Allowed,
    /// The hours in which the card works, by the programme's time zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
}

/// A maximum for each period, by amount, by count, or both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    pub per: Per,
    /// In the card's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// Not for `transaction`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    Transaction,
    Day,
    /// From Monday.
    Week,
    Month,
    Lifetime,
}

/// Values that are allowed alone, or never. An empty list restricts nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Allowed {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub never: Vec<String>,
}

/// From one time of day up to another; over midnight if `until` is not after `from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    #[schema(value_type = String, example = "06:00")]
    pub from: TimeOfDay,
    #[schema(value_type = String, example = "22:00")]
    pub until: TimeOfDay,
}

/// What an authorization asks for, as far as controls are about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) amount: i64,
    pub(crate) merchant: Option<&'a str>,
    pub(crate) category: Option<&'a str>,
    pub(crate) country: Option<&'a str>,
    pub(crate) channel: Option<Channel>,
}

/// What a card has spent in the periods of an instant, reservations included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Used {
    pub(crate) day: Sum,
    pub(crate) week: Sum,
    pub(crate) month: Sum,
    pub(crate) lifetime: Sum,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) amount: i64,
    pub(crate) count: i64,
}

impl Allowed {
    fn is_empty(&self) -> bool {
        self.only.is_empty() && self.never.is_empty()
    }

    /// An absent value is allowed unless only some are.
    fn allows(&self, value: Option<&str>) -> bool {
        let named = |list: &[String]| value.is_some_and(|value| list.iter().any(|one| one == value));
        (self.only.is_empty() || named(&self.only)) && !named(&self.never)
    }
}

impl Hours {
    fn contain(self, minute: i16) -> bool {
        let (from, until) = (self.from.minutes(), self.until.minutes());
        if from < until { (from..until).contains(&minute) } else { minute >= from || minute < until }
    }
}

impl Controls {
    pub(crate) fn has_limits(&self) -> bool {
        self.limits.iter().any(|limit| limit.per != Per::Transaction)
    }

    /// The first restriction that forbids it, in the order in which a holder would understand it.
    pub(crate) fn check(&self, asked: &Asked<'_>, used: &Used, at: Periods) -> Result<(), Reason> {
        let rule = |kept: bool, reason: Reason| if kept { Ok(()) } else { Err(reason) };
        rule(self.countries.allows(asked.country), Reason::CountryNotAllowed)?;
        rule(self.channels.allows(asked.channel.map(Channel::name)), Reason::ChannelNotAllowed)?;
        rule(self.categories.allows(asked.category), Reason::CategoryNotAllowed)?;
        rule(self.merchants.allows(asked.merchant), Reason::MerchantNotAllowed)?;
        rule(self.hours.is_none_or(|hours| hours.contain(at.minute)), Reason::HourNotAllowed)?;
        self.limits.iter().try_for_each(|limit| limit.check(asked.amount, used))
    }

    /// The amounts alone, for an increment.
    pub(crate) fn check_amount(&self, amount: i64, used: &Used) -> Result<(), Reason> {
        self.limits.iter().filter(|limit| limit.count.is_none()).try_for_each(|limit| limit.check(amount, used))
    }
}

impl Limit {
    fn check(&self, amount: i64, used: &Used) -> Result<(), Reason> {
        use Reason::*;
        let (sum, over_amount, over_count) = match self.per {
            Per::Transaction => (Sum::default(), AmountOverTransactionLimit, CountOverDayLimit),
            Per::Day => (used.day, AmountOverDayLimit, CountOverDayLimit),
            Per::Week => (used.week, AmountOverWeekLimit, CountOverWeekLimit),
            Per::Month => (used.month, AmountOverMonthLimit, CountOverMonthLimit),
            Per::Lifetime => (used.lifetime, AmountOverLifetimeLimit, CountOverLifetimeLimit),
        };
        if self.amount.is_some_and(|max| sum.amount.saturating_add(amount) > max.minor()) {
            return Err(over_amount);
        }
        if self.count.is_some_and(|max| sum.count >= i64::from(max)) {
            return Err(over_count);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Periods = Periods { day: 20_000, week: 19_998, month: 19_990, minute: 720 };

    fn asked() -> Asked<'static> {
        Asked {
            amount: 1_000,
            merchant: Some("m-1"),
            category: Some("5411"),
            country: Some("DE"),
            channel: Some(Channel::Present),
        }
    }

    fn controls(json: &str) -> Controls {
        serde_json::from_str(json).unwrap()
    }

    fn used(amount: i64, count: i64) -> Used {
        let sum = Sum { amount, count };
        Used { day: sum, week: sum, month: sum, lifetime: sum }
    }

    #[test]
    fn each_control_has_its_own_reason() {
        for (json, reason) in [
            (r#"{"countries":{"never":["DE"]}}"#, Reason::CountryNotAllowed),
            (r#"{"countries":{"only":["FR"]}}"#, Reason::CountryNotAllowed),
            (r#"{"channels":{"never":["present"]}}"#, Reason::ChannelNotAllowed),
            (r#"{"categories":{"never":["5411"]}}"#, Reason::CategoryNotAllowed),
            (r#"{"merchants":{"only":["m-2"]}}"#, Reason::MerchantNotAllowed),
            (r#"{"hours":{"from":"13:00","until":"12:00"}}"#, Reason::HourNotAllowed),
        ] {
            assert_eq!(controls(json).check(&asked(), &Used::default(), NOON), Err(reason), "{json}");
        }
        for json in [
            "{}",
            r#"{"countries":{"only":["DE"]},"channels":{"only":["present"]},"merchants":{"never":["m-2"]}}"#,
            r#"{"hours":{"from":"12:00","until":"12:01"}}"#,
            r#"{"hours":{"from":"22:00","until":"12:01"}}"#,
        ] {
            assert_eq!(controls(json).check(&asked(), &Used::default(), NOON), Ok(()), "{json}");
        }
    }

    #[test]
    fn an_unknown_value_is_not_among_the_only_allowed() {
        let unknown = Asked { merchant: None, category: None, country: None, channel: None, ..asked() };
        let only = controls(r#"{"countries":{"only":["DE"]}}"#);
        assert_eq!(only.check(&unknown, &Used::default(), NOON), Err(Reason::CountryNotAllowed));
        let never = controls(r#"{"countries":{"never":["DE"]}}"#);
        assert_eq!(never.check(&unknown, &Used::default(), NOON), Ok(()));
    }

    #[test]
    fn each_limit_has_its_own_reason() {
        for (per, over_amount, over_count) in [
            ("day", Reason::AmountOverDayLimit, Reason::CountOverDayLimit),
            ("week", Reason::AmountOverWeekLimit, Reason::CountOverWeekLimit),
            ("month", Reason::AmountOverMonthLimit, Reason::CountOverMonthLimit),
            ("lifetime", Reason::AmountOverLifetimeLimit, Reason::CountOverLifetimeLimit),
        ] {
            let money = r#"{"amount":"20.00","currency":"USD"}"#;
            let by_amount = controls(&format!(r#"{{"limits":[{{"per":"{per}","amount":{money}}}]}}"#));
            assert_eq!(by_amount.check(&asked(), &used(1_000, 9), NOON), Ok(()));
            assert_eq!(by_amount.check(&asked(), &used(1_001, 0), NOON), Err(over_amount));
            assert!(by_amount.has_limits());
            let by_count = controls(&format!(r#"{{"limits":[{{"per":"{per}","count":3}}]}}"#));
            assert_eq!(by_count.check(&asked(), &used(0, 2), NOON), Ok(()));
            assert_eq!(by_count.check(&asked(), &used(0, 3), NOON), Err(over_count));
        }
        let once = controls(r#"{"limits":[{"per":"transaction","amount":{"amount":"9.99","currency":"USD"}}]}"#);
        assert_eq!(once.check(&asked(), &Used::default(), NOON), Err(Reason::AmountOverTransactionLimit));
        assert!(!once.has_limits());
    }

    #[test]
    fn sums_near_the_largest_number_do_not_overflow() {
        let limit = controls(r#"{"limits":[{"per":"lifetime","amount":{"amount":"20.00","currency":"USD"}}]}"#);
        assert_eq!(limit.check(&asked(), &used(i64::MAX, 0), NOON), Err(Reason::AmountOverLifetimeLimit));
    }
}
