//! Asking a living aggregate, and bringing one with a hundred events to life, cold and from a snapshot.

use criterion::{Criterion, criterion_group, criterion_main};
use madang::{
    actors::{ActorSettings, Courtyard, Reply, Request, Settings, Trouble},
    declarations::Declarations,
};
use std::{path::Path, time::Duration, time::Instant};

/// Each confirms or cancels nothing: a taxi is registered, and its stock changed so often.
const EVENTS: u32 = 100;

/// Aggregates of a kind beyond the limit are passivated, the longest unused first.
const SLEEPERS: u64 = 64;

fn actors(criterion: &mut Criterion) {
    let system = actix::System::new();
    let mut group = criterion.benchmark_group("actors");
    group.sample_size(20).measurement_time(Duration::from_secs(3));

    let folder = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR"))).expect("a folder");
    let courtyard = system.block_on(async { start(folder.path(), ActorSettings::default()) });
    let taxi = system.block_on(register(&courtyard)).number;
    group.bench_function("ask: a living aggregate is shown", |bench| {
        bench.iter(|| system.block_on(show(&courtyard, taxi)));
    });
    system.block_on(courtyard.stop());

    for (name, snapshot_every_events) in [("cold", u32::MAX), ("from a snapshot", EVENTS)] {
        let folder = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR")));
        let folder = folder.expect("a folder");
        // One shard with room for one aggregate: whoever is shown, the one before falls asleep.
        let settings =
            ActorSettings { shards: 1, living_max: 1, snapshot_every_events, ..Default::default() };
        let courtyard = system.block_on(async { start(folder.path(), settings) });
        let taxis: Vec<u64> = system.block_on(sleepers(&courtyard));
        group.bench_function(format!("activate: {EVENTS} events, {name}"), |bench| {
            bench.iter_custom(|times| system.block_on(wake(&courtyard, &taxis, times)));
        });
        system.block_on(courtyard.stop());
    }
    group.finish();
}

fn start(data: &Path, actors: ActorSettings) -> Courtyard {
    let settings = Settings { data: data.to_owned(), actors, ..Settings::default() };
    Courtyard::start(settings, |host| Declarations::of(madang::shipped).install(host))
        .expect("starts")
}

/// Taxis with a history of a hundred events each.
async fn sleepers(courtyard: &Courtyard) -> Vec<u64> {
    let mut numbers = Vec::new();
    for _ in 0..SLEEPERS {
        let taxi = register(courtyard).await.number;
        for stock in 1..EVENTS {
            let body = format!(r#"{{"stockCnt":{stock}}}"#);
            say(courtyard, "restock", Some(taxi), body).await.expect("restocked");
        }
        numbers.push(taxi);
    }
    numbers
}

/// How long it takes to show so many, each of which has to be brought to life first.
async fn wake(courtyard: &Courtyard, taxis: &[u64], times: u64) -> Duration {
    let begin = Instant::now();
    for (_, taxi) in (0..times).zip(taxis.iter().cycle()) {
        show(courtyard, *taxi).await;
    }
    begin.elapsed()
}

async fn show(courtyard: &Courtyard, taxi: u64) -> Reply {
    courtyard.show(resource(courtyard), taxi).await.expect("is there")
}

async fn register(courtyard: &Courtyard) -> Reply {
    let body = r#"{"taxiName":"sonata","companyName":"tmap","stockCnt":10,"itemPrice":4900}"#;
    say(courtyard, "register", None, body.to_owned()).await.expect("registered")
}

async fn say(
    courtyard: &Courtyard,
    name: &str,
    number: Option<u64>,
    body: String,
) -> Result<Reply, Trouble> {
    let resource = resource(courtyard);
    let sayings = &courtyard.resources()[resource].sayings;
    let saying = sayings.iter().position(|saying| saying.name == name).expect("a saying");
    let request = Request {
        resource,
        saying,
        number,
        body: body.into_bytes(),
        key: None,
        if_match: None,
        patience: Duration::from_secs(10),
    };
    courtyard.say(request).await
}

fn resource(courtyard: &Courtyard) -> usize {
    let mut resources = courtyard.resources().iter();
    resources.position(|resource| resource.name == "taxis").expect("taxis")
}

criterion_group!(benches, actors);
criterion_main!(benches);
