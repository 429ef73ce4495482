//! A connection whose writes can be slowed to one byte at a time.
//!
//! A response head that dribbles in is a thing real servers and hostile ones
//! do, and hyper writes a head in one piece; so the slowness is made below it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// Bytes that are dribbled: the status line and the start of the headers.
const DRIBBLED_BYTES: usize = 40;

/// The switch a request's handler holds over its connection's writes.
#[derive(Debug, Default)]
pub(super) struct WritePace {
    dribble: AtomicUsize,
    gap_ms: AtomicU64,
}

impl WritePace {
    /// Dribbles the next bytes with this gap after each.
    pub(super) fn dribble(&self, gap: Duration) {
        self.gap_ms.store(u64::try_from(gap.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
        self.dribble.store(DRIBBLED_BYTES, Ordering::SeqCst);
    }
}

/// A socket under a [`WritePace`].
#[derive(Debug)]
pub(super) struct PacedStream {
    inner: TcpStream,
    pace: Arc<WritePace>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl PacedStream {
    pub(super) fn new(inner: TcpStream, pace: Arc<WritePace>) -> Self {
        Self { inner, pace, pause: None }
    }

    fn is_dribbling(&self) -> bool {
        self.pace.dribble.load(Ordering::Relaxed) > 0
    }

    fn poll_dribble(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        let one = bytes.get(..1).unwrap_or(bytes);
        let written = ready!(Pin::new(&mut self.inner).poll_write(context, one))?;
        self.pace.dribble.fetch_sub(1, Ordering::SeqCst);
        let gap = Duration::from_millis(self.pace.gap_ms.load(Ordering::SeqCst));
        self.pause = Some(Box::pin(sleep(gap)));
        Poll::Ready(Ok(written))
    }
}

impl AsyncRead for PacedStream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_read(context, buffer)
    }
}

impl AsyncWrite for PacedStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.is_dribbling() {
            return this.poll_dribble(context, bytes);
        }
        Pin::new(&mut this.inner).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.is_dribbling() {
            let first = slices.iter().find(|slice| !slice.is_empty());
            return this.poll_dribble(context, first.map_or(&[], |slice| slice));
        }
        Pin::new(&mut this.inner).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }
}
