//! A collector of spans in the test. It decodes what it gets with the files of the specification.

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::{Value, json};
use std::{
    fmt::Write as _,
    net::SocketAddr,
    sync::{Arc, LazyLock, Mutex, mpsc},
    time::Instant,
};

/// The files of the specification of OTLP 1.
static SPECIFICATION: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let file = "opentelemetry/proto/collector/trace/v1/trace_service.proto";
    let files = protox::compile([file], ["tests/traces/specification"]).expect("they compile");
    DescriptorPool::from_file_descriptor_set(files).expect("they are complete")
});

const REQUEST: &str = "opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest";

/// A span as the collector got it.
#[derive(Clone, Debug)]
pub struct Received {
    pub name: String,
    pub trace: String,
    pub id: String,
    /// Empty for none.
    pub parent: String,
    /// The whole span, as the specification writes it in JSON.
    pub json: Value,
}

/// What a collector has got, and the headers `traceparent` of the calls of the payment service.
#[derive(Clone, Default)]
pub struct Spans(Arc<Mutex<(Vec<Received>, Vec<String>)>>);

/// A collector, which is a payment service as well.
pub struct Collector {
    pub address: SocketAddr,
    pub spans: Spans,
    handle: ServerHandle,
}

impl Spans {
    /// Adds the spans of a request.
    ///
    /// # Panics
    /// When it is no request of the specification.
    pub fn take(&self, request: &[u8]) {
        let of = SPECIFICATION.get_message_by_name(REQUEST).expect("it is specified");
        let request = DynamicMessage::decode(of, request).expect("a request");
        let unknown: usize = request.unknown_fields().count();
        let request = serde_json::to_value(request).expect("JSON");
        let resource = &request["resourceSpans"][0];
        let service = json!({ "key": "service.name", "value": { "stringValue": "taxis" } });
        assert_eq!((unknown, &resource["resource"]["attributes"][0]), (0, &service));
        let spans = resource["scopeSpans"][0]["spans"].as_array().expect("spans");
        self.0.lock().unwrap().0.extend(spans.iter().map(received));
    }

    /// The spans of one trace.
    pub fn of(&self, trace: &str) -> Vec<Received> {
        let all = self.all().into_iter();
        all.filter(|span| span.trace == trace).collect()
    }

    /// All spans.
    pub fn all(&self) -> Vec<Received> {
        self.0.lock().unwrap().0.clone()
    }

    /// The headers of the calls of the payment service.
    pub fn outside(&self) -> Vec<String> {
        self.0.lock().unwrap().1.clone()
    }

    /// Waits until a trace has spans with these begins of names, and all their parents.
    ///
    /// # Panics
    /// When it has not within a minute.
    pub async fn complete(&self, trace: &str, root: &str, names: &[&str]) -> Vec<Received> {
        let begun = Instant::now();
        loop {
            let spans = self.of(trace);
            let has = |name: &&&str| spans.iter().any(|span| span.name.starts_with(**name));
            let is_known = |id: &str| id == root || spans.iter().any(|span| span.id == id);
            let is_complete = names.iter().all(|name| has(&name))
                && spans.iter().all(|span| is_known(&span.parent));
            if is_complete {
                return spans;
            }
            assert!(begun.elapsed().as_secs() < 60, "{names:?} in {spans:#?}");
            tokio::task::yield_now().await;
        }
    }
}

fn received(span: &Value) -> Received {
    let id = |name: &str| {
        let bytes = BASE64_STANDARD.decode(span[name].as_str().unwrap_or_default()).expect("bytes");
        let mut hex = String::new();
        for byte in bytes {
            write!(hex, "{byte:02x}").expect("text is written");
        }
        hex
    };
    Received {
        name: span["name"].as_str().expect("a name").to_owned(),
        trace: id("traceId"),
        id: id("spanId"),
        parent: id("parentSpanId"),
        json: span.clone(),
    }
}

impl Collector {
    /// Starts on a free port.
    pub fn start() -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// # Panics
    /// When the address is taken.
    pub fn start_at(address: SocketAddr) -> Self {
        let spans = Spans::default();
        let shared = spans.clone();
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    let app = App::new().app_data(web::Data::new(shared.clone()));
                    let app = app.app_data(web::PayloadConfig::new(64 << 20));
                    app.route("/v1/traces", web::post().to(take)).route("/pay", web::post().to(pay))
                });
                let server = server.workers(1).bind(address).unwrap();
                let address = server.addrs()[0];
                let server = server.disable_signals().run();
                sender.send((address, server.handle())).unwrap();
                server.await.unwrap();
            });
        });
        let (address, handle) = receiver.recv().unwrap();
        Self { address, spans, handle }
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn take(request: HttpRequest, body: web::Bytes, spans: web::Data<Spans>) -> HttpResponse {
    let content_type = request.headers().get("content-type").expect("a content type");
    assert_eq!(content_type, "application/x-protobuf");
    spans.take(&body);
    HttpResponse::Ok().content_type("application/x-protobuf").finish()
}

async fn pay(request: HttpRequest, spans: web::Data<Spans>) -> HttpResponse {
    let trace = request.headers().get("traceparent").and_then(|value| value.to_str().ok());
    spans.0.lock().unwrap().1.extend(trace.map(str::to_owned));
    HttpResponse::Ok().json(json!({ "status": "approved" }))
}
