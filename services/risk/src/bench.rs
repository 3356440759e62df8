//! The speed of risk in this process, without a store: `florin bench risk`.

use std::hint::black_box;
use std::sync::Arc;

use kernel::{Clock, Id, Monotonic};
use risk_api::{Assess, Parameters, SubjectKind};

use crate::backtest::Tally;
use crate::decide::{self, Facts, Thresholds};
use crate::engine::{Engine, Guarded, LiveModel, LiveRules};
use crate::features::{Features, Rates, Subject, feature_index};
use crate::history::{Past, Replay, pack, unpack};
use crate::import::{Form, Reader, write_row};
use crate::lists::{Listed, Lists};
use crate::model::LEARNED;
use crate::model::dataset::{Dataset, Meta};
use crate::model::file::ModelFile;
use crate::model::train::{Order, split, train, usual_parameters};
use crate::model::{Scorer, drift::Baseline};
use crate::rules::{compile, starter};
use crate::settings::Settings;
use crate::simulate::{Plan, Traffic};

/// Columns and trees of the model that is measured.
const FEATURES: usize = 40;
const TREES: u32 = 100;
const DAY_US: i64 = 86_400_000_000;

/// One figure: what, in which unit, how much.
pub type Figure = (&'static str, &'static str, f64);

/// Measures on simulated traffic, and reports each figure when it is there.
///
/// # Errors
/// No model can be trained on the traffic.
pub fn bench(clock: &Arc<dyn Clock>, customers: u32, mut tell: impl FnMut(Figure)) -> Result<(), String> {
    let start = kernel::Timestamp::from_micros(20_820 * DAY_US);
    let plan = Plan { days: 30, seed: 99, customers, start };
    let swipes: Vec<_> = Traffic::new(plan).collect();
    let past = replayed(&swipes);
    import(&**clock, &swipes, &mut tell);
    let model = training(&**clock, &past, start.micros(), &mut tell)?;
    parts(&**clock, &past, &model, &mut tell);
    lists(&**clock, &past, &mut tell);
    backtest(&**clock, &past, &mut tell);
    whole(clock, &past, model, &mut tell);
    Ok(())
}

fn replayed(swipes: &[crate::simulate::Swipe]) -> Vec<Past> {
    let mut replay = Replay::new(1_000_000, 7, Rates::default());
    let past = swipes.iter().map(|swipe| {
        let label = swipe.row.label.map(|it| (it.verdict == risk_api::Verdict::Fraud, it.at.micros()));
        let subject = replay.subject(&swipe.row.subject);
        let row = replay.observe(&subject, false, label);
        Past { assess: swipe.row.subject.clone(), row, declined: false, label }
    });
    past.collect()
}

fn seconds(clock: &dyn Clock, since: Monotonic) -> f64 {
    (clock.monotonic().micros_since(since).max(1)) as f64 / 1e6
}

/// Microseconds of each of many, the median and what 99 of 100 stay below.
fn each<T>(clock: &dyn Clock, items: &[T], mut work: impl FnMut(&T)) -> (f64, f64) {
    // A clock of microseconds is too coarse for one; ten are timed together.
    let mut micros: Vec<f64> = items
        .chunks_exact(10)
        .map(|ten| {
            let since = clock.monotonic();
            ten.iter().for_each(&mut work);
            clock.monotonic().micros_since(since) as f64 / 10.0
        })
        .collect();
    micros.sort_by(f64::total_cmp);
    let at = |share: f64| micros.get((micros.len() as f64 * share) as usize).copied().unwrap_or_default();
    (at(0.5), at(0.99))
}

fn import(clock: &dyn Clock, swipes: &[crate::simulate::Swipe], tell: &mut impl FnMut(Figure)) {
    let mut text = Vec::new();
    for swipe in swipes {
        // Memory takes everything.
        let _ = write_row(Form::Json, &swipe.row, &mut text);
    }
    let since = clock.monotonic();
    let (mut reader, mut replay) = (Reader::new(text.as_slice()), Replay::new(1_000_000, 7, Rates::default()));
    let (mut rows, mut block) = (0_u32, Vec::new());
    while let Ok(Some(read)) = reader.next_row() {
        let label = read.label.map(|it| (it.verdict == risk_api::Verdict::Fraud, it.at.micros()));
        let subject = replay.subject(&read.subject);
        let row = replay.observe(&subject, false, label);
        block.push(Past { assess: read.subject, row, declined: false, label });
        rows += 1;
        if block.len() == 1_000 {
            black_box(pack(&block));
            block.clear();
        }
    }
    tell(("import with features", "rows/s", f64::from(rows) / seconds(clock, since)));
}

fn training(clock: &dyn Clock, past: &[Past], start: i64, tell: &mut impl FnMut(Figure)) -> Result<ModelFile, String> {
    let places: Vec<usize> = LEARNED.iter().take(FEATURES).filter_map(|name| feature_index(name)).collect();
    let mut data = Dataset::new(places);
    for one in past {
        let subject = Subject::of(&one.assess, &Rates::default(), &jiff::tz::TimeZone::UTC);
        let card = subject.key(risk_api::EntityKind::Card);
        data.push(&one.row, Meta { at: subject.at, card, amount: subject.amount(), label: one.label });
    }
    let parameters = Parameters { trees: TREES, depth: 5, ..usual_parameters() };
    let split = split(start, start + 30 * DAY_US, 7, 7);
    let order = Order { split, seed: 1, costs: Default::default(), parameters: Some(parameters) };
    let trained = train(&data, &order, &|stage, _, _| {
        black_box(stage);
        true
    });
    let trained = trained.map_err(|error| error.to_string())?;
    let rows = data.labelled(split.train_from, split.train_to, split.test_from);
    let since = clock.monotonic();
    let grown = crate::model::grow(&data, &rows, parameters, 1);
    grown.map_err(|error| error.to_string())?;
    let took = seconds(clock, since);
    tell(("training of 100 trees, 40 features, for 100,000 rows", "s", took * 100_000.0 / rows.len().max(1) as f64));
    Ok(trained.file)
}

fn parts(clock: &dyn Clock, past: &[Past], model: &ModelFile, tell: &mut impl FnMut(Figure)) {
    let book = compile(&starter::rules()).unwrap_or_else(|_| crate::rules::RuleBook { rules: Vec::new() });
    let listed = Listed::default();
    let subjects: Vec<Subject> =
        past.iter().map(|one| Subject::of(&one.assess, &Rates::default(), &jiff::tz::TimeZone::UTC)).collect();
    let mut features = Features::new(1_000_000, 7);
    let mut seq = 0;
    let mut figure = |name, (p50, p99): (f64, f64)| {
        tell((name, "µs p50", p50));
        tell((name, "µs p99", p99));
    };
    figure(
        "nothing",
        each(clock, past, |one| {
            black_box(one);
        }),
    );
    figure(
        "features alone",
        each(clock, &subjects, |subject| {
            seq += 1;
            black_box(features.observe(subject, seq));
        }),
    );
    figure(
        "20 rules alone",
        each(clock, past, |one| {
            let facts = Facts { assess: &one.assess, row: &one.row, listed: &listed };
            black_box(decide::ask(Id::from_bits(1), &book, &facts));
        }),
    );
    figure(
        "model alone",
        each(clock, past, |one| {
            black_box(model.forest.score(&one.row));
        }),
    );
    tell(("memory of an entity", "bytes", features.bytes() as f64 / features.len().max(1) as f64));
}

/// A million entries, against looking through a sorted list.
fn lists(clock: &dyn Clock, past: &[Past], tell: &mut impl FnMut(Figure)) {
    let mut lists = Lists::default();
    let mut sorted = Vec::with_capacity(1_000_000);
    for number in 0..1_000_000 {
        let name = format!("listed-{number:07}");
        lists.put(risk_api::ListName::Deny, risk_api::EntityKind::Card, &name, None);
        sorted.push(name);
    }
    let now = clock.now();
    let (p50, _) = each(clock, past, |one| {
        black_box(lists.of(&one.assess, now));
    });
    tell(("look-up of all entities among a million", "µs p50", p50));
    let (p50, _) = each(clock, past, |one| {
        let card = one.assess.card.as_ref().map(risk_api::EntityId::as_str).unwrap_or_default();
        black_box(sorted.binary_search_by(|name| name.as_str().cmp(card)).is_ok());
    });
    tell(("one search in a sorted list of a million", "µs p50", p50));
}

fn backtest(clock: &dyn Clock, past: &[Past], tell: &mut impl FnMut(Figure)) {
    let Ok(book) = compile(&starter::rules()) else { return };
    let blocks: Vec<_> = past.chunks(1_000).map(pack).collect();
    let since = clock.monotonic();
    let mut tally = Tally::new(Id::from_bits(1), &book);
    for block in &blocks {
        for past in unpack(&block.bytes).unwrap_or_default() {
            tally.add(&(past, Listed::default()), &book, Thresholds { review_from: 500, decline_from: 800 });
        }
    }
    tell(("backtest of 20 rules", "rows/s", past.len() as f64 / seconds(clock, since)));
}

/// `decide` from the form of a subject to its answer, and its record into the queue.
fn whole(clock: &Arc<dyn Clock>, past: &[Past], model: ModelFile, tell: &mut impl FnMut(Figure)) {
    let settings = Settings { queue_max: 1_000_000, ..Settings::default() };
    let engine = Engine::new(settings.engine(), Arc::clone(clock));
    engine.core().warmed();
    engine.core().remembers_from(i64::MIN);
    let mut live = (*engine.live()).clone();
    let file = Arc::new(ModelFile { baseline: Baseline::default(), ..model });
    let scorer = Arc::new(file.forest.clone());
    if let (Some(slot), Ok(book)) = (live.of_mut(SubjectKind::CardAuthorization), compile(&starter::rules())) {
        slot.rules = Some(Arc::new(LiveRules { id: Id::from_bits(1), book }));
        let thresholds = Thresholds { review_from: 300, decline_from: 600 };
        let guarded = Guarded::new(scorer, settings.model_max_us);
        slot.champion = Some(Arc::new(LiveModel { id: Id::from_bits(2), guarded, thresholds, file }));
    }
    engine.set_live(live);
    let subjects: Vec<Assess> = past.iter().map(|one| one.assess.clone()).collect();
    let since = clock.monotonic();
    let mut number = 0_u32;
    let (p50, p99) = each(&**clock, &subjects, |assess| {
        if let Ok(ready) = engine.ready(assess.clone()) {
            black_box(engine.decide(ready));
        }
        number += 1;
        if number.is_multiple_of(1_000) {
            // Written elsewhere, as the writer would.
            black_box(engine.core().take());
        }
    });
    let took = seconds(&**clock, since);
    tell(("decide: 20 rules, all features, model", "/s on one core", f64::from(number) / took));
    tell(("decide", "µs p50", p50));
    tell(("decide", "µs p99", p99));
    let core = engine.core();
    tell(("entities", "", core.entities() as f64));
    tell(("memory of all entities", "MiB", core.bytes() as f64 / f64::from(1 << 20)));
}
