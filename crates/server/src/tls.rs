//! TLS by the service itself: rustls with aws-lc-rs, TLS 1.2 and 1.3. A renewed certificate is used from the next handshake on.

use crate::config::TlsFiles;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

/// The files cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("tls: {0}")]
pub struct TlsError(String);

fn wrong(error: &dyn std::fmt::Display) -> TlsError {
    TlsError(error.to_string())
}

/// The certificate that is shown, and the files that it comes from.
#[derive(Debug)]
pub(crate) struct Certificate {
    files: TlsFiles,
    provider: Arc<CryptoProvider>,
    shown: RwLock<Shown>,
}

#[derive(Debug)]
struct Shown {
    key: Arc<CertifiedKey>,
    /// When the files that the certificate was read from were written.
    written: [Option<SystemTime>; 2],
}

impl Certificate {
    /// Reads the files.
    ///
    /// # Errors
    /// They cannot be read, or do not fit together.
    pub(crate) fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let shown = Shown { written: written(files), key: Arc::new(certified(files, &provider)?) };
        Ok(Self { files: files.clone(), provider, shown: RwLock::new(shown) })
    }

    /// The server's side of TLS with this certificate.
    ///
    /// # Errors
    /// No protocol is left.
    pub(crate) fn server_config(self: Arc<Self>) -> Result<ServerConfig, TlsError> {
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|e| wrong(&e))?;
        Ok(builder.with_no_client_auth().with_cert_resolver(self))
    }

    /// Loads the files again if they have been written since; returns whether it did. When they cannot be used, nothing changes and the
    /// present certificate stays.
    ///
    /// # Errors
    /// They cannot be read, or do not fit together: perhaps only one of them has been written so far.
    pub(crate) fn renew(&self) -> Result<bool, TlsError> {
        let written = written(&self.files);
        if self.shown.read().unwrap_or_else(PoisonError::into_inner).written == written {
            return Ok(false);
        }
        let key = Arc::new(certified(&self.files, &self.provider)?);
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = Shown { key, written };
        Ok(true)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.shown.read().unwrap_or_else(PoisonError::into_inner).key))
    }
}

fn written(files: &TlsFiles) -> [Option<SystemTime>; 2] {
    [&files.certificate, &files.key].map(|file| std::fs::metadata(file).and_then(|it| it.modified()).ok())
}

fn certified(files: &TlsFiles, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.certificate)
        .map_err(|e| wrong(&e))?
        .collect::<Result<_, _>>()
        .map_err(|e| wrong(&e))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|e| wrong(&e))?;
    CertifiedKey::from_der(chain, key, provider).map_err(|e| wrong(&e))
}
