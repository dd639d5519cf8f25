//! Connections that the server opens to servers of others, over HTTP/1.1 and TLS.
//!
//! The address is looked at after the name was resolved, and the connection goes to that very address. Knows nothing of
//! what is sent, nor to whom.

mod address;
mod url;

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs, pki_types::ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

pub(crate) use address::is_public;
pub(crate) use url::Url;

/// As whom the server calls others.
pub(crate) const USER_AGENT: &str = concat!("rapport/", env!("CARGO_PKG_VERSION"));

/// Speaks TLS to those for whom some certificates vouch; without any, those of the machine.
///
/// # Errors
/// A library without the protocols that it should have.
pub(crate) fn connector(roots: Option<RootCertStore>) -> anyhow::Result<TlsConnector> {
    let roots = roots.unwrap_or_else(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        roots
    });
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Opens a connection. `tls`: for a URL that begins with `https`.
///
/// # Errors
/// Why there is none, for people; nothing of what a URL may keep secret.
pub(crate) async fn connect(
    url: &Url,
    tls: &TlsConnector,
    allow_private: bool,
) -> Result<SendRequest<Full<Bytes>>, String> {
    let mut last = "its name leads nowhere".to_owned();
    for address in addresses(url, allow_private).await? {
        let stream = match TcpStream::connect(address).await {
            Ok(stream) => stream,
            Err(error) => {
                last = format!("no connection: {}", error.kind());
                continue;
            }
        };
        // A body follows its head at once.
        _ = stream.set_nodelay(true);
        if !url.is_https {
            return shake_hands(TokioIo::new(stream)).await;
        }
        let name = ServerName::try_from(url.host.clone());
        let name = name.map_err(|_| "its name is none that a certificate can have".to_owned())?;
        let stream = tls.connect(name, stream).await.map_err(|error| format!("TLS failed: {error}"))?;
        return shake_hands(TokioIo::new(stream)).await;
    }
    Err(last)
}

/// Where to connect to: what a name leads to, without what must not be.
async fn addresses(url: &Url, allow_private: bool) -> Result<Vec<SocketAddr>, String> {
    let found: Vec<SocketAddr> = match url.address() {
        Some(address) => vec![(address, url.port).into()],
        None => {
            let resolved = tokio::net::lookup_host((url.host.as_str(), url.port)).await;
            resolved.map_err(|_| "its name cannot be resolved".to_owned())?.collect()
        }
    };
    let may = |address: &SocketAddr| allow_private || is_public(address.ip());
    let allowed: Vec<_> = found.iter().copied().filter(may).collect();
    if allowed.is_empty() && !found.is_empty() {
        return Err("its name leads to this machine or a private network, which is not allowed".to_owned());
    }
    Ok(allowed)
}

async fn shake_hands<S>(stream: TokioIo<S>) -> Result<SendRequest<Full<Bytes>>, String>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (connection, driver) =
        http1::handshake(stream).await.map_err(|error| format!("the connection failed: {error}"))?;
    tokio::spawn(async move {
        // Those who wait for an answer are told.
        _ = driver.await;
    });
    Ok(connection)
}
