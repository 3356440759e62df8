//! However requests interleave, in one process or two: a code becomes tokens at most once, and a family with a theft
//! has no live tokens.

use std::sync::Arc;

use identity_api::{Grant, IdentityError, OAuthError, Origin, TokenReply, TokenRequest, Tokens};
use kernel::Secret;
use platform::error::Failure;
use testkit::for_each_engine;

use super::world::*;
use crate::IdentityService;

const ROUNDS: usize = 6;

type Outcome = Result<TokenReply, IdentityError>;

/// The same request from several tasks at once, spread over two processes.
async fn at_once(processes: &[Arc<IdentityService>; 2], tasks: usize, grant: Grant) -> Vec<Outcome> {
    let started = Arc::new(tokio::sync::Barrier::new(tasks));
    let tasks = (0..tasks).map(|task| {
        let (identity, grant, started) = (Arc::clone(&processes[task % 2]), grant.clone(), Arc::clone(&started));
        tokio::spawn(async move {
            let request = TokenRequest { client: auth("shop"), grant, origin: Origin::default() };
            started.wait().await;
            // The store may ask for a retry; that is not a reply.
            loop {
                match identity.token(&nobody(), request.clone()).await {
                    Err(IdentityError::Failed(Failure::Unavailable)) => tokio::task::yield_now().await,
                    outcome => return outcome,
                }
            }
        })
    });
    let tasks: Vec<_> = tasks.collect();
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    outcomes
}

fn refreshes(outcomes: &[Outcome]) -> Vec<Secret> {
    outcomes.iter().flatten().map(|reply| reply.refresh_token.clone().unwrap()).collect()
}

async fn families_alive(world: &World) -> i64 {
    world.count("select count(*) from grant_family where ended_at is null").await
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_for_a_code_has_at_most_one_winner_who_keeps_nothing() {
    for_each_engine(async |store| {
        let world = World::new(store).await;
        let processes = [Arc::clone(&world.identity), world.beside(store).await];
        for round in 0..ROUNDS {
            let code = world.code().await;
            let outcomes = at_once(&processes, 2 + round % 3, code_grant(&code)).await;
            let won = refreshes(&outcomes);
            assert_eq!(won.len(), 1, "{outcomes:?}");
            assert_eq!(oauth_error(world.refresh(&won[0]).await), OAuthError::InvalidGrant);
            assert_eq!(families_alive(&world).await, 0);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_with_a_refresh_token_leaves_one_line() {
    for_each_engine(async |store| {
        let world = World::new(store).await;
        let processes = [Arc::clone(&world.identity), world.beside(store).await];
        for round in 0..ROUNDS {
            let token = world.tokens().await.refresh_token.unwrap();
            let alive = families_alive(&world).await;
            let tasks = 2 + round % 3;
            let siblings = refreshes(&at_once(&processes, tasks, refresh_grant(&token)).await);
            // All at the same time is within the grace period.
            assert_eq!(siblings.len(), tasks);
            world.advance(60);
            let line = world.refresh(&siblings[round % tasks]).await.unwrap().refresh_token.unwrap();
            world.advance(60);
            let line = world.refresh(&line).await.unwrap().refresh_token.unwrap();
            assert_eq!(families_alive(&world).await, alive);
            let other = &siblings[(round + 1) % tasks];
            assert_eq!(oauth_error(world.refresh(other).await), OAuthError::InvalidGrant);
            assert_eq!(oauth_error(world.refresh(&line).await), OAuthError::InvalidGrant);
            assert_eq!(families_alive(&world).await, alive - 1);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_siblings_leave_at_most_one_line() {
    for_each_engine(async |store| {
        let world = World::new(store).await;
        let processes = [Arc::clone(&world.identity), world.beside(store).await];
        for _ in 0..ROUNDS {
            let token = world.tokens().await.refresh_token.unwrap();
            let siblings = refreshes(&at_once(&processes, 2, refresh_grant(&token)).await);
            let swapped = [Arc::clone(&processes[1]), Arc::clone(&processes[0])];
            let (one, other) = tokio::join!(
                at_once(&processes, 1, refresh_grant(&siblings[0])),
                at_once(&swapped, 1, refresh_grant(&siblings[1])),
            );
            let lines = refreshes(&[one, other].concat());
            assert_eq!(lines.len(), 1, "the second one is retired already");
            assert_eq!(oauth_error(world.refresh(&lines[0]).await), OAuthError::InvalidGrant);
            assert_eq!(families_alive(&world).await, 0);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_grace_period_a_race_with_a_thief_ends_both() {
    for_each_engine(async |store| {
        let world = World::new(store).await;
        let processes = [Arc::clone(&world.identity), world.beside(store).await];
        for _ in 0..ROUNDS {
            let old = world.tokens().await.refresh_token.unwrap();
            let present = world.refresh(&old).await.unwrap().refresh_token.unwrap();
            world.advance(60);
            let (thief, client) = tokio::join!(
                at_once(&processes, 2, refresh_grant(&old)),
                at_once(&processes, 1, refresh_grant(&present))
            );
            assert!(refreshes(&thief).is_empty());
            for token in refreshes(&client) {
                assert_eq!(oauth_error(world.refresh(&token).await), OAuthError::InvalidGrant);
            }
            assert_eq!(families_alive(&world).await, 0);
        }
    })
    .await;
}
