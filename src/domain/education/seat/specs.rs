//! Specifications of the seat.

use super::{Command::*, Event::*, *};
use crate::domain::kernel::spec::Spec;

#[test]
fn a_seat_is_held_by_one_application_until_it_leaves() {
    let take = |application| Take { student: student("eunmi", "MSA", 1), application };
    let taken = |application| taken("eunmi", "MSA", application);
    let (first, second) = (Id::new(1), Id::new(2));
    CourseSeat::given([]).when(take(first)).then([taken(1)]);
    CourseSeat::given([taken(1)]).when(take(first)).then([]);
    CourseSeat::given([taken(1)])
        .when(take(second))
        .rejected(Rejection::IsTaken { application: first });
    CourseSeat::given([taken(1)]).when(Leave { application: second }).then([]);
    CourseSeat::given([taken(1)]).when(Leave { application: first }).then([left(1)]);
    CourseSeat::given([taken(1), left(1)]).when(Leave { application: first }).then([]);
    CourseSeat::given([taken(1), left(1)]).when(take(second)).then([taken(2)]);
}

#[test]
fn two_pairs_with_the_same_number_do_not_disturb_each_other() {
    let take = |user, application| Take { student: student(user, "MSA", 1), application };
    let past = [taken("eunmi", "MSA", 1)];
    CourseSeat::given(past.clone()).when(take("jung", Id::new(2))).then([taken("jung", "MSA", 2)]);
    let both = [&past[..], &[taken("jung", "MSA", 2)]].concat();
    CourseSeat::given(both.clone()).when(Leave { application: Id::new(1) }).then([left(1)]);
    let is_taken = Rejection::IsTaken { application: Id::new(2) };
    CourseSeat::given([&both[..], &[left(1)]].concat())
        .when(take("jung", Id::new(3)))
        .rejected(is_taken);
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

fn taken(user: &str, course: &str, application: u64) -> Event {
    let student = student(user, course, 1).as_compared();
    Taken { holder: Holder { student, application: Id::<Application>::new(application) } }
}

const fn left(application: u64) -> Event {
    Left { application: Id::new(application) }
}
