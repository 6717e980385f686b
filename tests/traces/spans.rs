//! Spans at a collector: one trace for each conversation, linked by parents.

use crate::{
    collector::{Collector, Received},
    grpc_collector,
    support::{client, inside::Running, process::Server},
};
use madang::{
    actors::{PortSettings, TransportKind},
    traces::Protocol,
};
use serde_json::json;
use std::{
    fs,
    net::{SocketAddr, TcpListener},
    time::Instant,
};

const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CLIENT: &str = "00f067aa0ba902b7";

/// The begins of the names of spans that each order leads to.
const OF_ORDER: [&str; 7] = [
    "POST /taxi/orders",
    "taxi/orders Called",
    "saga taxi/ride",
    "taxi/paymentHistories ",
    "port taxi/payment",
    "call taxi/payment charge",
    "view taxi/mypages",
];

/// Starts the call taxi with this collector.
fn traced(endpoint: &str, protocol: Protocol, sample_ratio: f64, pay: Option<&str>) -> Running {
    Running::start(|config| {
        config.traces.endpoint = Some(endpoint.to_owned());
        config.traces.protocol = protocol;
        config.traces.sample_ratio = sample_ratio;
        "taxis".clone_into(&mut config.traces.service_name);
        if let Some(address) = pay {
            let url = Some(format!("{address}/pay"));
            let port =
                PortSettings { transport: TransportKind::Http, url, ..PortSettings::default() };
            config.ports.insert("taxi/payment".to_owned(), port);
        }
    })
}

/// Orders a taxi; returns the header `traceparent` of the answer.
async fn order(address: SocketAddr, trace: Option<&str>) -> Option<String> {
    let request = client().post(format!("http://{address}/taxi/orders"));
    let request = request.json(&json!({ "orderType": "basic", "name": "Kim" }));
    let request = match trace {
        Some(trace) => request.header("traceparent", trace),
        None => request,
    };
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 201);
    answer.headers().get("traceparent").map(|value| value.to_str().expect("text").to_owned())
}

fn one<'a>(spans: &'a [Received], name: &str) -> &'a Received {
    spans.iter().find(|span| span.name.starts_with(name)).expect(name)
}

/// Each of these spans is the parent of the next one.
fn is_chain(spans: &[Received], names: &[&str]) {
    for pair in names.windows(2) {
        let ids: Vec<_> = spans
            .iter()
            .filter(|span| span.name.starts_with(pair[0]))
            .map(|span| &span.id)
            .collect();
        let is_child =
            |span: &Received| span.name.starts_with(pair[1]) && ids.contains(&&span.parent);
        assert!(spans.iter().any(is_child), "{} has no child {}: {spans:#?}", pair[0], pair[1]);
    }
}

#[tokio::test]
async fn a_trace_of_a_client_has_the_request_records_saga_port_and_view() {
    let collector = Collector::start();
    let app = traced(&collector.endpoint(), Protocol::Http, 0.0, Some(&collector.endpoint()));
    let answered = order(app.address, Some(&format!("00-{TRACE_ID}-{CLIENT}-01"))).await;
    let spans = collector.spans.complete(TRACE_ID, CLIENT, &OF_ORDER).await;
    let request = one(&spans, "POST /taxi/orders");
    assert_eq!(request.parent, CLIENT);
    assert_eq!(request.json["kind"], "SPAN_KIND_SERVER");
    assert_eq!(answered, Some(format!("00-{TRACE_ID}-{}-01", request.id)));
    is_chain(&spans, &["POST /taxi/orders", "taxi/orders Called", "saga taxi/billing"]);
    is_chain(&spans, &["saga taxi/billing", "taxi/paymentHistories ", "port taxi/payment"]);
    is_chain(&spans, &["port taxi/payment", "taxi/paymentHistories ", "saga taxi/billing"]);
    is_chain(&spans, &["saga taxi/billing", "taxi/orders Paid", "saga taxi/ride"]);
    is_chain(&spans, &["port taxi/payment", "call taxi/payment charge"]);
    is_chain(&spans, &["taxi/orders Called", "view taxi/mypages"]);
    let call = one(&spans, "call taxi/payment charge");
    assert_eq!(collector.spans.outside(), [format!("00-{TRACE_ID}-{}-01", call.id)]);
    for Received { json, name, .. } in &spans {
        let time = |name: &str| json[name].as_str().expect("a time").parse::<u64>().expect("it");
        assert!(time("startTimeUnixNano") <= time("endTimeUnixNano"), "{name}");
    }
}

#[tokio::test]
async fn a_conversation_without_a_trace_of_a_client_is_one_trace() {
    let collector = Collector::start();
    let app = traced(&collector.endpoint(), Protocol::Http, 1.0, None);
    for _ in 0..2 {
        assert_eq!(order(app.address, None).await, None);
    }
    let begun = Instant::now();
    let roots: Vec<_> = loop {
        let all = collector.spans.all().into_iter();
        let roots: Vec<_> = all.filter(|span| span.name == OF_ORDER[0]).collect();
        if roots.len() == 2 {
            break roots;
        }
        assert!(begun.elapsed().as_secs() < 60, "{roots:#?}");
        tokio::task::yield_now().await;
    };
    assert_ne!(roots[0].trace, roots[1].trace);
    for root in roots {
        assert_eq!(root.parent, "");
        let spans = collector.spans.complete(&root.trace, "", &OF_ORDER).await;
        assert_eq!(spans.iter().filter(|span| span.parent.is_empty()).count(), 1, "{spans:#?}");
    }
}

#[tokio::test]
async fn commands_go_on_while_the_collector_is_away_and_its_spans_arrive_later() {
    let address = {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        listener.local_addr().expect("an address")
    };
    let app = traced(&format!("http://{address}"), Protocol::Http, 1.0, None);
    for _ in 0..5 {
        order(app.address, None).await;
    }
    let figures = async || {
        let answer = client().get(format!("http://{}/metrics", app.address)).send().await;
        answer.expect("an answer").text().await.expect("text")
    };
    assert!(figures().await.contains("madang_trace_spans_total{outcome=\"exported\"} 0"));
    let collector = Collector::start_at(address);
    let begun = Instant::now();
    while collector.spans.all().iter().filter(|span| span.name == OF_ORDER[0]).count() < 5 {
        assert!(begun.elapsed().as_secs() < 60, "no spans arrived");
        tokio::task::yield_now().await;
    }
    assert!(figures().await.contains("madang_trace_spans_total{outcome=\"dropped\"} 0"));
}

#[tokio::test]
async fn the_last_spans_are_sent_at_the_stop() {
    let collector = Collector::start();
    let app = traced(&collector.endpoint(), Protocol::Http, 1.0, None);
    order(app.address, None).await;
    drop(app);
    let spans = collector.spans.all();
    for name in &OF_ORDER[..3] {
        assert!(spans.iter().any(|span| span.name.starts_with(name)), "{name}: {spans:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_over_grpc_gets_the_same_spans() {
    let (address, spans) = grpc_collector::start().await;
    let app = traced(&format!("http://{address}"), Protocol::Grpc, 0.0, None);
    order(app.address, Some(&format!("00-{TRACE_ID}-{CLIENT}-01"))).await;
    spans.complete(TRACE_ID, CLIENT, &OF_ORDER).await;
    tokio::task::block_in_place(|| drop(app));
}

#[tokio::test]
async fn without_an_endpoint_there_is_no_thread_for_traces() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("data"), None);
    order(server.address, Some(&format!("00-{TRACE_ID}-{CLIENT}-01"))).await;
    let tasks = fs::read_dir(format!("/proc/{}/task", server.process_id())).expect("tasks");
    let names: Vec<_> =
        tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok()).collect();
    assert!(names.iter().any(|name| name.trim() == "feed"), "{names:?}");
    assert!(!names.iter().any(|name| name.starts_with("trace")), "{names:?}");
}
