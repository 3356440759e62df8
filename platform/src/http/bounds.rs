//! The largest body and the longest time of a request, for all routes and for single ones.

use super::prefix::{longest, longest_first};
use crate::config;

const ROUTES_MAX: usize = 64;
const BODY_BYTES: std::ops::RangeInclusive<u64> = 1..=67_108_864;
const DEADLINE_MS: std::ops::RangeInclusive<u64> = 10..=600_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) body_bytes_max: usize,
    pub(super) deadline_ms: u64,
}

#[derive(Debug)]
pub(crate) struct RouteBounds {
    usual: Bounds,
    routes: Vec<(String, Bounds)>,
}

impl RouteBounds {
    /// # Errors
    /// A malformed entry of `edge.routes`.
    pub(crate) fn of(server: &config::Server, edge: &config::Edge) -> Result<RouteBounds, String> {
        let usual = Bounds { body_bytes_max: server.body_bytes_max, deadline_ms: server.deadline_ms };
        let mut routes = Vec::new();
        for entry in &edge.routes {
            let read = read(entry, usual).filter(|_| routes.len() < ROUTES_MAX);
            routes.extend(read.ok_or_else(|| {
                format!(
                    "expected paths with body_bytes_max or deadline_ms, such as \"/v1/orders body_bytes_max=16384 \
                     deadline_ms=2000\", found \"{entry}\""
                )
            })?);
        }
        longest_first(&mut routes);
        Ok(RouteBounds { usual, routes })
    }

    pub(super) fn at(&self, path: &str) -> Bounds {
        longest(&self.routes, path).copied().unwrap_or(self.usual)
    }
}

fn read(entry: &str, usual: Bounds) -> Option<Vec<(String, Bounds)>> {
    let (paths, settings): (Vec<&str>, Vec<&str>) = entry.split_whitespace().partition(|word| word.starts_with('/'));
    let mut bounds = usual;
    for setting in &settings {
        let (name, value) = setting.split_once('=')?;
        let value: u64 = value.parse().ok()?;
        match name {
            "body_bytes_max" if BODY_BYTES.contains(&value) => bounds.body_bytes_max = usize::try_from(value).ok()?,
            "deadline_ms" if DEADLINE_MS.contains(&value) => bounds.deadline_ms = value,
            _ => return None,
        }
    }
    let path = |path: &&str| (path.trim_end_matches('/').to_owned(), bounds);
    (!paths.is_empty() && !settings.is_empty()).then(|| paths.iter().map(path).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn bounds(routes: &[&str]) -> Result<RouteBounds, String> {
        let mut config = Config::defaults().unwrap();
        config.edge.routes = routes.iter().map(|entry| (*entry).to_owned()).collect();
        RouteBounds::of(&config.server, &config.edge)
    }

    #[test]
    fn a_route_has_its_own_bounds() {
        let bounds = bounds(&[
            "/v1/orders /v1/files/ body_bytes_max=4096 deadline_ms=2000",
            "/v1/orders/files deadline_ms=60000",
        ]);
        let bounds = bounds.unwrap();
        let at = |path: &str| {
            let Bounds { body_bytes_max, deadline_ms } = bounds.at(path);
            (body_bytes_max, deadline_ms)
        };
        assert_eq!(at("/v1/ledger"), (1_048_576, 10_000));
        assert_eq!((at("/api/v1/orders/7"), at("/v1/files")), ((4_096, 2_000), (4_096, 2_000)));
        assert_eq!(at("/v1/orders/files/7"), (1_048_576, 60_000));
    }

    #[test]
    fn malformed_routes_are_refused() {
        for bad in ["", "/v1/a", "deadline_ms=100", "/v1/a deadline_ms=9", "/v1/a time=1", "/v1/a body_bytes_max=0"] {
            assert!(bounds(&[bad]).unwrap_err().contains(&format!("found \"{bad}\"")), "{bad}");
        }
        assert!(bounds(&["/v1/a deadline_ms=10"; ROUTES_MAX + 1]).is_err());
    }
}
