use std::collections::VecDeque;
use std::time::Duration;

use testkit::FakeClock;

use super::*;

const CONFIG: BreakerConfig = BreakerConfig { failures_max: 3, open_ms: 30_000, successes_wanted: 2, probe_ms: 1_000 };
const WITHOUT_PROBES: BreakerConfig = BreakerConfig { probe_ms: 30_000, ..CONFIG };

/// Answers as it is told; without a word it never answers.
#[derive(Default)]
struct Room(Mutex<VecDeque<Result<Bytes, TransportError>>>);

#[async_trait]
impl Transport for Room {
    async fn carry(&self, _: &str, _: &str, _: Bytes) -> Result<Bytes, TransportError> {
        let next = self.0.lock().unwrap().pop_front();
        match next {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }
}

struct Desk {
    room: Arc<Room>,
    breaker: Arc<Breaker>,
    clock: FakeClock,
}

#[derive(Debug, PartialEq)]
enum Said {
    Answered,
    Failed,
    Refused,
}

impl Desk {
    fn new(config: BreakerConfig) -> Desk {
        let (room, clock) = (Arc::new(Room::default()), FakeClock::default());
        let breaker = Breaker::new("cards", room.clone(), config, Arc::new(clock.clone()));
        Desk { room, breaker, clock }
    }

    async fn call(&self, answer: Result<(), TransportError>) -> Said {
        self.room.0.lock().unwrap().push_back(answer.map(|()| Bytes::new()));
        let outcome = self.breaker.carry("cards", "authorize", Bytes::new()).await;
        self.room.0.lock().unwrap().clear();
        match outcome {
            Ok(_) => Said::Answered,
            Err(TransportError::Away(_)) => Said::Refused,
            Err(_) => Said::Failed,
        }
    }

    async fn good(&self) -> Said {
        self.call(Ok(())).await
    }

    async fn bad(&self) -> Said {
        self.call(Err(TransportError::NotSent("refused".to_owned()))).await
    }

    async fn open(&self) {
        for _ in 0..3 {
            assert_eq!(self.bad().await, Said::Failed);
        }
        assert_eq!((self.breaker.state(), self.good().await), (BreakerState::Open, Said::Refused));
    }
}

#[tokio::test]
async fn three_failures_in_a_row_open_it_and_two_successes_close_it() {
    let desk = Desk::new(WITHOUT_PROBES);
    for _ in 0..5 {
        assert_eq!(
            (desk.bad().await, desk.bad().await, desk.good().await),
            (Said::Failed, Said::Failed, Said::Answered)
        );
    }
    desk.open().await;
    desk.clock.advance_millis(29_999);
    assert_eq!(desk.good().await, Said::Refused);
    desk.clock.advance_millis(1);
    assert_eq!((desk.breaker.state(), desk.good().await), (BreakerState::HalfOpen, Said::Answered));
    assert_eq!((desk.breaker.state(), desk.good().await), (BreakerState::HalfOpen, Said::Answered));
    assert_eq!(desk.breaker.state(), BreakerState::Closed);
}

#[tokio::test]
async fn a_failed_trial_opens_it_again() {
    let desk = Desk::new(WITHOUT_PROBES);
    desk.open().await;
    desk.clock.advance_millis(30_000);
    assert_eq!((desk.good().await, desk.bad().await), (Said::Answered, Said::Failed));
    assert_eq!((desk.breaker.state(), desk.good().await), (BreakerState::Open, Said::Refused));
}

#[tokio::test]
async fn a_room_that_is_back_is_noticed_by_a_probe() {
    let desk = Desk::new(CONFIG);
    desk.open().await;
    desk.clock.advance_millis(1_000);
    assert_eq!((desk.bad().await, desk.good().await), (Said::Failed, Said::Refused));
    desk.clock.advance_millis(1_000);
    assert_eq!(
        (desk.good().await, desk.good().await, desk.breaker.state()),
        (Said::Answered, Said::Answered, BreakerState::Closed)
    );
}

#[tokio::test]
async fn one_call_at_a_time_tests_whether_the_room_is_back() {
    let desk = Desk::new(CONFIG);
    desk.open().await;
    desk.clock.advance_millis(1_000);
    let silent = desk.breaker.carry("cards", "authorize", Bytes::new());
    let mut silent = Box::pin(silent);
    assert!(futures_util::poll!(&mut silent).is_pending());
    desk.clock.advance_millis(60_000);
    assert_eq!(desk.good().await, Said::Refused);
    drop(silent);
    assert_eq!((desk.breaker.state(), desk.good().await), (BreakerState::Open, Said::Refused), "it had time");
}

#[tokio::test]
async fn a_call_that_had_time_and_no_answer_is_a_failure() {
    for (waited_ms, state) in [(999, BreakerState::Closed), (1_000, BreakerState::Open)] {
        let desk = Desk::new(CONFIG);
        for _ in 0..3 {
            let call = desk.breaker.carry("cards", "authorize", Bytes::new());
            let waiting = tokio::time::timeout(Duration::from_millis(1), call);
            let (outcome, ()) = tokio::join!(waiting, async { desk.clock.advance_millis(waited_ms) });
            assert!(outcome.is_err());
        }
        assert_eq!(desk.breaker.state(), state, "{waited_ms}");
    }
}

#[tokio::test]
async fn calls_that_are_lost_together_count_once() {
    let desk = Desk::new(CONFIG);
    let mut lost = Vec::new();
    for _ in 0..50 {
        let mut call = Box::pin(desk.breaker.carry("cards", "authorize", Bytes::new()));
        assert!(futures_util::poll!(&mut call).is_pending());
        lost.push(call);
    }
    desk.clock.advance_millis(2_000);
    drop(lost);
    assert_eq!(desk.breaker.state(), BreakerState::Closed);
    desk.clock.advance_millis(1);
    assert_eq!((desk.bad().await, desk.breaker.state()), (Said::Failed, BreakerState::Closed));
    desk.clock.advance_millis(1);
    assert_eq!((desk.bad().await, desk.breaker.state()), (Said::Failed, BreakerState::Open));
}

#[tokio::test]
async fn refusals_of_the_room_are_answers() {
    let desk = Desk::new(CONFIG);
    for _ in 0..10 {
        for refusal in [TransportError::Overloaded, TransportError::Stale, TransportError::NotUnderstood] {
            assert_eq!(desk.call(Err(refusal("no".to_owned()))).await, Said::Failed);
        }
    }
    assert_eq!(desk.breaker.state(), BreakerState::Closed);
}
