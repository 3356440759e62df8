//! How fast plans are simulated and asked: `cargo run --release -p quant --example plans [WORDS]`.
//!
//! With words, only the lines that hold them. `cpu` is what a quiet core would take; beside each simulation stands what its random numbers alone take.

use std::num::NonZeroUsize;

use kernel::{Clock, Currency, Money, SystemClock};
use quant::matrix::Symmetric;
use quant::paths::Work;
use quant::plan::{
    Answer, Assumptions, Band, BandTable, Base, Class, ClassSeries, Frequency, Holding, Income, Indexation,
    MarketHistory, MeanKind, Measure, Phase, Plan, Policy, Returns, RunSettings, Search, Tax, TaxRule, When, Wrapper,
    grid, historical, historical_rate, simulate, solve,
};
use quant::random::{Name, Streams};
use quant::risk::Shocks;
use quant::series::Point;

type Done<T = ()> = Result<T, Box<dyn std::error::Error>>;

const MANY: usize = 100_000;
const FEW: usize = 10_000;

fn main() -> Done {
    println!("{:<58}{:>9}{:>9}", "", "wall ms", "cpu ms");
    for (steps, count) in [(Frequency::Yearly, 30), (Frequency::Monthly, 360)] {
        timed(&format!("normal numbers of 4 factors, {MANY} paths, {count} steps"), || Ok(numbers(count)))?;
        for (name, plan) in [("plain", plain(steps)?), ("taxes and guardrails", full(steps)?)] {
            for threads in [1, 2] {
                let label = format!("{name}, {MANY} paths, {count} steps, {threads} thread(s)");
                timed(&label, || Ok(simulate(&plan, &market()?, &RunSettings::new(MANY, 7), work(threads)?)?))?;
            }
        }
    }
    questions()?;
    histories()?;
    println!("{:<58}{:>9} MB", "most memory", peak_kib() / 1_024);
    Ok(())
}

fn questions() -> Done {
    let (plan, market, settings) = (full(Frequency::Yearly)?, market()?, RunSettings::new(FEW, 7));
    let search = Search { low: 0.0, high: 4.0, tolerance: 0.005, success: 0.95, rises: false };
    let answer = timed(&format!("highest spending for 95 %, {FEW} paths, 30 steps"), || {
        let run = |factor: f64| Ok(simulate(&plan.with_spending(factor)?, &market, &settings, Work::alone())?.outcome);
        Ok(solve(&search, run)?)
    })?;
    if answer.is_some_and(|answer| !matches!(answer, Answer::Found { .. })) {
        return Err("the highest spending was not found".into());
    }
    let rows: Vec<f64> = (0..7).map(|row| 0.7 + 0.1 * f64::from(row)).collect();
    let columns: Vec<f64> = (0..7).map(f64::from).collect();
    timed(&format!("grid of 7 x 7, {FEW} paths, 30 steps"), || {
        let run = |factor: f64, later: f64| {
            let plan = plan.with_spending(factor)?.with_retirement(later as usize);
            Ok(simulate(&plan, &market, &settings, Work::alone())?.outcome)
        };
        Ok(grid(&rows, &columns, run)?)
    })?;
    Ok(())
}

fn histories() -> Done {
    let history = history(1_500 + 360 - 1)?;
    let mixes: Vec<Vec<f64>> =
        (0..35).map(|mix| f64::from(mix) / 34.0).map(|stocks| vec![stocks, 1.0 - stocks]).collect();
    timed("highest rates of 1500 windows, 360 months, 35 mixes", || {
        let rate = |mix: &Vec<f64>| {
            historical_rate(&history, mix, 30, Frequency::Monthly, quant::plan::Timing::Start).map(|one| one.highest)
        };
        Ok(mixes.iter().map(rate).collect::<quant::Result<Vec<f64>>>()?)
    })?;
    timed("step by step: 1500 windows, 360 months, 35 mixes", || {
        let run = |mix: &Vec<f64>| {
            let plan = Plan::of_sum(million()?, 30, Frequency::Monthly, mix.clone(), Policy::constant_real(0.04));
            Ok(historical(&plan, &history, &RunSettings::new(1, 1), Work::alone())?.outcome.success)
        };
        mixes.iter().map(run).collect::<Done<Vec<f64>>>()
    })?;
    Ok(())
}

/// The fastest of three runs: others of this machine only ever make one slower.
fn timed<T>(name: &str, mut job: impl FnMut() -> Done<T>) -> Done<Option<T>> {
    if std::env::args().nth(1).is_some_and(|only| !name.contains(&only)) {
        return Ok(None);
    }
    let mut best = (u64::MAX, u64::MAX);
    let mut last = None;
    for _ in 0..3 {
        let (before, cpu_before) = (SystemClock.monotonic(), cpu_micros());
        last = Some(job()?);
        best.0 = best.0.min(SystemClock.monotonic().micros_since(before));
        best.1 = best.1.min(cpu_micros() - cpu_before);
    }
    println!("{name:<58}{:>9}{:>9}", best.0 / 1_000, best.1 / 1_000);
    Ok(last)
}

/// Processor time of this thread, to which the other threads of a run are not counted.
fn cpu_micros() -> u64 {
    let all = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    all.split_whitespace().next().and_then(|nanos| nanos.parse::<u64>().ok()).unwrap_or(0) / 1_000
}

/// The most memory that the process ever had.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn work(threads: usize) -> Done<Work<'static>> {
    Ok(Work::on(NonZeroUsize::new(threads).ok_or("no thread")?))
}

fn numbers(steps: u64) -> f64 {
    let streams = Streams::new(7);
    let mut column = vec![0.0; 1_000];
    let mut sum = 0.0;
    for chunk in 0..(MANY / 1_000) as u64 {
        for step in 0..steps {
            for factor in 0..4 {
                streams.at(Name::new("speed"), [chunk, step, factor]).fill_normal(&mut column);
                sum += column.iter().sum::<f64>();
            }
        }
    }
    sum
}

fn dollars(dollars: i64) -> Done<Money> {
    Ok(Money::new(dollars * 100, Currency::iso("USD")?))
}

fn million() -> Done<Money> {
    dollars(1_000_000)
}

fn market() -> Done<Returns> {
    let class = |name: &str, mean, volatility| Class { name: name.to_owned(), mean, volatility };
    let correlation = [1.0, 0.1, 0.5, -0.1, 0.1, 1.0, 0.2, -0.2, 0.5, 0.2, 1.0, 0.1, -0.1, -0.2, 0.1, 1.0];
    let assumptions = Assumptions {
        means: MeanKind::Arithmetic,
        classes: vec![class("stocks", 0.07, 0.16), class("bonds", 0.03, 0.06), class("property", 0.05, 0.12)],
        inflation: class("prices", 0.025, 0.015),
        correlation: Symmetric::correlation(4, correlation.to_vec())?,
    };
    Ok(Returns::Random { assumptions, shocks: Shocks::Normal })
}

fn plain(steps: Frequency) -> Done<Plan> {
    Ok(Plan::of_sum(million()?, 30, steps, vec![0.5, 0.3, 0.2], Policy::constant_real(0.04)))
}

/// Three wrappers, a pension, bands, and guardrails around the spending of phases.
fn full(steps: Frequency) -> Done<Plan> {
    let band = |above, rate| Ok::<_, Box<dyn std::error::Error>>(Band { above: dollars(above)?, rate });
    let bands = vec![band(12_000, 0.1), band(45_000, 0.22), band(100_000, 0.32)].into_iter().collect::<Done<_>>()?;
    let holding = |wrapper, thousands: i64| -> Done<Holding> {
        let value = dollars(thousands * 1_000)?;
        Ok(Holding { wrapper, class: 0, value, cost: Some(dollars(thousands * 600)?) })
    };
    let pension = Income {
        amount: dollars(18_000)?,
        from: When::Step(5 * steps.per_year()),
        until: None,
        indexation: Indexation::Prices(0.0),
        taxed: true,
        person: None,
        survivor_share: 1.0,
    };
    Ok(Plan {
        holdings: vec![holding(Wrapper::Taxable, 400)?, holding(Wrapper::Deferred, 450)?, holding(Wrapper::Free, 150)?],
        incomes: vec![pension],
        phases: vec![Phase { from: When::Step(0), spending: dollars(48_000)? }],
        policy: Policy::Guardrails { base: Base::Phases, lower: 0.8, upper: 1.2, step: 0.1, no_cut_years: 15 },
        fees: 0.002,
        tax: Tax {
            income: TaxRule::Bands,
            taxable: TaxRule::Flat(0.15),
            deferred: TaxRule::Bands,
            bands: Some(BandTable { country: "US".to_owned(), year: 2026, bands }),
            ..Tax::none()
        },
        surplus: Some(Wrapper::Taxable),
        ..plain(steps)?
    })
}

fn history(months: usize) -> Done<MarketHistory> {
    let streams = Streams::new(3);
    let series = |name: &str, mean: f64, deviation: f64, place: u64| -> Done<ClassSeries> {
        let mut stream = streams.at(Name::new("history"), [place, 0, 0]);
        let mut values = Vec::with_capacity(months);
        for month in 0..months {
            let date = jiff::civil::Date::new(1850 + i16::try_from(month / 12)?, i8::try_from(month % 12 + 1)?, 1)?;
            values.push(Point { date, value: mean + deviation * stream.normal() });
        }
        Ok(ClassSeries { name: name.to_owned(), measure: Measure::Returns, values })
    };
    let classes = [series("stocks", 0.006, 0.04, 0)?, series("bonds", 0.003, 0.015, 1)?];
    Ok(MarketHistory::new(Frequency::Monthly, &classes, &series("prices", 0.002, 0.003, 2)?)?)
}
