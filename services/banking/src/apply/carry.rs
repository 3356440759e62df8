//! Carrying out verdicts: rows that are new or change, what counts, and what the import counts.

use std::collections::{BTreeMap, HashSet};

use banking_api::{Counts, Status};
use kernel::{IdMaker, Money};
use platform::db::{DbError, Tx};

use super::seen::{There, before, texts};
use crate::category::{Facts, Rules};
use crate::entry::{Line, Texts};
use crate::keys::Sealer;
use crate::knowing::{Correction, Terms, Verdict};
use crate::service::broken;
use crate::store::account::Account;
use crate::store::balance::Totals;
use crate::store::movement::{self, Movement, Removed};
use crate::store::statement::Stated;
use crate::store::telling;

pub(super) struct Carrying<'a> {
    pub(super) account: &'a Account,
    pub(super) terms: &'a Terms,
    pub(super) sealer: &'a Sealer,
    pub(super) rules: Rules,
    pub(super) ids: &'a IdMaker,
    pub(super) now: i64,
    /// The number of the next movement.
    pub(super) next: i64,
    pub(super) there: There,
    /// Movements that this statement told before.
    pub(super) tellers: HashSet<i64>,
    pub(super) outcome: Outcome,
}

/// What a step writes.
#[derive(Default)]
pub(crate) struct Outcome {
    new: Vec<Movement>,
    changed: BTreeMap<i64, Movement>,
    told: Vec<i64>,
    tellings: Vec<i64>,
    former: Vec<(i64, Option<i64>)>,
    pub(super) totals: Totals,
    counts: Counts,
    /// Entries that another source books, and deletions of what is not there.
    left: u64,
}

impl Carrying<'_> {
    pub(super) fn carry(&mut self, line: &Line, verdict: Verdict) -> Result<(), DbError> {
        match verdict {
            Verdict::New => self.add(line, line.told.status, None),
            Verdict::PossibleDuplicate(twin) => self.add(line, Status::PossibleDuplicate, Some(twin)),
            Verdict::Known(seq) => self.known(line, seq),
            Verdict::Books(seq) => self.replace(line, seq, Status::Booked),
            Verdict::Changes(seq) => self.replace(line, seq, Status::Pending),
            Verdict::Corrects(seq) => self.replace(line, seq, Status::Corrected),
            Verdict::Confirms(seq) => self.confirm(seq),
            Verdict::Deletes(seq) => self.delete(line, seq),
            Verdict::Nothing => {
                self.outcome.left += 1;
                if let Some(Correction::Deletes(bank)) = line.told.correction {
                    self.outcome.former.push((bank, None));
                }
                Ok(())
            }
        }
    }

    fn add(&mut self, line: &Line, status: Status, twin: Option<i64>) -> Result<(), DbError> {
        let mark = line.told.mark;
        let seq = self.next;
        self.next += 1;
        let movement = Movement {
            match_key: line.match_key,
            seq,
            id: self.ids.make(),
            account: self.account.seq,
            day: mark.day,
            valued: line.valued,
            minor: mark.minor,
            currency: mark.currency,
            status,
            code: line.code,
            category: self.category(line),
            chosen: false,
            print: mark.print,
            bank: mark.bank,
            end_to_end: mark.end_to_end,
            source: self.terms.source,
            statement: self.terms.statement,
            told_at: self.told_at(),
            twin,
            decided: false,
            removed: Removed::No,
            was: None,
            sealed: self.sealer.seal(seq, &plain(&line.texts)?)?,
        };
        if let Some(Correction::Replaces(bank)) = line.told.correction {
            self.outcome.former.push((bank, Some(seq)));
        }
        self.outcome.add_total(self.account, &movement)?;
        match status {
            Status::PossibleDuplicate => self.outcome.counts.possible_duplicates += 1,
            _ => self.outcome.counts.new += 1,
        }
        self.outcome.new.push(movement);
        Ok(())
    }

    /// It is there. Another source may know more of it.
    fn known(&mut self, line: &Line, seq: i64) -> Result<(), DbError> {
        let mut movement = self.told_again(seq)?;
        self.outcome.counts.known += 1;
        let is_pending = movement.status == Status::Pending;
        let mut changed = movement.removed == Removed::Withdrawn;
        if changed {
            self.revive(&mut movement)?;
        }
        if is_pending && movement.told_at < self.told_at() {
            movement.told_at = self.told_at();
            changed = true;
        }
        if movement.source != self.terms.source && line.told.status == Status::Booked {
            let mut known = texts(self.sealer, &movement)?;
            if fill(&mut known, &line.texts) {
                movement.sealed = self.sealer.seal(seq, &plain(&known)?)?;
                changed = true;
            }
        }
        if changed {
            self.outcome.changed.insert(seq, movement);
        }
        Ok(())
    }

    /// The same movement, as it is told now. Its id and a person's category stay.
    fn replace(&mut self, line: &Line, seq: i64, status: Status) -> Result<(), DbError> {
        let mut movement = self.told_again(seq)?;
        if movement.removed == Removed::Withdrawn {
            self.revive(&mut movement)?;
        }
        self.outcome.remove_total(self.account, &movement)?;
        if let (Status::Corrected, Some(bank)) = (status, movement.bank)
            && movement.bank != line.told.mark.bank
        {
            self.outcome.former.push((bank, Some(seq)));
        }
        let mark = line.told.mark;
        (movement.day, movement.minor, movement.currency) = (mark.day, mark.minor, mark.currency);
        (movement.print, movement.bank, movement.end_to_end) = (mark.print, mark.bank, mark.end_to_end);
        (movement.match_key, movement.valued, movement.code) = (line.match_key, line.valued, line.code);
        (movement.status, movement.removed, movement.was) = (status, Removed::No, None);
        (movement.source, movement.told_at) = (self.terms.source, self.told_at());
        if !movement.chosen {
            movement.category = self.category(line);
        }
        movement.sealed = self.sealer.seal(seq, &plain(&line.texts)?)?;
        self.outcome.add_total(self.account, &movement)?;
        self.outcome.counts.changed += 1;
        self.outcome.changed.insert(seq, movement);
        Ok(())
    }

    fn confirm(&mut self, seq: i64) -> Result<(), DbError> {
        let mut movement = self.told_again(seq)?;
        (movement.status, movement.twin, movement.removed) = (Status::Booked, None, Removed::No);
        self.outcome.add_total(self.account, &movement)?;
        self.outcome.counts.changed += 1;
        self.outcome.changed.insert(seq, movement);
        Ok(())
    }

    fn delete(&mut self, line: &Line, seq: i64) -> Result<(), DbError> {
        let mut movement = self.told_again(seq)?;
        self.outcome.remove_total(self.account, &movement)?;
        (movement.status, movement.removed) = (Status::Removed, Removed::ByBank);
        if let Some(Correction::Deletes(bank)) = line.told.correction {
            self.outcome.former.push((bank, None));
        }
        self.outcome.counts.removed += 1;
        self.outcome.changed.insert(seq, movement);
        Ok(())
    }

    fn revive(&mut self, movement: &mut Movement) -> Result<(), DbError> {
        movement.status = before(movement);
        (movement.removed, movement.was) = (Removed::No, None);
        self.outcome.add_total(self.account, movement)
    }

    /// Notes that this statement tells it too.
    fn told_again(&mut self, seq: i64) -> Result<Movement, DbError> {
        let movement = self.outcome.changed.remove(&seq).or_else(|| self.there.movements.get(&seq).cloned());
        let movement = movement.ok_or_else(|| broken("a verdict about a movement that is not there"))?;
        self.outcome.told.push(seq);
        if self.tellers.insert(seq) {
            self.outcome.tellings.push(seq);
        }
        Ok(movement)
    }

    fn told_at(&self) -> i64 {
        self.terms.told_at.min(self.now)
    }

    fn category(&self, line: &Line) -> String {
        let mark = line.told.mark;
        self.rules.category(&Facts {
            code: line.code,
            amount: Money::new(mark.minor, mark.currency),
            counterparty: line.texts.counterparty.name.as_deref(),
            text: &line.texts.text,
        })
    }
}

impl Outcome {
    /// What counts of an account is in its own currency.
    fn add_total(&mut self, account: &Account, movement: &Movement) -> Result<(), DbError> {
        if !movement.status.is_counted() || movement.currency != account.currency {
            return Ok(());
        }
        self.totals.add(account.seq, movement.day, &movement.category, movement.minor)
    }

    fn remove_total(&mut self, account: &Account, movement: &Movement) -> Result<(), DbError> {
        if !movement.status.is_counted() || movement.currency != account.currency {
            return Ok(());
        }
        self.totals.remove(account.seq, movement.day, &movement.category, movement.minor)
    }

    pub(super) async fn store(&self, tx: &Tx, stated: &Stated, account: &Account) -> Result<(), DbError> {
        movement::add(tx, &self.new).await?;
        let changed: Vec<Movement> = self.changed.values().cloned().collect();
        movement::change(tx, &changed).await?;
        telling::add(tx, stated.seq, &self.tellings).await?;
        for (bank, seq) in &self.former {
            telling::add_former(tx, account.seq, *bank, *seq).await?;
        }
        self.totals.store(tx).await
    }

    pub(crate) fn count(&self, counts: &mut Counts) {
        let own = &self.counts;
        counts.new += own.new;
        counts.known += own.known;
        counts.changed += own.changed;
        counts.removed += own.removed;
        counts.possible_duplicates += own.possible_duplicates;
    }

    /// Movements that were there before.
    pub(super) fn told(&self) -> impl Iterator<Item = i64> {
        self.told.iter().copied()
    }

    pub(super) fn left(&self) -> u64 {
        self.left
    }
}

fn plain(texts: &Texts) -> Result<Vec<u8>, DbError> {
    serde_json::to_vec(texts).map_err(|error| DbError::shape(error.to_string()))
}

/// Takes over what is missing; says whether there was any.
fn fill(known: &mut Texts, told: &Texts) -> bool {
    let before = known.clone();
    let or = |known: &mut Option<String>, told: &Option<String>| *known = known.take().or_else(|| told.clone());
    or(&mut known.counterparty.name, &told.counterparty.name);
    or(&mut known.counterparty.account, &told.counterparty.account);
    or(&mut known.counterparty.bank, &told.counterparty.bank);
    let (references, others) = (&mut known.references, &told.references);
    or(&mut references.bank, &others.bank);
    or(&mut references.own, &others.own);
    or(&mut references.end_to_end, &others.end_to_end);
    or(&mut references.mandate, &others.mandate);
    or(&mut references.cheque, &others.cheque);
    if known.text.is_empty() {
        known.text.clone_from(&told.text);
    }
    if known.details.is_empty() {
        known.details.clone_from(&told.details);
    }
    *known != before
}
