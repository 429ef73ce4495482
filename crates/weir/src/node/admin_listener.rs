//! The operators' own listener. Off loopback it speaks TLS or does not start:
//! a token that crosses a network in the clear is everybody's.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::serve::Listener;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Where operators ask, and how.
#[derive(Debug, Clone)]
pub struct AdminListener {
    /// The address.
    pub listen: SocketAddr,
    /// Its certificate and key; none speaks plain HTTP, on loopback only.
    pub tls: Option<Arc<ServerConfig>>,
}

impl AdminListener {
    /// Listens and serves `router`; returns where.
    pub(super) async fn start(&self, router: Router) -> Result<SocketAddr> {
        if self.tls.is_none() && !self.listen.ip().is_loopback() {
            bail!(
                "admin_listen {} is not loopback: set [admin_tls] certificate and key, or listen on 127.0.0.1",
                self.listen
            );
        }
        let Some(tls) = &self.tls else { return start_plain(self.listen, router).await };
        let listener = bind(self.listen).await?;
        let address = listener.local_addr()?;
        let listener = TlsListener::start(listener, TlsAcceptor::from(Arc::clone(tls)), address);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(address)
    }
}

/// Listens and serves `router` in plain HTTP; returns where.
pub(super) async fn start_plain(address: SocketAddr, router: Router) -> Result<SocketAddr> {
    let listener = bind(address).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// Hands out connections whose handshake is done; a peer that is slow at it
/// keeps nobody else waiting.
struct TlsListener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

impl TlsListener {
    fn start(listener: TcpListener, acceptor: TlsAcceptor, address: SocketAddr) -> TlsListener {
        let (sender, ready) = mpsc::channel(64);
        tokio::spawn(async move {
            loop {
                let Ok((stream, peer)) = listener.accept().await else {
                    // Out of file descriptors, most likely: let some be closed.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                };
                let (acceptor, sender) = (acceptor.clone(), sender.clone());
                tokio::spawn(async move {
                    match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                        Ok(Ok(stream)) => drop(sender.send((stream, peer)).await),
                        Ok(Err(error)) => tracing::debug!(%error, %peer, "a TLS handshake failed"),
                        Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
                    }
                });
            }
        });
        TlsListener { ready, address }
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(accepted) => accepted,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(self.address)
    }
}
