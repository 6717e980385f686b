//! A well-behaved client of HTTP/2, with the library `h2`.

use actix_web::web::Bytes;
use h2::{RecvStream, client::SendRequest};
use http_1::{Request, Response};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use serde_json::Value;
use std::{net::SocketAddr, path::Path, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// A connection.
#[derive(Clone)]
pub struct Client {
    requests: SendRequest<Bytes>,
    base: String,
}

/// An answer with its whole body.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: http_1::HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("json")
    }
}

/// A connection without TLS: the client knows that the server speaks HTTP/2.
pub async fn plain(address: SocketAddr) -> Client {
    let stream = TcpStream::connect(address).await.expect("it listens");
    over(stream, format!("http://{address}")).await
}

/// A connection with TLS to a server with this certificate. The handshake agrees on HTTP/2.
pub async fn secured(address: SocketAddr, certificate: &Path) -> Client {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate).expect("PEM")).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config = config.expect("versions").with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = TcpStream::connect(address).await.expect("it listens");
    let connector = TlsConnector::from(Arc::new(config));
    let stream = connector.connect(ServerName::from(address.ip()), stream).await.expect("TLS");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    over(stream, format!("https://{address}")).await
}

async fn over(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    base: String,
) -> Client {
    let (requests, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
    tokio::spawn(connection);
    Client { requests, base }
}

impl Client {
    /// A request for this path.
    pub fn request(&self, method: &str, path: &str) -> http_1::request::Builder {
        Request::builder().method(method).uri(format!("{}{path}", self.base))
    }

    /// Sends a request, and returns the answer without its body.
    pub async fn begin(
        &mut self,
        request: http_1::request::Builder,
        body: &str,
    ) -> Result<Response<RecvStream>, h2::Error> {
        let mut requests = self.requests.clone().ready().await?;
        let request = request.body(()).expect("a request");
        let (answer, mut stream) = requests.send_request(request, body.is_empty())?;
        if !body.is_empty() {
            stream.send_data(Bytes::from(body.to_owned()), true)?;
        }
        answer.await
    }

    /// Sends a request, and returns the whole answer.
    pub async fn send(&mut self, request: http_1::request::Builder, body: &str) -> Answer {
        let (head, mut stream) = self.begin(request, body).await.expect("it answers").into_parts();
        let mut body = Vec::new();
        while let Some(part) = stream.data().await {
            let part = part.expect("a part");
            stream.flow_control().release_capacity(part.len()).expect("a window");
            body.extend_from_slice(&part);
        }
        Answer { status: head.status.as_u16(), headers: head.headers, body }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        let request = self.request("GET", path);
        self.send(request, "").await
    }

    /// Sends a request whose body never ends.
    pub async fn without_end(&mut self, request: http_1::request::Builder) -> u16 {
        let mut requests = self.requests.clone().ready().await.expect("it is open");
        let request = request.body(()).expect("a request");
        let (answer, mut stream) = requests.send_request(request, false).expect("sent");
        stream.send_data(Bytes::from_static(b"{"), false).expect("sent");
        answer.await.expect("it answers").status().as_u16()
    }
}
