//! `florin risk`: imports history, trains, reports, scores, and fills lists, on a store without a server.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write, stdin, stdout};
use std::path::Path;
use std::sync::Arc;

use kernel::SystemClock;
use platform::config::Config;
use platform::crypto::KeyEncryptionKey;
use platform::data_dir::{DataDir, Stamp};
use platform::db::{Access, Db};
use risk::{Imported, Labelled, Offline, ROOM};
use risk_api::{Costs, Metrics, Model, Source, SubjectKind, Train};

use crate::cli::{Risk, RiskImport, RiskLabel, RiskList, RiskReport, RiskScore, RiskTrain};
use crate::commands::Start;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::stores;

/// The kind of subject of these commands.
const KIND: SubjectKind = SubjectKind::CardAuthorization;

pub(crate) fn run(start: Start<'_>, command: &Risk) -> Result<(), Failure> {
    let config = start.config()?;
    stores::runtime()?.block_on(async {
        // One process at a time has the embedded store.
        let held = if config.storage.is_shared() {
            None
        } else {
            let data_dir = &config.storage.data_dir;
            Some(DataDir::open(data_dir, DataDir::look(data_dir)?.unwrap_or(Stamp::Plain))?)
        };
        let risk = open(&config).await?;
        match command {
            Risk::Import(options) => import(&risk, options).await?,
            Risk::Train(options) => train(&risk, options).await?,
            Risk::Report(options) => report(&risk, options).await?,
            Risk::Score(options) => score(&risk, options).await?,
            Risk::List(options) => list(&risk, options).await?,
            Risk::Label(options) => label(&risk, options).await?,
        }
        drop(held);
        Ok(())
    })
}

async fn open(config: &Config) -> Result<Offline, Failure> {
    let db = Db::open(stores::of_service(config, ROOM.name), Access::ReadWrite, 2).await?;
    platform::room::migrate(&ROOM, &db).await?;
    let key = KeyEncryptionKey::find(&config.crypto, db.engine())?;
    Offline::open(db, &key, config.section(ROOM.name)?, Arc::new(SystemClock)).await.map_err(Failure::of)
}

/// `-` is standard input.
fn source(file: &Path) -> Result<Box<dyn std::io::BufRead>, Failure> {
    if file == Path::new("-") {
        return Ok(Box::new(BufReader::new(stdin())));
    }
    let opened = File::open(file).map_err(|error| Failure::new(format!("{}: {error}", file.display())))?;
    Ok(Box::new(BufReader::new(opened)))
}

async fn import(risk: &Offline, options: &RiskImport) -> Result<(), Failure> {
    let mut progress = Progress::new("importing", "rows");
    let told = |seen: Imported| progress.so_far(seen.rows);
    let done = risk.import(source(&options.file)?, told).await;
    progress.finish();
    let Imported { rows, fraud, unlabelled, repeated } = done.map_err(Failure::of)?;
    println!("{rows} rows, {fraud} of them fraud, {unlabelled} without a label; {repeated} had come before");
    Ok(())
}

async fn train(risk: &Offline, options: &RiskTrain) -> Result<(), Failure> {
    let order = Train {
        kind: KIND,
        source: Source::History,
        from: options.from,
        to: options.to,
        delay_days: options.delay_days,
        test_days: options.test_days,
        seed: options.seed,
        costs: Costs::default(),
        note: String::new(),
    };
    let model = risk.train(order, "operator").await.map_err(Failure::of)?;
    println!("{} is a candidate", model.summary.id);
    Ok(())
}

async fn report(risk: &Offline, options: &RiskReport) -> Result<(), Failure> {
    let model = risk.model(options.model, KIND).await.map_err(Failure::of)?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&model)?);
        return Ok(());
    }
    print!("{}", told(&model));
    Ok(())
}

fn told(model: &Model) -> String {
    let summary = &model.summary;
    let mut out = format!(
        "{} (version {}, {})\nlearned from {} rows, {} fraud: {} to {}\njudged on {} rows, {} fraud: {} to {}\n\n",
        summary.id,
        summary.version,
        summary.state,
        model.train_rows,
        model.train_fraud,
        model.train_from,
        model.train_to,
        model.test_rows,
        model.test_fraud,
        model.test_from,
        model.test_to
    );
    out += &format!(
        "{:<22} {:>6} {:>6} {:>8} {:>8} {:>7} {:>9} {:>9}\n",
        "", "AUC", "AP", "cards100", "oracle", "recall", "precision", "accuracy"
    );
    let rule = format!("best rule: {}", model.best_rule_text);
    for (name, metrics) in [
        ("model", &summary.metrics),
        ("logistic regression", &model.logistic),
        (rule.as_str(), &model.best_rule),
        ("nothing flagged", &model.nothing),
    ] {
        out += &line(name, metrics);
    }
    out += "\nAccuracy is shown and never judged by: nothing flagged has almost all of it.\n\nscore  alerts/day  fraud lost  declines  reviews   total\n";
    for threshold in model.thresholds.iter().filter(|threshold| threshold.chosen || threshold.score % 100 == 0) {
        let mark = if threshold.chosen { "  chosen" } else { "" };
        out += &format!(
            "{:>5}  {:>10.1}  {:>10.0}  {:>8.0}  {:>7.0}  {:>6.0}{mark}\n",
            threshold.score,
            threshold.alerts_a_day,
            threshold.fraud_lost,
            threshold.declines_cost,
            threshold.reviews_cost,
            threshold.total
        );
    }
    out
}

fn line(name: &str, metrics: &Metrics) -> String {
    format!(
        "{name:<22} {:>6.3} {:>6.3} {:>8.3} {:>8.3} {:>7.3} {:>9.3} {:>9.4}\n",
        metrics.auc,
        metrics.average_precision,
        metrics.card_precision_100,
        metrics.card_precision_100_oracle,
        metrics.recall,
        metrics.precision,
        metrics.accuracy
    )
}

async fn score(risk: &Offline, options: &RiskScore) -> Result<(), Failure> {
    let model = match options.model {
        Some(id) => Some(risk.model(Some(id), KIND).await.map_err(Failure::of)?),
        None => risk.model(None, KIND).await.ok(),
    };
    let mut out = BufWriter::new(stdout().lock());
    risk.score(source(&options.file)?, &mut out, model.as_ref()).await.map_err(Failure::of)?;
    Ok(out.flush()?)
}

async fn list(risk: &Offline, options: &RiskList) -> Result<(), Failure> {
    let source = source(&options.file)?;
    let added = risk.list(source, options.list, &options.reason, options.expires_at).await.map_err(Failure::of)?;
    println!("{added} entities added to the {} list", options.list.name());
    Ok(())
}

async fn label(risk: &Offline, options: &RiskLabel) -> Result<(), Failure> {
    let done = risk.label(source(&options.file)?).await.map_err(Failure::of)?;
    let Labelled { in_force, superseded, waiting } = done;
    println!("{in_force} labels in force, {superseded} superseded by later ones, {waiting} waiting for their decision");
    Ok(())
}
