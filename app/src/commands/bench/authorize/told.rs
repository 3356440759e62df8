//! What a server tells of itself: the sizes of its groups, in its metrics, and the processor time of its threads.

use std::collections::BTreeMap;

use crate::commands::bench::cpu;
use crate::commands::bench::server::Server;
use crate::failure::Failure;

/// Histograms of sizes: of commits by lane, and of calls to other services.
const SIZES: [&str; 3] = ["lane_group_size", "cards_gathered_size", STAGES];
/// Seconds of each stage of a decision.
pub(super) const STAGES: &str = "cards_stage_duration_seconds";

#[derive(Debug, Default)]
pub(super) struct Told {
    /// By histogram and label.
    pub(super) groups: BTreeMap<String, Groups>,
    /// Microseconds by the threads' name.
    pub(super) threads: BTreeMap<String, u64>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct Groups {
    pub(super) count: f64,
    sum: f64,
}

impl Groups {
    pub(super) fn mean(&self) -> f64 {
        if self.count > 0.0 { self.sum / self.count } else { 0.0 }
    }
}

impl Told {
    pub(super) async fn of(server: &Server) -> Result<Told, Failure> {
        let text = server.connect().await?.call("GET", "/metrics", None).await?;
        Ok(Told { groups: groups(&String::from_utf8_lossy(&text)), threads: cpu::micros_by_thread(server.process()) })
    }

    pub(super) fn since(self, before: &Told) -> Told {
        let groups = self.groups.into_iter().map(|(name, after)| {
            let then = before.groups.get(&name).copied().unwrap_or_default();
            (name, Groups { count: after.count - then.count, sum: after.sum - then.sum })
        });
        let threads = self.threads.into_iter().map(|(name, after)| {
            let then = before.threads.get(&name).copied().unwrap_or_default();
            (name, after.saturating_sub(then))
        });
        let groups = groups.filter(|(_, groups)| groups.count > 0.0).collect();
        Told { groups, threads: threads.filter(|(_, micros)| *micros > 0).collect() }
    }
}

/// `name_sum{labels} 4` and `name_count{labels} 2`.
fn groups(metrics: &str) -> BTreeMap<String, Groups> {
    let mut all: BTreeMap<String, Groups> = BTreeMap::new();
    for line in metrics.lines() {
        let Some((what, value)) = line.rsplit_once(' ') else { continue };
        let (name, labels) = what.split_once('{').unwrap_or((what, ""));
        let Ok(value) = value.parse::<f64>() else { continue };
        let known = SIZES.iter().find_map(|size| Some((*size, name.strip_prefix(size)?)));
        let label = labels.split('"').nth(1).unwrap_or_default();
        let entry = |size: &str| format!("{size} {label}").trim_end().to_owned();
        match known {
            Some((size, "_sum")) => all.entry(entry(size)).or_default().sum = value,
            Some((size, "_count")) => all.entry(entry(size)).or_default().count = value,
            _ => {}
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_by_lane() {
        let text = "# TYPE lane_group_size histogram\nlane_group_size_bucket{lane=\"cards\",le=\"1\"} 1\n\
                    lane_group_size_sum{lane=\"cards\"} 12\nlane_group_size_count{lane=\"cards\"} 4\n\
                    cards_gathered_size_sum{service=\"risk\"} 5\ncards_gathered_size_count{service=\"risk\"} 5\nother_sum 9\n";
        let found = groups(text);
        assert_eq!(found.get("lane_group_size cards").map(Groups::mean), Some(3.0));
        assert_eq!(found.get("cards_gathered_size risk").map(Groups::mean), Some(1.0));
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn only_what_happened_in_between_counts() {
        let of = |count, sum| Told {
            groups: [("a".to_owned(), Groups { count, sum })].into(),
            threads: [("lane".to_owned(), count as u64)].into(),
        };
        let between = of(5.0, 50.0).since(&of(3.0, 10.0));
        assert_eq!((between.groups["a"].mean(), between.threads["lane"]), (20.0, 2));
        assert!(of(3.0, 10.0).since(&of(3.0, 10.0)).groups.is_empty());
    }
}
