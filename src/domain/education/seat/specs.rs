//! Specifications of the seat.

use super::{Command::*, Event::*, *};
use crate::domain::kernel::spec::{Spec, table};

#[test]
fn a_seat_is_held_by_one_application_until_it_leaves() {
    let take = |application| take("eunmi", application);
    let leave = |application| Leave { application: Id::new(application) };
    table::<CourseSeat>(
        &[
            ("Free", vec![]),
            ("Held", vec![taken("eunmi", 1)]),
            ("Left", vec![taken("eunmi", 1), left(1)]),
        ],
        &[take(1), take(2), leave(1), leave(2)],
        "
        past      Take  Take     Leave Leave
        Free|Left Taken Taken    -     -
        Held      -     !IsTaken Left  -
        ",
    );
}

#[test]
fn two_pairs_with_the_same_number_do_not_disturb_each_other() {
    let (one, other) = (taken("eunmi", 1), taken("jung", 2));
    CourseSeat::given([one.clone()]).when(take("jung", 2)).then([other.clone()]);
    let leaves = Leave { application: Id::new(1) };
    CourseSeat::given([one.clone(), other.clone()]).when(leaves).then([left(1)]);
    let is_taken = Rejection::IsTaken { application: Id::new(2) };
    CourseSeat::given([one, other, left(1)]).when(take("jung", 3)).rejected(is_taken);
}

#[test]
fn a_seat_is_that_of_the_student_in_the_course_however_they_are_spelled() {
    let seat = |user, course, number| CourseSeat::of(&student(user, course, number));
    assert_eq!(seat("eunmi", "MSA", 1), seat(" eunmi ", "msa ", 1));
    let all = [
        seat("eunmi", "MSA", 1),
        seat("jung", "MSA", 1),
        seat("Eunmi", "MSA", 1),
        seat("eunmi", "DDD", 1),
        seat("eunmi", "MSA", 2),
        seat("eunmiM", "SA", 1),
    ];
    for (nth, one) in all.iter().enumerate() {
        assert!(!all[..nth].contains(one), "{one} is the seat of two pairs");
    }
    assert!(all.iter().all(|seat| (1..1 << 48).contains(&seat.number())));
}

/// The numbers are those of streams in stores, so they never change.
#[test]
fn the_numbers_of_seats_never_change() {
    assert_eq!(CourseSeat::of(&student("eunmi", "MSA", 1)).number(), 74_312_102_534_650);
    assert_eq!(CourseSeat::of(&student("윤은미", "MSA", 1)).number(), 54_618_476_229_214);
}

fn student(user_id: &str, edu_name: &str, edu_id: u64) -> Student {
    Student { user_id: user_id.into(), edu_name: edu_name.into(), edu_id: Number(edu_id) }
}

fn take(user: &str, application: u64) -> Command {
    Take { student: student(user, "MSA", 1), application: Id::new(application) }
}

fn taken(user: &str, application: u64) -> Event {
    let student = student(user, "MSA", 1).as_compared();
    Taken { holder: Holder { student, application: Id::new(application) } }
}

fn left(application: u64) -> Event {
    Left { application: Id::new(application) }
}
