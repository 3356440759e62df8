//! A process started by a benchmark: stopped as an operator would, and never left running.

use std::process::{Child, ExitStatus};

use crate::failure::Failure;

pub(super) struct Running(pub(super) Child);

impl Running {
    /// Its exit status, if it has ended.
    pub(super) fn ended(&mut self) -> std::io::Result<Option<ExitStatus>> {
        self.0.try_wait()
    }

    pub(super) fn id(&self) -> u32 {
        self.0.id()
    }

    /// SIGTERM and the wait for its end, so that the store is whole and closed.
    pub(super) async fn stop(mut self) -> Result<(), Failure> {
        let id = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
        let ended = tokio::task::spawn_blocking(move || self.0.wait()).await??;
        if ended.success() {
            Ok(())
        } else {
            Err(Failure::new(format!("a process of the benchmark ended with {ended}")))
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Only a failed run leaves a process; it may have ended by itself.
        if matches!(self.0.try_wait(), Ok(None)) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}
