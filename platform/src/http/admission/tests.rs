use kernel::{Deadline, PrincipalKind};
use testkit::FakeClock;
use tokio::task::JoinHandle;

use super::queue::Place;
use super::*;
use crate::config::Config;

struct Desk {
    queue: Arc<Queue>,
    clock: FakeClock,
}

impl Desk {
    fn new(running_max: usize, waiting_max: usize) -> Desk {
        let clock = FakeClock::default();
        Desk { queue: Queue::new(running_max, waiting_max, Arc::new(clock.clone())), clock }
    }

    fn within(&self, millis: u64) -> Deadline {
        Deadline::after_millis(&self.clock, millis)
    }

    async fn enter(&self, class: Class, millis: u64) -> Result<Place, Refused> {
        self.queue.enter(class, self.within(millis)).await
    }

    /// Waits in the queue by the time that this returns.
    async fn wait(&self, class: Class, millis: u64) -> JoinHandle<Result<Place, Refused>> {
        let (queue, deadline, before) = (Arc::clone(&self.queue), self.within(millis), self.waiting());
        let waiting = tokio::spawn(async move { queue.enter(class, deadline).await });
        while self.waiting() == before && !waiting.is_finished() {
            tokio::task::yield_now().await;
        }
        waiting
    }

    fn waiting(&self) -> usize {
        self.queue.counts().1.iter().sum()
    }

    /// A request that takes so long.
    async fn taking(&self, millis: u64) {
        let place = self.enter(Class::Usual, 100_000).await.unwrap();
        self.clock.advance_millis(millis);
        drop(place);
    }
}

#[tokio::test]
async fn the_one_after_the_last_waits_for_a_place() {
    let desk = Desk::new(2, 2);
    let one = desk.enter(Class::Usual, 1_000).await.unwrap();
    let _two = desk.enter(Class::Usual, 1_000).await.unwrap();
    let three = desk.wait(Class::Usual, 1_000).await;
    assert_eq!(desk.queue.counts(), (2, [0, 1]));
    drop(one);
    let three = three.await.unwrap().ok().unwrap();
    assert_eq!(desk.queue.counts(), (2, [0, 0]));
    drop(three);
    assert_eq!(desk.queue.counts().0, 1);
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let desk = Desk::new(1, 1);
    let _one = desk.enter(Class::Usual, 1_000).await.unwrap();
    let _two = desk.wait(Class::Usual, 1_000).await;
    assert_eq!(desk.enter(Class::Usual, 1_000).await.err(), Some(Refused::Full));
    // The other class has a queue of its own.
    let _high = desk.wait(Class::High, 1_000).await;
    assert_eq!(desk.waiting(), 2);
}

#[tokio::test]
async fn what_cannot_be_done_in_time_is_refused_at_once() {
    let desk = Desk::new(1, 100);
    for _ in 0..100 {
        desk.taking(100).await;
    }
    let _running = desk.enter(Class::Usual, 100_000).await.unwrap();
    let _ahead = [desk.wait(Class::Usual, 100_000).await, desk.wait(Class::Usual, 100_000).await];
    assert_eq!(desk.enter(Class::Usual, 350).await.err(), Some(Refused::TooLate));
    assert_eq!(desk.waiting(), 2);
    let _in_time = desk.wait(Class::Usual, 450).await;
    assert_eq!(desk.waiting(), 3);
}

#[tokio::test]
async fn nobody_waits_past_their_deadline() {
    let desk = Desk::new(1, 100);
    let running = desk.enter(Class::Usual, 1_000).await.unwrap();
    let late = desk.wait(Class::Usual, 30).await;
    assert_eq!(late.await.unwrap().err(), Some(Refused::TooLate));
    // Its entry is passed over.
    let next = desk.wait(Class::Usual, 1_000).await;
    drop(running);
    assert!(next.await.unwrap().is_ok());
    assert_eq!(desk.queue.counts(), (0, [0, 0]));
}

#[tokio::test]
async fn the_first_class_is_served_first_and_the_other_is_not_starved() {
    let desk = Desk::new(1, 1_000);
    let mut running = Some(desk.enter(Class::Usual, 1_000).await.unwrap());
    let mut usual = Vec::new();
    let mut high = Vec::new();
    for _ in 0..3 {
        usual.push(desk.wait(Class::Usual, 60_000).await);
    }
    for _ in 0..40 {
        high.push(desk.wait(Class::High, 60_000).await);
    }
    let mut order = Vec::new();
    while desk.waiting() > 0 {
        let (before, _) = (desk.queue.counts().1, running.take());
        let after = desk.queue.counts().1;
        order.push(if before[0] > after[0] { 'h' } else { 'u' });
        let all = if before[0] > after[0] { &mut high } else { &mut usual };
        running = Some(all.remove(0).await.unwrap().ok().unwrap());
    }
    let order: String = order.into_iter().collect();
    let sixteen = "h".repeat(16);
    assert_eq!(order, format!("{sixteen}u{sixteen}u{}u", "h".repeat(8)));
}

#[tokio::test]
async fn a_caller_who_gives_up_leaves_no_place_taken() {
    let desk = Desk::new(1, 10);
    let running = desk.enter(Class::Usual, 1_000).await.unwrap();
    let gone = desk.wait(Class::Usual, 60_000).await;
    gone.abort();
    let _ = gone.await;
    drop(running);
    assert_eq!(desk.queue.counts(), (0, [0, 0]));
    assert!(desk.enter(Class::Usual, 1_000).await.is_ok());
}

#[test]
fn only_callers_who_may_are_first() {
    let mut edge = Config::defaults().unwrap().edge;
    edge.priority_for = vec!["service".to_owned(), "mobile-app".to_owned()];
    let admission = Admission::new(&edge, Arc::new(FakeClock::default()));
    let caller = |role: &str, client: Option<&str>| {
        let principal = Principal::new(PrincipalKind::Customer, "cust_ann", []);
        Principal { roles: [role.into()].into(), client: client.map(Into::into), ..principal }
    };
    let asking = HeaderMap::from_iter([(http::HeaderName::from_static(PRIORITY), HIGH)]);
    for (principal, class) in [
        (None, Class::Usual),
        (Some(caller("customer", None)), Class::Usual),
        (Some(caller("service", None)), Class::High),
        (Some(caller("customer", Some("mobile-app"))), Class::High),
        (Some(caller("customer", Some("service-app"))), Class::Usual),
    ] {
        assert_eq!(admission.class(&asking, principal.as_ref()), class, "{principal:?}");
        assert_eq!(admission.class(&HeaderMap::new(), principal.as_ref()), Class::Usual);
    }
}
