//! A hundred thousand simulated schools with random students and course managers: the money and the
//! courses add up.

use super::{cashier, ensure, explore, shown, unreachable, with_declining_services};
use madang::domain::{
    education::{
        Education,
        admission::Admission,
        application::{self, Application},
        enrolment::{self, Enrolment},
        my_page::MyPage,
        payment::{Fee, Payment},
        seat::CourseSeat,
        seating::Seating,
        settings::Settings,
        student::Student,
    },
    kernel::{
        Aggregate as _, FailureKind, Money, Number, PortReply, Progress,
        simulation::{
            Dice, RandomWorlds, World, crash_at_each_record, fail_each_step, repeat_each_step,
        },
    },
};
use std::collections::BTreeMap;

#[test]
fn whatever_happens_money_and_courses_add_up() {
    explore(&worlds(|_| school()), unreachable::EDUCATION);
}

#[test]
fn an_application_survives_every_failure_of_the_outside() {
    for story in [course, cancelled_course, raced_course, repeated_course] {
        fail_each_step(school, story, everything_adds_up);
    }
}

#[test]
fn an_application_survives_every_command_submitted_twice() {
    for story in [course, cancelled_course, raced_course, repeated_course] {
        repeat_each_step(school, story, everything_adds_up);
    }
}

#[test]
fn an_application_survives_a_crash_after_every_record() {
    for story in [course, cancelled_course, raced_course, repeated_course] {
        crash_at_each_record(school, story, everything_adds_up);
    }
}

#[test]
fn a_course_that_is_paid_is_taken_and_completed() {
    let mut world = school();
    world.tell::<Application>(1, apply("MSA")).unwrap();
    assert_eq!(status(&world), ["EduRegistered", "EduRegistered", "Paid"]);
    world.tell::<Enrolment>(1, enrolment::Command::Complete).unwrap();
    assert_eq!(status(&world), ["EduCompleted", "EduCompleted", "Paid"]);
    assert!(world.tell::<Application>(1, application::Command::Cancel).is_err());
    assert!(world.open::<Admission>().is_empty());
    everything_adds_up(&world).unwrap();
}

#[test]
fn a_course_that_is_cancelled_is_paid_back() {
    let mut world = school();
    world.tell::<Application>(1, apply("MSA")).unwrap();
    world.tell::<Application>(1, application::Command::Cancel).unwrap();
    assert_eq!(status(&world), ["EduCancelled", "EduCancelled", "PayCancelled"]);
    assert!(world.tell::<Enrolment>(1, enrolment::Command::Complete).is_err());
    everything_adds_up(&world).unwrap();
}

#[test]
fn a_course_may_have_a_price_of_its_own() {
    let course_prices = [("MSA".to_owned(), Money(300_000))].into();
    let settings = Settings { course_prices, ..Settings::default() };
    let mut world = World::of::<Education>(settings);
    world.tell::<Application>(1, apply("MSA")).unwrap();
    world.tell::<Application>(2, apply("DDD")).unwrap();
    assert_eq!(world.shown::<Payment>(1)["amount"], 300_000);
    assert_eq!(world.shown::<Payment>(2)["amount"], 100_000);
}

/// All commands for the enrolment wait in the outbox, as if the enrolment were down.
#[test]
fn a_student_who_cancels_while_the_course_office_is_down_is_refunded_and_never_enrolled() {
    let mut world = school();
    let mut dice = Dice::new(1);
    world.submit::<Application>(1, apply("MSA")).unwrap();
    world.deliver(0); // the seat is taken
    world.deliver(0); // the payment may be asked for
    world.deliver(0); // the charge is requested
    world.commit();
    world.answer(0, &mut dice); // the charge is approved
    world.deliver(0); // the application is paid, and the enrolment is requested
    assert_eq!(status(&world), ["EduApplied", "", "Paid"]);
    world.submit::<Application>(1, application::Command::Cancel).unwrap();
    world.deliver(1); // the refund is requested
    world.deliver(1); // the seat is given back
    world.commit();
    world.answer(0, &mut dice); // the refund is made
    world.deliver(1); // the application is closed
    assert!(!world.is_quiet());
    assert_eq!(status(&world), ["EduCancelled", "", "PayCancelled"]);
    world.settle(&mut dice);
    assert_eq!(status(&world), ["EduCancelled", "", "PayCancelled"]);
    assert!(world.events::<Enrolment>().is_empty());
    world.check_invariants().and_then(|()| everything_adds_up(&world)).unwrap();
}

#[test]
fn the_same_student_does_not_pay_the_same_course_twice() {
    let mut world = school();
    world.tell::<Application>(1, apply("MSA")).unwrap();
    world.tell::<Application>(2, apply(" msa ")).unwrap();
    let reason = "the student has applied for the course already, with application 1";
    let refused = Progress::Failed { how: FailureKind::Refused, reason: reason.into() };
    assert_eq!(world.get::<Application>(2).progress(), refused);
    assert_eq!(world.shown::<Application>(2)["status"], "Rejected");
    assert!(world.events::<Payment>().iter().all(|(number, _)| *number == 1));
    world.tell::<Application>(3, apply("DDD")).unwrap();
    assert_eq!(world.shown::<Application>(3)["status"], "EduRegistered");
    world.tell::<Enrolment>(1, enrolment::Command::Complete).unwrap();
    world.tell::<Application>(4, apply("MSA")).unwrap();
    assert_eq!(world.get::<Application>(4).progress(), refused, "also once it is completed");
    everything_adds_up(&world).unwrap();
}

#[test]
fn a_student_may_apply_again_after_a_cancellation_or_a_declined_payment() {
    let mut world = school();
    world.outside.fail_at = Some((0, PortReply::Declined("no".into())));
    world.tell::<Application>(1, apply("MSA")).unwrap();
    assert_eq!(world.shown::<Application>(1)["status"], "Rejected");
    world.tell::<Application>(2, apply("MSA")).unwrap();
    assert_eq!(world.shown::<Application>(2)["status"], "EduRegistered");
    world.tell::<Application>(2, application::Command::Cancel).unwrap();
    world.tell::<Application>(3, apply("MSA")).unwrap();
    assert_eq!(world.shown::<Application>(3)["status"], "EduRegistered");
    assert!(world.open::<Seating>().is_empty());
    everything_adds_up(&world).unwrap();
}

#[test]
fn an_application_that_is_cancelled_while_seats_are_down_asks_for_no_payment() {
    let mut world = school();
    world.suspend::<CourseSeat>();
    world.tell::<Application>(1, apply("MSA")).unwrap();
    assert_eq!(world.get::<Application>(1).progress(), Progress::Pending);
    world.tell::<Application>(1, application::Command::Cancel).unwrap();
    world.resume::<CourseSeat>();
    world.settle(&mut Dice::new(1));
    assert_eq!(status(&world), ["EduCancelled", "", ""]);
    assert_eq!(world.get::<Application>(1).progress(), Progress::Established);
    world.tell::<Application>(2, apply("MSA")).unwrap();
    assert_eq!(world.shown::<Application>(2)["status"], "EduRegistered");
    world.check_invariants().and_then(|()| everything_adds_up(&world)).unwrap();
}

#[test]
fn exactly_one_of_completion_and_cancellation_succeeds() {
    let mut winners = [0, 0];
    for seed in 0..200 {
        let mut dice = Dice::new(seed);
        let mut world = school();
        world.tell::<Application>(1, apply("MSA")).unwrap();
        let complete_first = dice.once_in(2);
        if complete_first {
            world.submit::<Enrolment>(1, enrolment::Command::Complete).unwrap();
        }
        world.submit::<Application>(1, application::Command::Cancel).unwrap();
        for _ in 0..dice.roll(4) {
            world.deliver(0);
        }
        let completed = world.submit::<Enrolment>(1, enrolment::Command::Complete).is_ok();
        world.settle(&mut dice);
        let expected = if completed {
            ["EduCompleted", "EduCompleted", "Paid"]
        } else {
            ["EduCancelled", "EduCancelled", "PayCancelled"]
        };
        assert_eq!(status(&world), expected, "seed {seed}");
        winners[usize::from(completed)] += 1;
        world.check_invariants().and_then(|()| everything_adds_up(&world)).unwrap();
    }
    assert!(winners.iter().all(|wins| *wins > 20), "{winners:?}");
}

pub(crate) fn school() -> World {
    World::of::<Education>(Settings::default())
}

/// Random worlds that begin like this.
pub(crate) fn worlds<'a>(begin: impl Fn(&mut Dice) -> World + Sync + 'a) -> RandomWorlds<'a> {
    RandomWorlds::new(move |dice| with_declining_services(begin(dice)))
        .person(12, people)
        .person(1, cashier::<Fee>)
        .invariants(everything_adds_up)
}

/// Submits a random command. Rejections are expected.
pub(crate) fn people(world: &mut World, dice: &mut Dice) {
    let number = 1 + dice.roll(3) as u64;
    let _ = match dice.roll(11) {
        9 => return world.suspend::<CourseSeat>(),
        10 => return world.resume::<CourseSeat>(),
        0..4 => world.submit::<Application>(number, apply(["MSA", "msa", "DDD", ""][dice.roll(4)])),
        4..7 => world.submit::<Application>(number, application::Command::Cancel),
        _ => world.submit::<Enrolment>(number, enrolment::Command::Complete),
    };
}

fn course(world: &mut World, chapter: usize) -> bool {
    let _ = match chapter {
        0 => world.submit::<Application>(1, apply("MSA")),
        1 => world.submit::<Enrolment>(1, enrolment::Command::Complete),
        _ => return false,
    };
    true
}

fn cancelled_course(world: &mut World, chapter: usize) -> bool {
    if chapter == 1 {
        let _ = world.submit::<Application>(1, application::Command::Cancel);
        return true;
    }
    course(world, chapter)
}

fn raced_course(world: &mut World, chapter: usize) -> bool {
    let goes_on = course(world, chapter);
    if chapter == 1 {
        let _ = world.submit::<Application>(1, application::Command::Cancel);
    }
    goes_on
}

/// The course is asked for twice, and once more after the first application is cancelled.
fn repeated_course(world: &mut World, chapter: usize) -> bool {
    let _ = match chapter {
        0 => {
            let _ = world.submit::<Application>(1, apply("MSA"));
            world.submit::<Application>(2, apply("MSA"))
        }
        1 => world.submit::<Application>(1, application::Command::Cancel),
        2 => world.submit::<Application>(3, apply("MSA")),
        _ => return false,
    };
    true
}

fn apply(course: &str) -> application::Command {
    application::Command::Apply { student: student(course) }
}

pub(crate) fn student(course: &str) -> Student {
    Student { user_id: "eunmi".into(), edu_name: course.into(), edu_id: Number(1) }
}

/// The statuses of application, enrolment and payment 1.
fn status(world: &World) -> [String; 3] {
    [
        shown::<Application>(world, 1, "status"),
        shown::<Enrolment>(world, 1, "status"),
        shown::<Payment>(world, 1, "status"),
    ]
}

/// Checks, besides the invariants, that the outside service agrees and the pages are right.
pub(crate) fn everything_adds_up(world: &World) -> Result<(), String> {
    world.check_money::<Fee>()?;
    let rows = world.rows::<MyPage>();
    for (number, _) in world.all::<Application>() {
        let row = rows.iter().find(|(row, _)| *row == number).map(|(_, row)| row.clone());
        let row = row.ok_or_else(|| format!("application {number} has no page"))?;
        let shown = [
            shown::<Application>(world, number, "status"),
            shown::<Payment>(world, number, "status"),
        ];
        let row = [row.status.0, row.payment_status.0];
        ensure(shown == row, || format!("application {number}: {shown:?}, its page {row:?}"))?;
    }
    never_paid_twice(world)?;
    never_enrolled_once_cancelled(world)
}

/// No payment is asked for while another application for the course stands.
fn never_paid_twice(world: &World) -> Result<(), String> {
    use application::Event as E;
    let mut paying: BTreeMap<u64, Student> = BTreeMap::new();
    for (number, event) in world.events::<Application>() {
        match event {
            E::Requested { student, .. } => {
                let seat = CourseSeat::of(&student);
                let twice = paying.values().any(|other| CourseSeat::of(other) == seat);
                ensure(!twice, || format!("application {number} is the second of {student:?}"))?;
                paying.insert(number, student);
            }
            E::SeatReleased { .. } => _ = paying.remove(&number),
            _ => {}
        }
    }
    Ok(())
}

/// A student who cancelled before the admission is never enrolled, not even for a moment.
fn never_enrolled_once_cancelled(world: &World) -> Result<(), String> {
    use application::Event as E;
    let admitted: Vec<u64> = world
        .events::<Application>()
        .into_iter()
        .filter(|(_, event)| matches!(event, E::Admitted { .. }))
        .map(|(number, _)| number)
        .collect();
    let stray =
        world.events::<Enrolment>().into_iter().find(|(number, _)| !admitted.contains(number));
    ensure(stray.is_none(), || format!("enrolled without being admitted: {stray:?}"))
}
