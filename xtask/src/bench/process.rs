//! Processes under test: started on a processor of their own, weighed, and
//! ended however the measurement ends.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// On which processors the parts of a measurement run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placement {
    /// The proxy on the first, the load and the model server on the second:
    /// for CPU time, where a proxy that is moved about pays for it by chance.
    Apart,
    /// Wherever the kernel puts them: for latency, as one would run them.
    Free,
}

/// What a process is in a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// What is measured.
    Proxy,
    /// The load or the model server.
    Rest,
}

impl Placement {
    /// A command that runs where it belongs. Util-linux's taskset becomes the
    /// command, so that the process id is the command's.
    pub(super) fn command(self, part: Part, program: &Path) -> Command {
        if self == Placement::Free {
            return Command::new(program);
        }
        let processor = if part == Part::Proxy { "0" } else { "1" };
        let mut command = Command::new("taskset");
        command.args(["-c", processor]).arg(program);
        command
    }
}

/// How long a process may take to end when asked.
const LONGEST_END: Duration = Duration::from_secs(5);

/// A running process; dropped, it and its children end.
pub(super) struct Process {
    name: String,
    child: Child,
}

impl Process {
    /// Starts it, both outputs into a file of its name.
    pub(super) fn start(name: &str, command: &mut Command, scratch: &Path) -> Result<Process> {
        let log = scratch.join(format!("{name}.out"));
        let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        command.stdout(file.try_clone()?).stderr(file);
        Process::spawn(name, command)
    }

    /// Starts it with the outputs the command has.
    pub(super) fn spawn(name: &str, command: &mut Command) -> Result<Process> {
        command.stdin(Stdio::piped());
        let child = command.spawn().with_context(|| format!("cannot start {name}: {command:?}"))?;
        Ok(Process { name: name.to_owned(), child })
    }

    /// Its process id.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The process itself.
    pub(super) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// What it and its children have used so far.
    pub(super) fn used(&self) -> Result<Usage> {
        let mut usage = Usage::default();
        for id in tree(self.child.id())? {
            usage.add(id)?;
        }
        Ok(usage)
    }

    /// An error when it has ended.
    pub(super) fn still_runs(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("{} ended by itself with {status}; see its output under target/bench", self.name),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let children = tree(self.child.id()).unwrap_or_default();
        // It is asked first: a master that is killed leaves its workers behind.
        let _asked = signal("-TERM", self.child.id());
        let by = Instant::now() + LONGEST_END;
        while Instant::now() < by {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        for id in children {
            let _killed = signal("-KILL", id);
        }
        let _reaped = self.child.wait();
    }
}

fn signal(which: &str, id: u32) -> std::io::Result<std::process::ExitStatus> {
    Command::new("kill").args([which, &id.to_string()]).stderr(Stdio::null()).status()
}

/// CPU time and memory of a process and its children.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Usage {
    /// User and system time of all threads, in clock ticks (proc(5), fields
    /// `utime` and `stime`).
    ticks: u64,
    /// The most memory they ever held, in KiB.
    pub(super) peak_kib: u64,
}

impl Usage {
    fn add(&mut self, id: u32) -> Result<()> {
        let fields = stat(id)?;
        let ticks = |place: usize| fields.get(place).and_then(|field| field.parse::<u64>().ok());
        // Counted from `state`, which is field 3.
        self.ticks += ticks(11)
            .zip(ticks(12))
            .map(|(user, system)| user + system)
            .context("a line of /proc/PID/stat is short")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        self.peak_kib += peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0);
        Ok(())
    }

    /// Microseconds of CPU since an earlier look.
    pub(super) fn micros_since(&self, earlier: &Usage) -> Result<f64> {
        Ok((self.ticks.saturating_sub(earlier.ticks)) as f64 * 1e6 / ticks_per_second()?)
    }
}

/// Clock ticks a second, in which /proc tells CPU time.
pub(super) fn ticks_per_second() -> Result<f64> {
    let output = Command::new("getconf").arg("CLK_TCK").output().context("cannot run getconf")?;
    std::str::from_utf8(&output.stdout)?.trim().parse().context("getconf gave no number")
}

/// What follows the name in /proc/PID/stat; the name may hold spaces.
fn stat(id: u32) -> Result<Vec<String>> {
    let line = std::fs::read_to_string(format!("/proc/{id}/stat")).with_context(|| format!("process {id} is gone"))?;
    let (_, rest) = line.rsplit_once(')').context("a line of /proc/PID/stat has no name")?;
    Ok(rest.split_whitespace().map(str::to_owned).collect())
}

/// A process and all below it.
fn tree(root: u32) -> Result<Vec<u32>> {
    let mut parents = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let Some(id) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // One that ended meanwhile has no parent any more.
        let parent = stat(id).ok().and_then(|fields| fields.get(1)?.parse::<u32>().ok());
        parents.extend(parent.map(|parent| (id, parent)));
    }
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(id, _)| *id));
        next += 1;
    }
    Ok(found)
}

/// An address on loopback that is free now.
pub(super) fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on loopback")?;
    Ok(listener.local_addr()?)
}
