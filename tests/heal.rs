//! What crashes comes back, and nobody else notices: a small business that crashes on purpose.

use madang::{
    actors::{ActorSettings, Courtyard, IdempotencyKey, Reply, Request, Settings, Trouble},
    domain::kernel::{
        Aggregate, Business, Decision, Host, Malformed, Nothing, Quantity, Rejection, Speaker,
        Timestamp, Vocabulary,
    },
};
use serde::{Deserialize, Serialize};
use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

struct Probe;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct NoSettings {}

impl Business for Probe {
    const NAME: &'static str = "probe";
    type Settings = NoSettings;

    fn install(host: &mut impl Host) {
        host.aggregate::<Counter>();
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Counter {
    exists: bool,
    count: u32,
}

#[derive(Clone, Debug, PartialEq)]
enum Command {
    Open,
    Add(u32),
    Explode,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Event {
    Opened,
    Added(u32),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
enum No {
    #[error("there is no such counter")]
    Unknown,
}

impl Rejection for No {}

/// While this is set, a counter's history cannot be read back.
static HISTORY_IS_POISONED: AtomicBool = AtomicBool::new(false);

/// The number that poisons a history.
const POISON: u32 = 666;

impl Aggregate for Counter {
    const NAME: &'static str = "probe/counters";
    type Business = Probe;
    type Command = Command;
    type Event = Event;
    type Rejection = No;

    fn speaker(_: &Command) -> Speaker {
        Speaker::Anyone
    }

    fn decide(&self, command: Command, _: Timestamp, _: &NoSettings) -> Decision<Self> {
        match (self.exists, command) {
            (false, Command::Open) => Ok(vec![Event::Opened]),
            (true, Command::Open) => Ok(vec![]),
            (true, Command::Add(count)) => Ok(vec![Event::Added(count)]),
            (true, Command::Explode) => panic!("exploded on purpose"),
            (false, Command::Add(_) | Command::Explode) => Err(No::Unknown),
        }
    }

    fn evolve(self, event: Event) -> Self {
        match event {
            Event::Opened => Self { exists: true, ..self },
            Event::Added(count) => {
                let is_poison = count == POISON && HISTORY_IS_POISONED.load(Ordering::SeqCst);
                assert!(!is_poison, "a poisoned history");
                Self { count: self.count + count, ..self }
            }
        }
    }

    fn show(&self, number: u64) -> impl Serialize {
        serde_json::json!({ "id": number, "count": self.count })
    }

    fn vocabulary() -> Vocabulary<Self> {
        #[derive(Deserialize)]
        struct Add {
            count: Quantity,
        }
        Vocabulary::new()
            .creates("open", |_: Nothing| Ok::<_, Malformed>(Command::Open))
            .command("add", |add: Add| Ok(Command::Add(add.count.0)))
            .command("explode", |_: Nothing| Ok(Command::Explode))
    }
}

fn start(data: &Path, actors: ActorSettings) -> Courtyard {
    let settings = Settings { data: data.to_owned(), actors, ..Settings::default() };
    Courtyard::start(settings, |host| {
        host.business::<Probe>();
    })
    .unwrap()
}

async fn say(
    courtyard: &Courtyard,
    name: &str,
    number: Option<u64>,
    body: &str,
) -> Result<Reply, Trouble> {
    say_under(courtyard, name, number, body, None).await
}

async fn say_under(
    courtyard: &Courtyard,
    name: &str,
    number: Option<u64>,
    body: &str,
    key: Option<IdempotencyKey>,
) -> Result<Reply, Trouble> {
    let sayings = &courtyard.resources()[0].sayings;
    let saying = sayings.iter().position(|saying| saying.name == name).unwrap();
    let request = Request {
        resource: 0,
        saying,
        number,
        body: body.as_bytes().to_vec(),
        key,
        if_match: None,
        patience: Duration::from_secs(10),
    };
    courtyard.say(request).await
}

fn count(reply: &Reply) -> u64 {
    serde_json::from_slice::<serde_json::Value>(&reply.body).unwrap()["count"].as_u64().unwrap()
}

#[actix::test]
async fn a_crashed_aggregate_is_back_within_100_ms_and_has_lost_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let courtyard = start(folder.path(), ActorSettings::default());
    let number = say(&courtyard, "open", None, "").await.unwrap().number;
    say(&courtyard, "add", Some(number), r#"{"count":7}"#).await.unwrap();

    let crashed = say(&courtyard, "explode", Some(number), "").await;
    let since = Instant::now();
    assert!(matches!(&crashed, Err(Trouble::Failed(because)) if because.contains("on purpose")));
    let shown = courtyard.show(0, number).await.unwrap();
    let healed_in = since.elapsed();
    assert_eq!(count(&shown), 7);
    assert!(healed_in < Duration::from_millis(100), "healed in {healed_in:?}");
    courtyard.stop().await;
}

#[actix::test]
async fn others_never_notice_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let courtyard = start(folder.path(), ActorSettings::default());
    let mut numbers = Vec::new();
    for _ in 0..8 {
        numbers.push(say(&courtyard, "open", None, "").await.unwrap().number);
    }
    let (bomb, others) = numbers.split_first().unwrap();
    for round in 1..=100 {
        let exploding = say(&courtyard, "explode", Some(*bomb), "");
        let adding =
            others.iter().map(|other| say(&courtyard, "add", Some(*other), r#"{"count":1}"#));
        let (_, added) = futures(exploding, adding).await;
        for reply in added {
            assert_eq!(count(&reply.unwrap()), round);
        }
    }
    courtyard.stop().await;
}

#[actix::test]
async fn repeated_crashes_end_in_quarantine_with_the_reason_and_release_brings_it_back() {
    let folder = tempfile::tempdir().unwrap();
    let actors = ActorSettings { crashes_max: 3, ..ActorSettings::default() };
    let courtyard = start(folder.path(), actors);
    let number = say(&courtyard, "open", None, "").await.unwrap().number;
    for _ in 0..3 {
        assert!(matches!(
            say(&courtyard, "explode", Some(number), "").await,
            Err(Trouble::Failed(_))
        ));
    }
    let refused = say(&courtyard, "add", Some(number), r#"{"count":1}"#).await;
    assert!(matches!(refused, Err(Trouble::Quarantined { .. })), "{refused:?}");

    let [entry] = &courtyard.quarantine()[..] else { panic!("one entry") };
    assert_eq!((entry.resource, entry.number, entry.crashes), ("probe/counters", number, 3));
    assert_eq!(entry.because, "panicked: exploded on purpose");
    assert_eq!(entry.command.as_deref(), Some("Explode"));

    assert!(courtyard.release(0, number));
    assert!(!courtyard.release(0, number), "released twice");
    let added = say(&courtyard, "add", Some(number), r#"{"count":1}"#).await.unwrap();
    assert_eq!(count(&added), 1);
    courtyard.stop().await;
}

#[actix::test]
async fn a_history_that_cannot_be_read_back_is_quarantined_and_never_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let courtyard = start(folder.path(), ActorSettings::default());
    let number = say(&courtyard, "open", None, "").await.unwrap().number;
    say(&courtyard, "add", Some(number), r#"{"count":666}"#).await.unwrap();
    courtyard.stop().await;

    HISTORY_IS_POISONED.store(true, Ordering::SeqCst);
    let actors = ActorSettings { crashes_max: 3, ..ActorSettings::default() };
    let courtyard = start(folder.path(), actors);
    let shown = courtyard.show(0, number).await;
    assert!(
        matches!(&shown, Err(Trouble::Quarantined { because, .. }) if because.contains("poisoned")),
        "{shown:?}"
    );

    HISTORY_IS_POISONED.store(false, Ordering::SeqCst);
    assert!(courtyard.release(0, number));
    assert_eq!(count(&courtyard.show(0, number).await.unwrap()), 666);
    courtyard.stop().await;
}

#[actix::test]
async fn a_command_said_again_under_its_key_is_done_once() {
    let folder = tempfile::tempdir().unwrap();
    let courtyard = start(folder.path(), ActorSettings::default());
    let key = Some(IdempotencyKey { key: 1, fingerprint: 1 });
    let first = say_under(&courtyard, "open", None, "", key).await.unwrap();
    let (again, beside) = tokio::join!(
        say_under(&courtyard, "open", None, "", key),
        say_under(&courtyard, "open", None, "", key)
    );
    assert_eq!((again.unwrap().number, beside.unwrap().number), (first.number, first.number));
    let other = Some(IdempotencyKey { key: 1, fingerprint: 2 });
    let reused = say_under(&courtyard, "open", None, "", other).await;
    assert_eq!(reused.unwrap_err(), Trouble::KeyReused);

    let key = Some(IdempotencyKey { key: 2, fingerprint: 2 });
    let add = r#"{"count":1}"#;
    say_under(&courtyard, "add", Some(first.number), add, key).await.unwrap();
    say(&courtyard, "add", Some(first.number), add).await.unwrap();
    let again = say_under(&courtyard, "add", Some(first.number), add, key).await.unwrap();
    assert_eq!(count(&again), 1, "the first answer, not the present state");
    courtyard.stop().await;

    let courtyard = start(folder.path(), ActorSettings::default());
    let again = say_under(&courtyard, "add", Some(first.number), add, key).await.unwrap();
    assert_eq!(count(&again), 1, "also after a restart");
    assert_eq!(count(&courtyard.show(0, first.number).await.unwrap()), 2);
    courtyard.stop().await;
}

/// One and many at once.
async fn futures<T, U>(
    one: impl Future<Output = T>,
    many: impl Iterator<Item = impl Future<Output = U>>,
) -> (T, Vec<U>) {
    let many: Vec<_> = many.map(Box::pin).collect();
    let all = async {
        let mut done = Vec::new();
        for each in many {
            done.push(each.await);
        }
        done
    };
    tokio::join!(one, all)
}
