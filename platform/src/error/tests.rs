use serde::{Deserialize, Serialize};

use super::*;
use crate::access::Denied;
use crate::db::{CommitError, DbError, Fault};
use crate::http::Problem;
use crate::lane::LaneError;
use crate::rpc::Outcome;

#[derive(
    Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error, strum::VariantNames, strum::IntoStaticStr,
)]
#[serde(tag = "code", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
enum Toy {
    #[error("there is no colour {colour}")]
    ColourUnknown { colour: String },
    #[error("it is broken already")]
    AlreadyBroken,
}

impl Refusal for Toy {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn row(&self) -> Row {
        match self {
            Toy::ColourUnknown { .. } => row(400, "Colour is unknown", "The colour has no name."),
            Toy::AlreadyBroken => row(409, "Broken already", "It was broken before."),
        }
    }

    fn samples() -> Vec<Toy> {
        vec![Toy::ColourUnknown { colour: "octarine".to_owned() }, Toy::AlreadyBroken]
    }

    fn field(&self) -> Option<Cow<'static, str>> {
        matches!(self, Toy::ColourUnknown { .. }).then_some("colour".into())
    }
}

type ToyError = ServiceError<Toy>;

fn body(error: ToyError) -> serde_json::Value {
    serde_json::to_value(Problem::from(error).body("req-1")).unwrap()
}

#[test]
fn a_refusal_is_its_name_its_row_and_its_fields() {
    let shown = body(Toy::ColourUnknown { colour: "octarine".to_owned() }.into());
    assert_eq!((&shown["code"], &shown["status"]), (&"colour_unknown".into(), &400.into()));
    assert_eq!((&shown["colour"], &shown["detail"]), (&"octarine".into(), &"there is no colour octarine".into()));
    assert_eq!(shown["errors"][0]["field"], "colour");
    let replayed = Problem::from(ToyError::Refused { refusal: Toy::AlreadyBroken, replayed: true });
    assert_eq!(replayed.headers()[REPLAYED], "true");
}

#[test]
fn refusals_that_break_a_rule_are_named() {
    assert_eq!(check::<Toy>(), Ok(()));
}

#[test]
fn failures_are_told_apart_by_what_the_caller_can_do() {
    for (error, code, status) in [
        (ToyError::from(Denied::NotFound), "not_found", 404),
        (Denied::Forbidden.into(), "forbidden", 403),
        (LaneError::NotWriter.into(), "unavailable", 503),
        (DbError::new("read", Fault::Full).into(), "storage_full", 507),
        (DbError::new("read", Fault::ConnectionLost).into(), "unavailable", 503),
        (DbError::new("read", Fault::Corrupt).into(), "internal", 500),
        (CommitError(DbError::new("commit", Fault::ConnectionLost)).into(), "outcome_unknown", 504),
        (CommitError(DbError::new("commit", Fault::Io)).into(), "outcome_unknown", 504),
        (CommitError(DbError::new("commit", Fault::Constraint)).into(), "internal", 500),
    ] {
        assert_eq!((error.code(), error.status()), (code, status));
        assert_eq!(body(error)["code"], code);
    }
}

#[test]
fn a_failure_of_this_attempt_proves_nothing_about_an_earlier_one() {
    for failure in Failure::all() {
        let error = ToyError::from(*failure);
        let proves = matches!(
            failure,
            Failure::NotFound
                | Failure::Forbidden
                | Failure::StepUpRequired { .. }
                | Failure::IdempotencyMissing
                | Failure::IdempotencyKeyTaken
                | Failure::IdempotencyKeyBusy
                | Failure::EventsGone { .. }
                | Failure::CursorAhead { .. }
                | Failure::OutcomeUnknown
        );
        assert_eq!(error.is_of_this_attempt(), !proves, "{failure:?}");
        assert_eq!(serde_json::from_value::<ToyError>(serde_json::to_value(&error).unwrap()).unwrap(), error);
    }
    assert!(!ToyError::from(Toy::AlreadyBroken).is_of_this_attempt());
}
