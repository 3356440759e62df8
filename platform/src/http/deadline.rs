//! A request's deadline: the configured time, or less if the caller asks for less.

use std::time::Duration;

use http::HeaderMap;

use super::problem::{Problem, refusals};

/// Services answer at the deadline themselves, with a better error; the edge steps in a little later.
pub(super) const GRACE: Duration = Duration::from_millis(200);

/// Milliseconds this request may take. `X-Deadline-Ms` can only shorten them.
pub(super) fn deadline_ms(headers: &HeaderMap, configured_ms: u64) -> Result<u64, Problem> {
    let Some(given) = headers.get("x-deadline-ms") else { return Ok(configured_ms) };
    let asked: Option<u64> = given.to_str().ok().and_then(|text| text.parse().ok()).filter(|ms| *ms > 0);
    match asked {
        Some(ms) => Ok(ms.min(configured_ms)),
        None => Err(Problem::from(refusals::DEADLINE_INVALID).and_field("X-Deadline-Ms", "expected a number above 0")),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_caller_can_only_shorten_the_deadline() {
        let asked = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-deadline-ms", HeaderValue::from_static(text));
            deadline_ms(&headers, 10_000).map_err(|problem| problem.refusal().code)
        };
        assert_eq!(asked("250"), Ok(250));
        assert_eq!(asked("99999999"), Ok(10_000));
        for bad in ["0", "-1", "soon", "1.5", "99999999999999999999999"] {
            assert_eq!(asked(bad), Err("deadline_invalid"), "{bad}");
        }
        assert_eq!(deadline_ms(&HeaderMap::new(), 10_000).unwrap(), 10_000);
    }
}
