//! The next stage of a login. Pure: everything it depends on is passed in.
//!
//! Invariant: [`At::Done`] is reached only with everything proved that the user, their role and the requester of the
//! login require. A forgotten password goes the same way as a known one.

use identity_api::Refusal;

/// A login's stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    Password,
    Factor,
    NewPassword,
    Enrol,
    BackupCodes,
    Reset,
    Done,
}

/// What a step has proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proved {
    Password,
    /// The code from the message after a forgotten password, with a new password.
    ResetCode,
    Factor,
    Replaced,
    Enrolled,
    Kept,
}

/// The user's situation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    /// There is a second factor that can be asked for.
    pub(crate) has_factor: bool,
    /// The role requires one, or the requester of the login does.
    pub(crate) wants_factor: bool,
    /// Somebody else set the password.
    pub(crate) replace_password: bool,
}

impl At {
    /// The stage after a successful step.
    pub(crate) fn next(self, proved: Proved, facts: Facts) -> Result<At, Refusal> {
        match (self, proved) {
            (At::Password, Proved::Password) | (At::Reset, Proved::ResetCode) if facts.has_factor => Ok(At::Factor),
            (At::Password, Proved::Password) | (At::Reset, Proved::ResetCode) | (At::Factor, Proved::Factor) => {
                Ok(At::behind_factor(facts))
            }
            (At::NewPassword, Proved::Replaced) => Ok(At::behind_factor(Facts { replace_password: false, ..facts })),
            (At::Enrol, Proved::Enrolled) => Ok(At::BackupCodes),
            (At::BackupCodes, Proved::Kept) => Ok(At::Done),
            _ => Err(Refusal::StepOutOfTurn),
        }
    }

    /// A password set by somebody else is replaced before anything relies on it.
    fn behind_factor(facts: Facts) -> At {
        match facts {
            Facts { replace_password: true, .. } => At::NewPassword,
            Facts { wants_factor: true, has_factor: false, .. } => At::Enrol,
            _ => At::Done,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            At::Password => "password",
            At::Factor => "factor",
            At::NewPassword => "new_password",
            At::Enrol => "enrol",
            At::BackupCodes => "backup_codes",
            At::Reset => "reset",
            At::Done => "done",
        }
    }

    pub(crate) fn named(name: &str) -> Option<At> {
        [At::Password, At::Factor, At::NewPassword, At::Enrol, At::BackupCodes, At::Reset, At::Done]
            .into_iter()
            .find(|at| at.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [At; 7] = [At::Password, At::Factor, At::NewPassword, At::Enrol, At::BackupCodes, At::Reset, At::Done];
    const PROOFS: [Proved; 6] =
        [Proved::Password, Proved::ResetCode, Proved::Factor, Proved::Replaced, Proved::Enrolled, Proved::Kept];

    fn facts(has_factor: bool, wants_factor: bool, replace_password: bool) -> Facts {
        Facts { has_factor, wants_factor, replace_password }
    }

    /// Every stage that a login goes through if each step succeeds.
    fn way(from: At, facts: Facts) -> Vec<At> {
        let mut way = vec![from];
        while let Some(at) = way.last().copied().filter(|at| *at != At::Done) {
            let proved = PROOFS.into_iter().find(|proved| at.next(*proved, facts).is_ok()).unwrap();
            way.push(at.next(proved, facts).unwrap());
        }
        way
    }

    #[test]
    fn every_login_goes_through_its_required_stages() {
        for (facts, expected) in [
            (facts(false, false, false), vec![At::Done]),
            (facts(true, false, false), vec![At::Factor, At::Done]),
            (facts(true, true, false), vec![At::Factor, At::Done]),
            (facts(false, true, false), vec![At::Enrol, At::BackupCodes, At::Done]),
            (facts(false, false, true), vec![At::NewPassword, At::Done]),
            (facts(true, true, true), vec![At::Factor, At::NewPassword, At::Done]),
            (facts(false, true, true), vec![At::NewPassword, At::Enrol, At::BackupCodes, At::Done]),
        ] {
            for begin in [At::Password, At::Reset] {
                assert_eq!(way(begin, facts)[1..], expected, "{begin:?} {facts:?}");
            }
        }
    }

    #[test]
    fn no_other_step_changes_the_stage() {
        let leads = ALL.iter().flat_map(|at| PROOFS.map(|proved| at.next(proved, facts(true, true, true))));
        assert_eq!(leads.filter(Result::is_ok).count(), 6);
        assert!(PROOFS.iter().all(|proved| At::Done.next(*proved, facts(false, false, false)).is_err()));
        assert!(At::Password.next(Proved::Factor, facts(true, true, false)).is_err());
        assert!(At::Factor.next(Proved::Password, facts(true, true, false)).is_err());
    }

    #[test]
    fn a_stage_survives_being_stored() {
        assert!(ALL.iter().all(|at| At::named(at.name()) == Some(*at)));
        assert_eq!(At::named("elsewhere"), None);
    }
}
