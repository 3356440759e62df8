//! A process's resident memory, if the system reports it in `/proc`.

use serde_json::{Value, json};

#[derive(Debug, Clone, Copy)]
pub(super) struct Memory {
    pub peak_kb: u64,
    pub now_kb: u64,
}

impl Memory {
    pub(super) fn of_this_process() -> Option<Memory> {
        Memory::read("self")
    }

    pub(super) fn of(process: u32) -> Option<Memory> {
        Memory::read(&process.to_string())
    }

    fn read(process: &str) -> Option<Memory> {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kilobytes = |name| line(name)?.trim().strip_suffix("kB")?.trim().parse().ok();
        Some(Memory { peak_kb: kilobytes("VmHWM")?, now_kb: kilobytes("VmRSS")? })
    }

    pub(super) fn sentence(self) -> String {
        format!("{} MB at most, {} MB at the end", self.peak_kb / 1_024, self.now_kb / 1_024)
    }

    pub(super) fn value(self) -> Value {
        json!({ "peak_kb": self.peak_kb, "end_kb": self.now_kb })
    }
}
