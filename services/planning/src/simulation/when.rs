//! Moments and lives of a scenario as steps of a plan.

use planning_api::{Life, Month, Scenario, SimulationRefusal as Refusal, Steps, When};
use quant::plan::{self, LifeTable, Lifespan};

use super::refuse::named;

pub(crate) const AGE_MAX: u16 = 120;

/// A plan's first month, and how long its steps are.
pub(super) struct Calendar<'a> {
    pub(super) start: Month,
    pub(super) per_year: usize,
    people: &'a [Life],
}

impl<'a> Calendar<'a> {
    pub(super) fn of(scenario: &'a Scenario, today: Month) -> Calendar<'a> {
        let per_year = if scenario.steps == Steps::Monthly { 12 } else { 1 };
        Calendar { start: scenario.starts_on.unwrap_or(today), per_year, people: &scenario.people }
    }

    /// The step in which a number of months after the start lies.
    fn step(&self, months: usize) -> usize {
        if self.per_year == 12 { months } else { months / 12 }
    }

    /// The step of a moment other than retirement.
    pub(super) fn step_of(&self, field: &str, when: When) -> Result<usize, Refusal> {
        match when {
            When::Retirement => Err(Refusal::field_invalid(field, "expected a year, a date or an age")),
            When::Year(years) => Ok(usize::from(years) * self.per_year),
            When::Date(month) => {
                let before = || Refusal::field_invalid(field, format!("{month} is before the start, {}", self.start));
                let months = usize::try_from(month.since(self.start)).map_err(|_| before())?;
                Ok(self.step(months))
            }
            When::Age { person, years } => {
                let unknown = || Refusal::NameUnknown { field: field.to_owned(), name: format!("person {person}") };
                let life = self.people.get(person).ok_or_else(unknown)?;
                if years > AGE_MAX {
                    return Err(Refusal::out_of_range(field, 0, AGE_MAX, years));
                }
                // An age that is over counts from the start.
                let months = life.born.plus(i32::from(years) * 12).since(self.start).max(0);
                Ok(self.step(usize::try_from(months).unwrap_or(0)))
            }
        }
    }

    pub(super) fn when(&self, field: &str, when: When) -> Result<plan::When, Refusal> {
        match when {
            When::Retirement => Ok(plan::When::Retirement),
            other => self.step_of(field, other).map(plan::When::Step),
        }
    }

    /// Retirement cannot come before the birth of those who retire.
    pub(super) fn retirement(&self, when: Option<When>) -> Result<usize, Refusal> {
        if let Some(When::Date(month)) = when
            && self.people.iter().any(|life| life.born > month)
        {
            return Err(Refusal::life_invalid("retirement", "retired before birth"));
        }
        when.map_or(Ok(0), |when| self.step_of("retirement", when))
    }

    pub(super) fn people(&self) -> Result<Vec<plan::Person>, Refusal> {
        let all = self.people.iter().enumerate();
        all.map(|(place, life)| Ok(plan::Person { lifespan: self.lifespan(&format!("people[{place}]"), life)? }))
            .collect()
    }

    fn lifespan(&self, field: &str, life: &Life) -> Result<Lifespan, Refusal> {
        let age_in_months = self.start.since(life.born);
        if age_in_months < 0 {
            return Err(Refusal::life_invalid(format!("{field}.born"), "born after the start"));
        }
        let age = u16::try_from(age_in_months / 12).unwrap_or(u16::MAX);
        if age > AGE_MAX {
            return Err(Refusal::life_invalid(format!("{field}.born"), "older than 120 at the start"));
        }
        match (life.until_age, life.table.as_slice()) {
            (Some(_), [_, ..]) => Err(Refusal::life_invalid(field, "expected an age or a table, found both")),
            (Some(until), []) => {
                if until > AGE_MAX || until <= age {
                    let detail = format!("expected an age above {age} and up to {AGE_MAX}, found {until}");
                    return Err(Refusal::life_invalid(format!("{field}.until_age"), detail));
                }
                let months = i32::from(until) * 12 - age_in_months;
                Ok(Lifespan::Until(self.step(usize::try_from(months).unwrap_or(0)).max(1)))
            }
            (None, []) => Ok(Lifespan::Throughout),
            (None, rows) => {
                let rows: Vec<(u16, f64)> = rows.iter().map(|row| (row.age, row.chance)).collect();
                let at = format!("{field}.table");
                let table = LifeTable::new(&rows).map_err(|error| named(error, &at))?;
                Ok(Lifespan::Table { table, age })
            }
        }
    }
}
