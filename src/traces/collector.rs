//! The client of a collector of spans: OTLP over HTTP or gRPC.

use super::{
    otlp::{ExportRequest, ExportResponse},
    settings::{Protocol, TracesSettings},
};
use prost::Message as _;
use reqwest::{Client, Url, header::CONTENT_TYPE, redirect::Policy};
use std::{error::Error, fmt::Write as _, time::Duration};
use tonic::{
    Code, Request, Status,
    client::Grpc,
    codegen::http::uri::PathAndQuery,
    transport::{Channel, Endpoint},
};
use tonic_prost::ProstCodec;

/// The longest time that the collector takes for one request.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// The path of a collector over HTTP whose address has none.
const HTTP_PATH: &str = "/v1/traces";

/// The path of the method over gRPC.
const GRPC_PATH: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// The client of a collector.
pub(super) enum Collector {
    Http(Client, Url),
    Grpc(Channel),
}

/// Why spans were not delivered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The collector cannot take them now.
    Away(String),
    /// The collector refuses them.
    Refused(String),
}

impl Collector {
    /// Creates the client for this endpoint. Nothing is sent yet.
    ///
    /// # Errors
    /// The reason why the endpoint cannot be used.
    pub(super) fn of(settings: &TracesSettings, endpoint: &str) -> Result<Self, String> {
        let url: Url = endpoint.parse().map_err(|error| format!("{endpoint}: {error}"))?;
        Ok(match settings.protocol {
            Protocol::Http => Self::over_http(url)?,
            Protocol::Grpc => {
                let endpoint = Endpoint::from_shared(url.to_string());
                let endpoint = endpoint.map_err(|error| error.to_string())?;
                Self::Grpc(endpoint.timeout(ANSWER_WITHIN).connect_lazy())
            }
        })
    }

    fn over_http(mut url: Url) -> Result<Self, String> {
        if url.path() == "/" {
            url.set_path(HTTP_PATH);
        }
        // If an embedding program has already installed a provider, that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().redirect(Policy::none()).timeout(ANSWER_WITHIN);
        Ok(Self::Http(client.build().map_err(|error| error.to_string())?, url))
    }

    /// Sends spans. Returns how many of them the collector has rejected, and why.
    ///
    /// # Errors
    /// Why none was delivered.
    pub(super) async fn send(&self, request: &ExportRequest) -> Result<(u64, String), Failure> {
        let response = match self {
            Self::Http(client, url) => send_over_http(client, url, request).await?,
            Self::Grpc(channel) => send_over_grpc(channel, request).await?,
        };
        Ok(response.rejected())
    }
}

async fn send_over_http(
    client: &Client,
    url: &Url,
    request: &ExportRequest,
) -> Result<ExportResponse, Failure> {
    let away = |error: reqwest::Error| Failure::Away(with_causes(&error.without_url()));
    let request = client
        .post(url.clone())
        .header(CONTENT_TYPE, "application/x-protobuf")
        .body(request.encode_to_vec());
    let answer = request.send().await.map_err(away)?;
    let status = answer.status();
    if status.is_success() {
        // An answer that cannot be read says nothing about rejected spans.
        let body = answer.bytes().await.map_err(away)?;
        return Ok(ExportResponse::decode(body).unwrap_or_default());
    }
    let reason = format!("the collector answered {status}");
    // The statuses after which the specification repeats a request.
    if matches!(status.as_u16(), 429 | 502 | 503 | 504) {
        return Err(Failure::Away(reason));
    }
    Err(Failure::Refused(reason))
}

async fn send_over_grpc(
    channel: &Channel,
    request: &ExportRequest,
) -> Result<ExportResponse, Failure> {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.map_err(|error| Failure::Away(with_causes(&error)))?;
    let (path, codec) = (PathAndQuery::from_static(GRPC_PATH), ProstCodec::default());
    let answer = client.unary(Request::new(request.clone()), path, codec).await;
    answer.map(tonic::Response::into_inner).map_err(|status| failure(&status))
}

/// The failure of a call; the specification repeats it after some codes.
fn failure(status: &Status) -> Failure {
    let reason = format!("the collector answered {:?}: {}", status.code(), status.message());
    let is_repeated = matches!(
        status.code(),
        Code::Cancelled
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unavailable
            | Code::DataLoss
            | Code::ResourceExhausted
            // The library has this code for a connection that broke.
            | Code::Unknown
    );
    if is_repeated { Failure::Away(reason) } else { Failure::Refused(reason) }
}

fn with_causes(error: &dyn Error) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}
