//! Load for benchmarks: open loop (requests leave when they are due, whatever
//! the target does) and closed loop (as fast as the answers come).
//!
//! Each connection is a blocking thread and not a task: a task's timer counts
//! in milliseconds, which at 2,000 requests a second would send them in bursts
//! and measure the bursts. A thread sleeps to within microseconds, and its
//! read returns straight from the kernel. In the open loop every request is
//! timed from the moment it was due, so a target that stalls is charged for
//! all the requests it kept waiting ("coordinated omission" otherwise).

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use super::connection::{Connection, Timing};
use super::samples::{Run, Sample};

/// How long before a request is due its thread stops sleeping and spins, with
/// and without a finer timer: about the kernel's wake-up error.
const SPIN_FINE: Duration = Duration::from_micros(25);
const SPIN_COARSE: Duration = Duration::from_micros(90);

/// Failures described in words, for each connection.
const DESCRIBED_FAILURES: usize = 3;

/// Who is loaded, over how many connections.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Where it listens.
    pub address: SocketAddr,
    /// Keep-alive connections, each with one request at a time.
    pub connections: usize,
    /// The longest wait for a connection, and between two reads of an answer.
    pub timeout: Duration,
}

/// When requests are due.
#[derive(Debug, Clone, Copy)]
pub struct OpenLoop {
    /// Requests a second, evenly spaced.
    pub rate: f64,
    /// For how long.
    pub duration: Duration,
}

/// Why a load run could not start.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The target could not be reached.
    #[error("cannot connect to {address}: {source}; is it running?")]
    Connect {
        /// The target.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The system gave no thread.
    #[error("cannot start a thread for each connection: {source}")]
    Thread {
        /// What the system said.
        source: io::Error,
    },
    /// The schedule makes no sense.
    #[error("the rate must be a positive number of requests a second, not {rate}")]
    Rate {
        /// The rate that was asked for.
        rate: f64,
    },
}

/// Sends requests when they are due, and times each from then.
///
/// `make_request(n, buffer)` puts the n-th request, head and body, into an
/// empty buffer. Connections are opened before the clock starts. A target that
/// falls behind by the whole duration and one timeout is not sent the rest.
///
/// # Errors
/// When the target cannot be reached, or a thread cannot be started. What goes
/// wrong afterwards is counted in the run.
pub fn open_loop(
    target: &Target,
    schedule: OpenLoop,
    make_request: impl Fn(u64, &mut Vec<u8>) + Sync,
) -> Result<Run, LoadError> {
    let OpenLoop { rate, duration } = schedule;
    if !(rate.is_finite() && rate > 0.0) {
        return Err(LoadError::Rate { rate });
    }
    // A cast from a float saturates, so a silly rate is a long run, no panic.
    let total = (rate * duration.as_secs_f64()) as u64;
    let due = move |request: u64| Duration::from_secs_f64(request as f64 / rate);
    let give_up = duration.saturating_mul(2).saturating_add(target.timeout);
    run(target, total, give_up, Some(&due), &make_request)
}

/// Sends `requests` requests over all connections as fast as the answers come;
/// each is timed from its own send.
///
/// # Errors
/// As [`open_loop`].
pub fn closed_loop(
    target: &Target,
    requests: u64,
    make_request: impl Fn(u64, &mut Vec<u8>) + Sync,
) -> Result<Run, LoadError> {
    run(target, requests, Duration::MAX, None, &make_request)
}

/// When a request is due, from the start.
type Due<'run> = &'run (dyn Fn(u64) -> Duration + Sync);

/// What the threads of a run share.
struct Shared<'run, Make> {
    next: AtomicU64,
    total: u64,
    start: Instant,
    give_up: Duration,
    due: Option<Due<'run>>,
    make_request: &'run Make,
}

fn run<Make: Fn(u64, &mut Vec<u8>) + Sync>(
    target: &Target,
    total: u64,
    give_up: Duration,
    due: Option<Due<'_>>,
    make_request: &Make,
) -> Result<Run, LoadError> {
    let connections = opened(target)?;
    let shared = Shared {
        next: AtomicU64::new(0),
        total,
        // A moment for the threads to start.
        start: Instant::now() + Duration::from_millis(5),
        give_up,
        due,
        make_request,
    };
    let mut whole = std::thread::scope(|scope| {
        let threads: Result<Vec<ScopedJoinHandle<'_, Run>>, io::Error> = connections
            .into_iter()
            .map(|connection| {
                let worker = || work(&shared, connection);
                std::thread::Builder::new().name("load".to_owned()).spawn_scoped(scope, worker)
            })
            .collect();
        let threads = threads.map_err(|source| {
            // Those that did start find nothing left to do.
            shared.next.store(u64::MAX / 2, Ordering::SeqCst);
            LoadError::Thread { source }
        })?;
        let parts = threads.into_iter().map(|thread| {
            thread.join().unwrap_or_else(|_| Run {
                failed: 1,
                failures: vec!["a load thread panicked in make_request".to_owned()],
                ..Run::default()
            })
        });
        Ok(parts.fold(Run::default(), Run::join))
    })?;
    whole.elapsed = shared.start.elapsed();
    whole.unsent = total.saturating_sub(whole.failed + whole.samples.len() as u64);
    whole.samples.sort_unstable_by_key(|sample| sample.intended_ns);
    Ok(whole)
}

fn opened(target: &Target) -> Result<Vec<Connection>, LoadError> {
    let mut connections = Vec::with_capacity(target.connections);
    for _ in 0..target.connections.max(1) {
        let mut connection = Connection::new(target.address, target.timeout);
        connection.open().map_err(|source| LoadError::Connect { address: target.address, source })?;
        connections.push(connection);
    }
    Ok(connections)
}

fn work<Make: Fn(u64, &mut Vec<u8>)>(shared: &Shared<'_, Make>, mut connection: Connection) -> Run {
    let spin = if ask_for_fine_timer() { SPIN_FINE } else { SPIN_COARSE };
    let mut run = Run::default();
    let mut request = Vec::with_capacity(4096);
    loop {
        let number = shared.next.fetch_add(1, Ordering::Relaxed);
        if number >= shared.total || shared.start.elapsed() > shared.give_up {
            return run;
        }
        request.clear();
        (shared.make_request)(number, &mut request);
        let intended = shared.due.map(|due| shared.start + due(number));
        wait_until(intended.unwrap_or(shared.start), spin);
        match connection.exchange(&request) {
            Ok(timing) => run.samples.push(sample(shared.start, intended, &timing)),
            Err(error) => {
                run.failed += 1;
                if run.failures.len() < DESCRIBED_FAILURES {
                    run.failures.push(format!("request {number}: {error}"));
                }
            }
        }
    }
}

fn sample(start: Instant, intended: Option<Instant>, timing: &Timing) -> Sample {
    let intended = intended.unwrap_or(timing.sent);
    let since = |later: Instant, earlier: Instant| {
        let nanos = later.saturating_duration_since(earlier).as_nanos();
        u64::try_from(nanos).unwrap_or(u64::MAX)
    };
    Sample {
        intended_ns: since(intended, start),
        late_ns: since(timing.sent, intended),
        first_byte_ns: since(timing.first_byte, intended),
        latency_ns: since(timing.end, intended),
        status: timing.status,
        body_bytes: timing.body_bytes,
    }
}

/// Sleeps until shortly before, then spins.
fn wait_until(moment: Instant, spin: Duration) {
    loop {
        let left = moment.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        match left.checked_sub(spin) {
            Some(sleep) if !sleep.is_zero() => std::thread::sleep(sleep),
            _ => std::hint::spin_loop(),
        }
    }
}

/// Asks the kernel to wake this thread within a microsecond of the time it
/// asked for, not within the usual fifty (proc(5), `timerslack_ns`). Where it
/// cannot be had, threads spin a little longer.
fn ask_for_fine_timer() -> bool {
    let Ok(this_thread) = std::fs::read_link("/proc/thread-self") else {
        return false;
    };
    let Some(id) = this_thread.file_name() else {
        return false;
    };
    let setting = std::path::Path::new("/proc").join(id).join("timerslack_ns");
    std::fs::write(setting, "1000").is_ok()
}
