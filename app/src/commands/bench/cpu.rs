//! A process's processor time, if the system reports it in `/proc`.

use std::collections::BTreeMap;

/// Microseconds, of all its threads, in its own code and in the system's.
pub(super) fn micros_of(process: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let ticks = ticks(&stat)?;
    Some(ticks * 1_000_000 / rustix::param::clock_ticks_per_second().max(1))
}

/// The same by the threads' name, without the numbers of threads of a pool.
pub(super) fn micros_by_thread(process: u32) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else { return all };
    for thread in threads.flatten() {
        // It may have ended meanwhile.
        let Ok(stat) = std::fs::read_to_string(thread.path().join("stat")) else { continue };
        let Some(ticks) = ticks(&stat) else { continue };
        let name = stat.split_once('(').and_then(|(_, rest)| Some(rest.rsplit_once(')')?.0)).unwrap_or_default();
        let name = name.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '-').to_owned();
        *all.entry(name).or_default() += ticks * 1_000_000 / rustix::param::clock_ticks_per_second().max(1);
    }
    all
}

/// The name in parentheses may contain anything; the two are the fourteenth and the fifteenth field.
fn ticks(stat: &str) -> Option<u64> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    let mut fields = behind_name.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_process_does_not_shift_its_fields() {
        let stat = "7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 9 0 11";
        assert_eq!(ticks(stat), Some(300));
        assert_eq!(ticks("7 nothing"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn processor_time_is_measured() {
        let before = micros_of(std::process::id()).unwrap();
        let mut sum = 0_u64;
        // Much more work than one tick of the system's clock.
        for round in 0..200_000_000 {
            sum = std::hint::black_box(sum.wrapping_mul(31) + round);
        }
        let used = micros_of(std::process::id()).unwrap() - before;
        assert!((20_000..600_000_000).contains(&used), "{used}");
    }
}
