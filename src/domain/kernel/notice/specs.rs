//! Specifications of the notice.

use super::{
    Command::Note,
    Customer, Entry,
    Event::{Failed, Sent},
    Letter, Notice, Sending, Subject,
};
use crate::domain::kernel::{
    prelude::*,
    simulation::{Dice, World, crash_at_each_record, fail_each_step, repeat_each_step},
    spec::{Spec, table},
};

/// A shoe that is brought and mended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Shoe;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum OfShoe {
    Bring { phone: Personal },
    Mend { phone: Personal },
    Polish,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Work {
    Brought { phone: Personal },
    Mended { phone: Personal },
    Polished,
}

rejections! { enum Refusal { Unknown: unknown "there is no such shoe"; } }

struct Cobbler;

impl Business for Cobbler {
    const NAME: &'static str = "cobbler";
    type Settings = Empty;

    fn install(host: &mut impl Host) {
        host.aggregate::<Shoe>();
        super::install::<About>(host);
    }
}

impl Aggregate for Shoe {
    const NAME: &'static str = "cobbler/shoes";
    type Business = Cobbler;
    type Command = OfShoe;
    type Event = Work;
    type Rejection = Refusal;

    fn issuer(_: &OfShoe) -> Issuer {
        Issuer::Customer
    }

    fn decide(&self, command: OfShoe, _: Timestamp, _: &Empty) -> Decision<Self> {
        Ok(vec![match command {
            OfShoe::Bring { phone } => Work::Brought { phone },
            OfShoe::Mend { phone } => Work::Mended { phone },
            OfShoe::Polish => Work::Polished,
        }])
    }

    fn evolve(self, _: Work) -> Self {
        self
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::by_name("bring", &["mend", "polish"])
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
enum About {
    #[default]
    Brought,
    Mended,
}

impl Subject for About {
    type Of = Shoe;
    const NOTICES: &'static str = "cobbler/notices";
    const MESSAGES: &'static str = "cobbler/messages";
    const PORT: &'static str = "cobbler/sms";

    fn letter(shoe: Id<Shoe>, event: &Work) -> Option<Letter<Self>> {
        let (phone, change) = match event {
            Work::Brought { phone } => (phone, Self::Brought),
            Work::Mended { phone } => (phone, Self::Mended),
            Work::Polished => return None,
        };
        let customer = Customer { name: "Kim".into(), phone: phone.clone() };
        Some(Letter { customer, change, text: format!("your shoe {shoe} is {change:?}") })
    }
}

#[test]
fn each_subject_is_recorded_once_whether_its_message_was_sent_or_not() {
    let sent = |change| Sent { letter: letter(change) };
    let failed = |change| Failed { letter: letter(change), reason: "no such phone".into() };
    let note = |change, failed: Option<&str>| Note {
        letter: letter(change),
        failed: failed.map(ToOwned::to_owned),
    };
    let reason = Some("no such phone");
    table::<Notice<About>>(
        &[
            ("nothing", vec![]),
            ("sent", vec![sent(About::Mended)]),
            ("failed", vec![failed(About::Mended)]),
        ],
        &[
            note(About::Mended, None),
            note(About::Mended, reason),
            note(About::Brought, None),
            note(About::Brought, reason),
        ],
        "
        past    Note Note   Note Note
        nothing Sent Failed Sent Failed
        sent    -    -      Sent Failed
        failed  -    -      Sent Failed
        ",
    );
    Notice::given([]).when(note(About::Mended, None)).then([sent(About::Mended)]);
    Notice::given([]).when(note(About::Mended, reason)).then([failed(About::Mended)]);
}

#[test]
fn the_service_is_asked_until_it_answers_and_once_for_each_subject() {
    let meta = Meta { position: 3, version: 2, time: Timestamp(0), correlation: 7 };
    let (shoe, phone) = (Id::new(7), || Personal::from("010"));
    let request = Sending::<About>::ask(&(shoe, Work::Mended { phone: phone() }), &meta).unwrap();
    assert_eq!((request.operation, request.key.as_str()), ("send", "send-7-mended"));
    assert_eq!(request.retry_policy, RetryPolicy::UntilAnswered);
    let body = json!({
        "operation": "send", "orderId": 7, "phone": "010", "name": "Kim", "status": "Mended",
        "text": "your shoe 7 is Mended",
    });
    assert_eq!(request.body, body);
    assert_eq!(Sending::<About>::ask(&(shoe, Work::Polished), &meta), None);
}

#[test]
fn every_message_is_listed_with_the_reason_why_it_was_not_sent() {
    let mut world = World::of::<Cobbler>(Empty {});
    for chapter in 0..3 {
        story(&mut world, chapter);
        world.settle(&mut Dice::new(1));
    }
    let rows = world.rows::<Entry<About>>().into_iter();
    let listed: Vec<_> = rows.map(|(_, row)| (row.order_id, row.status, row.failed)).collect();
    let reason = "the customer gave no phone number".to_owned();
    assert_eq!(listed, [(7, About::Brought, None), (7, About::Mended, Some(reason))]);
    assert_eq!(world.shown::<Notice<About>>(7)["told"], json!(["Brought", "Mended"]));
}

#[test]
fn messages_survive_failures_repetitions_and_crashes() {
    let company = || World::of::<Cobbler>(Empty {});
    fail_each_step(company, story, each_event_is_announced_once);
    repeat_each_step(company, story, each_event_is_announced_once);
    crash_at_each_record(company, story, each_event_is_announced_once);
}

/// A shoe is brought, polished, and mended; the customer gives no number the second time.
fn story(world: &mut World, chapter: usize) -> bool {
    let command = match chapter {
        0 => OfShoe::Bring { phone: "010".into() },
        1 => OfShoe::Polish,
        2 => OfShoe::Mend { phone: "".into() },
        _ => return false,
    };
    world.submit::<Shoe>(7, command).unwrap();
    true
}

fn each_event_is_announced_once(world: &World) -> Result<(), String> {
    let events = world.events::<Shoe>().into_iter();
    let changes = events.filter_map(|(_, event)| Some(About::letter(Id::new(7), &event)?.change));
    let rows = world.rows::<Entry<About>>().into_iter();
    let (changes, told): (Vec<_>, Vec<_>) =
        (changes.collect(), rows.map(|(_, row)| row.status).collect());
    if changes == told { Ok(()) } else { Err(format!("{changes:?} happened, {told:?} are told")) }
}

fn letter(change: About) -> Letter<About> {
    Letter { change, ..Letter::default() }
}
