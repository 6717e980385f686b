//! Benchmarks reads of an active aggregate, and the activation of one with a hundred events.
//!
//! An activation starts cold, from all events, or from a snapshot.

use criterion::{Criterion, criterion_group, criterion_main};
use madang::{
    actors::{ActorSettings, Caller, Reply, Request, RequestError, Runtime, Settings},
    declarations::Declarations,
};
use std::{path::Path, time::Duration, time::Instant};

/// The events of each taxi: a registration and changes of its stock.
const EVENTS: u32 = 100;

/// Aggregates of a kind beyond the limit are passivated, the longest unused first.
const SLEEPERS: u64 = 64;

fn actors(criterion: &mut Criterion) {
    let system = actix::System::new();
    let mut group = criterion.benchmark_group("actors");
    group.sample_size(20).measurement_time(Duration::from_secs(3));

    let folder = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR"))).expect("a folder");
    let runtime = system.block_on(async { start(folder.path(), ActorSettings::default()) });
    let taxi = system.block_on(register(&runtime)).number;
    group.bench_function("show: an active aggregate", |bench| {
        bench.iter(|| system.block_on(show(&runtime, taxi)));
    });
    system.block_on(runtime.stop());

    for (name, snapshot_every_events) in [("cold", u32::MAX), ("from a snapshot", EVENTS)] {
        let folder = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR")));
        let folder = folder.expect("a folder");
        // One shard with capacity for one aggregate: each request passivates the aggregate before.
        let settings = ActorSettings {
            shards: 1,
            instances_max: 1,
            snapshot_every_events,
            ..Default::default()
        };
        let runtime = system.block_on(async { start(folder.path(), settings) });
        let taxis: Vec<u64> = system.block_on(sleepers(&runtime));
        group.bench_function(format!("activate: {EVENTS} events, {name}"), |bench| {
            bench.iter_custom(|times| system.block_on(wake(&runtime, &taxis, times)));
        });
        system.block_on(runtime.stop());
    }
    group.finish();
}

fn start(data: &Path, actors: ActorSettings) -> Runtime {
    let settings = Settings { data: data.to_owned(), actors, ..Settings::default() };
    Runtime::start(settings, |host| Declarations::of(madang::shipped).install(host))
        .expect("starts")
}

/// Registers taxis with a history of a hundred events each.
async fn sleepers(runtime: &Runtime) -> Vec<u64> {
    let mut numbers = Vec::new();
    for _ in 0..SLEEPERS {
        let taxi = register(runtime).await.number;
        for stock in 1..EVENTS {
            let body = format!(r#"{{"stockCnt":{stock}}}"#);
            send(runtime, "restock", Some(taxi), body).await.expect("restocked");
        }
        numbers.push(taxi);
    }
    numbers
}

/// Measures `times` reads; each read activates its aggregate first.
async fn wake(runtime: &Runtime, taxis: &[u64], times: u64) -> Duration {
    let begin = Instant::now();
    for (_, taxi) in (0..times).zip(taxis.iter().cycle()) {
        show(runtime, *taxi).await;
    }
    begin.elapsed()
}

async fn show(runtime: &Runtime, taxi: u64) -> Reply {
    runtime.show(resource(runtime), taxi, &Caller::Trusted).await.expect("the taxi exists")
}

async fn register(runtime: &Runtime) -> Reply {
    let body = r#"{"taxiName":"sonata","companyName":"tmap","stockCnt":10,"itemPrice":4900}"#;
    send(runtime, "register", None, body.to_owned()).await.expect("registered")
}

async fn send(
    runtime: &Runtime,
    name: &str,
    number: Option<u64>,
    body: String,
) -> Result<Reply, RequestError> {
    let resource = resource(runtime);
    let command_routes = &runtime.resources()[resource].command_routes;
    let command_route = command_routes
        .iter()
        .position(|command_route| command_route.name == name)
        .expect("a command route");
    let request = Request {
        resource,
        command_route,
        number,
        caller: Caller::Trusted,
        body: body.into_bytes(),
        key: None,
        if_match: None,
        is_async: false,
        trace: None,
        wait_max: Duration::from_secs(10),
    };
    runtime.submit(request).await
}

fn resource(runtime: &Runtime) -> usize {
    let mut resources = runtime.resources().iter();
    resources.position(|resource| resource.name == "taxis").expect("taxis")
}

criterion_group!(benches, actors);
criterion_main!(benches);
