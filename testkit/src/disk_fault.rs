//! A disk that is full, or that fails to sync, for a real program and when a test says so.
//!
//! A small C library (`disk_fault.c`) is compiled when needed and loaded into the program under test, so that the
//! program itself has no test switches.

use std::ffi::OsString;
use std::fs;
use std::process::Command;

use tempfile::TempDir;

const SOURCE: &str = include_str!("disk_fault.c");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskFaultKind {
    /// Writes answer ENOSPC.
    Full,
    /// Syncs answer EIO.
    Sync,
}

/// The fault of files whose path contains a given word; off at first.
#[derive(Debug)]
pub struct DiskFault {
    dir: TempDir,
    kind: DiskFaultKind,
    word: String,
}

impl DiskFault {
    /// Compiles the library with `cc`.
    pub fn new(kind: DiskFaultKind, word: &str) -> DiskFault {
        let dir = tempfile::tempdir().expect("make a temporary directory");
        let (source, library) = (dir.path().join("disk_fault.c"), dir.path().join("disk_fault.so"));
        fs::write(&source, SOURCE).expect("write the library's source");
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source).arg("-ldl");
        let built = cc.output().expect("run cc, a C compiler");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        DiskFault { dir, kind, word: word.to_owned() }
    }

    /// The environment that the program under test needs.
    pub fn env(&self) -> Vec<(&'static str, OsString)> {
        let kind = match self.kind {
            DiskFaultKind::Full => "full",
            DiskFaultKind::Sync => "sync",
        };
        vec![
            ("LD_PRELOAD", self.dir.path().join("disk_fault.so").into()),
            ("DISK_FAULT_TRIGGER", self.trigger().into()),
            ("DISK_FAULT_WORD", self.word.clone().into()),
            ("DISK_FAULT_KIND", kind.into()),
        ]
    }

    pub fn on(&self) {
        fs::write(self.trigger(), "").expect("make the trigger");
    }

    pub fn off(&self) {
        fs::remove_file(self.trigger()).expect("remove the trigger");
    }

    /// For a program that switches its own fault: the fault is on while this file exists.
    pub fn trigger(&self) -> std::path::PathBuf {
        self.dir.path().join("trigger")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `dd` writes a file, and syncs it if told.
    fn copy(fault: &DiskFault, to: &std::path::Path, sync: bool) -> bool {
        let mut dd = Command::new("dd");
        dd.args(["if=/dev/zero", "bs=512", "count=1", "status=none"]).arg(format!("of={}", to.display()));
        dd.args(sync.then_some("conv=fsync")).envs(fault.env()).output().unwrap().status.success()
    }

    #[test]
    fn the_chosen_calls_fail_on_the_chosen_files_while_it_is_on() {
        let dir = tempfile::tempdir().unwrap();
        let (chosen, other) = (dir.path().join("ledger.db-wal"), dir.path().join("other.txt"));
        for (kind, sync) in [(DiskFaultKind::Full, false), (DiskFaultKind::Sync, true)] {
            let fault = DiskFault::new(kind, "ledger.db");
            assert!(copy(&fault, &chosen, sync), "{kind:?} fails before it is on");
            fault.on();
            assert!(!copy(&fault, &chosen, sync), "{kind:?} does not fail");
            assert!(copy(&fault, &other, sync), "{kind:?} fails on another file");
            assert_eq!(copy(&fault, &chosen, !sync), kind == DiskFaultKind::Sync, "{kind:?} and other calls");
            fault.off();
            assert!(copy(&fault, &chosen, sync), "{kind:?} does not end");
        }
    }
}
