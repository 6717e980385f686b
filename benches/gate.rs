//! Benchmarks the passage of a gate: under a short lock, and by two messages to an actor.

use actix::{Actor, Addr, Arbiter, Context, Handler, Message, MessageResult};
use criterion::{Criterion, criterion_group, criterion_main};
use madang::actors::{CallOutcome, Gate, GateKind, GateSettings, Permit};
use std::{
    hint::black_box,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

fn gate(guards: GateKind) -> Gate {
    Gate::alone("bench", guards, GateSettings::default()).expect("the default settings are valid")
}

fn pass(gate: &Gate) {
    let permit = black_box(gate).try_enter().expect("the gate is closed and not full");
    permit.report(CallOutcome::Succeeded);
}

fn gates(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("gate");
    let usual = [("port", GateKind::Port), ("admission", GateKind::Admission)];
    for (name, guards) in usual {
        let gate = gate(guards);
        group.bench_function(format!("enter and report: {name}, alone"), |bench| {
            bench.iter(|| pass(&gate));
        });
        let gate = Arc::new(gate);
        group.bench_function(format!("enter and report: {name}, beside another thread"), |bench| {
            bench.iter_custom(|times| both(&gate, times));
        });
    }
    let system = actix::System::new();
    let arbiter = Arbiter::new();
    let doorman = system.block_on(doorman(&arbiter));
    group.bench_function("enter and report: by messages to an actor", |bench| {
        bench.iter_custom(|times| system.block_on(by_message(&doorman, times)));
    });
    arbiter.stop();
    group.finish();
}

/// Measures `times` passages by each of two threads at the same time.
fn both(gate: &Arc<Gate>, times: u64) -> Duration {
    let begun = Instant::now();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..times).for_each(|_| pass(gate)));
        }
    });
    begun.elapsed()
}

/// The same gate inside an actor.
struct Doorman(Gate);

impl Actor for Doorman {
    type Context = Context<Self>;
}

#[derive(Message)]
#[rtype(result = "Option<Permit>")]
struct Enter;

impl Handler<Enter> for Doorman {
    type Result = MessageResult<Enter>;

    fn handle(&mut self, _: Enter, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.0.try_enter())
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct Report(Permit);

impl Handler<Report> for Doorman {
    type Result = ();

    fn handle(&mut self, Report(permit): Report, _: &mut Self::Context) {
        permit.report(CallOutcome::Succeeded);
    }
}

async fn doorman(arbiter: &Arbiter) -> Addr<Doorman> {
    let (told, addr) = tokio::sync::oneshot::channel();
    arbiter.spawn_fn(move || drop(told.send(Doorman(gate(GateKind::Port)).start())));
    addr.await.expect("it starts")
}

async fn by_message(doorman: &Addr<Doorman>, times: u64) -> Duration {
    let begun = Instant::now();
    for _ in 0..times {
        let permit = doorman.send(Enter).await.expect("it runs").expect("it is not full");
        doorman.do_send(Report(permit));
    }
    begun.elapsed()
}

criterion_group!(benches, gates);
criterion_main!(benches);
