//! What is promised of a reservation.

use super::{
    Among, By, Choice,
    Command::{Accept, Assign, Cancel, Confirm, DoWithout, Fail, FindNone, Offer},
    Event::{Accepted, AssigningFailed, Cancelled, Confirmed, TaxiChosen, TaxiSought},
    OUT_OF_STOCK, Rejection, Reservation,
};
use crate::domain::kernel::{Id, Timestamp, spec::Spec};
use crate::domain::taxi::settings::Settings;

const ACCEPTED: super::Event = Accepted { confirm_by: None };
const SOUGHT: super::Event = TaxiSought { among: Among::InStock };

#[test]
fn a_reservation_may_have_to_be_confirmed_in_time() {
    Reservation::given([]).when(Accept).then([ACCEPTED]);
    Reservation::given([])
        .at(Timestamp(5))
        .under(Settings { confirm_within_s: 60, ..Settings::default() })
        .when(Accept)
        .then([Accepted { confirm_by: Some(Timestamp(60_005)) }]);
}

#[test]
fn a_dispatcher_who_wants_any_taxi_gets_the_cheapest() {
    let (taxi, choice) = (Id::new(3), Choice::Cheapest);
    Reservation::given([ACCEPTED]).when(Confirm { taxi: None }).then([SOUGHT]);
    Reservation::given([ACCEPTED, SOUGHT]).when(Offer { taxi }).then([TaxiChosen { taxi, choice }]);
    Reservation::given([ACCEPTED, SOUGHT, TaxiChosen { taxi, choice }])
        .when(Assign { taxi })
        .then([Confirmed { taxi: Some(taxi) }]);
}

#[test]
fn an_overtaken_offer_is_followed_by_the_next() {
    let chosen = TaxiChosen { taxi: Id::new(3), choice: Choice::Cheapest };
    Reservation::given([ACCEPTED, SOUGHT, chosen])
        .when(Fail { because: "gone".into() })
        .then([SOUGHT]);
}

#[test]
fn a_taxi_out_of_stock_leaves_the_reservation_waiting() {
    let chosen = TaxiChosen { taxi: Id::new(3), choice: Choice::Dispatcher };
    Reservation::given([ACCEPTED, chosen])
        .when(Fail { because: "gone".into() })
        .then([AssigningFailed { because: "gone".into() }]);
}

#[test]
fn it_matters_whether_there_is_no_taxi_or_only_no_free_one() {
    let all = || TaxiSought { among: Among::Registered };
    Reservation::given([ACCEPTED, SOUGHT]).when(FindNone).then([all()]);
    Reservation::given([ACCEPTED, SOUGHT, all()]).when(DoWithout).then([Confirmed { taxi: None }]);
    Reservation::given([ACCEPTED, SOUGHT, all()])
        .when(FindNone)
        .then([AssigningFailed { because: OUT_OF_STOCK.into() }]);
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
