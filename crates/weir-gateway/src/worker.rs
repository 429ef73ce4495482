//! A worker: one thread with its own runtime, its own listening socket, its
//! own connections. Workers share the snapshot, the board and the counters, and
//! otherwise never wait for each other.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};

use crate::client;
use crate::gate::{Gate, TICK, Ticks};
use crate::gateway::Shared;
use crate::upstream;

/// How far a gateway is on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Serving,
    /// Nothing new is taken.
    Draining,
    /// What is left is dropped.
    Stopped,
}

/// One worker, as its connections know it.
pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) index: usize,
    pub(crate) ticks: Arc<Ticks>,
    connections: Mutex<Connections>,
    emptied: Notify,
}

#[derive(Default)]
struct Connections {
    next: u64,
    gates: HashMap<u64, Arc<Gate>>,
}

/// A connection's place in its worker's list; gives it back when dropped.
pub(crate) struct Listed {
    worker: Arc<Worker>,
    number: u64,
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>, index: usize) -> Worker {
        Worker { shared, index, ticks: Arc::default(), connections: Mutex::default(), emptied: Notify::new() }
    }

    /// Puts a connection on the list of those that ticks and drains reach.
    pub(crate) fn list(self: &Arc<Worker>, gate: &Arc<Gate>) -> Listed {
        let mut connections = self.connections();
        let number = connections.next;
        connections.next += 1;
        connections.gates.insert(number, Arc::clone(gate));
        Listed { worker: Arc::clone(self), number }
    }

    fn connections(&self) -> std::sync::MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tick(&self) {
        let now = self.ticks.pass();
        for gate in self.connections().gates.values() {
            gate.tick(now);
        }
    }

    fn drain(&self) {
        for gate in self.connections().gates.values() {
            gate.drain();
        }
    }

    async fn until_empty(&self) {
        loop {
            let mut emptied = std::pin::pin!(self.emptied.notified());
            emptied.as_mut().enable();
            if self.connections().gates.is_empty() {
                return;
            }
            emptied.await;
        }
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        let mut connections = self.worker.connections();
        connections.gates.remove(&self.number);
        if connections.gates.is_empty() {
            self.worker.emptied.notify_waiters();
        }
    }
}

/// Serves until the phase says to stop.
pub(crate) async fn run(worker: Arc<Worker>, listener: StdListener, mut phase: watch::Receiver<Phase>) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!("a worker cannot use its listening socket: {error}");
            return;
        }
    };
    let ticking = tokio::spawn(tick_on(Arc::clone(&worker)));
    // One worker asks for all.
    let watching = (worker.index == 0).then(|| tokio::spawn(upstream::watch(Arc::clone(&worker.shared))));
    accept_until_draining(&worker, listener, &mut phase).await;
    worker.drain();
    tokio::select! {
        () = worker.until_empty() => {}
        // A gateway that is dropped stops at once.
        _ = phase.wait_for(|phase| *phase == Phase::Stopped) => {}
    }
    ticking.abort();
    if let Some(watching) = watching {
        watching.abort();
    }
}

async fn accept_until_draining(worker: &Arc<Worker>, listener: TcpListener, phase: &mut watch::Receiver<Phase>) {
    loop {
        tokio::select! {
            _ = phase.wait_for(|phase| *phase >= Phase::Draining) => return,
            accepted = listener.accept() => match accepted {
                Ok((socket, peer)) => {
                    tokio::spawn(client::serve(Arc::clone(worker), socket, peer));
                }
                Err(error) => {
                    // Out of descriptors, or a client gone already: connections
                    // under way get a moment to end.
                    tracing::warn!("a connection could not be accepted: {error}");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            },
        }
    }
}

async fn tick_on(worker: Arc<Worker>) {
    let mut interval = tokio::time::interval(TICK);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        worker.tick();
        // One worker looks for all.
        if worker.index == 0 {
            worker.shared.expire_persons();
        }
    }
}

/// One listening socket a worker on one address; the kernel spreads
/// connections over them.
pub(crate) fn listen(address: SocketAddr, workers: usize) -> io::Result<Vec<StdListener>> {
    let first = listen_once(address)?;
    // Port 0 was any; the others take the one that was found.
    let address = first.local_addr()?;
    let mut listeners = vec![first];
    for _ in 1..workers {
        listeners.push(listen_once(address)?);
    }
    Ok(listeners)
}

fn listen_once(address: SocketAddr) -> io::Result<StdListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(1024)?;
    Ok(socket.into())
}
