//! A running stand-in on threads of its own, and what may be asked of it.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;

use super::observer::{Counts, RecordedRequest};
use super::{StandIn, StandInConfig, StandInError};

/// A running stand-in. Dropping it stops the server and waits for its end.
#[derive(Debug)]
pub struct StandInHandle {
    stand_in: Arc<StandIn>,
    address: SocketAddr,
    runtime: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

pub(super) fn start(config: StandInConfig) -> Result<StandInHandle, StandInError> {
    let bind_error = |source| StandInError::Bind { address: config.listen, source };
    let threads_error = |source| StandInError::Threads { source };
    let listener = StdListener::bind(config.listen).map_err(bind_error)?;
    listener.set_nonblocking(true).map_err(bind_error)?;
    let address = listener.local_addr().map_err(bind_error)?;
    let runtime = runtime(config.threads).map_err(threads_error)?;
    let listener = {
        let _entered = runtime.enter();
        TcpListener::from_std(listener).map_err(bind_error)?
    };
    let stand_in = StandIn::new(config);
    let served = Arc::clone(&stand_in);
    let (stop, stopped) = oneshot::channel();
    let handle = runtime.handle().clone();
    let thread = std::thread::Builder::new()
        .name("stand-in".to_owned())
        .spawn(move || {
            let shutdown = async {
                // A dropped sender stops it as well.
                let _stopped = stopped.await;
            };
            runtime.block_on(served.serve(listener, shutdown));
        })
        .map_err(threads_error)?;
    Ok(StandInHandle { stand_in, address, runtime: handle, stop: Some(stop), thread: Some(thread) })
}

fn runtime(threads: usize) -> io::Result<Runtime> {
    match threads {
        0 | 1 => Builder::new_current_thread().enable_all().build(),
        more => Builder::new_multi_thread().worker_threads(more).thread_name("stand-in").enable_all().build(),
    }
}

impl StandInHandle {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Scheme, host and port, without `/v1`: what `weir model add --upstream`
    /// takes.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests recorded, the oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.stand_in.observer.requests()
    }

    /// Forgets the requests recorded so far.
    pub fn forget_requests(&self) {
        self.stand_in.observer.forget();
    }

    /// Turns recording on or off; it stays off when [`StandInConfig::record`]
    /// is 0.
    pub fn set_recording(&self, on: bool) {
        self.stand_in.observer.set_recording(on);
    }

    /// All counters at once.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.stand_in.observer.counts()
    }

    /// Requests being read or answered.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.counts().in_flight
    }

    /// Requests whose client went away before the answer ended.
    #[must_use]
    pub fn cancelled(&self) -> u64 {
        self.counts().cancelled
    }

    /// Waits until the counters satisfy `wanted`, from asynchronous code on
    /// any runtime.
    pub async fn until(&self, wanted: impl Fn(Counts) -> bool) -> Counts {
        self.stand_in.observer.until(wanted).await
    }

    /// Waits until the counters satisfy `wanted`, from a thread that is not
    /// inside a runtime; `None` when `patience` ran out first.
    #[must_use]
    pub fn wait_until(&self, patience: Duration, wanted: impl Fn(Counts) -> bool) -> Option<Counts> {
        self.runtime.block_on(async { tokio::time::timeout(patience, self.stand_in.observer.until(wanted)).await.ok() })
    }

    /// Stops the server: every connection is dropped, as a crash would.
    pub fn stop(self) {
        // Dropping does it.
    }
}

impl Drop for StandInHandle {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It fails only when the server has ended already.
            let _sent = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            // A panic in there was printed there; there is nothing to add.
            let _joined = thread.join();
        }
    }
}
