//! A client's connection as the HTTP layer sees it: below, the socket behind
//! its gate; above it TLS, where asked for; on top, an eye on how requests are
//! framed.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::framing::Framing;
use crate::gate::Gate;

/// For how long a client that was refused in the middle of sending may go on,
/// unread, before its connection is closed under it. Closed at once, it would
/// meet a reset where it could have read why.
const LINGERING: Duration = Duration::from_secs(5);

/// A client's socket behind its gate.
#[derive(Debug)]
pub(crate) struct GatedSocket {
    socket: TcpStream,
    gate: Arc<Gate>,
    idle_timeout: Duration,
    /// Whether our side is shut.
    is_shut: bool,
}

impl GatedSocket {
    pub(crate) fn new(socket: TcpStream, gate: Arc<Gate>, idle_timeout: Duration) -> GatedSocket {
        GatedSocket { socket, gate, idle_timeout, is_shut: false }
    }

    fn gated(&mut self, write: impl FnOnce(Pin<&mut TcpStream>) -> Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let socket = Pin::new(&mut self.socket);
        let Some(written) = self.gate.write(|| write(socket)) else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        self.gate.write_blocked(written.is_pending());
        written
    }

    /// Reads and throws away until the client has nothing more to say.
    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut piece = [0; 8 << 10];
        loop {
            let mut buffer = ReadBuf::new(&mut piece);
            let read = ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                return Poll::Ready(());
            }
        }
    }
}

impl AsyncRead for GatedSocket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buffer)
    }
}

impl AsyncWrite for GatedSocket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.gated(|socket| socket.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.gated(|socket| socket.poll_write_vectored(cx, parts))
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    /// Reached only when everything above was written: HTTP layer and TLS
    /// flush themselves before they flush what is below them.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.gate.flushed() {
            self.gate.expect_within(self.idle_timeout);
        }
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_shut {
            ready!(Pin::new(&mut self.socket).poll_shutdown(cx))?;
            self.is_shut = true;
            if self.gate.lingers() {
                self.gate.expect_within(LINGERING);
            }
        }
        if self.gate.lingers() {
            ready!(self.poll_discard(cx));
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for GatedSocket {
    /// A severed connection ends with a reset: what the kernel still holds of
    /// the denied answer is thrown away, and the client cannot take the part
    /// for the whole.
    fn drop(&mut self) {
        if self.gate.is_severed() {
            let socket = socket2::SockRef::from(&self.socket);
            // A socket that is gone already needs no reset.
            let _set = socket.set_linger(Some(Duration::ZERO));
        }
        self.gate.close();
    }
}

/// Which request of a connection, counted from 1, was framed in two ways.
#[derive(Debug, Default)]
pub(crate) struct Ambiguity(AtomicU64);

impl Ambiguity {
    /// Whether request `number` or one before it was.
    pub(crate) fn reached(&self, number: u64) -> bool {
        let first = self.0.load(Ordering::Relaxed);
        first != 0 && first <= number
    }
}

/// A client's connection, decrypted.
#[derive(Debug)]
pub(crate) struct ClientStream {
    transport: Transport,
    framing: Framing,
    gate: Arc<Gate>,
    ambiguity: Arc<Ambiguity>,
    head_timeout: Duration,
}

#[derive(Debug)]
enum Transport {
    Plain(GatedSocket),
    Tls(Box<TlsStream<GatedSocket>>),
}

impl ClientStream {
    pub(crate) fn plain(socket: GatedSocket, ambiguity: Arc<Ambiguity>, head_timeout: Duration) -> ClientStream {
        let gate = Arc::clone(&socket.gate);
        ClientStream { transport: Transport::Plain(socket), framing: Framing::default(), gate, ambiguity, head_timeout }
    }

    pub(crate) fn tls(
        stream: TlsStream<GatedSocket>,
        ambiguity: Arc<Ambiguity>,
        head_timeout: Duration,
    ) -> ClientStream {
        let gate = Arc::clone(&stream.get_ref().0.gate);
        let transport = Transport::Tls(Box::new(stream));
        ClientStream { transport, framing: Framing::default(), gate, ambiguity, head_timeout }
    }

    /// Whether a request's head was begun and not ended.
    pub(crate) fn is_inside_head(&self) -> bool {
        self.framing.is_inside_head()
    }

    fn follow(&mut self, bytes: &[u8]) {
        let was_inside = self.framing.is_inside_head();
        self.framing.follow(bytes);
        if let Some(number) = self.framing.ambiguous() {
            self.ambiguity.0.store(number, Ordering::Relaxed);
        }
        // From its first byte a head has its own, shorter time. While another
        // request is being answered, that request's deadline stays.
        if self.framing.is_inside_head() && !was_inside && !self.gate.is_busy() {
            self.gate.expect_within(self.head_timeout);
        }
    }
}

macro_rules! transport {
    ($self:ident, $transport:ident => $call:expr) => {
        match &mut $self.transport {
            Transport::Plain(stream) => {
                let $transport = Pin::new(stream);
                $call
            }
            Transport::Tls(stream) => {
                let $transport = Pin::new(stream.as_mut());
                $call
            }
        }
    };
}

impl AsyncRead for ClientStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = transport!(self, transport => transport.poll_read(cx, buffer));
        if matches!(read, Poll::Ready(Ok(()))) {
            let new = buffer.filled().get(before..).unwrap_or_default();
            self.follow(new);
        }
        read
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        transport!(self, transport => transport.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        transport!(self, transport => transport.poll_write_vectored(cx, parts))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.transport {
            Transport::Plain(stream) => stream.is_write_vectored(),
            Transport::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        transport!(self, transport => transport.poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        transport!(self, transport => transport.poll_shutdown(cx))
    }
}
