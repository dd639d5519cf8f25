//! The server's certificate, read again when its files change: a renewed one needs no restart.

use std::{
    fs,
    path::Path,
    sync::{Arc, RwLock},
};

use anyhow::Context as _;
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio_rustls::TlsAcceptor;

use crate::config::Tls;

/// Reads the certificate and gives what accepts connections with it, and with its successors for as long as `stopped`
/// does not resolve.
///
/// # Errors
/// A file cannot be read, holds no certificate or no key, or the two do not belong together.
pub(super) fn acceptor(tls: Tls, stopped: impl Future<Output = ()> + Send + 'static) -> anyhow::Result<TlsAcceptor> {
    let (files, key) = read(&tls)?;
    let current = Arc::new(Current(RwLock::new(Arc::new(key))));
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(current.clone());
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    tokio::spawn(async move {
        tokio::select! {
            () = keep_current(tls, files, current) => {}
            () = stopped => {}
        }
    });
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.read().ok().map(|current| current.clone())
    }
}

/// What both files hold.
type Files = (Vec<u8>, Vec<u8>);

async fn keep_current(tls: Tls, mut files: Files, current: Arc<Current>) {
    loop {
        tokio::time::sleep(tls.reload_interval).await;
        // Between the writing of the one file and of the other they do not fit; the next look finds them whole.
        match read(&tls) {
            Ok((found, key)) if found != files => {
                files = found;
                if let Ok(mut current) = current.0.write() {
                    *current = Arc::new(key);
                }
                tracing::info!("the renewed certificate is in use");
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(error = format!("{error:#}"), "the certificate in use stays"),
        }
    }
}

fn read(tls: &Tls) -> anyhow::Result<(Files, CertifiedKey)> {
    let certificates = contents("tls.certificate_file", &tls.certificate_file)?;
    let key = contents("tls.key_file", &tls.key_file)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&certificates)
        .collect::<Result<_, _>>()
        .ok()
        .filter(|chain: &Vec<_>| !chain.is_empty())
        .with_context(|| format!("tls.certificate_file {} holds no PEM certificate", tls.certificate_file.display()))?;
    let secret = PrivateKeyDer::from_pem_slice(&key)
        .with_context(|| format!("tls.key_file {} holds no PEM private key", tls.key_file.display()))?;
    let certified = CertifiedKey::from_der(chain, secret, &aws_lc_rs::default_provider())
        .context("tls.certificate_file and tls.key_file do not belong together")?;
    Ok(((certificates, key), certified))
}

fn contents(name: &str, path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {name} {}", path.display()))
}
