//! One connection to an upstream, and one exchange over it at a time.
//!
//! Written over the socket rather than over a client library for two reasons.
//! Whether a request may be sent again depends on whether a single byte of it
//! was accepted, which only the one who wrote it knows. And everything happens
//! in the caller's own task: no second task and no channel between the
//! upstream's socket and the client's, and dropping the exchange closes the
//! connection at once.

use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::body::{BodyError, BodyFraming, Decoded};
use super::head::{AnswerHead, HeadError, take_head};

/// Room made for every read, in bytes.
const READ_ROOM: usize = 16 << 10;

/// A socket to an upstream, encrypted or not.
#[derive(Debug)]
pub(crate) enum UpstreamSocket {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A connection to an upstream.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: UpstreamSocket,
    /// Read and not yet taken.
    buffer: BytesMut,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// Not a byte of the request was accepted, so it may be sent again.
    #[error("the upstream took nothing of the request: {0}")]
    Untouched(io::Error),
    /// The connection broke before the answer's head.
    #[error("the upstream broke off before it answered: {0}")]
    Broken(io::Error),
    /// The answer's head cannot be relayed.
    #[error(transparent)]
    Head(#[from] HeadError),
}

/// Why an answer's body ends before its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("the upstream broke off in the middle of its answer")]
    Broken,
    #[error(transparent)]
    Framing(#[from] BodyError),
}

impl Connection {
    pub(crate) fn new(socket: UpstreamSocket) -> Connection {
        Connection { socket, buffer: BytesMut::new() }
    }

    /// Sends a request and waits for the head of its answer.
    pub(crate) async fn call(&mut self, head: Bytes, body: Bytes) -> Result<AnswerHead, CallError> {
        let mut request = Request { whole: head.len() + body.len(), head, body };
        std::future::poll_fn(|cx| self.poll_call(cx, &mut request)).await
    }

    fn poll_call(&mut self, cx: &mut Context<'_>, request: &mut Request) -> Poll<Result<AnswerHead, CallError>> {
        let sent = request.poll_send(cx, &mut self.socket);
        if let Poll::Ready(Err(error)) = sent {
            if request.is_untouched() {
                return Poll::Ready(Err(CallError::Untouched(error)));
            }
            // An upstream that refuses a request early may have said why
            // before it closed, so its words are read before giving up.
            request.abandon();
        }
        loop {
            if let Some(mut head) = take_head(&mut self.buffer)? {
                // What is left unsent must not be taken for another request.
                head.keeps_alive &= request.is_sent();
                return Poll::Ready(Ok(head));
            }
            match self.poll_fill(cx) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(CallError::Broken(io::ErrorKind::UnexpectedEof.into()))),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(CallError::Broken(error))),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// The next piece of the answer's body; none at its end.
    pub(crate) fn poll_body(
        &mut self,
        cx: &mut Context<'_>,
        framing: &mut BodyFraming,
    ) -> Poll<Result<Option<Bytes>, ReadError>> {
        loop {
            match framing.decode(&mut self.buffer)? {
                Decoded::Data(data) => return Poll::Ready(Ok(Some(data))),
                Decoded::End => return Poll::Ready(Ok(None)),
                Decoded::NeedMore => {}
            }
            match self.poll_fill(cx) {
                Poll::Ready(Ok(1..)) => {}
                Poll::Ready(Ok(0)) if framing.may_end_by_closing() => {
                    *framing = BodyFraming::Ended;
                    return Poll::Ready(Ok(None));
                }
                Poll::Ready(_) => return Poll::Ready(Err(ReadError::Broken)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.buffer.capacity() - self.buffer.len() < READ_ROOM / 4 {
            self.buffer.reserve(READ_ROOM);
        }
        pin!(self.socket.read_buf(&mut self.buffer)).poll(cx)
    }

    /// Whether an idle connection may carry another request: the upstream
    /// neither closed it nor said anything it was not asked.
    pub(crate) fn is_usable(&mut self) -> bool {
        if !self.buffer.is_empty() {
            return false;
        }
        let mut cx = Context::from_waker(Waker::noop());
        self.poll_fill(&mut cx).is_pending()
    }
}

/// A request on its way.
struct Request {
    whole: usize,
    head: Bytes,
    body: Bytes,
}

impl Request {
    fn is_sent(&self) -> bool {
        self.left() == 0
    }

    fn is_untouched(&self) -> bool {
        self.left() == self.whole
    }

    fn left(&self) -> usize {
        self.head.len() + self.body.len()
    }

    /// Sends no more of it, and leaves it unsent.
    fn abandon(&mut self) {
        self.whole = usize::MAX;
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, socket: &mut UpstreamSocket) -> Poll<io::Result<()>> {
        if self.whole == usize::MAX {
            return Poll::Pending;
        }
        while !self.is_sent() {
            let parts = [IoSlice::new(&self.head), IoSlice::new(&self.body)];
            let written = match Pin::new(&mut *socket).poll_write_vectored(cx, &parts) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(written)) => written,
                other => return other.map_ok(|_| ()),
            };
            let of_head = written.min(self.head.len());
            self.head.advance(of_head);
            self.body.advance((written - of_head).min(self.body.len()));
        }
        Pin::new(socket).poll_flush(cx)
    }
}

macro_rules! socket {
    ($self:ident, $socket:ident => $call:expr) => {
        match $self.get_mut() {
            UpstreamSocket::Plain(socket) => {
                let $socket = Pin::new(socket);
                $call
            }
            UpstreamSocket::Tls(socket) => {
                let $socket = Pin::new(socket.as_mut());
                $call
            }
        }
    };
}

impl AsyncRead for UpstreamSocket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        socket!(self, socket => socket.poll_read(cx, buffer))
    }
}

impl AsyncWrite for UpstreamSocket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        socket!(self, socket => socket.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        socket!(self, socket => socket.poll_write_vectored(cx, parts))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            UpstreamSocket::Plain(socket) => socket.is_write_vectored(),
            UpstreamSocket::Tls(socket) => socket.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        socket!(self, socket => socket.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        socket!(self, socket => socket.poll_shutdown(cx))
    }
}
