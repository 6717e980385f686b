//! Tests of the effect runner with effects that the tests start themselves.

use super::{
    contract::{EffectContext, EffectTask},
    *,
};
use crate::{
    actors::{
        operations::Component,
        subscription::testing::{NoEvents, services_on},
    },
    domain::kernel::{Dispatch, Meta, Timestamp},
    store::{
        Cause, Payload, Stream,
        journal::{Entry, Journal, MemoryJournal, Submission},
    },
};
use actix::{Addr, Message};
use std::future::pending;
use tokio::{sync::oneshot, time::timeout};

const NAME: &str = "test/effect";

struct TestEffect;

impl Effect for TestEffect {
    const NAME: &'static str = NAME;

    type Events = NoEvents;

    fn run(&self, _: NoEvents, _: Meta, _: bool, _: EffectContext) -> Option<EffectTask> {
        None
    }

    fn refused(&self, _: &NoEvents, _: &Meta, _was_asked: bool) -> Option<Dispatch> {
        None
    }

    fn needs(&self) -> Option<&Arc<Component>> {
        None
    }
}

/// Runs an effect that never ends. The sender is dropped with it.
#[derive(Message)]
#[rtype(result = "()")]
struct RunForever(oneshot::Sender<()>);

impl Handler<RunForever> for EffectRunner<TestEffect> {
    type Result = ();

    fn handle(&mut self, RunForever(sender): RunForever, ctx: &mut Self::Context) {
        let running = Box::pin(async move {
            let _sender = sender;
            pending().await
        });
        let task = EffectTask { retry_policy: RetryPolicy::UntilDeadline, running };
        self.go_out(Job { record: record(1, 1), task, was_asked: false }, ctx);
    }
}

fn record(position: u64, conversation: u64) -> Arc<Record> {
    Arc::new(Record {
        position,
        stream: Stream { kind: KindId(1), number: conversation },
        version: 1,
        time: Timestamp(0),
        correlation: conversation,
        cause: Cause::Request(None),
        principals: None,
        trace: None,
        payload: Payload::Event(Vec::new()),
        typed: None,
    })
}

/// Writes one record, and returns its position.
fn write_one(journal: &Arc<dyn Journal>) -> u64 {
    let kind = journal.kind("test/others").expect("a kind");
    let stream = Stream { kind, number: journal.submitted() + 1 };
    let entries = vec![Entry { payload: Payload::Event(Vec::new()), typed: None }];
    let of = Submission::of(stream, journal.generation(), Timestamp(0));
    journal.submit(Submission { entries, ..of }).expect("is accepted").last_position
}

/// A runner with this lease that has read this journal.
async fn started_on(journal: &Arc<dyn Journal>, lease: Lease) -> Addr<EffectRunner<TestEffect>> {
    let services = services_on(journal);
    let progress = Progress::new("port", &services.components.with(NAME, "port"));
    let limits = Limits { under_way_max: 1, urgent_max: 1, background_max: 1 };
    let me = (KindId(1), lease);
    let runner = EffectRunner::new(me, TestEffect, limits, services, progress).start();
    runner.send(Wake).await.expect("a started runner");
    runner
}

#[actix::test]
async fn the_effects_of_a_stopped_runner_are_cancelled_before_its_lease_ends() {
    let lease = Lease::default();
    let journal: Arc<dyn Journal> = MemoryJournal::new();
    let runner = started_on(&journal, lease.clone()).await;
    let (sender, dropped) = oneshot::channel();
    runner.send(RunForever(sender)).await.expect("a running effect");
    runner.do_send(Lifecycle::Stop);
    let dropped = timeout(Duration::from_secs(20), dropped).await.expect("the effect ends");
    assert!(dropped.is_err(), "the effect has no outcome");
    assert!(!lease.is_over());
}

#[actix::test]
async fn a_runner_that_is_ordered_to_stop_stores_its_position() {
    let journal: Arc<dyn Journal> = MemoryJournal::new();
    let read = write_one(&journal);
    let runner = started_on(&journal, Lease::default()).await;
    runner.send(Lifecycle::Stop).await.expect("a runner that stops");
    // The checkpoint is written with the next record.
    write_one(&journal);
    assert_eq!(journal.cursor_of(KindId(1)).expect("reads"), read);
}
