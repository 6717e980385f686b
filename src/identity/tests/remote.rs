//! Keys at a URL: they are fetched, rotated and kept, with a server of this test.

use super::{NOW_S, TestKey, claims, ours};
use crate::{
    identity::{IdentitySettings, TokenCache, TokenError, Verifier, remote::Remote},
    tls,
};
use reqwest::Certificate;
use serde_json::json;
use std::{
    path::Path,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

const CERTIFICATES: &str = "tests/conventions/certificates";

/// An authorization server with one document.
struct Server {
    url: String,
    answer: Arc<Mutex<(u16, String)>>,
}

impl Server {
    async fn start(keys: &[&TestKey]) -> Self {
        Self::start_with(keys, None).await
    }

    /// Speaks TLS with the certificate of the tests.
    async fn over_tls(keys: &[&TestKey]) -> Self {
        let file = |ending| Path::new(CERTIFICATES).join(format!("one.{ending}"));
        let certificate = tls::Certificate::read(&file("pem"), &file("key")).unwrap();
        let acceptor = TlsAcceptor::from(certificate.server(&[tls::HTTP_1]).unwrap());
        Self::start_with(keys, Some(acceptor)).await
    }

    async fn start_with(keys: &[&TestKey], tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}/jwks", listener.local_addr().unwrap());
        let answer = Arc::new(Mutex::new((200, set(keys))));
        let answers = Arc::clone(&answer);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let Some(tls) = &tls else {
                    respond(stream, &answers).await;
                    continue;
                };
                // A client that does not trust the certificate ends the handshake.
                if let Ok(stream) = tls.accept(stream).await {
                    respond(stream, &answers).await;
                }
            }
        });
        Self { url, answer }
    }

    fn answer(&self, status: u16, body: String) {
        *self.answer.lock().unwrap() = (status, body);
    }

    fn verifier(&self) -> Arc<Verifier> {
        let settings = IdentitySettings { jwks_url: Some(self.url.clone()), ..ours() };
        Verifier::start(&settings, Path::new("/no/such")).unwrap()
    }
}

async fn respond(mut stream: impl AsyncRead + AsyncWrite + Unpin, answers: &Mutex<(u16, String)>) {
    let _ = stream.read(&mut [0; 4_096]).await.unwrap();
    let (status, body) = answers.lock().unwrap().clone();
    let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n", body.len());
    let all = format!("{head}Connection: close\r\n\r\n{body}");
    let _ = stream.write_all(all.as_bytes()).await;
    let _ = stream.shutdown().await;
}

fn set(keys: &[&TestKey]) -> String {
    json!({ "keys": keys.iter().map(|key| &key.jwk).collect::<Vec<_>>() }).to_string()
}

/// A token that is valid at the real time, which `verify_async` uses.
fn token(key: &TestKey) -> String {
    key.token(&claims(json!({ "exp": u64::from(u32::MAX) })))
}

#[tokio::test]
async fn a_token_waits_for_the_first_fetch_of_the_keys() {
    let key = TestKey::ec("a");
    let server = Server::start(&[&key]).await;
    let verifier = server.verifier();
    assert!(!verifier.has_keys());
    assert_eq!(verifier.verify(&token(&key)), Err(TokenError::KeysUnavailable));
    let refresh = verifier.spawn_refresh().unwrap();
    assert_eq!(&*verifier.verify_async(&token(&key)).await.unwrap().subject, "min");
    assert!(verifier.has_keys());
    refresh.abort();
}

#[tokio::test]
async fn a_rotated_key_is_fetched_when_the_first_token_names_it() {
    let (old, new, newest) = (TestKey::ec("a"), TestKey::ed("b"), TestKey::ec("c"));
    let server = Server::start(&[&old]).await;
    let (verifier, cache) = (server.verifier(), TokenCache::new());
    let _refresh = verifier.spawn_refresh().unwrap();
    let by_old = token(&old);
    assert!(cache.verify_async(&verifier, &by_old).await.is_ok());
    server.answer(200, set(&[&new]));
    assert!(cache.verify_async(&verifier, &token(&new)).await.is_ok());
    let withdrawn = cache.verify_async(&verifier, &by_old).await;
    assert_eq!(withdrawn, Err(TokenError::UnknownKey), "its key was withdrawn");
    // The second unknown key within a minute leads to no fetch and no waiting.
    server.answer(200, set(&[&newest]));
    let refused = cache.verify_async(&verifier, &token(&newest)).await;
    assert_eq!(refused, Err(TokenError::UnknownKey));
}

#[tokio::test]
async fn the_keys_stay_when_a_fetch_fails() {
    let (key, other) = (TestKey::ec("a"), TestKey::ec("b"));
    let too_large = format!("{}{}", set(&[&other]), " ".repeat(600 * 1024));
    let failures = [
        (500, set(&[&other])),
        (302, set(&[&other])),
        (200, "nonsense".to_owned()),
        (200, set(&[])),
        (200, too_large),
        // No failure, but the same keys.
        (200, set(&[&key])),
    ];
    for (status, body) in failures {
        let server = Server::start(&[&key]).await;
        let verifier = server.verifier();
        let _refresh = verifier.spawn_refresh().unwrap();
        assert!(verifier.verify_async(&token(&key)).await.is_ok());
        server.answer(status, body);
        let unknown = verifier.verify_async(&token(&other)).await;
        assert_eq!(unknown, Err(TokenError::UnknownKey));
        assert!(verifier.verify_at(&token(&key), NOW_S).is_ok());
        assert_eq!(verifier.epoch(), 1, "cached tokens stay verified");
    }
}

#[tokio::test]
async fn keys_are_fetched_over_tls_from_a_server_whose_certificate_is_trusted() {
    let key = TestKey::ec_384("a");
    let server = Server::over_tls(&[&key]).await;
    let pem = std::fs::read(Path::new(CERTIFICATES).join("one.pem")).unwrap();
    let root = Certificate::from_pem(&pem).unwrap();
    let trusting = Remote::with(&server.url, &ours(), |client| client.add_root_certificate(root));
    let (keys, _) = trusting.unwrap().fetch().await.unwrap();
    assert_eq!(keys.candidates(Some("a"), "ES384").unwrap().count(), 1);
}

#[tokio::test]
async fn no_keys_are_fetched_from_a_server_whose_certificate_is_not_trusted() {
    let key = TestKey::ec("a");
    let server = Server::over_tls(&[&key]).await;
    let reason = Remote::new(&server.url, &ours()).unwrap().fetch().await.unwrap_err();
    assert!(reason.contains("invalid peer certificate"), "{reason}");
    let verifier = server.verifier();
    let refresh = verifier.spawn_refresh().unwrap();
    let refused = verifier.verify_async(&token(&key)).await;
    assert_eq!(refused, Err(TokenError::KeysUnavailable));
    refresh.abort();
}
