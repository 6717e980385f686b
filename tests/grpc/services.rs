//! What surrounds the service: health, and TLS.

use super::{Client, codec::MessageCodec, start};
use prost::Message;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use std::sync::Arc;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use tonic::{Request, client::Grpc};

/// The messages of `grpc.health.v1.Health`, as far as the test needs them.
#[derive(Clone, PartialEq, Eq, Message)]
struct HealthRequest {
    #[prost(string, tag = "1")]
    service: String,
}

#[derive(Clone, PartialEq, Eq, Message)]
struct HealthResponse {
    #[prost(int32, tag = "1")]
    status: i32,
}

const SERVING: i32 = 1;

#[tokio::test(flavor = "multi_thread")]
async fn the_server_and_its_service_are_healthy() {
    let app = start(|_| {});
    let client = Client::of(&app).await;
    for service in ["", "madang.v1.Businesses", "madang.taxi.v1.Orders"] {
        let mut grpc = Grpc::new(client.0.clone());
        grpc.ready().await.expect("the connection is open");
        let request = Request::new(HealthRequest { service: service.to_owned() });
        let path = "/grpc.health.v1.Health/Check".parse().expect("a path");
        let answer = grpc.unary(request, path, MessageCodec::<_, HealthResponse>::new()).await;
        assert_eq!(answer.expect("it answers").into_inner().status, SERVING, "{service}");
    }
}

/// The beginning of each connection in HTTP/2 (RFC 9113, 3.4), with settings that are empty, and the
/// type of the frame that answers it.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const SETTINGS: u8 = 4;

#[tokio::test(flavor = "multi_thread")]
async fn with_a_certificate_nothing_is_plain() {
    const CERTIFICATES: &str = "tests/conventions/certificates";
    let app = start(|config| {
        config.tls.certificate = Some(format!("{CERTIFICATES}/one.pem").into());
        config.tls.key = Some(format!("{CERTIFICATES}/one.key").into());
    });
    let address = app.grpc.expect("an address");
    let mut roots = RootCertStore::empty();
    let one = CertificateDer::from_pem_file(format!("{CERTIFICATES}/one.pem")).expect("PEM");
    roots.add(one).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().expect("versions");
    let mut trusting = builder.with_root_certificates(roots).with_no_client_auth();
    trusting.alpn_protocols = vec![b"h2".to_vec()];
    let connect = || async { TcpStream::connect(address).await.expect("it is accepted") };
    let name = address.ip().into();
    let secured = TlsConnector::from(Arc::new(trusting)).connect(name, connect().await).await;
    let mut secured = secured.expect("a handshake");
    assert_eq!(secured.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    secured.write_all(PREFACE).await.expect("it is read");
    let mut head = [0; 9];
    secured.read_exact(&mut head).await.expect("a frame");
    assert_eq!(head[3], SETTINGS);
    let mut plain = connect().await;
    plain.write_all(PREFACE).await.expect("it is sent");
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert_ne!(answer.get(3), Some(&SETTINGS), "it answers in plain: {answer:?}");
}
