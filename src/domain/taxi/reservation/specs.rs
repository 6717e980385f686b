//! Specifications of the reservation.

use super::{Command::*, Event::*, *};
use crate::domain::kernel::spec::{Spec, table};

const GRADE: Grade = Grade::Prime;
const ACCEPT: Command = Accept { grade: GRADE };
const ACCEPTED: Event = Accepted { confirm_by: None, grade: GRADE };
const SOUGHT: Event = TaxiSought { among: Among::InStock, grade: GRADE };
const SOUGHT_ANY: Event = TaxiSought { among: Among::Registered, grade: GRADE };
const TAXI: Id<Taxi> = Id::new(3);
const NONE: Command = Find { taxi: None };

#[test]
fn every_command_is_answered_in_every_state() {
    let (taxi, other) = (TAXI, Id::new(4));
    let pasts = [
        ("Blank", vec![]),
        ("Accepted", vec![ACCEPTED]),
        ("Seeking-in-stock", vec![ACCEPTED, SOUGHT]),
        ("Seeking-any", vec![ACCEPTED, SOUGHT, SOUGHT_ANY]),
        ("Assigning-cheapest", vec![ACCEPTED, SOUGHT, chosen(Choice::Cheapest)]),
        ("Assigning-chosen", vec![ACCEPTED, chosen(Choice::Dispatcher)]),
        ("Accepted-again", vec![ACCEPTED, chosen(Choice::Dispatcher), failed(GONE)]),
        ("Confirmed", vec![ACCEPTED, Confirmed { taxi: Some(taxi) }]),
        ("Confirmed-without", vec![ACCEPTED, Confirmed { taxi: None }]),
        ("Cancelled", vec![ACCEPTED, Cancelled { by: By::Order }]),
        ("Completed", vec![ACCEPTED, Confirmed { taxi: Some(taxi) }, Completed]),
    ];
    let [any, this, another] = [None, Some(taxi), Some(other)].map(|taxi| Confirm { taxi });
    let [by_order, by_dispatcher] = [By::Order, By::Dispatcher].map(|by| Cancel { by });
    let of_people = [any, this, another, ACCEPT, Complete, by_order, by_dispatcher];
    table::<Reservation>(&pasts, &of_people, OF_PEOPLE);
    let [same, another] = [taxi, other].map(|taxi| Assign { taxi });
    let of_the_taxis = [Find { taxi: Some(taxi) }, NONE, same, another, fail()];
    table::<Reservation>(&pasts, &of_the_taxis, OF_THE_TAXIS);
}

/// The first confirmation is for any taxi, the second for the assigned one, the third for another.
/// The first cancellation is by the order, the second by the dispatcher.
const OF_PEOPLE: &str = "
past                                Confirm      Confirm      Confirm      Accept       Complete   Cancel       Cancel
Blank                               !Unknown     !Unknown     !Unknown     Accepted     !Unknown   !Unknown     !Unknown
Accepted|Accepted-again             TaxiSought   TaxiChosen   TaxiChosen   -            !NotWanted Cancelled    Cancelled
Seeking-in-stock|Seeking-any        -            !IsAssigning !IsAssigning -            !NotWanted Cancelled    Cancelled
Assigning-cheapest|Assigning-chosen -            -            !IsAssigning -            !NotWanted Cancelled    Cancelled
Confirmed                           -            -            !IsConfirmed -            Completed  Cancelled    Cancelled
Confirmed-without                   -            !IsConfirmed !IsConfirmed -            Completed  Cancelled    Cancelled
Cancelled                           !IsCancelled !IsCancelled !IsCancelled !IsCancelled Completed  -            -
Completed                           !IsCompleted !IsCompleted !IsCompleted !IsCompleted -          !IsCompleted !IsCompleted
";

/// The first lookup finds a taxi, the second none. The first assignment is of the chosen taxi, the
/// second of another.
const OF_THE_TAXIS: &str = "
past                    Find            Find         Assign       Assign       Fail
Blank                   !Unknown        !Unknown     !Unknown     !Unknown     !Unknown
Accepted|Accepted-again !NotWanted      !NotWanted   !NotWanted   !NotWanted   !NotWanted
Seeking-in-stock        TaxiChosen      TaxiSought   !NotWanted   !NotWanted   !NotWanted
Seeking-any             AssigningFailed Confirmed    !NotWanted   !NotWanted   !NotWanted
Assigning-cheapest      !NotWanted      !NotWanted   Confirmed    !NotWanted   TaxiSought
Assigning-chosen        !NotWanted      !NotWanted   Confirmed    !NotWanted   AssigningFailed
Confirmed               !IsConfirmed    !IsConfirmed -            !IsConfirmed !IsConfirmed
Confirmed-without       !IsConfirmed    !IsConfirmed !IsConfirmed !IsConfirmed !IsConfirmed
Cancelled               !IsCancelled    !IsCancelled !IsCancelled !IsCancelled !IsCancelled
Completed               !IsCompleted    !IsCompleted !IsCompleted !IsCompleted !IsCompleted
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
    let offered = chosen(Choice::Cheapest);
    Reservation::given([ACCEPTED]).when(Confirm { taxi: None }).then([SOUGHT]);
    Reservation::given([ACCEPTED, SOUGHT]).when(Find { taxi: Some(TAXI) }).then([offered.clone()]);
    let past = [ACCEPTED, SOUGHT, offered];
    let confirmed = Confirmed { taxi: Some(TAXI) };
    Reservation::given(past.clone()).when(Assign { taxi: TAXI }).then([confirmed]);
    // The next taxi is looked up when the offered one is taken.
    Reservation::given(past).when(fail()).then([SOUGHT]);
}

#[test]
fn a_chosen_taxi_out_of_stock_leaves_the_reservation_waiting() {
    let by_dispatcher = chosen(Choice::Dispatcher);
    let confirm = Confirm { taxi: Some(TAXI) };
    Reservation::given([ACCEPTED]).when(confirm).then([by_dispatcher.clone()]);
    Reservation::given([ACCEPTED, by_dispatcher]).when(fail()).then([failed(GONE)]);
}

#[test]
fn a_reservation_is_confirmed_without_a_taxi_only_when_none_is_registered() {
    Reservation::given([ACCEPTED, SOUGHT]).when(NONE).then([SOUGHT_ANY]);
    let past = || Reservation::given([ACCEPTED, SOUGHT, SOUGHT_ANY]);
    past().when(NONE).then([Confirmed { taxi: None }]);
    past()
        .when(Find { taxi: Some(TAXI) })
        .then([failed("every taxi of grade prime or better is out of stock")]);
}

#[test]
fn a_cancellation_records_who_cancelled() {
    for by in [By::Order, By::Dispatcher] {
        Reservation::given([ACCEPTED, SOUGHT]).when(Cancel { by }).then([Cancelled { by }]);
    }
}

const GONE: &str = "gone";

fn fail() -> Command {
    Fail { reason: GONE.into() }
}

fn failed(reason: &str) -> Event {
    AssigningFailed { reason: reason.into() }
}

fn chosen(choice: Choice) -> Event {
    TaxiChosen { taxi: TAXI, choice, grade: GRADE }
}
