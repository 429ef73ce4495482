//! Faults put into system calls of the real process by strace, at the entry of
//! the n-th that matters: an error instead of the call, or a kill before it.

use std::path::Path;
use std::process::{Child, Command, Stdio};

/// System calls by which something becomes durable or takes another name.
pub(crate) const STEPS: &str =
    "fsync,fdatasync,rename,renameat,renameat2,mkdir,mkdirat,unlink,unlinkat,rmdir,fchmod,copy_file_range";

/// Whether strace is there and may trace; why not where it is not.
pub(crate) fn may_trace() -> Result<(), String> {
    let ran = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).output();
    match ran {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(output.stderr.trim_ascii().escape_ascii().to_string()),
        Err(error) => Err(format!("strace: {error}")),
    }
}

/// A command of `program` that is killed before the `nth` of [`STEPS`].
pub(crate) fn killed_before(program: &str, nth: usize) -> Command {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={STEPS}")]);
    strace.args(["-e", &format!("inject={STEPS}:signal=KILL:when={nth}"), "--", program]);
    strace
}

/// A tracer of a running process; dropped, it lets go of it.
pub(crate) struct Tracer {
    strace: Child,
    process: u32,
}

impl Tracer {
    /// From now on `what` happens at the calls that `inject` names, of those on
    /// `paths` where any are given.
    #[expect(clippy::zombie_processes, reason = "dropped, it is waited for")]
    pub(crate) fn attach(process: u32, paths: &[&Path], inject: &str) -> Tracer {
        let calls = inject.split(':').next().unwrap();
        let mut strace = Command::new("strace");
        strace.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={calls}")]);
        for path in paths {
            strace.arg("-P").arg(path);
        }
        strace.args(["-e", &format!("inject={inject}"), "-p", &process.to_string()]);
        let strace = strace.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Every thread has it once proc(5) says so.
        let status = |task: &Path| std::fs::read_to_string(task.join("status")).unwrap_or_default();
        let is_traced = |task: &Path| !status(task).lines().any(|line| line == "TracerPid:\t0");
        loop {
            let tasks = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
            if tasks.map(|task| task.unwrap().path()).all(|task| is_traced(&task)) {
                return Tracer { strace, process };
            }
            std::thread::yield_now();
        }
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        // Asked to end, strace lets go of what it traces.
        let asked = Command::new("sh").arg("-c").arg(format!("kill -s INT {}", self.strace.id())).status();
        drop(asked);
        while !matches!(self.strace.try_wait(), Ok(Some(_)) | Err(_)) {
            // It may wait for ever for a thread of a process that was killed: of
            // that there is nothing to let go.
            if is_dead(self.process) {
                drop((self.strace.kill(), self.strace.wait()));
                return;
            }
            std::thread::yield_now();
        }
    }
}

fn is_dead(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    status.is_empty() || status.lines().any(|line| line.starts_with("State:\tZ"))
}
