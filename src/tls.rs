//! TLS: the certificate of the server, which is read again when its files change.

use crate::{
    actors::InvalidSetting,
    described,
    files::{self, Stamp},
};
use rustix::process::geteuid;
use rustls::{
    ServerConfig,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, RwLock},
};

/// The name of HTTP/1.1 over TLS (ALPN).
pub const HTTP_1: &[u8] = b"http/1.1";
/// The name of HTTP/2 over TLS.
pub const HTTP_2: &[u8] = b"h2";

/// The permissions of a key file for its group and for all others.
const FOR_GROUP_AND_OTHERS: u32 = 0o077;

/// Those for all others.
const FOR_OTHERS: u32 = 0o007;

described! {
    /// Section `[tls]`. Without it, the server speaks plain HTTP.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct TlsSettings {
        /// The file with the certificate and those of its issuers, in PEM. With it and its key, the
        /// server speaks TLS 1.2 and 1.3 only. Both files are read again within 2 s of a change;
        /// while they are wrong, the previous certificate stays.
        pub certificate: Option<PathBuf>,
        /// The file with the private key, in PEM.
        pub key: Option<PathBuf>,
    }
}

impl TlsSettings {
    /// The files of the certificate and of its key; `None` when TLS is not configured.
    #[must_use]
    pub fn files(&self) -> Option<(&Path, &Path)> {
        Some((self.certificate.as_deref()?, self.key.as_deref()?))
    }

    /// Checks that both files are named, or none.
    ///
    /// # Errors
    /// When one of them is missing.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        let missing = match (&self.certificate, &self.key) {
            (Some(_), None) => "key",
            (None, Some(_)) => "certificate",
            _ => return Ok(()),
        };
        Err(InvalidSetting::new(missing, "must name a file: TLS needs a certificate and its key"))
    }
}

/// The certificate that clients get, and the files that it was read from.
#[derive(Debug)]
pub struct Certificate {
    chain_file: PathBuf,
    key_file: PathBuf,
    provider: Arc<CryptoProvider>,
    current: RwLock<Arc<CertifiedKey>>,
}

/// The stamps of both files.
type Stamps = [Option<Stamp>; 2];

impl Certificate {
    /// Reads the certificate of these settings; `None` when TLS is not configured.
    ///
    /// # Errors
    /// The reason of [`Self::read`], after the name of the setting.
    pub fn of_settings(settings: &TlsSettings) -> Result<Option<Arc<Self>>, String> {
        let read = settings.files().map(|(certificate, key)| Self::read(certificate, key));
        read.transpose().map_err(|InvalidSetting { key, reason }| format!("tls.{key}: {reason}"))
    }

    /// Reads the certificate and its key.
    ///
    /// # Errors
    /// When a file cannot be read, or is not what it has to be; the error names the key of `[tls]` and
    /// the file.
    pub fn read(certificate: &Path, key: &Path) -> Result<Arc<Self>, InvalidSetting> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let current = RwLock::new(pair(certificate, key, &provider)?);
        warn_of_readers(key);
        let (chain_file, key_file) = (certificate.to_owned(), key.to_owned());
        Ok(Arc::new(Self { chain_file, key_file, provider, current }))
    }

    /// The side of a server that speaks these protocols in TLS 1.2 and 1.3, the preferred one first.
    ///
    /// # Errors
    /// When the cryptography does not support these versions.
    pub fn server(
        self: &Arc<Self>,
        protocols: &[&[u8]],
    ) -> Result<Arc<ServerConfig>, rustls::Error> {
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth();
        let mut server = builder.with_cert_resolver(Arc::clone(self) as Arc<_>);
        server.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Ok(Arc::new(server))
    }

    /// Reads the files again whenever one of them changes; never returns. While they are not a
    /// certificate and its key, the previous certificate stays.
    pub async fn keep_current(self: Arc<Self>) {
        let mut seen = self.stamps();
        let mut looks = files::looks();
        loop {
            looks.tick().await;
            let own = Arc::clone(&self);
            let looked = tokio::task::spawn_blocking(move || own.look_again(seen)).await;
            seen = looked.unwrap_or(seen);
        }
    }

    /// Reads the files again if they have changed. Returns their stamps.
    fn look_again(&self, seen: Stamps) -> Stamps {
        let stamps = self.stamps();
        if stamps == seen {
            return seen;
        }
        let file = self.chain_file.display();
        match pair(&self.chain_file, &self.key_file, &self.provider) {
            Ok(pair) => {
                *self.current.write().unwrap_or_else(std::sync::PoisonError::into_inner) = pair;
                tracing::info!(%file, "the certificate was read again");
                warn_of_readers(&self.key_file);
            }
            Err(InvalidSetting { reason, .. }) => {
                tracing::warn!(%reason, "the previous certificate stays in use");
            }
        }
        stamps
    }

    fn stamps(&self) -> Stamps {
        [&self.chain_file, &self.key_file].map(|file| files::stamp(file))
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.current.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        Some(Arc::clone(&current))
    }
}

/// A certificate and its key.
fn pair(
    certificate: &Path,
    key: &Path,
    provider: &CryptoProvider,
) -> Result<Arc<CertifiedKey>, InvalidSetting> {
    let no_chain = |reason: &str| wrong("certificate", certificate, reason);
    let no_key = |reason: &str| wrong("key", key, reason);
    let chain = fs::read(certificate);
    let chain = chain.map_err(|error| no_chain(&format!("cannot be read: {error}")))?;
    let chain = CertificateDer::pem_slice_iter(&chain).collect::<Result<Vec<_>, _>>();
    let chain = match chain {
        Ok(chain) if chain.is_empty() => return Err(no_chain("holds no certificate in PEM")),
        Ok(chain) => chain,
        Err(_) => return Err(no_chain("is not valid PEM")),
    };
    let private = fs::read(key).map_err(|error| files::denied(key, error));
    let private = private.map_err(|error| no_key(&format!("cannot be read: {error}")))?;
    let Ok(private) = PrivateKeyDer::from_pem_slice(&private) else {
        return Err(no_key("holds no private key in PEM"));
    };
    match CertifiedKey::from_der(chain, private, provider) {
        Ok(pair) => Ok(Arc::new(pair)),
        Err(rustls::Error::InconsistentKeys(_)) => {
            Err(no_key(&format!("is not the key of {}", certificate.display())))
        }
        Err(error) => Err(no_key(&format!("cannot be used with the certificate: {error}"))),
    }
}

/// The error of the file that this key of `[tls]` names.
fn wrong(key: &'static str, file: &Path, reason: &str) -> InvalidSetting {
    InvalidSetting::new(key, format!("{}: {reason}", file.display()))
}

/// Logs a warning when others than this process may use the key. A file of another owner, such as
/// root, is read through its group.
fn warn_of_readers(key: &Path) {
    let Ok(found) = fs::metadata(key) else { return };
    let is_own = found.uid() == geteuid().as_raw();
    let too_wide = if is_own { FOR_GROUP_AND_OTHERS } else { FOR_OTHERS };
    let (file, mode) = (key.display(), found.permissions().mode() & 0o777);
    if mode & too_wide != 0 {
        let (expected, mend) = if is_own {
            (files::FILE_MODE, files::mending_mode(key))
        } else {
            (mode & !FOR_OTHERS, format!("chmod o= {file}"))
        };
        let (mode, expected) = (format!("{mode:04o}"), format!("{expected:04o}"));
        tracing::warn!(%file, mode, expected, mend, "others than this server may read this private key");
    }
}
