//! Specifications of the reservation.

use super::{
    Among, By, Choice,
    Command::{self, Accept, Assign, Cancel, Complete, Confirm, DoWithout, Fail, FindNone, Offer},
    Event::{Accepted, AssigningFailed, Cancelled, Completed, Confirmed, TaxiChosen, TaxiSought},
    Rejection, Reservation, none_left,
};
use crate::domain::kernel::{
    Id, Timestamp,
    spec::{Spec, table},
};
use crate::domain::taxi::{grade::Grade, settings::Settings};

const GRADE: Grade = Grade::Prime;
const ACCEPT: Command = Accept { grade: GRADE };
const ACCEPTED: super::Event = Accepted { confirm_by: None, grade: GRADE };
const SOUGHT: super::Event = TaxiSought { among: Among::InStock, grade: GRADE };
const SOUGHT_ANY: super::Event = TaxiSought { among: Among::Registered, grade: GRADE };

#[test]
fn every_command_is_answered_in_every_state() {
    let (taxi, other) = (Id::new(3), Id::new(4));
    let chosen = |choice| TaxiChosen { taxi, choice, grade: GRADE };
    let failed = AssigningFailed { reason: "gone".into() };
    let pasts = [
        ("Blank", vec![]),
        ("Accepted", vec![ACCEPTED]),
        ("Seeking-in-stock", vec![ACCEPTED, SOUGHT]),
        ("Seeking-any", vec![ACCEPTED, SOUGHT, SOUGHT_ANY]),
        ("Assigning-cheapest", vec![ACCEPTED, SOUGHT, chosen(Choice::Cheapest)]),
        ("Assigning-chosen", vec![ACCEPTED, chosen(Choice::Dispatcher)]),
        ("Accepted-again", vec![ACCEPTED, chosen(Choice::Dispatcher), failed]),
        ("Confirmed", vec![ACCEPTED, Confirmed { taxi: Some(taxi) }]),
        ("Confirmed-without", vec![ACCEPTED, Confirmed { taxi: None }]),
        ("Cancelled", vec![ACCEPTED, Cancelled { by: By::Order }]),
        ("Completed", vec![ACCEPTED, Confirmed { taxi: Some(taxi) }, Completed]),
    ];
    let confirm = |taxi| Confirm { taxi };
    let of_the_dispatcher = [confirm(None), confirm(Some(taxi)), confirm(Some(other))];
    let [by_order, by_dispatcher] = [By::Order, By::Dispatcher].map(|by| Cancel { by });
    table::<Reservation>(&pasts, &of_the_dispatcher, OF_THE_DISPATCHER);
    table::<Reservation>(&pasts, &[ACCEPT, Complete, by_order, by_dispatcher], OF_THE_ORDER);
    let fail = Fail { reason: "gone".into() };
    let [same, another] = [taxi, other].map(|taxi| Assign { taxi });
    let offer = Offer { taxi };
    let of_the_taxis = [offer, FindNone, DoWithout, same, another, fail];
    table::<Reservation>(&pasts, &of_the_taxis, OF_THE_TAXIS);
}

/// The first confirmation is for any taxi, the second for the assigned one, the third for another.
const OF_THE_DISPATCHER: &str = "
past               Confirm      Confirm      Confirm
Blank              !Unknown     !Unknown     !Unknown
Accepted           TaxiSought   TaxiChosen   TaxiChosen
Seeking-in-stock   -            !IsAssigning !IsAssigning
Seeking-any        -            !IsAssigning !IsAssigning
Assigning-cheapest -            -            !IsAssigning
Assigning-chosen   -            -            !IsAssigning
Accepted-again     TaxiSought   TaxiChosen   TaxiChosen
Confirmed          -            -            !IsConfirmed
Confirmed-without  -            !IsConfirmed !IsConfirmed
Cancelled          !IsCancelled !IsCancelled !IsCancelled
Completed          !IsCompleted !IsCompleted !IsCompleted
";

/// The first cancellation is by the order, the second by the dispatcher.
const OF_THE_ORDER: &str = "
past               Accept       Complete   Cancel       Cancel
Blank              Accepted     !Unknown   !Unknown     !Unknown
Accepted           -            !NotWanted Cancelled    Cancelled
Seeking-in-stock   -            !NotWanted Cancelled    Cancelled
Seeking-any        -            !NotWanted Cancelled    Cancelled
Assigning-cheapest -            !NotWanted Cancelled    Cancelled
Assigning-chosen   -            !NotWanted Cancelled    Cancelled
Accepted-again     -            !NotWanted Cancelled    Cancelled
Confirmed          -            Completed  Cancelled    Cancelled
Confirmed-without  -            Completed  Cancelled    Cancelled
Cancelled          !IsCancelled Completed  -            -
Completed          !IsCompleted -          !IsCompleted !IsCompleted
";

/// The first assignment is of the chosen taxi, the second of another.
const OF_THE_TAXIS: &str = "
past               Offer        FindNone        DoWithout    Assign       Assign       Fail
Blank              !Unknown     !Unknown        !Unknown     !Unknown     !Unknown     !Unknown
Accepted           !NotWanted   !NotWanted      !NotWanted   !NotWanted   !NotWanted   !NotWanted
Seeking-in-stock   TaxiChosen   TaxiSought      Confirmed    !NotWanted   !NotWanted   !NotWanted
Seeking-any        TaxiChosen   AssigningFailed Confirmed    !NotWanted   !NotWanted   !NotWanted
Assigning-cheapest !NotWanted   !NotWanted      !NotWanted   Confirmed    !NotWanted   TaxiSought
Assigning-chosen   !NotWanted   !NotWanted      !NotWanted   Confirmed    !NotWanted   AssigningFailed
Accepted-again     !NotWanted   !NotWanted      !NotWanted   !NotWanted   !NotWanted   !NotWanted
Confirmed          !IsConfirmed !IsConfirmed    !IsConfirmed -            !IsConfirmed !IsConfirmed
Confirmed-without  !IsConfirmed !IsConfirmed    !IsConfirmed !IsConfirmed !IsConfirmed !IsConfirmed
Cancelled          !IsCancelled !IsCancelled    !IsCancelled !IsCancelled !IsCancelled !IsCancelled
Completed          !IsCompleted !IsCompleted    !IsCompleted !IsCompleted !IsCompleted !IsCompleted
";

#[test]
fn a_reservation_may_have_to_be_confirmed_in_time() {
    Reservation::given([]).when(ACCEPT).then([ACCEPTED]);
    Reservation::given([])
        .at(Timestamp(5))
        .under(Settings { confirm_within_s: 60, ..Settings::default() })
        .when(ACCEPT)
        .then([Accepted { confirm_by: Some(Timestamp(60_005)), grade: GRADE }]);
}

#[test]
fn a_dispatcher_who_wants_any_taxi_gets_the_cheapest() {
    let (taxi, choice, grade) = (Id::new(3), Choice::Cheapest, GRADE);
    Reservation::given([ACCEPTED]).when(Confirm { taxi: None }).then([SOUGHT]);
    Reservation::given([ACCEPTED, SOUGHT]).when(Offer { taxi }).then([TaxiChosen {
        taxi,
        choice,
        grade,
    }]);
    Reservation::given([ACCEPTED, SOUGHT, TaxiChosen { taxi, choice, grade }])
        .when(Assign { taxi })
        .then([Confirmed { taxi: Some(taxi) }]);
}

#[test]
fn the_next_taxi_is_looked_up_when_the_offered_one_is_taken() {
    let chosen = TaxiChosen { taxi: Id::new(3), choice: Choice::Cheapest, grade: GRADE };
    Reservation::given([ACCEPTED, SOUGHT, chosen])
        .when(Fail { reason: "gone".into() })
        .then([SOUGHT]);
}

#[test]
fn a_taxi_out_of_stock_leaves_the_reservation_waiting() {
    let chosen = TaxiChosen { taxi: Id::new(3), choice: Choice::Dispatcher, grade: GRADE };
    Reservation::given([ACCEPTED, chosen])
        .when(Fail { reason: "gone".into() })
        .then([AssigningFailed { reason: "gone".into() }]);
}

#[test]
fn a_reservation_is_confirmed_without_a_taxi_only_when_none_is_registered() {
    Reservation::given([ACCEPTED, SOUGHT]).when(FindNone).then([SOUGHT_ANY]);
    Reservation::given([ACCEPTED, SOUGHT, SOUGHT_ANY])
        .when(DoWithout)
        .then([Confirmed { taxi: None }]);
    Reservation::given([ACCEPTED, SOUGHT, SOUGHT_ANY])
        .when(FindNone)
        .then([AssigningFailed { reason: none_left(GRADE) }]);
}

#[test]
fn a_cancelled_reservation_takes_no_taxi() {
    let cancelled = || Cancelled { by: By::Order };
    Reservation::given([ACCEPTED, SOUGHT]).when(Cancel { by: By::Order }).then([cancelled()]);
    Reservation::given([ACCEPTED, SOUGHT, cancelled()])
        .when(Offer { taxi: Id::new(3) })
        .rejected(Rejection::IsCancelled);
    Reservation::given([ACCEPTED, cancelled()]).when(Cancel { by: By::Dispatcher }).then([]);
}

#[test]
fn a_confirmed_reservation_keeps_its_taxi() {
    let taxi = Some(Id::new(3));
    let past = || [ACCEPTED, Confirmed { taxi }];
    Reservation::given(past()).when(Confirm { taxi: None }).then([]);
    Reservation::given(past())
        .when(Confirm { taxi: Some(Id::new(4)) })
        .rejected(Rejection::IsConfirmed);
}
