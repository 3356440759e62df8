//! What policies ask of a payment. Pure.

use kernel::Money;
use ledger_api::AccountPath;

use crate::face::{ApproverLimit, Policy};

/// What all policies that apply ask together: of each term the strictest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Demands {
    pub(crate) approvals: u8,
    pub(crate) approver_limits: Vec<ApproverLimit>,
    pub(crate) payment_max: Option<i64>,
    pub(crate) day_max: Option<i64>,
    pub(crate) day_count_max: Option<i64>,
    pub(crate) month_max: Option<i64>,
    /// The fee of the policy with the largest `from_amount`.
    pub(crate) fee: Option<(Money, AccountPath)>,
}

/// What an account has paid or reserved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Used {
    pub(crate) day: i64,
    pub(crate) day_count: i64,
    pub(crate) month: i64,
}

pub(crate) fn demands<'a>(policies: impl Iterator<Item = &'a Policy>, from: &AccountPath, amount: Money) -> Demands {
    let mut all = Demands::default();
    let mut fee_from = i64::MIN;
    for policy in policies.filter(|policy| policy.state.applies()) {
        let terms = &policy.terms;
        let floor = terms.from_amount;
        let is_under = terms.account.as_ref().is_none_or(|prefix| is_under(from, prefix));
        if floor.currency() != amount.currency() || amount.minor() < floor.minor() || !is_under {
            continue;
        }
        all.approvals = all.approvals.max(terms.approvals);
        all.approver_limits.extend(terms.approver_limits.iter().cloned());
        let minor = |money: Option<Money>| money.map(|money| money.minor());
        all.payment_max = smaller(all.payment_max, minor(terms.payment_max));
        all.day_max = smaller(all.day_max, minor(terms.day_max));
        all.month_max = smaller(all.month_max, minor(terms.month_max));
        all.day_count_max = smaller(all.day_count_max, terms.day_count_max.map(i64::from));
        if let Some(fee) = &terms.fee
            && floor.minor() > fee_from
        {
            fee_from = floor.minor();
            all.fee = Some((fee.amount, fee.to.clone()));
        }
    }
    all
}

fn smaller(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn is_under(path: &AccountPath, prefix: &AccountPath) -> bool {
    let rest = path.as_str().strip_prefix(prefix.as_str());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

impl Demands {
    /// The limit that a further payment would overrun.
    pub(crate) fn overrun(&self, amount: i64, used: Used) -> Option<&'static str> {
        let above = |limit: Option<i64>, sum: Option<i64>| limit.is_some_and(|limit| sum.is_none_or(|sum| sum > limit));
        [
            (above(self.payment_max, Some(amount)), "over_payment_limit"),
            (above(self.day_max, used.day.checked_add(amount)), "over_day_limit"),
            (above(self.day_count_max, used.day_count.checked_add(1)), "over_day_count"),
            (above(self.month_max, used.month.checked_add(amount)), "over_month_limit"),
        ]
        .into_iter()
        .find_map(|(is_over, reason)| is_over.then_some(reason))
    }
}

/// The most that a person can approve, if a policy says so.
pub(crate) fn own_limit(limits: &[ApproverLimit], subject: &str, amount: Money) -> Option<Money> {
    let own = limits.iter().filter(|limit| limit.subject == subject && limit.max.currency() == amount.currency());
    own.map(|limit| limit.max).min_by_key(|max| max.minor())
}

#[cfg(test)]
mod tests {
    use crate::face::{Fee, PolicyId, PolicyState, PolicyTerms};
    use kernel::Timestamp;

    use super::*;

    fn usd(minor: i64) -> Money {
        Money::new(minor, kernel::Currency::iso("USD").unwrap())
    }

    fn policy(state: PolicyState, terms: PolicyTerms) -> Policy {
        Policy {
            id: PolicyId::from_bits(1),
            state,
            terms,
            proposed_by: "a".to_owned(),
            proposed_at: Timestamp::EPOCH,
            confirmed_by: None,
            confirmed_at: None,
        }
    }

    fn terms(from: i64) -> PolicyTerms {
        PolicyTerms {
            name: "x".to_owned(),
            from_amount: usd(from),
            account: None,
            approvals: 0,
            approver_limits: Vec::new(),
            payment_max: None,
            day_max: None,
            day_count_max: None,
            month_max: None,
            fee: None,
        }
    }

    fn path(text: &str) -> AccountPath {
        text.parse().unwrap()
    }

    #[test]
    fn of_several_policies_the_strictest_terms_count() {
        let fee = |minor| Some(Fee { amount: usd(minor), to: path("income:fees") });
        let all = [
            policy(PolicyState::Active, PolicyTerms { approvals: 1, day_max: Some(usd(500)), fee: fee(5), ..terms(0) }),
            policy(
                PolicyState::Ending,
                PolicyTerms { approvals: 2, day_max: Some(usd(900)), fee: fee(9), ..terms(100) },
            ),
            policy(PolicyState::Proposed, PolicyTerms { approvals: 3, ..terms(0) }),
            policy(PolicyState::Ended, PolicyTerms { approvals: 3, ..terms(0) }),
        ];
        let of = |minor| demands(all.iter(), &path("customers:ann"), usd(minor));
        let small = of(99);
        assert_eq!((small.approvals, small.day_max, small.fee), (1, Some(500), Some((usd(5), path("income:fees")))));
        let large = of(100);
        assert_eq!((large.approvals, large.day_max, large.fee.map(|fee| fee.0)), (2, Some(500), Some(usd(9))));
    }

    #[test]
    fn a_policy_applies_to_its_currency_and_its_accounts() {
        let under =
            policy(PolicyState::Active, PolicyTerms { approvals: 1, account: Some(path("customers")), ..terms(0) });
        let of = |from: &str, money| demands([&under].into_iter(), &path(from), money).approvals;
        assert_eq!([of("customers:ann", usd(1)), of("customers", usd(1)), of("customers2:ann", usd(1))], [1, 1, 0]);
        assert_eq!(of("customers:ann", Money::new(1, kernel::Currency::iso("EUR").unwrap())), 0);
    }

    #[test]
    fn a_limit_is_overrun_by_one_unit_or_one_payment() {
        let all = Demands {
            payment_max: Some(100),
            day_max: Some(150),
            day_count_max: Some(2),
            month_max: Some(1_000),
            ..Demands::default()
        };
        let used = |day, day_count, month| Used { day, day_count, month };
        for (amount, used, expected) in [
            (100, used(50, 1, 900), None),
            (101, used(0, 0, 0), Some("over_payment_limit")),
            (100, used(51, 1, 51), Some("over_day_limit")),
            (1, used(2, 2, 2), Some("over_day_count")),
            (100, used(0, 0, 901), Some("over_month_limit")),
            (1, used(i64::MAX, 0, 0), Some("over_day_limit")),
        ] {
            assert_eq!(all.overrun(amount, used), expected, "{amount} {used:?}");
        }
    }
}
