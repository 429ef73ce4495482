//! Opening connections to upstreams, encrypted where the URL says so.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::connection::{Connection, UpstreamSocket};
use super::target::Target;

/// The authorities named by the operator cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AuthoritiesError {
    /// The file is not readable or not PEM.
    #[error("authorities file {path}: {problem}")]
    File {
        /// Which file.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The TLS library refuses its own defaults.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// Opens connections.
pub(crate) struct Dialer {
    tls: TlsConnector,
    patience: Duration,
}

impl Dialer {
    /// Trusts the public authorities and those in `further`.
    pub(crate) fn new(further: Option<&Path>, patience: Duration) -> Result<Dialer, AuthoritiesError> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = further {
            add_authorities(&mut roots, path)
                .map_err(|problem| AuthoritiesError::File { path: path.display().to_string(), problem })?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Dialer { tls: TlsConnector::from(Arc::new(config)), patience })
    }

    /// Opens a connection.
    pub(crate) async fn dial(&self, target: &Target) -> io::Result<Connection> {
        tokio::time::timeout(self.patience, self.dial_at_leisure(target))
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn dial_at_leisure(&self, target: &Target) -> io::Result<Connection> {
        let socket = TcpStream::connect((target.host.as_str(), target.port)).await?;
        socket.set_nodelay(true)?;
        if !target.is_tls {
            return Ok(Connection::new(UpstreamSocket::Plain(socket)));
        }
        let name = ServerName::try_from(target.host.clone()).map_err(io::Error::other)?;
        let socket = self.tls.connect(name, socket).await?;
        Ok(Connection::new(UpstreamSocket::Tls(Box::new(socket))))
    }
}

fn add_authorities(roots: &mut RootCertStore, path: &Path) -> Result<(), String> {
    let mut found = 0;
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())? {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
        found += 1;
    }
    if found == 0 {
        return Err("no certificate in it".to_owned());
    }
    Ok(())
}
