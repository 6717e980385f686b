//! The encryption of the secrets of webhooks on disk: AES-256-GCM, with a key in a file of its own
//! beside the journal.
//!
//! ```text
//! a stored secret:  mark | nonce | encrypted secret | tag      bound to the name of the subscription
//! ```
//! Earlier versions stored secrets in clear. They are at most 64 bytes long, so they are told apart
//! from encrypted ones by their length.

use super::definition::{Definition, Secret};
use crate::{files, random, sync};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use std::{
    io,
    path::{Path, PathBuf},
    sync::Mutex,
};

/// The name of the file with the key, in the data folder.
pub const KEY_FILE: &str = "webhooks.key";

/// The beginning of every encrypted secret.
const MARK: &[u8; 16] = b"madang sealed 1\n";

/// The longest secret in clear. Every encrypted one is longer, even that of an empty secret.
const CLEAR_BYTES_MAX: usize = 64;

/// Encrypted secrets are made as long as this one at least.
const PADDED_BYTES: usize = 65;

const KEY_BYTES: usize = 32;

/// Encrypts and decrypts the secrets of webhooks.
pub struct Sealer {
    file: PathBuf,
    /// `None` until the first secret is stored.
    key: Mutex<Option<LessSafeKey>>,
}

impl Sealer {
    /// Reads the key from its file in the data folder, if it exists.
    ///
    /// # Errors
    /// When the file cannot be read, or is no key.
    pub fn open(data: &Path) -> Result<Self, String> {
        let file = data.join(KEY_FILE);
        let stored = files::read_private(&file).map_err(|error| named(&file, &error))?;
        let key = stored.map(|bytes| key_of(&bytes).map_err(|reason| named(&file, &reason)));
        let key = key.transpose()?;
        Ok(Self { file, key: Mutex::new(key) })
    }

    /// The definition as it is stored: its secret is encrypted. The first one makes the key.
    ///
    /// # Errors
    /// When the key cannot be made.
    pub fn sealed(&self, definition: &Definition) -> Result<Definition, String> {
        let mut sealed = definition.clone();
        if let Some(webhook) = &mut sealed.webhook {
            let mut key = sync::lock(&self.key);
            let key = match &mut *key {
                Some(key) => key,
                none => none.insert(self.new_key()?),
            };
            webhook.secret = Secret(encrypted(key, &definition.name, &webhook.secret.0)?);
        }
        Ok(sealed)
    }

    /// The definition with its secret in clear, and whether it was stored in clear. A secret whose
    /// key is lost becomes empty.
    pub fn opened(&self, mut definition: Definition) -> (Definition, bool) {
        let Some(webhook) = &mut definition.webhook else { return (definition, false) };
        if webhook.secret.0.len() <= CLEAR_BYTES_MAX {
            let was_clear = !webhook.secret.is_lost();
            return (definition, was_clear);
        }
        let key = sync::lock(&self.key);
        let opened =
            key.as_ref().and_then(|key| decrypted(key, &definition.name, &webhook.secret.0));
        if opened.is_none() {
            let (subscription, file) = (&definition.name, self.file.display());
            tracing::error!(
                subscription,
                %file,
                "the secret of a webhook cannot be read with this key; nothing is sent until it is set again"
            );
        }
        webhook.secret = Secret(opened.unwrap_or_default());
        (definition, false)
    }

    fn new_key(&self) -> Result<LessSafeKey, String> {
        let bytes = random::secret::<KEY_BYTES>()?;
        match files::create_private(&self.file, &bytes) {
            Ok(true) => key_of(&bytes),
            Ok(false) => Err(named(&self.file, &io::Error::from(io::ErrorKind::AlreadyExists))),
            Err(error) => Err(named(&self.file, &error)),
        }
    }
}

fn named(file: &Path, reason: &dyn std::fmt::Display) -> String {
    format!("{}: {reason}", file.display())
}

fn key_of(bytes: &[u8]) -> Result<LessSafeKey, String> {
    let key = UnboundKey::new(&AES_256_GCM, bytes).map(LessSafeKey::new);
    key.map_err(|_| format!("this is not a key of {KEY_BYTES} bytes"))
}

/// The length of the secret, the secret, and zeros, encrypted.
fn encrypted(key: &LessSafeKey, name: &str, secret: &[u8]) -> Result<Vec<u8>, String> {
    let nonce = random::secret::<NONCE_LEN>()?;
    let length = u8::try_from(secret.len()).map_err(|_| "the secret is too long".to_owned())?;
    let mut text = [&[length], secret].concat();
    text.resize(PADDED_BYTES.max(text.len()), 0);
    let aad = Aad::from(name.as_bytes());
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut text)
        .map_err(|_| "the secret cannot be encrypted".to_owned())?;
    Ok([&MARK[..], &nonce, &text].concat())
}

fn decrypted(key: &LessSafeKey, name: &str, stored: &[u8]) -> Option<Vec<u8>> {
    let (nonce, text) = stored.strip_prefix(MARK)?.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut text = text.to_vec();
    let text = key.open_in_place(nonce, Aad::from(name.as_bytes()), &mut text).ok()?;
    let (length, padded) = text.split_first()?;
    padded.get(..usize::from(*length)).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        actors::{
            api::{EventFilter, Start},
            persistent_subscription::Webhook,
        },
        domain::kernel::Timestamp,
    };
    use std::{fs, os::unix::fs::PermissionsExt as _};

    fn definition(name: &str, secret: &[u8]) -> Definition {
        let webhook = Webhook {
            url: "http://a".into(),
            secret: Secret(secret.to_vec()),
            reaches_private: true,
        };
        Definition {
            name: name.into(),
            owner: None,
            filter: EventFilter::default(),
            start: Start::Now,
            started_after: 0,
            attempts_max: None,
            webhook: Some(webhook),
            created: Timestamp(0),
        }
    }

    fn stored(definition: &Definition) -> &[u8] {
        &definition.webhook.as_ref().unwrap().secret.0
    }

    #[test]
    fn a_secret_is_encrypted_with_a_key_that_only_the_owner_of_the_folder_reads() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Sealer::open(folder.path()).unwrap();
        for length in [24, 32, 64] {
            let before = definition("a", &vec![7; length]);
            let sealed = secrets.sealed(&before).unwrap();
            assert!(!stored(&sealed).windows(4).any(|part| part == [7; 4]));
            assert_eq!(stored(&sealed).len(), 109, "its length is not shown");
            assert_ne!(secrets.sealed(&before).unwrap(), sealed, "each time differently");
            let again = Sealer::open(folder.path()).unwrap();
            assert_eq!(again.opened(sealed), (before, false));
        }
        let mode = fs::metadata(folder.path().join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_secret_of_an_earlier_version_is_read_in_clear() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Sealer::open(folder.path()).unwrap();
        let before = definition("a", &[7; 64]);
        assert_eq!(secrets.opened(before.clone()), (before, true));
        assert!(!folder.path().join(KEY_FILE).exists(), "reading makes no key");
    }

    #[test]
    fn a_secret_of_another_key_or_another_subscription_is_lost() {
        let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let [one, other] = folders.each_ref().map(|it| Sealer::open(it.path()).unwrap());
        let sealed = one.sealed(&definition("a", &[7; 32])).unwrap();
        let renamed = Definition { name: "b".into(), ..sealed.clone() };
        for (secrets, definition) in [(&other, sealed), (&one, renamed)] {
            let (opened, _) = secrets.opened(definition);
            assert!(opened.webhook.unwrap().secret.is_lost());
        }
        fs::write(folders[1].path().join(KEY_FILE), b"short").unwrap();
        let reason = Sealer::open(folders[1].path()).err().unwrap();
        assert!(reason.ends_with("webhooks.key: this is not a key of 32 bytes"), "{reason}");
    }
}
