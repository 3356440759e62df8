//! The service: each question is checked, gets its threads, and is counted.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Clock, Ctx};
use planning_api::*;
use platform::access;
use platform::deadline::in_time;
use quant::paths::Work;

use super::threads::Threads;
use super::{Settings, ask, count};

const DAY_US: i64 = 86_400_000_000;

pub struct SimulationService {
    threads: Threads,
    clock: Arc<dyn Clock>,
}

impl SimulationService {
    pub fn new(settings: &Settings, clock: Arc<dyn Clock>) -> SimulationService {
        SimulationService { threads: Threads::new(settings.threads, settings.waiting_max, Arc::clone(&clock)), clock }
    }

    async fn asked<Q, A>(
        &self,
        ctx: &Ctx,
        mode: Mode,
        question: Q,
        answer: fn(&Q, Month, Work<'_>) -> Result<A, SimulationError>,
    ) -> Result<A, SimulationError>
    where
        Q: Send + Sync + 'static,
        A: Send + 'static,
    {
        access::owner_term(ctx, "simulations", "run")?;
        let work = async {
            let today = Day::of_number(self.clock.now().micros().div_euclid(DAY_US)).month();
            let started = self.clock.monotonic();
            let answer = self.threads.run(ctx, move |work| answer(&question, today, work)).await?;
            count::asked(mode, &answer, self.clock.monotonic().micros_since(started));
            answer
        };
        in_time(ctx, &self.clock, work).await
    }
}

#[async_trait]
impl Simulation for SimulationService {
    async fn simulate(&self, ctx: &Ctx, scenario: Scenario) -> Result<Futures, SimulationError> {
        let futures = self.asked(ctx, scenario.mode, scenario, ask::simulate).await?;
        count::paths(futures.paths);
        Ok(futures)
    }

    async fn solve(&self, ctx: &Ctx, question: Solve) -> Result<Solved, SimulationError> {
        self.asked(ctx, question.scenario.mode, question, ask::solve).await
    }

    async fn grid(&self, ctx: &Ctx, question: Sensitivity) -> Result<Grid, SimulationError> {
        self.asked(ctx, question.scenario.mode, question, ask::grid).await
    }

    async fn measure(&self, ctx: &Ctx, question: Compare) -> Result<Compared, SimulationError> {
        self.asked(ctx, question.before.mode, question, ask::measure).await
    }

    async fn stress(&self, ctx: &Ctx, question: Stress) -> Result<Stressed, SimulationError> {
        self.asked(ctx, question.scenario.mode, question, ask::stress).await
    }
}
