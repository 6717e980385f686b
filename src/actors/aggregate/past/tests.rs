//! Tests of the past of a counter, in a journal in memory, with a small bound of applied records.

use super::*;
use crate::{
    domain::kernel::prelude::*,
    store::{
        Payload,
        journal::{Entry, MemoryJournal, Snapshot, Submission},
    },
};

struct Desk;

impl Business for Desk {
    const NAME: &'static str = "desk";
    type Settings = Empty;

    fn install(host: &mut impl Host) {
        host.aggregate::<Counter>();
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Command {
    Add,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Event {
    Added,
}

rejections! {
    enum Rejection {
        Never: "it never happens";
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Counter {
    count: u32,
}

impl Aggregate for Counter {
    const NAME: &'static str = "desk/counters";
    type Business = Desk;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn issuer(_: &Command) -> Issuer {
        Issuer::Anyone
    }

    fn decide(&self, _: Command, _: Timestamp, _: &Empty) -> Decision<Self> {
        Ok(vec![Event::Added])
    }

    fn evolve(self, _: Event) -> Self {
        Self { count: self.count + 1 }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::by_name("add", &[])
    }
}

/// A counter with this many events, the version of a snapshot, and a bound of applied records.
struct Counted {
    journal: Arc<dyn Journal>,
    stream: Stream,
    last: u32,
    replayed_max: u32,
}

impl Counted {
    fn new(last: u32, snapshot: u32, replayed_max: u32) -> Self {
        let journal: Arc<dyn Journal> = MemoryJournal::new();
        let kind = journal.kind(Counter::NAME).expect("a kind");
        let stream = Stream { kind, number: 1 };
        for version in 1..=last {
            let payload = Payload::Event(codec::encode(&Event::Added));
            let state = codec::encode(&Counter { count: version });
            let kept = Snapshot { version, shape: Counter::SHAPE, state };
            let submission = Submission {
                after_version: version - 1,
                entries: vec![Entry { payload, typed: None }],
                snapshot: (version == snapshot).then_some(kept),
                ..Submission::of(stream, journal.generation(), Timestamp(u64::from(version) * 10))
            };
            assert!(journal.submit(submission).is_ok());
        }
        Self { journal, stream, last, replayed_max }
    }

    fn past(&self) -> Past<'_> {
        let Self { journal, stream, last, replayed_max } = self;
        Past { journal: &**journal, stream: *stream, last: *last, replayed_max: *replayed_max }
    }

    /// The version and the count at this moment.
    fn at(&self, moment: Moment) -> Result<(u32, Value), RequestError> {
        let reply = self.past().at::<Counter>(moment)?;
        let body: Value = serde_json::from_slice(&reply.body).expect("json");
        Ok((reply.version, body["count"].clone()))
    }

    /// For each of these versions, the count before and after, if it is known.
    fn steps(&self, first: u32, last: u32) -> Vec<(u32, Option<[Option<Value>; 2]>)> {
        let steps = self.past().steps::<Counter>(first, last).expect("steps");
        let step = |HistoryStep { record, changes }| {
            let of_count = |changes: Vec<FieldChange>| {
                let mut of_count = changes.into_iter().filter(|change| change.field == "count");
                of_count.next().map(|change| [change.from, change.to])
            };
            (record.version, changes.and_then(of_count))
        };
        steps.into_iter().map(step).collect()
    }
}

fn counted(version: u32) -> (u32, Option<[Option<Value>; 2]>) {
    let before = (version > 1).then(|| json!(version - 1));
    (version, Some([before, Some(json!(version))]))
}

#[test]
fn every_version_and_every_instant_is_found_whatever_the_snapshot() {
    for snapshot in 0..=12 {
        let counter = Counted::new(12, snapshot, 12);
        for version in 1..=12 {
            let found = Ok((version, json!(version)));
            assert_eq!(counter.at(Moment::Version(version)), found, "snapshot {snapshot}");
            for ms in [0, 9] {
                let instant = Timestamp(u64::from(version) * 10 + ms);
                assert_eq!(counter.at(Moment::Instant(instant)), found, "snapshot {snapshot}");
            }
        }
        assert!(matches!(counter.at(Moment::Version(13)), Err(RequestError::BadQuery(_))));
        let before = counter.at(Moment::Instant(Timestamp(9)));
        assert!(matches!(before, Err(RequestError::NotFound { .. })), "{before:?}");
    }
}

#[test]
fn every_page_of_a_history_has_its_changes_whatever_the_snapshot() {
    for snapshot in 0..=12 {
        let counter = Counted::new(12, snapshot, 12);
        for first in 1..=12 {
            for last in first - 1..=12 {
                let expected: Vec<_> = (first..=last).map(counted).collect();
                assert_eq!(counter.steps(first, last), expected, "snapshot {snapshot}");
            }
        }
    }
}

#[test]
fn beyond_the_bound_a_moment_is_refused_and_records_have_no_changes_up_to_the_snapshot() {
    let counter = Counted::new(12, 10, 5);
    for version in [1, 5, 10, 11, 12] {
        assert_eq!(counter.at(Moment::Version(version)), Ok((version, json!(version))));
    }
    for version in 6..10 {
        let refused = counter.at(Moment::Version(version));
        assert!(matches!(refused, Err(RequestError::BadQuery(_))), "{version}: {refused:?}");
    }
    let found = counter.steps(8, 12);
    assert_eq!(found[..3], [(8, None), (9, None), (10, None)]);
    assert_eq!(found[3..], [counted(11), counted(12)]);
    assert_eq!(counter.steps(5, 8), (5..=8).map(counted).collect::<Vec<_>>());
    let unknown = Counted::new(12, 0, 5).steps(8, 9);
    assert_eq!(unknown, [(8, None), (9, None)], "there is no snapshot");
}

#[test]
fn a_change_has_the_value_before_and_the_value_after_of_each_field_that_differs() {
    fn fields(value: Value) -> Map<String, Value> {
        let Value::Object(fields) = value else { panic!("no object") };
        fields
    }
    let before = fields(json!({"id": 7, "status": "called", "old": 1, "nothing": null}));
    let after = fields(json!({"id": 7, "status": "paid", "new": null, "nothing": null}));
    let change = |field: &str, from: Option<Value>, to: Option<Value>| FieldChange {
        field: field.to_owned(),
        from,
        to,
    };
    let expected = [
        change("old", Some(json!(1)), None),
        change("status", Some(json!("called")), Some(json!("paid"))),
        change("new", None, Some(Value::Null)),
    ];
    assert_eq!(changes(before, after), expected);
}
