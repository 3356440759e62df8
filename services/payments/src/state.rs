//! The states of a payment, and what follows what. Pure.

use crate::face::PaymentState;

/// Something that happens to a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happening {
    /// The last approval that it needs.
    Approved { due: bool },
    /// A person refused to approve it.
    Refused,
    /// A person cancelled it, or its approvals did not come in time.
    Cancelled,
    /// Its day has come.
    Due,
    /// The ledger has booked it, to its end.
    Booked,
    /// The ledger, or a limit, refused it.
    Rejected,
}

/// The state after a happening; nothing if it cannot happen in this state.
pub(crate) fn next(state: PaymentState, happening: Happening) -> Option<PaymentState> {
    use Happening::*;
    use PaymentState::*;
    match (state, happening) {
        (AwaitingApproval, Approved { due: true }) | (Scheduled, Due) => Some(Processing),
        (AwaitingApproval, Approved { due: false }) => Some(Scheduled),
        (AwaitingApproval, Refused) => Some(PaymentState::Rejected),
        (AwaitingApproval | Scheduled | Held, Happening::Cancelled) => Some(PaymentState::Cancelled),
        (Processing | Submitted, Booked) => Some(Settled),
        (Processing | Held | Submitted, Happening::Rejected) => Some(PaymentState::Rejected),
        _ => None,
    }
}

pub(crate) fn is_end(state: PaymentState) -> bool {
    use PaymentState::{Cancelled, Rejected, Returned, Settled};
    matches!(state, Settled | Rejected | Cancelled | Returned)
}

/// As it is stored: those below 3 wait for something.
pub(crate) fn number(state: PaymentState) -> i64 {
    match state {
        PaymentState::AwaitingApproval => 0,
        PaymentState::Scheduled => 1,
        PaymentState::Processing => 2,
        PaymentState::Settled => 3,
        PaymentState::Rejected => 4,
        PaymentState::Cancelled => 5,
        PaymentState::Returned => 6,
        PaymentState::Held => -2,
        PaymentState::Submitted => -1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [PaymentState; 9] = [
        PaymentState::Held,
        PaymentState::Submitted,
        PaymentState::AwaitingApproval,
        PaymentState::Scheduled,
        PaymentState::Processing,
        PaymentState::Settled,
        PaymentState::Rejected,
        PaymentState::Cancelled,
        PaymentState::Returned,
    ];
    const HAPPENINGS: [Happening; 7] = [
        Happening::Approved { due: true },
        Happening::Approved { due: false },
        Happening::Refused,
        Happening::Cancelled,
        Happening::Due,
        Happening::Booked,
        Happening::Rejected,
    ];

    #[test]
    fn nothing_follows_an_end() {
        for state in ALL.into_iter().filter(|state| is_end(*state)) {
            assert!(HAPPENINGS.into_iter().all(|happening| next(state, happening).is_none()), "{state:?}");
        }
    }

    #[test]
    fn only_what_is_on_its_way_is_booked() {
        for state in ALL {
            let booked = next(state, Happening::Booked);
            let on_its_way = matches!(state, PaymentState::Processing | PaymentState::Submitted);
            assert_eq!(booked.is_some(), on_its_way, "{state:?}");
        }
    }

    #[test]
    fn what_has_begun_cannot_be_cancelled() {
        for state in [PaymentState::Processing, PaymentState::Submitted] {
            assert_eq!(next(state, Happening::Cancelled), None, "{state:?}");
        }
        assert_eq!(next(PaymentState::Scheduled, Happening::Cancelled), Some(PaymentState::Cancelled));
    }

    #[test]
    fn every_state_has_its_own_number() {
        let numbers: Vec<i64> = ALL.into_iter().map(number).collect();
        assert_eq!(numbers, [-2, -1, 0, 1, 2, 3, 4, 5, 6]);
        for state in ALL {
            assert_eq!(number(state) < 3, !is_end(state), "{state:?}");
        }
    }
}
