use kernel::Money;
use quant::QuantError;
use quant::risk::{Account, Exposure, Flow, Scenario, Shock, Situation, house_scenarios, stress};

use super::tools::{currency, usd};

fn eur(minor: i64) -> Money {
    Money::new(minor, currency("EUR"))
}

/// $1,000 at Big with a floor of $100, 500 EUR at Small worth $1.20 each; a customer pays $300 on day 2, rent of $900 is
/// due on day 3.
fn situation() -> Situation {
    let account = |name: &str, bank: &str, balance: Money, floor: Money, rate| Account {
        name: name.to_owned(),
        bank: bank.to_owned(),
        balance,
        floor,
        rate,
        floating: name == "main",
    };
    let flow = |day, amount: Money, customer: Option<&str>| Flow {
        account: 0,
        day,
        amount,
        customer: customer.map(str::to_owned),
    };
    Situation {
        reporting: currency("USD"),
        days: 40,
        accounts: vec![
            account("main", "Big", usd(100_000), usd(10_000), 1.0),
            account("euro", "Small", eur(50_000), eur(0), 1.2),
        ],
        flows: vec![flow(2, usd(30_000), Some("Acme")), flow(3, usd(-90_000), None)],
        exposures: vec![Exposure { factor: "oil".to_owned(), amount: usd(20_000) }],
    }
}

fn run(shocks: Vec<Shock>) -> quant::risk::StressResult {
    stress(&situation(), &Scenario { name: "s".to_owned(), shocks }).unwrap()
}

#[test]
fn nothing_happens_without_shocks() {
    let found = run(vec![]);
    assert_eq!(found.change, usd(0));
    assert_eq!(found.positions[1].before, usd(60_000));
    assert!(found.positions.iter().all(|one| one.under_floor_after.is_none() && one.before == one.after));
}

#[test]
fn late_receipts_pull_an_account_under_its_floor() {
    let found = run(vec![Shock::ReceiptsLate { days: 30 }]);
    // 1,000 less 900 is exactly the floor; the customer pays on day 32.
    assert_eq!(found.positions[0].under_floor_after, None);
    assert_eq!(found.positions[0].lowest, usd(10_000));
    let both = run(vec![Shock::ReceiptsLate { days: 30 }, Shock::RunOff { share_a_day: 0.01 }]);
    assert_eq!(both.positions[0].under_floor_before, None);
    assert_eq!(both.positions[0].under_floor_after, Some(3));
}

#[test]
fn a_frozen_bank_pays_nothing_until_it_thaws() {
    let frozen = Shock::BankFrozen { bank: quant::risk::BankChoice::Largest, days: 5 };
    let main = &run(vec![frozen]).positions[0];
    assert_eq!((main.under_floor_after, main.lowest, main.before), (Some(0), usd(-90_000), main.after));
}

#[test]
fn a_failed_bank_loses_what_is_not_recovered() {
    let failed = Shock::BankFails { bank: quant::risk::BankChoice::Named("Big".to_owned()), recovered: 0.4 };
    assert_eq!(run(vec![failed]).change, usd(-60_000));
    let unknown = Shock::BankFails { bank: quant::risk::BankChoice::Named("None".to_owned()), recovered: 0.4 };
    let found = stress(&situation(), &Scenario { name: "s".to_owned(), shocks: vec![unknown] });
    assert_eq!(found, Err(QuantError::Unknown { field: "bank", name: "None".to_owned() }));
}

#[test]
fn currencies_and_factors_change_what_positions_are_worth() {
    assert_eq!(run(vec![Shock::ReportingCurrency { by: 0.2 }]).change, usd(-10_000));
    assert_eq!(run(vec![Shock::ReportingCurrency { by: -0.2 }]).change, usd(15_000));
    assert_eq!(run(vec![Shock::Currency { code: "EUR".to_owned(), by: -0.5 }]).change, usd(-30_000));
    let oil = run(vec![Shock::Factor { name: "oil".to_owned(), by: -0.25 }]);
    assert_eq!((oil.change, &oil.factors[0]), (usd(-5_000), &("oil".to_owned(), usd(-5_000))));
}

#[test]
fn higher_rates_cost_floating_accounts() {
    let mut overdrawn = situation();
    overdrawn.accounts[0].balance = usd(-36_000_000);
    overdrawn.flows.clear();
    overdrawn.days = 1;
    let shocks = vec![Shock::RateUp { basis_points: 300.0 }];
    let found = stress(&overdrawn, &Scenario { name: "s".to_owned(), shocks }).unwrap();
    assert_eq!(found.positions[0].lowest, usd(-36_003_000));
}

#[test]
fn the_main_customer_is_found_and_gone() {
    let main = &run(vec![Shock::CustomerGone { customer: quant::risk::CustomerChoice::Largest }]).positions[0];
    assert_eq!(main.lowest, usd(10_000));
}

#[test]
fn six_house_sets_run_and_all_of_it_is_the_worst() {
    let sets = house_scenarios();
    assert_eq!(sets.len(), 6);
    let lowest = |scenario: &Scenario| stress(&situation(), scenario).unwrap().positions[0].lowest.minor();
    let all: Vec<i64> = sets.iter().flat_map(|set| &set.scenarios).map(lowest).collect();
    assert_eq!(all.iter().min(), all.last());
}

#[test]
fn shocks_out_of_bounds_are_refused() {
    for shock in [
        Shock::ReportingCurrency { by: -1.0 },
        Shock::RunOff { share_a_day: 1.5 },
        Shock::Factor { name: "oil".to_owned(), by: f64::NAN },
        Shock::RateUp { basis_points: 1e9 },
    ] {
        let found = stress(&situation(), &Scenario { name: "s".to_owned(), shocks: vec![shock] });
        assert!(matches!(found, Err(QuantError::OutOfRange { .. })));
    }
    let mut bad = situation();
    bad.accounts[0].rate = 0.0;
    let found = stress(&bad, &Scenario { name: "s".to_owned(), shocks: vec![] });
    assert!(matches!(found, Err(QuantError::OutOfRange { field: "rate", .. })));
}
