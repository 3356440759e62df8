//! Who caused an event. It is taken from the [`Ctx`] of the call that is being answered, so that no room has to pass it
//! on; what the house does by itself is done by `system`, with the name of the task.

use std::sync::Arc;

use kernel::Ctx;

/// The kind of an actor that is no caller.
const SYSTEM: &str = "system";

tokio::task_local! {
    static ACTOR: Arc<Actor>;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    pub(super) subject: Arc<str>,
    pub(super) kind: &'static str,
    /// The client that the token was issued to; of the house itself, the task.
    pub(super) client: Option<Arc<str>>,
    pub(super) session: Option<Arc<str>>,
    pub(super) request_id: Option<Arc<str>>,
}

impl Actor {
    /// The caller.
    pub fn of(ctx: &Ctx) -> Actor {
        let caller = &ctx.principal;
        Actor {
            subject: Arc::clone(&caller.subject),
            kind: caller.kind.name(),
            client: caller.client.clone(),
            session: caller.session.clone(),
            request_id: Some(Arc::clone(&ctx.request_id)),
        }
    }

    /// The house itself.
    pub fn system(task: Option<&str>) -> Actor {
        let client = task.map(Arc::from);
        Actor { subject: SYSTEM.into(), kind: SYSTEM, client, session: None, request_id: None }
    }

    /// The actor of the call or task that this code runs in.
    pub fn current() -> Option<Arc<Actor>> {
        ACTOR.try_with(Arc::clone).ok()
    }
}

/// `work` is caused by this actor.
pub(crate) fn causes<W: Future>(actor: Actor, work: W) -> impl Future<Output = W::Output> {
    ACTOR.scope(Arc::new(actor), work)
}

/// The same for work without waiting, in another task than the one that the actor was taken from.
pub(crate) fn caused_by<T>(actor: Option<&Arc<Actor>>, work: impl FnOnce() -> T) -> T {
    match actor {
        Some(actor) => ACTOR.sync_scope(Arc::clone(actor), work),
        None => work(),
    }
}

#[cfg(test)]
mod tests {
    use kernel::{Deadline, Principal, PrincipalKind, SystemClock};

    use super::*;
    use crate::feed::NewEvent;

    fn ctx() -> Ctx {
        let principal = Principal {
            client: Some("web".into()),
            session: Some("ses_1".into()),
            ..Principal::new(PrincipalKind::Employee, "user_1", [])
        };
        let deadline = Deadline::after_millis(&SystemClock, 1_000);
        Ctx { principal, deadline, request_id: "req_1".into(), idempotency_key: None }
    }

    #[tokio::test]
    async fn an_event_names_the_caller_of_the_innermost_call() {
        let event = || NewEvent::new("pebbles.pebble.thrown", "one", serde_json::json!({}));
        assert_eq!(event().actor(), None);
        let told = causes(Actor::system(Some("sweep")), async {
            let outer = event();
            (outer, causes(Actor::of(&ctx()), async { event() }).await)
        });
        let (outer, inner) = told.await;
        assert_eq!(outer.actor(), Some(&Actor::system(Some("sweep"))));
        let found = inner.actor().unwrap();
        assert_eq!((&*found.subject, found.kind), ("user_1", "employee"));
        let rest = [&found.client, &found.session, &found.request_id].map(|part| part.as_deref());
        assert_eq!(rest, [Some("web"), Some("ses_1"), Some("req_1")]);
    }

    #[test]
    fn an_actor_follows_its_command_into_another_thread() {
        let actor = Arc::new(Actor::of(&ctx()));
        let found = std::thread::spawn(move || caused_by(Some(&actor), Actor::current)).join().unwrap();
        assert_eq!(&*found.unwrap().subject, "user_1");
        assert_eq!(caused_by(None, Actor::current), None);
    }
}
