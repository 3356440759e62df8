//! Simulation in another process: the same trait over [`platform::rpc`], and the method table that answers it there.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::Ctx;
use platform::room::Face;
use platform::rpc::{Methods, MethodsOf, Repeat, RpcClient};

use crate::{
    Compare, Compared, Futures, Grid, SIMULATION, Scenario, Sensitivity, Simulation, SimulationError, Solve, Solved,
    Stress, Stressed,
};

/// How simulation is called.
pub static SIMULATION_FACE: Face<dyn Simulation> =
    Face { name: SIMULATION, serve, remote: |rpc| Arc::new(RemoteSimulation { rpc }) };

type Shared = Arc<dyn Simulation>;

fn serve(simulation: Shared) -> Methods {
    MethodsOf::new(SIMULATION, simulation)
        .on("simulate", |at, ctx, it| async move { at.simulate(&ctx, it).await })
        .on("solve", |at, ctx, it| async move { at.solve(&ctx, it).await })
        .on("grid", |at, ctx, it| async move { at.grid(&ctx, it).await })
        .on("measure", |at, ctx, it| async move { at.measure(&ctx, it).await })
        .on("stress", |at, ctx, it| async move { at.stress(&ctx, it).await })
        .into()
}

/// Simulation in another process. All of its calls are questions.
#[derive(Debug, Clone)]
pub struct RemoteSimulation {
    rpc: RpcClient,
}

#[async_trait]
impl Simulation for RemoteSimulation {
    async fn simulate(&self, ctx: &Ctx, scenario: Scenario) -> Result<Futures, SimulationError> {
        self.rpc.call(ctx, "simulate", &scenario, Repeat::Question).await
    }

    async fn solve(&self, ctx: &Ctx, question: Solve) -> Result<Solved, SimulationError> {
        self.rpc.call(ctx, "solve", &question, Repeat::Question).await
    }

    async fn grid(&self, ctx: &Ctx, question: Sensitivity) -> Result<Grid, SimulationError> {
        self.rpc.call(ctx, "grid", &question, Repeat::Question).await
    }

    async fn measure(&self, ctx: &Ctx, question: Compare) -> Result<Compared, SimulationError> {
        self.rpc.call(ctx, "measure", &question, Repeat::Question).await
    }

    async fn stress(&self, ctx: &Ctx, question: Stress) -> Result<Stressed, SimulationError> {
        self.rpc.call(ctx, "stress", &question, Repeat::Question).await
    }
}
