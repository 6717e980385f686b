//! Benchmarks a taxi order over HTTP with its payment, on a port that the system chooses.

use criterion::{Criterion, criterion_group, criterion_main};
use madang::{
    app::App,
    config::{Config, Flags},
    declarations::Declarations,
};
use reqwest::{Client, StatusCode};
use std::{
    net::SocketAddr,
    path::Path,
    sync::mpsc,
    time::{Duration, Instant},
};
use tokio::{sync::oneshot, task::JoinSet};

const BODY: &str = r#"{"orderType":"basic","name":"Jung"}"#;

fn http(criterion: &mut Criterion) {
    // The binary chooses a TLS provider as well; an existing choice serves just as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR"))).expect("a folder");
    let flags = Flags {
        data: Some(folder.path().join("data")),
        listen: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        ..Flags::default()
    };
    let config = Config::read(flags).expect("a configuration");
    let (tell, told) = mpsc::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = std::thread::spawn(move || {
        actix::System::new().block_on(async move {
            let app = App::build(config, &Declarations::of(madang::shipped)).await.expect("starts");
            tell.send(app.address()).expect("the benchmark waits");
            app.run_until_stopped(stopped).await.expect("stops");
        });
    });
    let url = format!("http://{}/taxi/orders", told.recv().expect("it listens"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let (runtime, client) = (runtime.expect("a runtime"), Client::new());
    let mut group = criterion.benchmark_group("a whole taxi order through http");
    group.sample_size(20).measurement_time(Duration::from_secs(5));
    for clients in [1, 64] {
        group.bench_function(format!("clients/{clients}"), |bench| {
            bench.iter_custom(|orders| runtime.block_on(place(&client, &url, clients, orders)));
        });
    }
    group.finish();
    drop(stop);
    server.join().expect("the server stops");
}

/// Measures `times` orders with a fixed number of concurrent clients.
async fn place(client: &Client, url: &str, clients: u64, orders: u64) -> Duration {
    let begin = Instant::now();
    let mut waiting = JoinSet::new();
    for nth in 0..orders {
        if nth >= clients {
            waiting.join_next().await.expect("an order is pending").expect("answered");
        }
        let request = client.post(url).header("content-type", "application/json").body(BODY);
        waiting.spawn(async move {
            let response = request.send().await.expect("an answer");
            assert_eq!(response.status(), StatusCode::CREATED);
            response.bytes().await.expect("a body")
        });
    }
    while let Some(answered) = waiting.join_next().await {
        answered.expect("answered");
    }
    begin.elapsed()
}

criterion_group!(benches, http);
criterion_main!(benches);
