//! One client's connection, from its first byte to its last.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use weir_wire::Family;

use crate::answer::Refusal;
use crate::client_stream::{Ambiguity, ClientStream, GatedSocket};
use crate::gate::Gate;
use crate::gateway::Shared;
use crate::request;
use crate::worker::Worker;

/// A client's connection, as the phases know it.
pub(crate) struct Client {
    pub(crate) worker: Arc<Worker>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) peer: SocketAddr,
    /// Whether its forwarding headers are believed.
    pub(crate) is_trusted: bool,
    pub(crate) ambiguity: Arc<Ambiguity>,
    requests: AtomicU64,
}

impl Client {
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.worker.shared
    }

    /// Counts a request of the data plane or beside it; the first is 1.
    pub(crate) fn next_request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// Serves one connection until it is over.
pub(crate) async fn serve(worker: Arc<Worker>, socket: TcpStream, peer: SocketAddr) {
    // A socket that refuses is closed already.
    if socket.set_nodelay(true).is_err() {
        return;
    }
    let shared = Arc::clone(&worker.shared);
    let limits = &shared.config.limits;
    let gate = Arc::new(Gate::new(Arc::clone(&worker.ticks), limits.write_timeout));
    let _listed = worker.list(&gate);
    let socket = GatedSocket::new(socket, Arc::clone(&gate), limits.idle_timeout);
    let ambiguity = Arc::new(Ambiguity::default());
    let Some(stream) = shake_hands(&shared, socket, &gate, &ambiguity).await else { return };
    let client = Client {
        is_trusted: shared.config.trusted_peers.iter().any(|network| network.contains(peer.ip())),
        worker,
        gate: Arc::clone(&gate),
        peer,
        ambiguity,
        requests: AtomicU64::new(0),
    };
    gate.expect_within(limits.idle_timeout.min(limits.head_timeout));
    drive(Arc::new(client), stream).await;
}

async fn shake_hands(
    shared: &Shared,
    socket: GatedSocket,
    gate: &Gate,
    ambiguity: &Arc<Ambiguity>,
) -> Option<ClientStream> {
    let limits = &shared.config.limits;
    let Some(acceptor) = &shared.tls else {
        return Some(ClientStream::plain(socket, Arc::clone(ambiguity), limits.head_timeout));
    };
    // A client that cannot agree on a cipher learns so by TLS itself.
    let mut shaking = std::pin::pin!(tokio::time::timeout(limits.head_timeout, acceptor.accept(socket)));
    let shaken = std::future::poll_fn(|cx| {
        gate.driven_by(cx.waker());
        // A server on its way out takes nothing new, and waits for nobody who
        // has not asked yet.
        if gate.is_draining() {
            return Poll::Ready(None);
        }
        shaking.as_mut().poll(cx).map(Result::ok)
    });
    let stream = shaken.await?.ok()?;
    Some(ClientStream::tls(stream, Arc::clone(ambiguity), limits.head_timeout))
}

async fn drive(client: Arc<Client>, stream: ClientStream) {
    let gate = Arc::clone(&client.gate);
    let head_bytes = client.shared().config.limits.head_bytes;
    let service = service_fn(move |request: Request<Incoming>| request::answer(Arc::clone(&client), request));
    let connection = http1::Builder::new()
        .max_header_size(head_bytes)
        .max_buf_size(head_bytes.max(64 << 10))
        .serve_connection(TokioIo::new(stream), service);
    let mut driven = Driven { connection: Some(connection), gate, waker: None, is_draining: false };
    let Some(stream) = (&mut driven).await else { return };
    say_too_slow(stream).await;
}

/// A client that began a head and did not end it is told so, since nothing
/// else is under way on its connection.
async fn say_too_slow(mut stream: ClientStream) {
    let refusal = Refusal::new(408, "request_timeout", "The request's head did not come in time");
    let body = refusal.body(Family::OpenAi);
    let head = format!(
        "HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let said = async {
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&body).await?;
        stream.shutdown().await
    };
    // A client that does not listen either is left.
    let _said = said.await;
}

type Http<F> = http1::Connection<TokioIo<ClientStream>, F>;

/// Drives a connection and minds its gate: it ends a severed one at once, lets
/// a draining one finish its answer, and gives back the stream of one whose
/// head did not come in time.
struct Driven<S>
where
    S: hyper::service::HttpService<Incoming>,
{
    connection: Option<Http<S>>,
    gate: Arc<Gate>,
    waker: Option<Waker>,
    is_draining: bool,
}

impl<S> Driven<S>
where
    S: hyper::service::HttpService<Incoming, ResBody = crate::answer::AnswerBody>,
    S::Error: Into<crate::answer::BoxError>,
{
    fn mind_waker(&mut self, cx: &Context<'_>) {
        if self.waker.as_ref().is_none_or(|waker| !waker.will_wake(cx.waker())) {
            self.gate.driven_by(cx.waker());
            self.waker = Some(cx.waker().clone());
        }
    }

    /// The stream of a connection that waits for a request in vain: whether
    /// it is to be told.
    fn give_up(&mut self) -> Option<ClientStream> {
        let stream = self.connection.take()?.into_parts().io.into_inner();
        stream.is_inside_head().then_some(stream)
    }
}

impl<S> Future for &mut Driven<S>
where
    S: hyper::service::HttpService<Incoming, ResBody = crate::answer::AnswerBody> + Unpin,
    S::Error: Into<crate::answer::BoxError>,
    S::Future: Send,
{
    type Output = Option<ClientStream>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<ClientStream>> {
        let driven = &mut **self;
        driven.mind_waker(cx);
        if driven.gate.is_severed() {
            driven.connection = None;
            return Poll::Ready(None);
        }
        if driven.gate.is_overdue() && !driven.gate.is_busy() {
            return Poll::Ready(driven.give_up());
        }
        let Some(connection) = driven.connection.as_mut() else {
            return Poll::Ready(None);
        };
        if driven.gate.is_draining() && !driven.is_draining {
            driven.is_draining = true;
            Pin::new(&mut *connection).graceful_shutdown();
        }
        // An error is the client's leaving, or one that the HTTP layer has
        // answered itself.
        Pin::new(connection).poll(cx).map(|_ended| None)
    }
}
