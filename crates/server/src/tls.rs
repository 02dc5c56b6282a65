//! TLS by the service itself: rustls with aws-lc-rs, TLS 1.2 and 1.3.

use crate::config::TlsFiles;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;

/// The files cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("tls: {0}")]
pub struct TlsError(String);

/// The server's side of TLS from PEM files.
pub(crate) fn server_config(files: &TlsFiles) -> Result<ServerConfig, TlsError> {
    let wrong = |e: &dyn std::fmt::Display| TlsError(e.to_string());
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.certificate)
        .map_err(|e| wrong(&e))?
        .collect::<Result<_, _>>()
        .map_err(|e| wrong(&e))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|e| wrong(&e))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| wrong(&e))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|e| wrong(&e))
}
