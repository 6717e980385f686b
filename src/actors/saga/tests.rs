//! Tests of a saga runner on a journal in memory.

use super::{
    STOPPED_BIT, SagaRunner,
    catch_up::UNDER_WAY_MAX,
    parked::{ParkReason, Stopped},
};
use crate::{
    actors::{
        subscription::{
            Progress, Subscriber, Wake,
            testing::{NoEvents, services_on},
        },
        supervision::Lifecycle,
    },
    domain::kernel::{Id, Meta, Saga, Step, Timestamp, WaitsFor},
    store::{
        Cause, KindId, Lease, Origin, Payload, Principals, Record, Stream, codec,
        journal::{Checkpoint, Entry, Journal, MemoryJournal, ReadLevel, Submission},
    },
};
use actix::{Actor as _, Context};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The number of the instance that crashes when its timer fires.
const CRASHING: u64 = 2;

/// The number of the instance that sets its timer again.
const AGAIN: u64 = 5;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Idle;

impl Saga for Idle {
    const NAME: &'static str = "test/idle";
    type Events = NoEvents;

    fn route(event: &NoEvents) -> Option<u64> {
        match *event {}
    }

    fn react(self, _: Id<Self>, event: NoEvents, _: &Meta) -> Step<Self> {
        match event {}
    }

    fn waits_for(&self) -> WaitsFor {
        WaitsFor::Nothing
    }

    fn on_timer(self, me: Id<Self>, _: Timestamp) -> Step<Self> {
        assert!(me.number() != CRASHING, "a bad number");
        match me.number() {
            AGAIN => Step::wait(self).set_timer(Timestamp(1)),
            _ => Step::wait(self),
        }
    }
}

fn runner(journal: &Arc<dyn Journal>, me: KindId) -> SagaRunner<Idle> {
    let services = services_on(journal);
    let progress = Progress::new("saga", &services.components.with(Idle::NAME, "saga"));
    let mut runner = SagaRunner::new((me, Lease::default()), services, progress);
    // It reads the kinds that it listens to.
    runner.listen_to([me].into_iter().collect(), &mut Context::new());
    runner
}

/// Writes the first record of a stream, and with it the checkpoints submitted before.
fn write(journal: &Arc<dyn Journal>, stream: Stream, payload: Payload, cause: Cause) -> u64 {
    let entries = vec![Entry { payload, typed: None }];
    let of = Submission::of(stream, journal.generation(), Timestamp(0));
    let submission = Submission { entries, correlation: 1, cause, ..of };
    journal.submit(submission).expect("is accepted").last_position
}

/// Stores an instance as parked before its first record, and released. `delivered` commands of its
/// reaction to that record are delivered. Returns the position of the record and the checkpoint.
fn park(journal: &Arc<dyn Journal>, me: KindId, number: u64, delivered: u16) -> u64 {
    let position = write(journal, Stream { kind: me, number }, Payload::TimerFired, Cause::Timer);
    let (after, why) = (position - 1, ParkReason::Released);
    let parked = Stopped::<Idle>::Before { after, kept: None, delivered, why };
    let conversations = vec![(number | STOPPED_BIT, Some(codec::encode(&parked)))];
    let generation = journal.generation();
    let checkpoint = Checkpoint { subscriber: me, generation, position, conversations };
    assert!(journal.checkpoint(checkpoint).is_ok());
    position
}

#[test]
fn no_checkpoint_passes_the_outcome_of_a_command_before_its_instance_has_replayed_it() {
    let journal: Arc<dyn Journal> = MemoryJournal::new();
    let me = journal.kind(Idle::NAME).expect("a kind");
    let receivers = journal.kind("test/receivers").expect("a kind");
    let mut runner = runner(&journal, me);
    let receiver = |number| Stream { kind: receivers, number };
    let unchanged = || Payload::Unchanged { command: "Any".to_owned() };

    // The command of the parked instance is delivered after the checkpoint.
    let position = park(&journal, me, 1, 0);
    let origin = Origin { by: me, conversation: 1, position, nth: 0 };
    let head = write(&journal, receiver(1), unchanged(), Cause::Dispatch(origin));

    // The runner reads the outcome while its scan pauses.
    let mut ctx = Context::new();
    assert!(runner.has_started(&mut ctx).expect("starts"));
    runner.under_way = UNDER_WAY_MAX;
    assert!(runner.turn(&mut ctx).is_ok_and(|rest| !rest.records && !rest.work));
    runner.checkpoint();
    write(&journal, receiver(2), unchanged(), Cause::Request(None));
    assert_eq!(journal.cursor_of(me).expect("reads"), position);

    runner.under_way = 0;
    assert!(runner.turn(&mut ctx).is_ok_and(|rest| !rest.records && !rest.work));
    runner.checkpoint();
    write(&journal, receiver(3), unchanged(), Cause::Request(None));
    assert_eq!(journal.cursor_of(me).expect("reads"), head + 1);
}

#[test]
fn a_parked_instance_that_crashes_when_it_resumes_keeps_the_number_of_delivered_commands() {
    let journal: Arc<dyn Journal> = MemoryJournal::new();
    let me = journal.kind(Idle::NAME).expect("a kind");
    let mut runner = runner(&journal, me);
    park(&journal, me, CRASHING, 3);
    write(&journal, Stream { kind: me, number: 3 }, Payload::TimerFired, Cause::Timer);

    runner.turn(&mut Context::new()).expect("runs");
    assert!(runner.stops.is_crashed(CRASHING));
    let stopped = runner.stopped(CRASHING).expect("reads");
    assert!(matches!(stopped, Some(Stopped::Before { delivered: 3, .. })), "{stopped:?}");
}

/// The record of a timer that a record with these principals set. It fires after a restart.
fn fired_after(principals: Option<&Arc<Principals>>) -> Arc<Record> {
    let journal: Arc<dyn Journal> = MemoryJournal::new();
    let me = journal.kind(Idle::NAME).expect("a kind");
    let submission = Submission {
        entries: vec![Entry { payload: Payload::TimerFired, typed: None }],
        cause: Cause::Timer,
        principals: principals.cloned(),
        ..Submission::of(Stream { kind: me, number: AGAIN }, journal.generation(), Timestamp(0))
    };
    let set = journal.submit(submission).expect("is accepted").last_position;
    let mut ctx = Context::new();
    let mut before = runner(&journal, me);
    assert!(before.has_started(&mut ctx).expect("starts"));
    before.turn(&mut ctx).expect("runs");
    before.checkpoint();
    // The checkpoint is written with the next record.
    let other = Stream { kind: journal.kind("test/other").expect("a kind"), number: 1 };
    write(&journal, other, Payload::Unchanged { command: "Any".to_owned() }, Cause::Request(None));
    let mut after = runner(&journal, me);
    assert!(after.has_started(&mut ctx).expect("starts"));
    after.turn(&mut ctx).expect("runs");
    after.fire(&mut ctx);
    let mut records = journal.read(set + 1, 1, ReadLevel::Submitted).expect("reads");
    records.remove(0)
}

#[actix::test]
async fn the_record_of_a_timer_belongs_to_the_customer_of_the_record_that_set_it() {
    for owner in [None, Some("kim".into())] {
        let principals =
            owner.map(|owner| Arc::new(Principals { issuer: None, owner: Some(owner) }));
        let fired = fired_after(principals.as_ref());
        assert_eq!((fired.stream.number, &fired.principals), (AGAIN, &principals));
    }
}

#[actix::test]
async fn a_saga_that_is_ordered_to_stop_stores_its_position() {
    let journal: Arc<dyn Journal> = MemoryJournal::new();
    let me = journal.kind(Idle::NAME).expect("a kind");
    let timer =
        |number| write(&journal, Stream { kind: me, number }, Payload::TimerFired, Cause::Timer);
    let read = timer(1);
    let runner = runner(&journal, me).start();
    runner.send(Wake).await.expect("a started runner");
    runner.send(Lifecycle::Stop).await.expect("a runner that stops");
    // The checkpoint is written with the next record.
    timer(3);
    assert_eq!(journal.cursor_of(me).expect("reads"), read);
}
