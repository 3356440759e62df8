//! Decisions in memory: counters, lists, live rules and models, and recent decisions.
//!
//! A decision takes one step under the lock (the counters see the subject and are read), is worked out without it, and takes a second
//! short one that hands its record to the writer. Records are written behind, in the order of nothing but their numbers; an entity is
//! stored only together with or after every record that it has seen.
//!
//! Invariants: one id has one answer and counts once; an answer is given only when its record has a place in the queue; after a
//! crash the stored entities, and the stored records after them, make the same counters again.
//!
//! Start reading at [`Engine::decide`].

mod core;
mod dirty;
mod guard;
mod live;
mod record;
mod remember;

#[cfg(test)]
mod tests;

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use jiff::tz::TimeZone;
use kernel::{Clock, Timestamp};
use platform::error::Failure;
use risk_api::{Assess, Assessment, Decided, Refusal, RiskError};
use tokio::sync::Notify;

pub(crate) use self::core::{Core, Flush, FlushedEntity};
pub(crate) use guard::Guarded;
pub(crate) use live::{Live, LiveKind, LiveModel, LiveRules};
pub(crate) use record::{Detail, Record, Stored};
pub(crate) use remember::Looked;

use crate::decide::{self, Facts, Modelled, Thresholds};
use crate::features::{EntityKey, Rates, Row, Subject};
use crate::lists::Lists;

#[derive(Debug, Clone)]
pub(crate) struct EngineConfig {
    pub(crate) entities_max: usize,
    pub(crate) label_delay_days: u32,
    /// Decisions that wait to be written.
    pub(crate) queue_max: usize,
    /// Decisions that are answered again without a look into the store.
    pub(crate) remembered_max: usize,
    pub(crate) rates: Rates,
    /// For decisions without a model.
    pub(crate) thresholds: Thresholds,
}

#[derive(Debug)]
pub(crate) struct Engine {
    config: EngineConfig,
    core: Mutex<Core>,
    lists: RwLock<Lists>,
    live: RwLock<Arc<Live>>,
    clock: Arc<dyn Clock>,
    /// Something waits to be written.
    pub(crate) news: Notify,
}

/// One subject whose form was looked at.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) assess: Assess,
    pub(crate) subject: Subject,
    /// As it is stored, and its hash, by which a repeat is recognised.
    json: String,
    content: i64,
}

impl Engine {
    pub(crate) fn new(config: EngineConfig, clock: Arc<dyn Clock>) -> Engine {
        let core = Mutex::new(Core::new(&config));
        Engine { config, core, lists: RwLock::default(), live: RwLock::default(), clock, news: Notify::new() }
    }

    pub(crate) fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Back to the state of a new process; decisions that are not stored are dropped.
    pub(crate) fn begin_again(&self) {
        *self.core() = Core::new(&self.config);
        self.with_lists(|lists| *lists = Lists::default());
    }

    pub(crate) fn with_lists<T>(&self, work: impl FnOnce(&mut Lists) -> T) -> T {
        work(&mut self.lists.write().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn listed(&self, assess: &Assess, now: Timestamp) -> crate::lists::Listed {
        self.lists.read().unwrap_or_else(PoisonError::into_inner).of(assess, now)
    }

    pub(crate) fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_live(&self, live: Live) {
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(live);
    }

    pub(crate) fn config(&self) -> &EngineConfig {
        &self.config
    }

    /// Looks at the form of a subject.
    pub(crate) fn ready(&self, assess: Assess) -> Result<Ready, Refusal> {
        check(&assess)?;
        let zone = match assess.zone.as_deref() {
            None => TimeZone::UTC,
            Some(name) => TimeZone::get(name).map_err(|_| invalid("zone", "a name of the tz database"))?,
        };
        if decide::is_ahead(assess.at, self.clock.now()) {
            return Err(Refusal::SubjectAhead { max_s: risk_api::limits::AHEAD_MAX_S });
        }
        let json = serde_json::to_string(&assess).map_err(|_| invalid("subject", "finite numbers"))?;
        let content = crate::features::content_hash(json.as_bytes()).cast_signed();
        let subject = Subject::of(&assess, &self.config.rates, &zone);
        Ok(Ready { assess, subject, json, content })
    }

    /// Decides, unless it did before.
    pub(crate) fn decide(&self, ready: Ready) -> Decided {
        let id = ready.assess.id.clone();
        match self.decide_once(ready) {
            Ok(assessment) => Decided::Assessed(assessment),
            Err(error) => Decided::Failed { id, error },
        }
    }

    fn decide_once(&self, ready: Ready) -> Result<Assessment, RiskError> {
        let started = self.clock.monotonic();
        let begun = {
            let mut core = self.core();
            match core.look(&ready.assess.id, ready.content) {
                Looked::Answered(answer) => {
                    drop(core);
                    return answer.wait().ok_or_else(|| Failure::Internal.into());
                }
                Looked::OtherInputs => return Err(Refusal::SubjectTaken.into()),
                Looked::New => {}
            }
            if core.is_full() {
                return Err(Failure::Overloaded.into());
            }
            core.begin(&ready.assess, &ready.subject, ready.content)
        };
        let (id, seq) = (ready.assess.id.clone(), begun.seq);
        let work = AssertUnwindSafe(|| self.work_out(ready, seq, begun.row, started));
        let Ok(record) = std::panic::catch_unwind(work) else {
            self.core().abandon(seq, &id);
            return Err(Failure::Internal.into());
        };
        let assessment = record.assessment.clone();
        begun.turn.set(assessment.clone());
        let mut core = self.core();
        if assessment.outcome.is_decline() {
            core.declined(&record.subject);
        }
        core.end(record);
        drop(core);
        self.news.notify_one();
        Ok(assessment)
    }

    /// Everything that needs no lock.
    fn work_out(&self, ready: Ready, seq: i64, row: Row, started: kernel::Monotonic) -> Record {
        let now = self.clock.now();
        let Ready { assess, subject, json, content } = ready;
        let listed = self.listed(&assess, now);
        let live = self.live();
        let live = live.of(assess.kind);
        let facts = Facts { assess: &assess, row: &row, listed: &listed };
        let asked = live.rules.as_ref().map(|rules| decide::ask(rules.id, &rules.book, &facts));
        let (model, missing) = self.model(live, &row);
        let rules = live.rules.as_ref().zip(asked.as_ref()).map(|(rules, asked)| (&rules.book, asked));
        let answer = decide::answer(&facts, rules, model.as_ref(), self.config.thresholds);
        let shadow = live.shadow.as_ref().map(|shadow| {
            let asked = decide::ask(shadow.id, &shadow.book, &facts);
            let answer = decide::answer(&facts, Some((&shadow.book, &asked)), model.as_ref(), self.config.thresholds);
            (shadow.id, answer.outcome)
        });
        let challengers = live.challengers.iter();
        let challengers =
            challengers.filter_map(|one| Some((one.id, one.guarded.score(&row, &*self.clock).ok()?.probability)));
        let micros = u32::try_from(self.clock.monotonic().micros_since(started)).unwrap_or(u32::MAX);
        let assessment = Assessment {
            id: assess.id.clone(),
            score: answer.score,
            outcome: answer.outcome,
            reasons: answer.reasons,
            rule_set: live.rules.as_ref().map(|rules| rules.id),
            model: model.as_ref().map(|model| model.model),
            micros,
            degraded: decide::degraded(live.rules.is_some(), missing),
        };
        let book = live.rules.as_ref().map(|rules| &rules.book);
        let detail =
            Detail::of(&assessment, &listed, book.zip(asked.as_ref()), model.as_ref(), shadow, challengers.collect());
        Record {
            seq,
            kind: assess.kind,
            id: assess.id,
            at: assess.at,
            decided_at: now,
            content,
            json,
            subject,
            row,
            assessment,
            detail,
            amount: assess.amount,
            holder: None,
        }
        .with_holder(assess.card, assess.account)
    }

    /// The champion's score, or why there is none.
    fn model(&self, live: &LiveKind, row: &Row) -> (Option<Modelled>, Option<risk_api::Degraded>) {
        let Some(champion) = &live.champion else {
            return (None, Some(risk_api::Degraded::ModelMissing));
        };
        match champion.guarded.score(row, &*self.clock) {
            Ok(scored) => (Some(Modelled { model: champion.id, scored, thresholds: champion.thresholds }), None),
            Err(why) => (None, Some(why)),
        }
    }

    /// Entities of these subjects that may be stored and are not here.
    pub(crate) fn missing(&self, ready: &[&Ready]) -> Vec<EntityKey> {
        self.core().missing(ready.iter().map(|ready| &ready.subject))
    }

    /// Subjects that memory cannot tell whether they were decided about.
    pub(crate) fn doubtful(&self, ready: &[&Ready]) -> Vec<risk_api::SubjectId> {
        let core = self.core();
        ready.iter().filter(|one| core.is_doubtful(&one.assess)).map(|one| one.assess.id.clone()).collect()
    }
}

fn invalid(field: &str, expected: &str) -> Refusal {
    Refusal::FieldInvalid { field: field.to_owned(), expected: expected.to_owned() }
}

/// Checks that the types of the fields do not make.
fn check(assess: &Assess) -> Result<(), Refusal> {
    use risk_api::limits::{EXTRA_BYTES_MAX, EXTRA_MAX};
    if assess.place.is_some_and(|place| !place.is_on_earth()) {
        return Err(invalid("place", "degrees of a place on earth"));
    }
    if assess.amount.is_some_and(|amount| amount.minor() < 0) {
        return Err(invalid("amount", "an amount of zero or more"));
    }
    if assess.entry_mode.as_ref().is_some_and(|mode| mode.len() > 16) {
        return Err(invalid("entry_mode", "at most 16 bytes"));
    }
    if assess.extra.len() > EXTRA_MAX {
        return Err(invalid("extra", "at most 16 further inputs"));
    }
    let is_long = |(name, extra): (&String, &risk_api::Extra)| {
        let word = match extra {
            risk_api::Extra::Word(word) => word.len(),
            risk_api::Extra::Number(_) => 0,
        };
        name.len() > EXTRA_BYTES_MAX || word > EXTRA_BYTES_MAX
    };
    if assess.extra.iter().any(is_long) {
        return Err(invalid("extra", "names and words of at most 64 bytes"));
    }
    Ok(())
}
